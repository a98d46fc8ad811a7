"""Validation programs: Keras fits that collapse, their repairs, and hard healthy controls.

Independent of the detector: nothing here was chosen or tuned by looking at it. ``P`` maps an id to
``(task, loss, builder)``; ``builder(rng, fixed)`` returns ``(model, x, y, fit_kwargs[, labels])``.
``fixed=True`` builds the repaired variant, which must train well and must never be warned about.
``labels`` are given where ``y`` itself is not what the output should be compared with.
Several outputs: ``task`` and ``loss`` are joined by ``+`` in the order of the model's outputs.

Ids: SO = StackOverflow, SE / DS = stats. / datascience.stackexchange, GH = GitHub issue, WEB = a
page that mirrors a question without its number, sim = constructed (the fault is real, the program
ours), OK = healthy control, NOISE = nothing to learn; for the last two ``fixed`` changes nothing.
The programs were rebuilt from the descriptions with generated or scikit-learn data; no user code.
Runs on every Keras backend. ``verify_programs.py`` checks what each program does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import initializers, layers, ops, regularizers
from keras import optimizers as opt
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

Rng = np.random.Generator
Builder = Callable[[Rng, bool], tuple[Any, ...]]

P: dict[str, tuple[str, str, Builder]] = {}

Dense, Dropout = layers.Dense, layers.Dropout


def prog(name: str, task: str, loss: str) -> Callable[[Builder], Builder]:
    """Register a program under ``name``."""

    def register(build: Builder) -> Builder:
        assert name not in P, name
        P[name] = (task, loss, build)
        return build

    return register


# --- data and small helpers ----------------------------------------------------------------------


def seq(shape: tuple[int, ...], *stack: keras.Layer) -> keras.Sequential:
    return keras.Sequential([keras.Input(shape), *stack])


def mlp(
    n_in: int,
    widths: list[int],
    act: str = "relu",
    n_out: int = 1,
    head: str | None = None,
    **kw: Any,
) -> keras.Sequential:
    hidden = [Dense(w, activation=act, **kw) for w in widths]
    return seq((n_in,), *hidden, Dense(n_out, activation=head))


def f32(a: Any) -> np.ndarray:
    return np.asarray(a, "float32")


def col(a: Any) -> np.ndarray:
    return f32(a).reshape(-1, 1)


def std(a: Any) -> np.ndarray:
    """Columns to mean 0, standard deviation 1."""
    return f32(StandardScaler().fit_transform(np.asarray(a, "float64")))


def onehot(y: Any, k: int) -> np.ndarray:
    return np.eye(k, dtype="float32")[np.asarray(y).astype(int)]


def friedman(r: Rng, n: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Friedman #1 with standardised inputs; the target has mean 14 and standard deviation 5."""
    x, y = datasets.make_friedman1(n, 10, noise=0.5, random_state=int(r.integers(1 << 30)))
    return std(x), col(y)


def digits(image: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Pixels in 0..1 and labels 0..9."""
    x, y = datasets.load_digits(return_X_y=True)
    x = f32(x) / 16
    return (x.reshape(-1, 8, 8, 1) if image else x), y


def diabetes() -> tuple[np.ndarray, np.ndarray]:
    """Standardised inputs; the target has mean 152 and standard deviation 77."""
    x, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    return std(x), col(y)


def tokens(r: Rng, n: int, length: int, vocab: int) -> tuple[np.ndarray, np.ndarray]:
    """Texts: does the first tenth of the vocabulary occur more often than the second tenth?"""
    x = r.integers(1, vocab, (n, length))
    tenth = vocab // 10
    good, bad = (x < tenth).sum(1), ((x >= tenth) & (x < 2 * tenth)).sum(1)
    swap = r.random(n) < 0.5
    y = np.where(good == bad, swap, good > bad)
    ids = np.r_[0, 1 + r.permutation(vocab - 1)]
    return ids[x].astype("int32"), col(y)


def waves(r: Rng, n: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Windows of noisy sine waves and the value that follows."""
    t = np.arange(length + 1)
    period, phase = r.uniform(8, 16, (n, 1)), r.uniform(0, 2 * np.pi, (n, 1))
    s = np.sin(2 * np.pi * t / period + phase) + 0.05 * r.normal(size=(n, length + 1))
    return f32(s[:, :-1, None]), col(s[:, -1])


# --- collapsing: published questions and issues --------------------------------------------------


# SO-33969059: softmax on one unit for a regression of raw values up to 35,000.
@prog("SO-33969059", "regression", "mse")
def so_33969059(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.uniform(0, 1e4, (1500, 3))
    y = x @ [2.0, 1.0, 0.5] + 2.2
    if fixed:
        m = mlp(3, [8, 8], "tanh")
        m.compile(opt.Adam(0.01), "mse")
        return m, std(x), std(col(y)), dict(batch_size=32, epochs=10)
    u = initializers.RandomUniform(-0.05, 0.05)
    m = seq(
        (3,),
        Dense(3, activation="tanh", kernel_initializer=u),
        Dropout(0.5),
        Dense(2, activation="tanh", kernel_initializer=u),
        Dropout(0.5),
        Dense(1, activation="softmax", kernel_initializer=u),
    )
    m.compile(opt.SGD(0.1, momentum=0.9, nesterov=True), "mse")
    return m, f32(x), col(y), dict(batch_size=32, epochs=10)


# SO-34311586: XOR with softmax on one unit, six rows.
@prog("SO-34311586", "binary", "mse")
def so_34311586(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = f32([[1, 1], [0, 0], [1, 0], [0, 1], [1, 1], [0, 0]])
    y = col([0, 0, 1, 1, 0, 0])
    if fixed:
        m = mlp(2, [8], "tanh", head="sigmoid")
        m.compile(opt.Adam(0.05), "binary_crossentropy")
    else:
        m = mlp(2, [2, 3], "sigmoid", head="softmax")
        m.compile(opt.SGD(0.001, momentum=0.9, nesterov=True), "mse")
    return m, x, y, dict(epochs=120)


# SO-44066044: ReLU output with binary cross-entropy on raw network-packet fields.
@prog("SO-44066044", "binary", "bce")
def so_44066044(r: Rng, fixed: bool) -> tuple[Any, ...]:
    n = 600
    x = np.c_[
        r.integers(1024, 65536, (n, 2)),
        r.lognormal(6, 1, (n, 3)),
        r.integers(0, 256, (n, 4)),
        r.integers(0, 2, (n, 2)),
    ]
    y = col(std(np.log(x[:, 2:5])).sum(1) + 0.5 * r.normal(size=n) > 0)
    init = initializers.RandomNormal(stddev=0.05)
    if fixed:
        m = mlp(11, [12, 12], head="sigmoid")
        m.compile(opt.Adam(0.01), "binary_crossentropy")
        return m, std(x), y, dict(batch_size=16, epochs=10)
    m = seq((11,), *[Dense(w, activation="relu", kernel_initializer=init) for w in (12, 12, 1)])
    m.compile("adam", "binary_crossentropy")
    return m, f32(x), y, dict(batch_size=5, epochs=10)


# SO-46620813: LSTM whose only output unit has a softmax: always class 1.
@prog("SO-46620813", "binary", "bce")
def so_46620813(r: Rng, fixed: bool) -> tuple[Any, ...]:
    bits = [0, 1, 1]
    for _ in range(1000):
        p = 0.9 if bits[-1] != bits[-3] else 0.1
        bits.append(int(r.random() < p))
    x = f32([bits[i : i + 3] for i in range(1000)])[..., None]
    y = col(bits[3:1003])
    m = seq(
        (3, 1),
        layers.LSTM(12 if fixed else 1),
        Dense(1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile(opt.Adam(0.03) if fixed else opt.Adagrad(), "binary_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=25)


# SO-48934338: y = 5 x^2 up to 125, SGD with learning rate 0.1: the first steps kill the ReLUs.
@prog("SO-48934338", "regression", "mse")
def so_48934338(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = np.arange(0, 5, 0.1).reshape(-1, 1)
    y = 5 * x**2 + r.normal(size=x.shape) ** 3
    m = mlp(1, [50, 30])
    m.compile(opt.Adam(0.01) if fixed else opt.SGD(0.1), "mse")
    if fixed:
        x, y = std(x), std(y)
    return m, f32(x), f32(y), dict(epochs=100)


# WEB-threshold-relu ("Why does accuracy remain the same"): x up to 100,000, ReLU output with BCE.
@prog("WEB-threshold-relu", "binary", "bce")
def web_threshold_relu(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.integers(0, 100_000, (1500, 1))
    y = col(x >= 50_000)
    m = mlp(1, [3, 5] if not fixed else [8, 8], head="sigmoid" if fixed else "relu")
    m.compile(opt.Adam(0.01) if fixed else "adam", "binary_crossentropy")
    return m, std(x) if fixed else f32(x), y, dict(batch_size=16 if fixed else 5, epochs=6)


# WEB-imdb-lstm-softmax: embedding and a one-unit LSTM under a softmax on one unit.
@prog("WEB-imdb-lstm-softmax", "binary", "bce")
def web_imdb_lstm_softmax(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 1200, 20, 200)
    m = seq(
        (20,),
        layers.Embedding(200, 4),
        layers.LSTM(8 if fixed else 1),
        Dense(1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile(opt.Adam(0.02) if fixed else "adam", "binary_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=12 if fixed else 8)


# WEB-conv1d-softmax ("Why does CNN binary Keras always predict 1"): softmax on one unit again.
@prog("WEB-conv1d-softmax", "binary", "bce")
def web_conv1d_softmax(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = np.cumsum(r.normal(size=(1000, 10, 4)), 1)
    y = col(x[:, -1].mean(1) > x[:, 0].mean(1))
    stack: list[keras.Layer] = []
    for filters in (16, 8):
        stack += [
            layers.Conv1D(filters, 4, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            Dropout(0.2),
        ]
    m = seq(
        (10, 4),
        *stack,
        layers.Flatten(),
        Dense(64),
        layers.BatchNormalization(),
        layers.LeakyReLU(),
        Dense(1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile("adam", "binary_crossentropy")
    return m, f32(x), y, dict(batch_size=64, epochs=8)


# GH-keras-5992: narrow ReLU net on raw columns, dropout behind the softmax.
@prog("GH-keras-5992", "multiclass", "mse")
def gh_keras_5992(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = datasets.load_wine(return_X_y=True)
    x, y = np.repeat(x, 4, 0), np.repeat(y, 4)
    x = std(x) if fixed else f32(x * 10)
    tail = [] if fixed else [Dropout(0.5)]
    m = seq(
        (13,),
        Dense(14, activation="relu"),
        Dropout(0.2 if fixed else 0.5),
        Dense(8, activation="relu"),
        Dropout(0.2 if fixed else 0.5),
        Dense(3, activation="softmax"),
        *tail,
    )
    m.compile(opt.Adam(0.01) if fixed else "adam", "mse")
    return m, x, onehot(y, 3), dict(batch_size=32, epochs=20)


# GH-keras-2139: CNN regression of values in 0..1 from raw 0..255 patches, too high a rate.
@prog("GH-keras-2139", "regression", "mse")
def gh_keras_2139(r: Rng, fixed: bool) -> tuple[Any, ...]:
    y = r.random((800, 1))
    x = 255 * np.clip(y[:, :, None, None] + 0.2 * r.normal(size=(800, 12, 12, 1)), 0, 1)
    m = seq(
        (12, 12, 1),
        layers.Conv2D(8, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        Dense(32, activation="relu"),
        Dense(1),
    )
    m.compile("adam" if fixed else opt.Adam(0.1), "mse")
    return m, f32(x / 255 if fixed else x), f32(y), dict(batch_size=32, epochs=8)


# GH-keras-8562: VGG-like stack for a roughness of 0..160, too high a rate.
@prog("GH-keras-8562", "regression", "mse")
def gh_keras_8562(r: Rng, fixed: bool) -> tuple[Any, ...]:
    y = r.uniform(0, 160, (600, 1))
    x = 0.5 + y[:, :, None, None] / 640 * r.normal(size=(600, 16, 16, 3))
    stack: list[keras.Layer] = []
    for filters in (8, 16, 32):
        stack += [layers.Conv2D(filters, 3, padding="same", activation="relu") for _ in range(2)]
        stack += [layers.MaxPooling2D()]
    m = seq(
        (16, 16, 3),
        *stack,
        layers.Flatten(),
        Dense(64, activation="relu"),
        Dense(64, activation="relu"),
        Dense(1),
    )
    m.compile(opt.Adam(1e-3) if fixed else opt.Adam(0.03), "mse")
    return m, f32(x), std(y) if fixed else f32(y), dict(batch_size=32, epochs=10)


# GH-keras-13891: a layer of a few ReLUs before the output, raw target: they die in the first steps.
@prog("GH-keras-13891", "regression", "mse")
def gh_keras_13891(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = diabetes()
    m = mlp(10, [64, 3], "tanh" if fixed else "relu")
    m.compile(opt.SGD(0.01), "mse")
    return m, x, std(y) if fixed else y, dict(batch_size=32, epochs=40)


# GH-keras-1727: two LSTMs with extra sigmoids and dropout on raw levels of several series.
@prog("GH-keras-1727", "regression", "mse")
def gh_keras_1727(r: Rng, fixed: bool) -> tuple[Any, ...]:
    n, length, k = 600, 20, 5
    t = np.arange(n + length)[:, None]
    s = 300 + 40 * np.sin(2 * np.pi * t / r.uniform(10, 25, k) + r.uniform(0, 6, k))
    s = std(s) if fixed else s
    x = f32(np.stack([s[i : i + length] for i in range(n)]))
    y = f32(s[length:])
    if fixed:
        m = seq((length, k), layers.LSTM(20), Dense(k))
        m.compile(opt.Adam(0.01), "mse")
        return m, x, y, dict(batch_size=64, epochs=12)
    act = layers.Activation
    m = seq(
        (length, k),
        layers.LSTM(20, return_sequences=True),
        act("sigmoid"),
        Dropout(0.2),
        layers.LSTM(20),
        act("sigmoid"),
        Dropout(0.2),
        Dense(k),
    )
    m.compile("rmsprop", "mse")
    return m, x, y, dict(batch_size=64, epochs=12)


# DS-19365: sin(0..99) with a sigmoid output: the negative half is out of reach.
@prog("DS-19365", "regression", "mse")
def ds_19365(r: Rng, fixed: bool) -> tuple[Any, ...]:
    t = np.arange(200)
    x = t / 40 if fixed else t
    y = col(np.sin(x))
    if fixed:
        m = mlp(1, [40, 20], "tanh")
        m.compile(opt.Adam(0.01), "mse")
        return m, col(x), y, dict(batch_size=20, epochs=60)
    m = mlp(1, [10], "sigmoid", head="sigmoid")
    m.compile("sgd", "mse")
    return m, col(x), y, dict(batch_size=1, epochs=10)


# --- collapsing: constructed ---------------------------------------------------------------------


# sim: pretrained word vectors were not found, so the frozen embedding matrix is all zeros.
@prog("sim-frozen-zero-embedding", "binary", "bce")
def sim_frozen_zero_embedding(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 1200, 20, 200)
    table = initializers.Constant(0.0) if not fixed else initializers.RandomNormal(stddev=0.5)
    m = seq(
        (20,),
        layers.Embedding(200, 16, embeddings_initializer=table, trainable=fixed),
        layers.GlobalAveragePooling1D(),
        Dense(16, activation="relu"),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=10)


# sim: token ids go into the LSTM as plain numbers (no embedding): the gates saturate.
@prog("sim-token-ids-as-numbers", "binary", "bce")
def sim_token_ids_as_numbers(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 1200, 20, 20_000 if not fixed else 200)
    if fixed:
        m = seq((20,), layers.Embedding(200, 8), layers.LSTM(16), Dense(1, activation="sigmoid"))
        m.compile(opt.Adam(0.01), "binary_crossentropy")
        return m, x, y, dict(batch_size=64, epochs=10)
    m = seq((20, 1), layers.LSTM(16), Dense(1, activation="sigmoid"))
    m.compile("adam", "binary_crossentropy")
    return m, f32(x)[..., None], y, dict(batch_size=64, epochs=10)


# sim: GRU on raw prices around 5,000: nothing is scaled, the output crawls.
@prog("sim-gru-raw-prices", "regression", "mse")
def sim_gru_raw_prices(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = waves(r, 800, 16)
    if not fixed:
        x, y = 5000 + 300 * x, 5000 + 300 * y
    m = seq((16, 1), layers.GRU(16), Dense(1))
    m.compile(opt.Adam(0.01 if fixed else 0.001), "mse")
    return m, x, y, dict(batch_size=32, epochs=8)


class OneFeatureNorm(keras.Model):
    """A subclassed model that normalises its single input feature over the feature axis."""

    def __init__(self, normalise: bool) -> None:
        super().__init__()
        self.norm = layers.LayerNormalization() if normalise else layers.Identity()
        self.hidden = Dense(32, activation="relu")
        self.head = Dense(1)

    def call(self, x: Any) -> Any:
        return self.head(self.hidden(self.norm(x)))


# sim: LayerNormalization over an axis of length 1 turns every input into zero (subclassed model).
@prog("sim-layernorm-one-feature", "regression", "mse")
def sim_layernorm_one_feature(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = f32(r.uniform(-2, 2, (1000, 1)))
    m = OneFeatureNorm(not fixed)
    m.compile(opt.Adam(0.01), "mse")
    return m, x, f32(np.sin(2 * x) + 0.5 * x), dict(batch_size=32, epochs=10)


# sim: 8-bit images are scaled by an integer division: every pixel becomes 0.
@prog("sim-integer-division", "multiclass", "scce")
def sim_integer_division(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    x = (250 * x).astype("uint8")
    x = x / 255 if fixed else x // 255
    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        Dense(32, activation="relu"),
        Dense(10, activation="softmax"),
    )
    m.compile(opt.Adam(0.003), "sparse_categorical_crossentropy")
    return m, f32(x), y, dict(batch_size=64, epochs=10)


# sim: binary labels coded 1 and 2 under a sigmoid: the optimum is the constant 1.
# As is, the torch backend refuses such labels: fit raises RuntimeError.
@prog("sim-labels-1-2", "binary", "bce")
def sim_labels_1_2(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = datasets.load_breast_cancer(return_X_y=True)
    m = mlp(30, [16], head="sigmoid")
    m.compile(opt.Adam(0.01), "binary_crossentropy")
    return m, std(x), col(y + (not fixed)), dict(batch_size=32, epochs=15), col(y)


# sim: label smoothing of 1.0: the targets are uniform and carry no label.
@prog("sim-label-smoothing-1", "multiclass", "cce")
def sim_label_smoothing_1(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    m = mlp(64, [32], n_out=10, head="softmax")
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1 if fixed else 1.0)
    m.compile(opt.Adam(0.003), loss)
    return m, x, onehot(y, 10), dict(batch_size=64, epochs=15)


# sim: 70 % of the targets are zero and the loss is the absolute error: its optimum is zero.
@prog("sim-mae-mostly-zero", "regression", "mae")
def sim_mae_mostly_zero(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.normal(size=(2000, 5))
    y = np.exp(0.7 * x[:, 0] + 0.5 * x[:, 1]) * (r.random(2000) < 0.3)
    if fixed:
        y = np.exp(0.7 * x[:, 0] + 0.5 * x[:, 1])
    m = mlp(5, [32, 32])
    m.compile(opt.Adam(0.002), "mae")
    return m, f32(x), col(y), dict(batch_size=64, epochs=15)


# sim: BatchNormalization before the head with one row per batch: constant while training.
@prog("sim-batchnorm-batch-1", "regression", "mse")
def sim_batchnorm_batch_1(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 400)
    m = seq((10,), Dense(32), layers.BatchNormalization(momentum=0.9), Dense(1))
    m.compile(opt.Adam(0.01), "mse")
    return m, x, std(y), dict(batch_size=32 if fixed else 1, epochs=25 if fixed else 5)


class Sampling(layers.Layer):
    """Reparametrised normal with a weighted KL penalty to the standard normal."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight
        self.noise = keras.random.SeedGenerator(7)

    def call(self, mean: Any, log_var: Any) -> Any:
        kl = -0.5 * ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), -1)
        self.add_loss(self.weight * ops.mean(kl))
        eps = keras.random.normal(ops.shape(mean), seed=self.noise)
        return mean + ops.exp(0.5 * log_var) * eps


# sim: variational autoencoder whose KL weight is 5 against a mean (not summed) squared error.
@prog("sim-vae-kl", "regression", "mse")
def sim_vae_kl(r: Rng, fixed: bool) -> tuple[Any, ...]:
    z = r.normal(size=(1000, 2))
    x = std(np.tanh(z @ r.normal(size=(2, 16))) + 0.05 * r.normal(size=(1000, 16)))
    inp = keras.Input((16,))
    h = Dense(32, activation="relu")(inp)
    code = Sampling(0.001 if fixed else 5.0)(Dense(2)(h), Dense(2)(h))
    m = keras.Model(inp, Dense(16)(Dense(32, activation="relu")(code)))
    m.compile(opt.Adam(0.005), "mse")
    return m, x, x, dict(batch_size=32, epochs=15)


# sim: two outputs in a list, one in units a million times larger: the small one is never learned.
@prog("sim-two-outputs-scale", "regression+regression", "mse+mse")
def sim_two_outputs_scale(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, a = friedman(r, 1000)
    b = std(x[:, :1] * x[:, 1:2] + x[:, 5:6])
    a = std(a) if fixed else 1e4 * a
    inp = keras.Input((10,))
    h = Dense(8, activation="relu")(Dense(8, activation="relu")(inp))
    m = keras.Model(inp, [Dense(1, name="price")(h), Dense(1, name="share", activation="tanh")(h)])
    m.compile(opt.Adam(0.01), ["mse", "mse"])
    return m, x, [f32(a), f32(np.tanh(b))], dict(batch_size=32, epochs=15)


# sim: two outputs in a dict, the regression head has a ReLU and its targets are negative.
@prog("sim-two-outputs-relu-head", "regression+binary", "mse+bce")
def sim_two_outputs_relu_head(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, a = friedman(r, 800)
    y = {"loss_eur": std(a) - 5, "late": col(x[:, 3] + x[:, 4] > 0)}
    inp = keras.Input((10,))
    h = Dense(32, activation="relu")(inp)
    head = Dense(1, activation=None if fixed else "relu", name="loss_eur")
    late = Dense(1, activation="sigmoid", name="late")
    m = keras.Model(inp, {"loss_eur": head(h), "late": late(h)})
    m.compile(opt.Adam(0.01), {"loss_eur": "mse", "late": "binary_crossentropy"})
    return m, x, y, dict(batch_size=32, epochs=15)


# sim: dropout of 0.98 after every layer.
@prog("sim-dropout-98", "regression", "mse")
def sim_dropout_98(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    rate = 0.1 if fixed else 0.98
    m = seq(
        (10,),
        Dense(64, activation="relu"),
        Dropout(rate),
        Dense(64, activation="relu"),
        Dropout(rate),
        Dense(64, activation="relu"),
        Dropout(rate),
        Dense(1),
    )
    m.compile(opt.Adam(0.001), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=20)


# sim: AdamW with weight decay 50 on a CNN: the weights shrink faster than they learn.
@prog("sim-weight-decay-50", "multiclass", "scce")
def sim_weight_decay_50(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        Dense(32, activation="relu"),
        Dense(10, activation="softmax"),
    )
    m.compile(
        opt.AdamW(0.01 if not fixed else 0.003, weight_decay=0.01 if fixed else 50.0),
        "sparse_categorical_crossentropy",
    )
    return m, x, y, dict(batch_size=64, epochs=10)


# sim: an L1 penalty of 1 on every kernel of a GRU.
@prog("sim-gru-l1", "regression", "mse")
def sim_gru_l1(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = waves(r, 800, 16)
    reg = regularizers.L1(1e-6 if fixed else 1.0)
    m = seq(
        (16, 1),
        layers.GRU(16, kernel_regularizer=reg, recurrent_regularizer=reg),
        Dense(1, kernel_regularizer=reg),
    )
    m.compile(opt.Adam(0.01), "mse")
    return m, x, y, dict(batch_size=32, epochs=8)


# sim: twenty ReLU layers of three units (Lu et al. 2018): the signal dies at initialisation.
@prog("sim-deep-narrow-relu", "regression", "mse")
def sim_deep_narrow_relu(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    m = mlp(10, [32, 32] if fixed else [3] * 20)
    m.compile(opt.Adam(0.005), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=12)


# sim: a tanh output for targets of 20..350.
@prog("sim-tanh-head", "regression", "mse")
def sim_tanh_head(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = diabetes()
    m = mlp(10, [32], head=None if fixed else "tanh")
    m.compile(opt.Adam(0.01), "mse")
    return m, x, std(y) if fixed else y, dict(batch_size=32, epochs=30)


# sim: attention model trained with Adam at 0.3.
@prog("sim-attention-rate", "multiclass", "scce")
def sim_attention_rate(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.integers(0, 8, (1000, 8))
    inp = keras.Input((8,))
    h = layers.Embedding(8, 16)(inp)
    h = layers.Add()([h, layers.MultiHeadAttention(2, 8)(h, h)])
    h = Dense(32, activation="relu")(layers.Flatten()(layers.LayerNormalization()(h)))
    m = keras.Model(inp, Dense(8, activation="softmax")(h))
    m.compile(opt.Adam(0.003 if fixed else 0.3), "sparse_categorical_crossentropy")
    return m, x.astype("int32"), (x[:, 1] + x[:, 5]) // 2, dict(epochs=10)


# sim: SimpleRNN whose recurrent weights start near zero forgets the first of 20 values at once.
@prog("sim-simplernn-forgets", "regression", "mse")
def sim_simplernn_forgets(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = f32(r.uniform(-1, 1, (1000, 20, 1)))
    tiny = initializers.RandomNormal(stddev=0.02)
    cell = layers.SimpleRNN(16, recurrent_initializer="orthogonal" if fixed else tiny)
    m = seq((20, 1), cell, Dense(1))
    m.compile(opt.SGD(0.01), "mse")
    return m, x, x[:, 0], dict(batch_size=32, epochs=12)


# sim: gradients clipped to a norm of 1e-5: SGD does not move.
@prog("sim-clipnorm-tiny", "multiclass", "cce")
def sim_clipnorm_tiny(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    m = mlp(64, [32, 32], n_out=10, head="softmax")
    m.compile(opt.SGD(0.1, clipnorm=1.0 if fixed else 1e-5), "categorical_crossentropy")
    return m, x, onehot(y, 10), dict(batch_size=32, epochs=10)


class FlatTargetLoss(keras.Model):
    """A model whose own loss subtracts (batch, 1) outputs from (batch,) targets."""

    align = False

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        y = ops.reshape(y, ops.shape(y_pred)) if self.align else ops.reshape(y, (-1,))
        return ops.mean(ops.square(y - y_pred))


# GH-keras-16836 in spirit: a hand-written loss broadcasts (N,) against (N, 1): optimum is the mean.
@prog("sim-broadcast-compute-loss", "regression", "mse")
def sim_broadcast_compute_loss(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    y = std(y)
    inp = keras.Input((10,))
    m = FlatTargetLoss(inp, Dense(1)(Dense(32, activation="relu")(inp)))
    m.align = fixed
    m.compile(opt.Adam(0.01), loss="mse")
    return m, x, y[:, 0], dict(batch_size=128, epochs=40), y


# sim: training is fine until a schedule multiplies the learning rate by 100: one class for ever.
@prog("sim-late-rate-jump", "multiclass", "scce")
def sim_late_rate_jump(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    m = mlp(64, [32], n_out=10, head="softmax")
    jump = opt.schedules.PiecewiseConstantDecay([280], [0.1, 0.05 if fixed else 10.0])
    m.compile(opt.SGD(jump), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=12)


# sim: breast-cancer columns up to 4,000 unscaled, all kernels one, sigmoid units: all saturated.
@prog("sim-ones-init-saturated", "binary", "bce")
def sim_ones_init_saturated(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = datasets.load_breast_cancer(return_X_y=True)
    init = "glorot_uniform" if fixed else "ones"
    m = mlp(30, [16, 16], "sigmoid", head="sigmoid", kernel_initializer=init)
    m.compile(opt.Adam(0.01), "binary_crossentropy")
    return m, std(x) if fixed else f32(x), col(y), dict(batch_size=32, epochs=15)


# sim: CNN with sigmoids in ten layers on digits: stays at chance.
@prog("sim-deep-sigmoid-cnn", "multiclass", "scce")
def sim_deep_sigmoid_cnn(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    act = "relu" if fixed else "sigmoid"
    conv = [layers.Conv2D(8, 3, padding="same", activation=act) for _ in range(5)]
    m = seq(
        (8, 8, 1),
        *conv,
        layers.MaxPooling2D(),
        layers.Flatten(),
        Dense(32, activation=act),
        Dense(32, activation=act),
        Dense(10, activation="softmax"),
    )
    m.compile(opt.Adam(0.003 if fixed else 0.001), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=10)


# AT-blob in spirit: ten sigmoid layers under plain SGD on three blobs: the gradient vanishes.
@prog("AT-blob-sigmoid-sgd", "multiclass", "scce")
def at_blob_sigmoid_sgd(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = datasets.make_blobs(1000, 2, centers=3, random_state=int(r.integers(1 << 30)))
    m = mlp(2, [8] * (2 if fixed else 10), "tanh" if fixed else "sigmoid", 3, "softmax")
    m.compile(opt.SGD(0.05), "sparse_categorical_crossentropy")
    return m, std(x), y, dict(batch_size=32, epochs=12)


# WEB-house-prices: prices of several 100,000 straight from the table, Adam at its default.
@prog("WEB-house-prices", "regression", "mse")
def web_house_prices(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.random((1000, 2))
    y = col(5e5 * x[:, 0] + 3e5 * x[:, 1] + 5e4 * r.normal(size=1000))
    m = mlp(2, [32, 32])
    m.compile(opt.Adam(0.01) if fixed else "adam", "mse")
    return m, std(x) if fixed else f32(x), std(y) if fixed else y, dict(batch_size=32, epochs=15)


# WEB-zero-init ("predicts a fixed number for all test samples"): three ReLU layers of zeros.
@prog("WEB-zero-init", "regression", "mse")
def web_zero_init(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.random((1000, 10))
    y = col(x.sum(1) + 0.1 * r.normal(size=1000))
    m = mlp(10, [64, 64, 64], kernel_initializer="he_normal" if fixed else "zeros")
    m.compile("adam", "mse")
    return m, f32(x), y, dict(batch_size=32, epochs=15)


# sim: the wrong end of the model was frozen: a zero-initialised head that may not learn.
@prog("sim-frozen-head", "multiclass", "scce")
def sim_frozen_head(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    head = Dense(10, activation="softmax", kernel_initializer="zeros")
    body = layers.Conv2D(16, 3, activation="relu")
    (body if fixed else head).trainable = False
    m = seq((8, 8, 1), body, layers.MaxPooling2D(), layers.Flatten(), head)
    m.compile(opt.Adam(0.01), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=10)


# sim: the tokenizer knows none of the words: every id is the out-of-vocabulary id.
@prog("sim-all-out-of-vocabulary", "binary", "bce")
def sim_all_out_of_vocabulary(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 1200, 16, 100)
    m = seq((16,), layers.Embedding(100, 8), layers.GRU(8), Dense(1, activation="sigmoid"))
    m.compile(opt.Adam(0.01), "binary_crossentropy")
    return m, x if fixed else np.ones_like(x), y, dict(batch_size=64, epochs=10)


# sim: Gaussian noise of 1 on inputs of size 0.01.
@prog("sim-gaussian-noise", "regression", "mse")
def sim_gaussian_noise(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    m = seq(
        (10,), layers.GaussianNoise(0.1 if fixed else 1.0), Dense(16, activation="relu"), Dense(1)
    )
    m.compile(opt.Adam(0.005), "mse")
    return m, x if fixed else 0.01 * x, std(y), dict(batch_size=32, epochs=20)


# sim: CNN with Adam at 0.5.
@prog("sim-cnn-adam-half", "multiclass", "scce")
def sim_cnn_adam_half(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        Dense(32, activation="relu"),
        Dense(10, activation="softmax"),
    )
    m.compile(opt.Adam(0.003 if fixed else 0.5), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=8)


# sim: three outputs in a list over one trunk that dies of a learning rate of 1.
@prog("sim-three-outputs-dead-trunk", "regression+regression+binary", "mse+mae+bce")
def sim_three_outputs_dead_trunk(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 800)
    y = std(y)
    inp = keras.Input((10,))
    h = Dense(32, activation="relu")(Dense(32, activation="relu")(inp))
    m = keras.Model(inp, [Dense(1)(h), Dense(1)(h), Dense(1, activation="sigmoid")(h)])
    m.compile(opt.Adam(0.005 if fixed else 1.0), ["mse", "mae", "binary_crossentropy"])
    return m, x, [y, f32(x[:, :1] * x[:, 1:2]), col(y > 0)], dict(batch_size=32, epochs=12)


# --- healthy controls ----------------------------------------------------------------------------


def parity(r: Rng, n: int, bits: int, extra: int) -> tuple[np.ndarray, np.ndarray]:
    x = r.integers(0, 2, (n, bits + extra))
    return f32(2 * x - 1), col(x[:, :bits].sum(1) % 2)


# OK: parity of three bits among eight; flat at first.
@prog("OK-parity-3", "binary", "bce")
def ok_parity_3(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = parity(r, 1000, 3, 5)
    m = mlp(8, [32, 32], head="sigmoid")
    m.compile(opt.Adam(0.003), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=20)


# OK: parity of four bits among eight, SGD with momentum; a long plateau.
@prog("OK-parity-4", "binary", "bce")
def ok_parity_4(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = parity(r, 1500, 4, 4)
    m = mlp(8, [64, 64], "tanh", head="sigmoid")
    m.compile(opt.SGD(0.1, momentum=0.9), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=25)


# OK: an LSTM has to remember the first of 25 values; sits at the mean before it learns.
@prog("OK-lstm-memory", "regression", "mse")
def ok_lstm_memory(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = f32(r.uniform(-1, 1, (1000, 25, 1)))
    m = seq((25, 1), layers.LSTM(24), Dense(1))
    m.compile(opt.Adam(0.01), "mse")
    return m, x, x[:, 0], dict(batch_size=32, epochs=20)


# OK: a GRU adds the two marked of 20 values; plateau, then learns.
@prog("OK-gru-adding", "regression", "mse")
def ok_gru_adding(r: Rng, fixed: bool) -> tuple[Any, ...]:
    n, length = 1200, 20
    v, mark = r.uniform(0, 1, (n, length)), np.zeros((n, length))
    mark[np.arange(n), r.integers(0, length // 2, n)] = 1
    mark[np.arange(n), r.integers(length // 2, length, n)] = 1
    m = seq((length, 2), layers.GRU(24), Dense(1))
    m.compile(opt.Adam(0.01), "mse")
    return m, f32(np.stack([v, mark], -1)), col((v * mark).sum(1)), dict(batch_size=32, epochs=15)


# OK: six tanh layers under plain SGD on circles: slow start.
@prog("OK-deep-tanh-sgd", "binary", "bce")
def ok_deep_tanh_sgd(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = datasets.make_circles(1000, noise=0.1, factor=0.5, random_state=int(r.integers(1 << 30)))
    m = mlp(2, [16] * 6, "tanh", head="sigmoid")
    m.compile(opt.SGD(0.1), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=32, epochs=40)


# OK: attention looks up the value that belongs to the queried key.
@prog("OK-attention-lookup", "multiclass", "scce")
def ok_attention_lookup(r: Rng, fixed: bool) -> tuple[Any, ...]:
    n, k = 2000, 4
    keys, vals = np.stack([r.permutation(k) for _ in range(n)]), r.integers(0, 4, (n, k))
    q = r.integers(0, k, n)
    y = vals[np.arange(n), np.argmax(keys == q[:, None], 1)]
    memory = np.concatenate([onehot(keys, k), onehot(vals, 4)], -1)
    query = onehot(q, k)[:, None, :]
    mem, ask = keras.Input((k, 8)), keras.Input((1, k))
    h = layers.MultiHeadAttention(2, 8)(Dense(16)(ask), Dense(16)(mem))
    m = keras.Model([mem, ask], Dense(4, activation="softmax")(layers.Flatten()(h)))
    m.compile(opt.Adam(0.005), "sparse_categorical_crossentropy")
    return m, [memory, query], y, dict(batch_size=32, epochs=12)


# OK: sin(6.5 x): spectral bias keeps the net near the mean for several epochs, then it learns.
@prog("OK-fast-sine", "regression", "mse")
def ok_fast_sine(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.uniform(-1, 1, (1600, 1))
    m = mlp(1, [64, 64], "gelu")
    m.compile(opt.Adam(0.005), "mse")
    return m, f32(x), f32(np.sin(6.5 * x)), dict(batch_size=32, epochs=25)


# OK: low signal, R2 ceiling 0.05, many rows: a nearly constant output is right.
@prog("OK-low-signal-05", "regression", "mse")
def ok_low_signal_05(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.normal(size=(10_000, 5))
    y = x @ [0.15, 0.12, 0.1, 0.05, 0.0] + r.normal(size=10_000)
    m = mlp(5, [8])
    m.compile(opt.Adam(0.003), "mse")
    return m, f32(x), col(y), dict(batch_size=64, epochs=8)


# OK: R2 ceiling 0.02, 20,000 rows.
@prog("OK-low-signal-02", "regression", "mse")
def ok_low_signal_02(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.normal(size=(20_000, 4))
    y = x @ [0.1, 0.08, 0.06, 0.0] + r.normal(size=20_000)
    m = mlp(4, [16])
    m.compile(opt.Adam(0.002), "mse")
    return m, f32(x), col(y), dict(batch_size=128, epochs=8)


# OK: a weak binary signal (AUC about 0.6).
@prog("OK-low-signal-binary", "binary", "bce")
def ok_low_signal_binary(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.normal(size=(8000, 6))
    y = r.random(8000) < 1 / (1 + np.exp(-(0.4 * x[:, 0] - 0.3 * x[:, 1])))
    m = mlp(6, [16], head="sigmoid")
    m.compile(opt.Adam(0.003), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=64, epochs=6)


# OK: targets 1000 +- 1; R2 is hugely negative until the bias has arrived.
@prog("OK-target-1000", "regression", "mse")
def ok_target_1000(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    norm = layers.BatchNormalization(center=False, scale=False)
    m = seq((10,), Dense(32, activation="tanh"), norm, Dense(1))
    m.compile(opt.SGD(0.01), "mse")
    return m, x, std(y) + 1000, dict(batch_size=32, epochs=30)


# OK: targets 1e6 +- 1, output bias started at the mean.
@prog("OK-target-1e6", "regression", "mse")
def ok_target_1e6(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    m = seq(
        (10,), Dense(32, activation="relu"), Dense(1, bias_initializer=initializers.Constant(1e6))
    )
    m.compile(opt.Adam(0.005), "mse")
    return m, x, std(y) + 1e6, dict(batch_size=32, epochs=15)


# OK: 97 : 3 classes with signal; accuracy equals the majority for a while.
@prog("OK-imbalanced-97", "binary", "bce")
def ok_imbalanced_97(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = datasets.make_classification(
        4000,
        12,
        n_informative=6,
        weights=[0.97],
        class_sep=1.2,
        flip_y=0.0,
        random_state=int(r.integers(1 << 30)),
    )
    m = mlp(12, [32], head="sigmoid")
    m.compile(opt.Adam(0.003), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=64, epochs=12)


# OK: 95 % of the targets are zero, the rest follow the inputs; squared error.
@prog("OK-sparse-targets", "regression", "mse")
def ok_sparse_targets(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.normal(size=(4000, 6))
    y = np.maximum(x[:, 0] + x[:, 1] - 2.3, 0) * 3
    m = mlp(6, [32, 32])
    m.compile(opt.Adam(0.003), "mse")
    return m, f32(x), col(y), dict(batch_size=64, epochs=12)


# OK: most ReLU units are dead from the start (bias -3), yet the rest classify digits well.
@prog("OK-dead-units", "multiclass", "scce")
def ok_dead_units(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    bias = initializers.RandomUniform(-12.0, 0.5)
    m = seq(
        (64,), Dense(256, activation="relu", bias_initializer=bias), Dense(10, activation="softmax")
    )
    m.compile(opt.Adam(0.002), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=10)


# OK: a warm-up schedule: the learning rate is almost zero for the first two epochs.
@prog("OK-warmup", "multiclass", "scce")
def ok_warmup(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    m = mlp(64, [64, 64], n_out=10, head="softmax")
    rate = opt.schedules.CosineDecay(1e-6, 500, warmup_target=0.003, warmup_steps=200)
    m.compile(opt.Adam(rate), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=10)


# OK: a jump of the learning rate throws the net off; it recovers by itself.
@prog("OK-rate-jump-recovers", "regression", "mse")
def ok_rate_jump_recovers(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    m = mlp(10, [32, 32], "tanh")
    jump = opt.schedules.PiecewiseConstantDecay([200, 215], [0.005, 0.2, 0.005])
    m.compile(opt.Adam(jump), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=25)


# OK: dropout 0.8; the training loss stays far above the true one.
@prog("OK-dropout-80", "multiclass", "scce")
def ok_dropout_80(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    m = seq(
        (64,),
        Dense(128, activation="relu"),
        Dropout(0.8),
        Dense(128, activation="relu"),
        Dropout(0.8),
        Dense(10, activation="softmax"),
    )
    m.compile(opt.Adam(0.002), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=10)


# OK: CNN with batch normalisation.
@prog("OK-batchnorm-cnn", "multiclass", "scce")
def ok_batchnorm_cnn(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Conv2D(16, 3),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Flatten(),
        Dense(10, activation="softmax"),
    )
    m.compile(opt.Adam(0.003), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=8)


# OK: autoencoder of digits; the mean image is learned first.
@prog("OK-autoencoder", "regression", "mse")
def ok_autoencoder(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, _ = digits()
    m = mlp(64, [32, 8, 32], n_out=64, head="sigmoid")
    m.compile(opt.Adam(0.003), "mse")
    return m, x, x, dict(batch_size=32, epochs=15)


# OK: three outputs of different kinds in a dict.
@prog("OK-three-outputs", "regression+binary+multiclass", "mse+bce+scce")
def ok_three_outputs(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1200)
    y = std(y)
    third = np.digitize(y[:, 0], [-0.5, 0.5])
    inp = keras.Input((10,))
    h = Dense(48, activation="relu")(inp)
    out = {
        "value": Dense(1, name="value")(h),
        "above": Dense(1, activation="sigmoid", name="above")(h),
        "third": Dense(3, activation="softmax", name="third")(h),
    }
    m = keras.Model(inp, out)
    m.compile(
        opt.Adam(0.005),
        {
            "value": "mse",
            "above": "binary_crossentropy",
            "third": "sparse_categorical_crossentropy",
        },
    )
    return m, x, {"value": y, "above": col(y > 0), "third": third}, dict(epochs=15)


# OK: multi-label with rare labels.
@prog("OK-multilabel", "multilabel", "bce")
def ok_multilabel(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.normal(size=(1500, 10))
    y = x @ r.normal(size=(10, 6)) / np.sqrt(10) > [0, 0, 0.5, 0.5, 1.2, 1.2]
    m = mlp(10, [32], n_out=6, head="sigmoid")
    m.compile(opt.Adam(0.005), "binary_crossentropy")
    return m, f32(x), f32(y), dict(batch_size=32, epochs=12)


# OK: XOR, four rows, full batch: flat at 0.5 for many epochs.
@prog("OK-xor-4-rows", "binary", "bce")
def ok_xor_4_rows(r: Rng, fixed: bool) -> tuple[Any, ...]:
    m = mlp(2, [16], "tanh", head="sigmoid")
    m.compile(opt.Adam(0.05), "binary_crossentropy")
    x = f32([[0, 0], [0, 1], [1, 0], [1, 1]])
    return m, x, col([0, 1, 1, 0]), dict(batch_size=4, epochs=100)


# OK: the 90 % quantile by the pinball loss.
@prog("OK-quantile-90", "regression", "quantile")
def ok_quantile_90(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.uniform(-2, 2, (2000, 2))
    y = x[:, 0] ** 2 + 0.5 * r.exponential(size=2000)

    def pinball(t: Any, p: Any) -> Any:
        return ops.mean(ops.maximum(0.9 * (t - p), 0.1 * (p - t)), axis=-1)

    m = mlp(2, [32, 32])
    m.compile(opt.Adam(0.003), pinball)
    return m, f32(x), col(y), dict(batch_size=64, epochs=15)


# OK: counts with many zeros under the Poisson loss.
@prog("OK-poisson", "regression", "poisson")
def ok_poisson(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.normal(size=(2500, 4))
    y = r.poisson(np.exp(-1 + 0.8 * x[:, 0] - 0.5 * x[:, 1]))
    m = mlp(4, [16], head="exponential")
    m.compile(opt.Adam(0.005), "poisson")
    return m, f32(x), col(y), dict(batch_size=64, epochs=12)


# OK: heavy-tailed noise under the Huber loss.
@prog("OK-huber", "regression", "huber")
def ok_huber(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1500)
    m = mlp(10, [32, 32])
    m.compile(opt.Adam(0.003), keras.losses.Huber())
    noisy = std(y) + 0.3 * r.standard_t(2, y.shape)
    return m, x, f32(noisy), dict(batch_size=64, epochs=15)


# OK: one row per step, no batch normalisation.
@prog("OK-batch-size-1", "binary", "bce")
def ok_batch_size_1(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = datasets.load_breast_cancer(return_X_y=True)
    m = mlp(30, [16], head="sigmoid")
    m.compile(opt.SGD(0.01), "binary_crossentropy")
    return m, std(x), col(y), dict(batch_size=1, epochs=4)


# OK: stopped after three epochs of four steps: undertrained, not collapsed.
@prog("OK-short-mlp", "regression", "mse")
def ok_short_mlp(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 256)
    m = mlp(10, [32, 32])
    m.compile("adam", "mse")
    return m, x, std(y), dict(batch_size=64, epochs=3)


# OK: two epochs of five steps of a CNN.
@prog("OK-short-cnn", "multiclass", "scce")
def ok_short_cnn(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    m = seq(
        (8, 8, 1),
        layers.Conv2D(8, 3, activation="relu"),
        layers.Flatten(),
        Dense(10, activation="softmax"),
    )
    m.compile("adam", "sparse_categorical_crossentropy")
    return m, x[:640], y[:640], dict(batch_size=128, epochs=2)


# OK: fifty classes, thirty rows each: accuracy starts at 2 %.
@prog("OK-50-classes", "multiclass", "scce")
def ok_50_classes(r: Rng, fixed: bool) -> tuple[Any, ...]:
    y = np.repeat(np.arange(50), 30)
    x = 1.2 * r.normal(size=(50, 16))[y] + r.normal(size=(1500, 16))
    m = mlp(16, [64], n_out=50, head="softmax")
    m.compile(opt.Adam(0.003), "sparse_categorical_crossentropy")
    return m, f32(x), y, dict(batch_size=32, epochs=10)


# OK: a frozen random base under a trainable head, as in transfer learning.
@prog("OK-frozen-base", "multiclass", "scce")
def ok_frozen_base(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    base = seq(
        (8, 8, 1), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()
    )
    base.trainable = False
    m = seq((8, 8, 1), base, Dense(10, activation="softmax"))
    m.compile(opt.Adam(0.01), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=8)


# OK: ordinal targets as cumulative sigmoids.
@prog("OK-ordinal", "multilabel", "bce")
def ok_ordinal(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1200)
    y = f32(std(y) > [[-1.5, -0.5, 0.5, 1.5]])
    m = mlp(10, [32], n_out=4, head="sigmoid")
    m.compile(opt.Adam(0.005), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=12)


# OK: text classification with an embedding that starts near zero.
@prog("OK-embedding", "binary", "bce")
def ok_embedding(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 1500, 20, 300)
    m = seq(
        (20,),
        layers.Embedding(300, 8),
        layers.GlobalAveragePooling1D(),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.Adam(0.003), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=15)


# OK: strong but bearable L2: the penalty is a large part of the loss.
@prog("OK-l2-shrunk", "regression", "mse")
def ok_l2_shrunk(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    reg = regularizers.L2(0.03)
    m = seq(
        (10,),
        Dense(32, activation="relu", kernel_regularizer=reg),
        Dense(1, kernel_regularizer=reg),
    )
    m.compile(opt.Adam(0.003), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# OK: an LSTM tags every step of a sequence: outputs of shape (batch, time, classes).
@prog("OK-tagging", "multiclass", "scce")
def ok_tagging(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.integers(0, 2, (1000, 10))
    y = np.cumsum(x, 1) % 3
    m = seq((10, 1), layers.LSTM(24, return_sequences=True), Dense(3, activation="softmax"))
    m.compile(opt.Adam(0.02), "sparse_categorical_crossentropy")
    return m, f32(x)[..., None], y, dict(batch_size=32, epochs=12)


# OK: segmentation of a small square: 94 % of the pixels are background.
@prog("OK-segmentation", "binary", "bce")
def ok_segmentation(r: Rng, fixed: bool) -> tuple[Any, ...]:
    n, size = 500, 12
    y = np.zeros((n, size, size, 1))
    for image, (row, left) in zip(y, r.integers(0, size - 3, (n, 2)), strict=True):
        image[row : row + 3, left : left + 3] = 1
    x = y + 0.5 * r.normal(size=y.shape)
    m = seq(
        (size, size, 1),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
    )
    m.compile(opt.Adam(0.01), "binary_crossentropy")
    return m, f32(x), f32(y), dict(batch_size=32, epochs=12)


# OK: Gaussian likelihood: the output has two columns (mean, log variance), the target one.
@prog("OK-gaussian-nll", "regression", "mse")
def ok_gaussian_nll(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.uniform(-2, 2, (1500, 1))
    y = np.sin(2 * x) + (0.1 + 0.3 * (x > 0)) * r.normal(size=x.shape)

    def nll(t: Any, p: Any) -> Any:
        mean, log_var = p[:, :1], p[:, 1:]
        return ops.mean(0.5 * (ops.square(t - mean) * ops.exp(-log_var) + log_var), axis=-1)

    m = mlp(1, [32, 32], "tanh", n_out=2)
    m.compile(opt.Adam(0.01), nll)
    return m, f32(x), f32(y), dict(batch_size=32, epochs=15)


# OK: 95 : 5 classes with class weights.
@prog("OK-class-weight", "binary", "bce")
def ok_class_weight(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.normal(size=(3000, 8))
    y = x[:, 0] + x[:, 1] * x[:, 2] + 0.3 * r.normal(size=3000) > 2.2
    m = mlp(8, [32], head="sigmoid")
    m.compile(opt.Adam(0.005), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=64, epochs=10, class_weight={0: 1.0, 1: 10.0})


# OK: two inputs in a dict, eight steps per execution (one on torch, which allows no more).
@prog("OK-two-inputs", "binary", "bce")
def ok_two_inputs(r: Rng, fixed: bool) -> tuple[Any, ...]:
    a, b = r.normal(size=(2, 1200, 6))
    y = col((a * b).sum(1) > 0)
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    h = Dense(64, activation="relu")(layers.Concatenate()([left, right]))
    h = Dense(32, activation="relu")(h)
    m = keras.Model({"left": left, "right": right}, Dense(1, activation="sigmoid")(h))
    steps = 1 if keras.backend.backend() == "torch" else 8
    m.compile(opt.Adam(0.003), "binary_crossentropy", steps_per_execution=steps)
    return m, {"left": f32(a), "right": f32(b)}, y, dict(batch_size=30, epochs=20)


# OK: a very low but sufficient learning rate.
@prog("OK-slow-rate", "regression", "mse")
def ok_slow_rate(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1500)
    m = mlp(10, [32, 32])
    m.compile(opt.SGD(0.001), "mse")
    return m, x, std(y), dict(batch_size=16, epochs=15)


# OK: inputs three times too large: most tanh units are saturated, the classes are still learned.
@prog("OK-saturated-units", "multiclass", "scce")
def ok_saturated_units(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    m = mlp(64, [64], "tanh", n_out=10, head="softmax")
    m.compile(opt.Adam(0.003), "sparse_categorical_crossentropy")
    return m, 16 * x, y, dict(batch_size=32, epochs=8)


# OK: raw inputs of very different scales behind a first BatchNormalization.
@prog("OK-raw-inputs", "binary", "bce")
def ok_raw_inputs(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = datasets.load_breast_cancer(return_X_y=True)
    m = seq(
        (30,),
        layers.BatchNormalization(momentum=0.9),
        Dense(16, activation="relu"),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.Adam(0.003), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=32, epochs=12)


# OK: targets of 0.05: the untrained output is twenty times too wide.
@prog("OK-target-0.05", "regression", "mse")
def ok_target_0_05(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    m = mlp(10, [32])
    m.compile(opt.Adam(opt.schedules.CosineDecay(0.01, 900)), "mse")
    return m, x, 0.05 * std(y), dict(batch_size=32, epochs=30)


# OK: six linear layers that start small: the long saddle of deep linear nets, then it learns.
@prog("OK-deep-linear", "regression", "mse")
def ok_deep_linear(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    init = initializers.RandomNormal(stddev=0.06)
    m = mlp(10, [32] * 5, "linear", kernel_initializer=init)
    m.compile(opt.SGD(0.05), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=40)


# OK: three target columns, one of them constant.
@prog("OK-constant-column", "regression", "mse")
def ok_constant_column(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    y = np.c_[std(y), 0 * y, x[:, :1] * x[:, 1:2]]
    m = mlp(10, [48], n_out=3)
    m.compile(opt.Adam(0.005), "mse")
    return m, x, f32(y), dict(batch_size=32, epochs=20)


# OK: twelve rows of a straight line.
@prog("OK-12-rows", "regression", "mse")
def ok_12_rows(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = np.linspace(-1, 1, 12).reshape(-1, 1)
    m = mlp(1, [8])
    m.compile(opt.Adam(0.03), "mse")
    return m, f32(x), f32(2 * x + 0.1 * r.normal(size=x.shape)), dict(batch_size=4, epochs=40)


# OK: small transformer block on tokens: do both markers occur?
@prog("OK-transformer", "binary", "bce")
def ok_transformer(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.integers(0, 12, (1500, 8))
    y = col((x == 1).any(1) ^ (x == 2).any(1))
    inp = keras.Input((8,))
    h = layers.Embedding(12, 16)(inp)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 8)(h, h))
    h = layers.LayerNormalization()(h + Dense(16)(Dense(32, activation="relu")(h)))
    out = Dense(1, activation="sigmoid")(layers.GlobalMaxPooling1D()(h))
    m = keras.Model(inp, out)
    m.compile(opt.Adam(0.003), "binary_crossentropy")
    return m, x.astype("int32"), y, dict(batch_size=32, epochs=10)


# --- nothing to learn ----------------------------------------------------------------------------


# NOISE: Gaussian target independent of the inputs.
@prog("NOISE-regression", "regression", "mse")
def noise_regression(r: Rng, fixed: bool) -> tuple[Any, ...]:
    m = mlp(8, [16])
    m.compile(opt.Adam(0.001), "mse")
    return m, f32(r.normal(size=(2000, 8))), f32(r.normal(size=(2000, 1))), dict(epochs=10)


# NOISE: coin flips.
@prog("NOISE-binary", "binary", "bce")
def noise_binary(r: Rng, fixed: bool) -> tuple[Any, ...]:
    m = mlp(8, [16], head="sigmoid")
    m.compile(opt.Adam(0.001), "binary_crossentropy")
    return m, f32(r.normal(size=(2000, 8))), col(r.random(2000) < 0.3), dict(epochs=10)


# NOISE: real inputs and targets whose rows were shuffled apart.
@prog("NOISE-shuffled-rows", "multiclass", "scce")
def noise_shuffled_rows(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    m = mlp(64, [16], n_out=10, head="softmax")
    m.compile(opt.Adam(0.001), "sparse_categorical_crossentropy")
    return m, x, r.permutation(y), dict(epochs=6)


# NOISE: an LSTM asked for the next step of a random walk's returns.
@prog("NOISE-returns", "regression", "mse")
def noise_returns(r: Rng, fixed: bool) -> tuple[Any, ...]:
    s = 0.01 * r.normal(size=1512)
    x = np.stack([s[i : i + 12] for i in range(1500)])[..., None]
    m = seq((12, 1), layers.LSTM(12), Dense(1))
    m.compile("adam", "mse")
    return m, f32(x), col(s[12:]), dict(batch_size=32, epochs=6)


# NOISE: random token ids and labels.
@prog("NOISE-tokens", "binary", "bce")
def noise_tokens(r: Rng, fixed: bool) -> tuple[Any, ...]:
    m = seq(
        (16,),
        layers.Embedding(500, 4),
        layers.GlobalAveragePooling1D(),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.Adam(0.001), "binary_crossentropy")
    x, y = r.integers(0, 500, (3000, 16)), r.integers(0, 2, 3000)
    return m, x.astype("int32"), col(y), dict(batch_size=32, epochs=3)


# NOISE: white-noise images and random angles, CNN.
@prog("NOISE-images", "regression", "mse")
def noise_images(r: Rng, fixed: bool) -> tuple[Any, ...]:
    m = seq(
        (8, 8, 1), layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D(), Dense(2)
    )
    m.compile(opt.Adam(0.001), "mse")
    angle = r.uniform(0, 2 * np.pi, 1500)
    y = np.c_[np.cos(angle), np.sin(angle)]
    return m, f32(r.normal(size=(1500, 8, 8, 1))), f32(y), dict(batch_size=32, epochs=6)
