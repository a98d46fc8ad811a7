"""The saved report in Debian's Chromium, as wide as a phone and as a screen, light and dark."""

import json
import os
import pathlib
import shutil

import pytest
import told
from nets import dead_mlp, regression_data, watched
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

import meancollapse as mc

pytestmark = pytest.mark.tensorflow_only  # made by hand: the same on every backend

LOOK = pathlib.Path(__file__).with_name("browser.js").read_text(encoding="utf-8")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",  # Chromium refuses to run as root with it, and CI is root
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--hide-scrollbars",  # as on a phone, where they lie over the page
    "--no-first-run",
    "--disable-background-networking",
)
HEADINGS = (
    "Where the target is lost",
    "Is it better than a constant?",
    "Predicted against true",
    "Gradient norm",
    "Update ratio",
    "Units out of work",
)


def programs():
    """Chromium and its driver, which Debian and Ubuntu pack in the same version."""
    found = [shutil.which(name) for name in ("chromium", "chromedriver")]
    if all(found):
        return found
    if getattr(os, "geteuid", lambda: 1)() == 0 and shutil.which("apt-get"):
        pytest.fail("`make test` installs it: apt-get install -y chromium chromium-driver")
    pytest.skip("chromium and chromedriver are missing, and there is no root or no apt to get them")


@pytest.fixture(scope="module")
def browser():
    chromium, driver = programs()
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    yield started
    started.quit()


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """The report of a network whose first layer is dead."""
    model = dead_mlp()
    callback, _ = watched(model, *regression_data(), epochs=6, callback=mc.WarnOnCollapse())
    return callback.report().save(tmp_path_factory.mktemp("report") / "collapse.html")


def opened(browser, path, width, scheme):
    """What is seen of a file at that width, in that colour scheme."""
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    screen = dict(width=width, height=900, deviceScaleFactor=1, mobile=False)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)
    browser.get_log("performance")  # what was loaded before is of no interest
    browser.get(path.as_uri())
    return browser.execute_script(LOOK)


def requests(browser):
    """Addresses the browser has asked for since the last look."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    sent = [e["params"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return [params["request"]["url"] for params in sent]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1400])
def test_the_report_can_be_read(browser, saved, width, scheme):
    seen = opened(browser, saved, width, scheme)
    assert seen["width"] == width
    assert seen["needed"] <= width  # no scrolling sideways
    assert seen["paper"] > 0.9 if scheme == "light" else seen["paper"] < 0.1

    assert [figure["label"].partition(".")[0] for figure in seen["figures"]] == list(HEADINGS)
    for figure in seen["figures"]:
        assert figure["width"] >= 250 and figure["height"] >= 150
        assert 0 <= figure["left"] and figure["right"] <= width

    assert len(seen["letters"]) > 50
    for words, size, left, right in seen["letters"]:
        assert size >= 9, (words, size)
        assert 0 <= left and right <= width, (words, left, right)

    assert len(seen["texts"]) > 120
    assert [(words, ratio) for words, ratio in seen["texts"] if ratio < 4.5] == []

    assert [entry["message"] for entry in browser.get_log("browser")] == []
    asked = [url for url in requests(browser) if not url.startswith("data:")]
    assert asked == [saved.as_uri()]


NOTEBOOK = """<!doctype html><html><head><meta charset="utf-8"></head><body {theme}>
<h1>Mine</h1><p>Mine <code>mine</code></p><table><tr><th>a</th><td>1</td></tr></table>{cell}
</body></html>"""
STYLES = """
const names = ["font", "color", "background-color", "margin", "padding", "border", "display"];
return ["body", "h1", "p", "code", "table", "td", "th"].map((tag) => {
  const style = getComputedStyle(document.querySelector(tag));
  return tag + ": " + names.map((name) => style.getPropertyValue(name)).join(", ");
});"""


def notebook(path, cell="", theme=""):
    path.write_text(NOTEBOOK.format(cell=cell, theme=theme), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def cell():
    return told.non_finite()._repr_html_()


def test_a_notebook_keeps_its_own_look(browser, tmp_path, cell):
    opened(browser, notebook(tmp_path / "without.html"), 1000, "light")
    before = browser.execute_script(STYLES)
    seen = opened(browser, notebook(tmp_path / "with.html", cell), 1000, "light")
    assert browser.execute_script(STYLES) == before
    assert len(seen["figures"]) == 4


@pytest.mark.parametrize(
    "theme, is_light",
    [
        ('data-jp-theme-light="true"', True),
        ('data-jp-theme-light="false"', False),
        ('class="vscode-light"', True),
        ('class="vscode-dark"', False),
    ],
)
def test_the_theme_of_the_notebook_counts_more_than_that_of_the_system(
    browser, tmp_path, cell, theme, is_light
):
    path = notebook(tmp_path / "notebook.html", cell, theme)
    seen = opened(browser, path, 700, "dark" if is_light else "light")
    assert (seen["paper"] > 0.9) is is_light
    assert (seen["paper"] < 0.1) is not is_light
    assert [(words, ratio) for words, ratio in seen["texts"] if ratio < 4.5] == []
