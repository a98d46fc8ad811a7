"""Data that programs of several themes are trained on."""

from __future__ import annotations

import numpy as np
from sklearn import datasets

from .tools import col, f32, std

Rng = np.random.Generator
Arrays = tuple[np.ndarray, ...]


def friedman(r: Rng, n: int = 1000) -> Arrays:
    """Friedman #1 with standardised inputs; the target has mean 14 and standard deviation 5."""
    x, y = datasets.make_friedman1(n, 10, noise=0.5, random_state=int(r.integers(1 << 30)))
    return std(x), col(y)


def digits(image: bool = False) -> Arrays:
    """Pixels in 0..1 and labels 0..9."""
    x, y = datasets.load_digits(return_X_y=True)
    x = f32(x) / 16
    return (x.reshape(-1, 8, 8, 1) if image else x), y


def diabetes() -> Arrays:
    """Standardised inputs; the target has mean 152 and standard deviation 77."""
    x, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    return std(x), col(y)


def tokens(r: Rng, n: int, length: int, vocab: int) -> Arrays:
    """Texts: does the first tenth of the vocabulary occur more often than the second tenth?"""
    x = r.integers(1, vocab, (n, length))
    tenth = vocab // 10
    good, bad = (x < tenth).sum(1), ((x >= tenth) & (x < 2 * tenth)).sum(1)
    swap = r.random(n) < 0.5
    y = np.where(good == bad, swap, good > bad)
    ids = np.r_[0, 1 + r.permutation(vocab - 1)]
    return ids[x].astype("int32"), col(y)


def waves(r: Rng, n: int, length: int) -> Arrays:
    """Windows of noisy sine waves and the value that follows."""
    t = np.arange(length + 1)
    period, phase = r.uniform(8, 16, (n, 1)), r.uniform(0, 2 * np.pi, (n, 1))
    s = np.sin(2 * np.pi * t / period + phase) + 0.05 * r.normal(size=(n, length + 1))
    return f32(s[:, :-1, None]), col(s[:, -1])


def cancer() -> Arrays:
    """Raw columns up to 4,000 and the label as a column."""
    x, y = datasets.load_breast_cancer(return_X_y=True)
    return f32(x), col(y)


def images(rng: Rng, rows: int, size: int = 28) -> Arrays:
    """Noise with a bar whose place tells the class."""
    classes = rng.integers(0, 10, rows)
    x = rng.random((rows, size, size, 1))
    for image, label in zip(x, classes, strict=True):
        image[2 * label : 2 * label + 8, 5:20] += 1
    return f32(x), classes


def raw_digit_images_int32() -> Arrays:
    """The 8x8 digits as pictures, pixels 0..16, and their classes as int32."""
    data = datasets.load_digits()
    return f32(data.images)[..., None], data.target.astype("int32")


def houses(r: Rng, n: int = 1200) -> Arrays:
    """A table of raw columns and prices in 1,000 (22.5 +- 9, as the Boston data)."""
    rooms = r.normal(6.3, 0.7, n)
    crime = r.exponential(3.6, n)
    tax = r.uniform(187, 711, n)
    age = r.uniform(3, 100, n)
    stat = r.gamma(3, 4.2, n)
    b = 397 - r.exponential(30, n)
    dist = r.gamma(3, 1.3, n)
    y = 22.5 + 6 * (rooms - 6.3) - 0.6 * (stat - 12.6) - 0.4 * (crime - 3.6) - 0.01 * (tax - 450)
    y = y + 0.4 * (rooms - 6.3) * (dist - 3.9) + r.normal(0, 1.5, n)
    return f32(np.c_[rooms, crime, tax, age, stat, b, dist]), col(y)


def series(r: Rng, n: int = 1200, length: int = 40) -> Arrays:
    """Noisy sine windows and the next value."""
    t0, w = r.uniform(0, 6.3, (n, 1)), r.uniform(0.2, 0.5, (n, 1))
    s = np.sin(t0 + w * np.arange(length + 1)) + 0.05 * r.normal(size=(n, length + 1))
    return f32(s[:, :-1, None]), col(s[:, -1])


def grey_shapes(r: Rng, n: int = 1200, size: int = 20) -> Arrays:
    """Grey images 0..255: square, cross or disc on noise."""
    x = r.uniform(0, 60, (n, size, size, 1))
    y = r.integers(0, 3, n)
    g = np.mgrid[:size, :size]
    for i in range(n):
        c, k = r.integers(6, size - 6, 2), r.integers(3, 6)
        d = np.abs(g - c[:, None, None])
        m = (d.max(0) <= k) & (d.max(0) >= k - 1)
        if y[i] == 1:
            m = (d.min(0) == 0) & (d.max(0) <= k)
        if y[i] == 2:
            m = (d**2).sum(0) <= k * k
        x[i, m, 0] = r.uniform(150, 255)
    return f32(x), y.astype("int32")


def blobs_and_masks(r: Rng, n: int = 400, size: int = 16) -> Arrays:
    """Grey images 0..255 with one or two bright ellipses, and where they are."""
    g = np.mgrid[:size, :size]
    x = r.normal(90, 20, (n, size, size))
    m = np.zeros((n, size, size), bool)
    for i in range(n):
        for _ in range(r.integers(1, 3)):
            c, k = r.uniform(3, size - 3, 2), r.uniform(2, 4.5, 2)
            m[i] |= (((g - c[:, None, None]) / k[:, None, None]) ** 2).sum(0) <= 1
    x[m] += 80
    return f32(np.clip(x, 0, 255))[..., None], f32(m)[..., None]


def raw_digit_images() -> Arrays:
    """The 8x8 digits as pictures, pixels 0..16, and their classes."""
    d = datasets.load_digits()
    return f32(d.images)[..., None], d.target


def first_digits(n: int = 1797, image: bool = True) -> Arrays:
    """The first n digits, pixels in 0..1, and their classes."""
    d = datasets.load_digits()
    x = (d.data[:n] / 16).astype("float32")
    return (x.reshape(-1, 8, 8, 1) if image else x), d.target[:n]


def digit_images_int32() -> Arrays:
    """The 8x8 digits as pictures, pixels in 0..1, and their classes as int32."""
    d = datasets.load_digits()
    return f32(d.images / 16.0)[..., None], d.target.astype("int32")


def reviews_marked(r: Rng, n: int, length: int, vocab: int, marked: int) -> Arrays:
    """Token ids; each class has its own marked words among common ones."""
    y = r.integers(0, 2, n)
    x = 2 + 2 * marked + (r.zipf(1.4, (n, length)) % (vocab - 2 - 2 * marked))
    for i in range(n):
        places = r.choice(length, 6, replace=False)
        x[i, places] = 2 + y[i] * marked + r.integers(0, marked, 6)
    return x.astype("int32"), f32(y)[:, None]


def digit_images(n: int | None = None) -> Arrays:
    """The first n 8x8 digits as pictures, pixels in 0..1, and their classes."""
    d = datasets.load_digits()
    return f32(d.images[:n] / 16)[..., None], d.target[:n]


def waves_with_frequency(r: Rng, n: int, T: int) -> Arrays:
    """Noisy sine windows and their frequency and amplitude."""
    f = r.uniform(1, 6, n)
    a = r.uniform(0.5, 2, n)
    t = np.linspace(0, 1, T)
    s = a[:, None] * np.sin(2 * np.pi * (f[:, None] * t + r.random((n, 1)))) + 0.1 * r.normal(
        size=(n, T)
    )
    return f32(s[..., None]), f, a


def raw_digits() -> Arrays:
    """The 8x8 digits, pixels 0..16."""
    d = datasets.load_digits()
    return f32(d.data), d.target


def friedman_raw(r: Rng, n: int, d: int = 8) -> Arrays:
    """Friedman #1 with inputs in 0..1, as they are drawn."""
    x = r.uniform(0, 1, (n, d))
    return f32(x), col(
        10 * np.sin(np.pi * x[:, 0] * x[:, 1])
        + 20 * (x[:, 2] - 0.5) ** 2
        + 10 * x[:, 3]
        + 5 * x[:, 4]
        + 0.5 * r.normal(size=n)
    )


def topics(r: Rng, n: int, T: int, V: int, k: int) -> Arrays:
    """Texts of T out of V tokens, a fifth of them from the eight words of their class."""
    y = r.integers(0, k, n)
    w = r.random((n, T)) < 0.2
    return np.where(
        w, 1 + y[:, None] * 8 + r.integers(0, 8, (n, T)), r.integers(1 + 8 * k, V, (n, T))
    ).astype("int32"), y


def digits_int32(image: bool = False) -> Arrays:
    """The 8x8 digits, pixels in 0..1, and their classes as int32."""
    d = datasets.load_digits()
    x = (d.data / 16.0).astype("float32")
    return (x.reshape(-1, 8, 8, 1) if image else x), d.target.astype("int32")


def reviews_few_words(
    rng: Rng, n: int = 1200, vocab: int = 400, length: int = 24, positive: float = 0.5
) -> Arrays:
    """Token sequences whose few sentiment words (ids 1-20 good, 21-40 bad) decide the label."""
    y = (rng.random(n) < positive).astype("float32")
    x = rng.integers(41, vocab, (n, length))
    for i in range(n):
        where = rng.choice(length, 5, replace=False)
        x[i, where] = rng.integers(1, 21, 5) + (0 if y[i] else 20)
    return x.astype("int32"), y[:, None]


def blob_images(rng: Rng, n: int = 700, size: int = 16) -> Arrays:
    """One gaussian blob a picture; returns the pictures, the centre in [-1, 1] and the width."""
    c = rng.uniform(3, size - 3, (n, 2))
    s = rng.uniform(1.0, 3.0, (n, 1))
    g = np.arange(size)
    d = (g[None, :, None] - c[:, 0, None, None]) ** 2 + (g[None, None] - c[:, 1, None, None]) ** 2
    x = np.exp(-d / (2 * s[:, :, None] ** 2)) + 0.05 * rng.normal(size=(n, size, size))
    return x.astype("float32")[..., None], (c / size * 2 - 1).astype("float32"), s.astype("float32")


def gratings(rng: Rng, rows: int, classes: int, size: int) -> Arrays:
    """Stripes whose direction tells the class; period and phase vary, values lie in 0..1."""
    labels = rng.integers(0, classes, rows)
    angle = np.pi * labels / classes + rng.normal(0, 0.08, rows)
    wave = rng.uniform(0.8, 1.6, rows)
    phase = rng.uniform(0, 2 * np.pi, rows)
    down, right = np.mgrid[:size, :size] * 1.0
    turned = np.cos(angle)[:, None, None] * right + np.sin(angle)[:, None, None] * down
    x = 0.5 + 0.3 * np.sin(wave[:, None, None] * turned + phase[:, None, None])
    x += rng.normal(0, 0.1, x.shape)
    return np.clip(x, 0, 1)[..., None], labels


def some_digits(rng: Rng, n: int) -> Arrays:
    """n of the 8x8 digits as rows of 64 pixels in 0..1, in random order."""
    d = datasets.load_digits()
    at = rng.permutation(len(d.target))[:n]
    return f32(d.data[at] / 16), d.target[at]


def scattered_digits(rng: Rng, n: int, size: int = 12, zoom: int = 1) -> Arrays:
    """n scikit-learn digits (values 0..1), each at a random place on an empty square."""
    d = datasets.load_digits()
    pick = rng.integers(0, len(d.target), n)
    x = np.zeros((n, size, size))
    for row, (i, j), k in zip(x, rng.integers(0, size - 7, (n, 2)), pick, strict=True):
        row[i : i + 8, j : j + 8] = d.images[k] / 16
    return np.kron(x, np.ones((1, zoom, zoom))), d.target[pick]


def topic_texts(
    rng: Rng, n: int, topics: int, vocab: int, length: int, share: float = 0.25
) -> Arrays:
    """Texts of word numbers; each topic has its own words, a share of a text is from there."""
    label = rng.integers(0, topics, n)
    size = vocab // 4 // topics
    own = rng.integers(1, size, (n, length)) + size * label[:, None]
    other = rng.integers(vocab // 4, vocab, (n, length))
    return np.where(rng.random((n, length)) < share, own, other).astype("int32"), label


def documents(rng: Rng, n: int, length: int, vocabulary: int, topics: int, share: float) -> Arrays:
    """Token rows: a share of the words is drawn from the 25 words of the row's topic."""
    label = rng.integers(0, topics, n)
    words = np.minimum(rng.zipf(1.3, (n, length)) + 1, vocabulary - 1)
    topical = vocabulary - 25 * (1 + label[:, None]) + rng.integers(0, 25, (n, length))
    return np.where(rng.random((n, length)) < share, topical, words).astype("int32"), label


def pictures(rng: Rng, n: int, side: int, kinds: int) -> Arrays:
    """Coloured stripes, checks, discs, ... on a noisy ground."""
    label = rng.integers(0, kinds, n)
    r, c = np.mgrid[0:side, 0:side]
    x = rng.normal(0.45, 0.12, (n, side, side, 3))
    for i, k in enumerate(label):
        a, b = rng.integers(3, side - 3, 2)
        disc = (r - a) ** 2 + (c - b) ** 2 < 16
        shape = [(r + a) % 4 < 2, (c + b) % 4 < 2, (r + c + a) % 4 < 2, disc, r + c < a + b][k]
        x[i] += 0.4 * shape[..., None] * rng.uniform(0.3, 1, 3)
    return f32(np.clip(x, 0, 1)), label


def shuffled_digits(rng: Rng) -> Arrays:
    """The 8x8 digits as rows in random order, pixels in 0..1, and their classes as int32."""
    x, y = datasets.load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    return f32(x[order] / 16.0), y[order].astype("int32")
