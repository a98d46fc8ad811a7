// What a person sees of the page, in numbers. Run by test_report_in_browser.py.
function channels(color) {
  return (color.match(/[\d.]+/g) || []).map(Number);
}
function luminance([r, g, b]) {
  const [x, y, z] = [r, g, b].map((v) => {
    v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * x + 0.7152 * y + 0.0722 * z;
}
function behind(element) {
  for (let e = element; e; e = e.parentElement) {
    const color = channels(getComputedStyle(e).backgroundColor);
    if (color.length === 3 || color[3] === 1) return color;
  }
  return [255, 255, 255];
}
function contrast(element) {
  const style = getComputedStyle(element);
  const letters = channels(element.closest("svg") ? style.fill : style.color);
  const a = luminance(letters), b = luminance(behind(element));
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}
const box = (e) => e.getBoundingClientRect();
const isShown = (e) => box(e).width > 0 && box(e).height > 0;
const cells = [...document.querySelectorAll("svg image")].map(box);
function isOnCell(e) {
  const x = (box(e).left + box(e).right) / 2, y = (box(e).top + box(e).bottom) / 2;
  return cells.some((c) => c.left < x && x < c.right && c.top < y && y < c.bottom);
}
function size(text) {
  const svg = text.ownerSVGElement;
  return parseFloat(getComputedStyle(text).fontSize) * box(svg).width / svg.viewBox.baseVal.width;
}
const own = (e) => [...e.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data).join("").trim();
const said = [...document.querySelectorAll(".mc *")].filter((e) => own(e) && isShown(e) && e.tagName !== "STYLE");
// Powers of ten are set in smaller tspans, and may be.
const letters = said.filter((e) => e.tagName === "text");
return {
  width: document.documentElement.clientWidth,
  needed: document.documentElement.scrollWidth,
  paper: document.querySelector(".mc") ? luminance(behind(document.querySelector(".mc"))) : null,
  texts: said.filter((e) => !isOnCell(e)).map((e) => [own(e).slice(0, 40), contrast(e)]),
  letters: letters.map((e) => [own(e), size(e), box(e).left, box(e).right]),
  figures: [...document.querySelectorAll("svg[role=img]")].filter(isShown).map((e) => ({
    label: e.getAttribute("aria-label"), left: box(e).left, right: box(e).right,
    width: box(e).width, height: box(e).height,
  })),
};
