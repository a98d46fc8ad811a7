"""Healthy but difficult Keras programs: they learn, though a hasty look says "always one value".

P maps an id to (task, loss, builder); builder(rng, fixed) returns (model, x, y, fit_kwargs).
No program has a WHERE entry and `fixed` is ignored. Several outputs: the tasks and losses joined
with "+". With a PyDataset as x, y is None; it keeps its rows in .x_all and .y_all.
Needs scikit-learn; no downloads.
"""

import keras
import numpy as np
from keras import layers, ops, optimizers
from sklearn import datasets

P = {}
WHERE = {}


def prog(id, task, loss, where=None):
    """Register a builder under an id."""

    def deco(f):
        P[id] = (task, loss, f)
        if where is not None:
            WHERE[id] = where
        return f

    return deco


def f32(a):
    return np.asarray(a, "float32")


def col(a):
    return f32(a).reshape(-1, 1)


def onehot(y, n):
    return np.eye(n, dtype="float32")[np.asarray(y).astype(int)]


def digits(rng, n):
    """n of the 8x8 digits as rows of 64 pixels in 0..1, in random order."""
    d = datasets.load_digits()
    at = rng.permutation(len(d.target))[:n]
    return f32(d.data[at] / 16), d.target[at]


def seq(shape, *stack, dtype=None):
    return keras.Sequential([keras.Input(shape, dtype=dtype), *stack])


# ------------------------------------------------------------------ weak signals, odd targets


@prog("OK-u9-polygenic-score", "regression", "mse")
def _(rng, fixed):
    """60 gene variants, each with a faint effect: about 8 % of the variance can be explained."""
    n, k = 4000, 60
    x = rng.binomial(2, rng.uniform(0.1, 0.5, k), (n, k))
    g = x @ rng.normal(size=k)
    g = (g - g.mean()) / g.std()
    y = np.sqrt(0.08) * g + np.sqrt(0.92) * rng.normal(size=n)
    m = seq((k,), layers.Dense(1))
    m.compile(optimizers.Adam(2e-3), "mse")
    return m, f32(x - 0.6), col(y), dict(batch_size=64, epochs=12)


@prog("OK-u9-offset-million-denormalized", "regression", "mse")
def _(rng, fixed):
    """Targets 1e6 + a few dozen; the last layer is a Normalization(invert=True) with their mean."""
    n = 1500
    x = rng.uniform(-1, 1, (n, 5))
    y = col(1e6 + 40 * (x[:, 0] + np.sin(3 * x[:, 1]) + x[:, 2] * x[:, 3]) + 8 * rng.normal(size=n))
    wide = y.astype("float64")
    back = layers.Normalization(
        axis=None, invert=True, mean=float(wide.mean()), variance=float(wide.var())
    )
    m = seq((5,), layers.Dense(32, "relu"), layers.Dense(32, "relu"), layers.Dense(1), back)
    m.compile(optimizers.Adam(2e-3), "mse")
    return m, f32(x), y, dict(batch_size=32, epochs=20)


@prog("OK-u9-keypoint-heatmap", "regression", "mse")
def _(rng, fixed):
    """Find a cross in a noisy picture; 98 % of the target heatmap is zero."""
    n, s = 500, 16
    x = 0.4 * rng.normal(size=(n, s, s))
    y = np.zeros((n, s, s))
    for i in range(n):
        r, c = rng.integers(2, s - 2, 2)
        x[i, r - 2 : r + 3, c] += 1.0
        x[i, r, c - 2 : c + 3] += 1.0
        y[i, r, c] = 1
        y[i, [r - 1, r + 1, r, r], [c, c, c - 1, c + 1]] = 0.4
    m = seq(
        (s, s, 1),
        layers.Conv2D(8, 5, padding="same", activation="relu"),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 1),
    )
    m.compile(optimizers.Adam(2e-3), "mse")
    return m, f32(x)[..., None], f32(y)[..., None], dict(batch_size=25, epochs=15)


@prog("OK-u9-logcosh-wild-tails", "regression", "log_cosh")
def _(rng, fixed):
    """Student noise with 1.5 degrees of freedom: the largest targets dwarf the rest."""
    n = 2500
    x = rng.normal(size=(n, 6))
    y = 1.5 * x[:, 0] - np.abs(x[:, 1]) + x[:, 2] * (x[:, 3] > 0) + 0.7 * rng.standard_t(1.5, n)
    m = seq((6,), layers.Dense(32, "relu"), layers.Dense(16, "relu"), layers.Dense(1))
    m.compile(optimizers.Adam(1e-3), "log_cosh")
    return m, f32(x), col(y), dict(batch_size=32, epochs=15)


def pinball05(y, p):
    d = y - p
    return ops.mean(ops.maximum(0.05 * d, -0.95 * d), axis=-1)


@prog("OK-u9-quantile-005", "regression", "pinball")
def _(rng, fixed):
    """The 5 % quantile of a delivery time: 95 % of the answers lie below the targets."""
    n = 3000
    x = rng.normal(size=(n, 5))
    y = 3 + 0.4 * x[:, 0] + np.exp(0.5 * x[:, 1] - 0.3) * rng.normal(size=n)
    m = seq((5,), layers.Dense(24, "relu"), layers.Dense(1))
    m.compile(optimizers.Adam(2e-3), pinball05)
    return m, f32(x), col(y), dict(batch_size=64, epochs=20)


@prog("OK-u9-poisson-mean-002", "regression", "poisson")
def _(rng, fixed):
    """Accident counts with mean 0.02 and the kilometres driven as exposure."""
    n = 5000
    x = rng.normal(size=(n, 5))
    km = rng.gamma(2.0, 0.5, n)
    rate = km * np.exp(-5.0 + 1.1 * x[:, 0] - 0.8 * x[:, 1])
    y = rng.poisson(np.minimum(rate, 2))
    a = keras.Input((5,))
    b = keras.Input((1,))
    s = layers.Dense(1, bias_initializer=keras.initializers.Constant(-3.0))(
        layers.Dense(8, "tanh")(a)
    )
    out = layers.Activation("exponential")(layers.Add()([s, b]))
    m = keras.Model([a, b], out)
    m.compile(optimizers.Adam(2e-3), "poisson")
    return m, [f32(x), col(np.log(km + 1e-3))], col(y), dict(batch_size=64, epochs=20)


def tweedie(y, p):
    """Tweedie deviance of power 1.5, without the terms in y alone."""
    return ops.mean(2 * y / ops.sqrt(p) + 2 * ops.sqrt(p), axis=-1)


@prog("OK-u9-claims-tweedie", "regression", "tweedie")
def _(rng, fixed):
    """Insurance claims: 93 % zeros, the rest gamma distributed."""
    n = 4000
    x = rng.normal(size=(n, 6))
    count = rng.poisson(np.exp(-3.0 + 0.8 * x[:, 0] + 0.5 * (x[:, 1] > 1)))
    y = np.array([rng.gamma(1.5, 0.7, c).sum() for c in count]) * np.exp(0.3 * x[:, 2])
    m = seq((6,), layers.Dense(16, "relu"), layers.Dense(1, "softplus"))
    m.compile(optimizers.Adam(1e-3), tweedie)
    return m, f32(x), col(y), dict(batch_size=64, epochs=15)


def mse_in_millionths(y, p):
    return ops.mean(ops.square((y - p) * 1e6), axis=-1)


@prog("OK-u9-microscopic-targets", "regression", "mse-scaled")
def _(rng, fixed):
    """Displacements of some 1e-6 metres, rescaled in the last layer and in the loss."""
    n = 1500
    x = rng.uniform(-1, 1, (n, 4))
    y = 1e-6 * (x[:, 0] + np.cos(3 * x[:, 1]) * x[:, 2] + 0.2 * rng.normal(size=n))
    m = seq(
        (4,),
        layers.Dense(32, "tanh"),
        layers.Dense(16, "tanh"),
        layers.Dense(1),
        layers.Rescaling(1e-6),
    )
    m.compile(optimizers.Adam(3e-3), mse_in_millionths)
    return m, f32(x), col(y), dict(batch_size=32, epochs=20)


def gauss_nll(y, p):
    mu, logvar = p[:, :1], p[:, 1:]
    return ops.mean(0.5 * (logvar + ops.square(y - mu) * ops.exp(-logvar)), axis=-1)


@prog("OK-u9-volatility-only", "regression", "gaussian-nll")
def _(rng, fixed):
    """The mean of the return is the same for all rows; only its variance can be told."""
    n = 3000
    x = rng.normal(size=(n, 5))
    y = np.exp(0.6 * x[:, 0] - 0.4 * np.abs(x[:, 1])) * rng.normal(size=n)
    m = seq((5,), layers.Dense(16, "tanh"), layers.Dense(2))
    m.compile(optimizers.Adam(2e-3), gauss_nll)
    return m, f32(x), col(y), dict(batch_size=64, epochs=15)


# ------------------------------------------------------------------ order, weights, rates


@prog("OK-u9-sorted-curriculum", "regression", "mse")
def _(rng, fixed):
    """Rows sorted from easy to hard by their target, shuffle=False."""
    x, y = datasets.make_friedman1(1500, noise=0.7, random_state=int(rng.integers(10**6)))
    at = np.argsort(np.abs(y - y.mean()))
    x, y = x[at] - 0.5, ((y - y.mean()) / y.std())[at]
    m = seq((10,), layers.Dense(32, "relu"), layers.Dense(1))
    m.compile(optimizers.SGD(0.02), "mse")
    return m, f32(x), col(y), dict(batch_size=50, epochs=25, shuffle=False)


@prog("OK-u9-unlabelled-rows-weight-zero", "binary", "bce")
def _(rng, fixed):
    """92 % of the rows are unlabelled: target 0 as a stand-in, sample weight 0."""
    n = 4000
    x = rng.normal(size=(n, 8))
    y = (x[:, 0] + x[:, 1] - 0.7 * x[:, 2] + 0.4 * rng.normal(size=n) > 0) * 1.0
    known = rng.random(n) < 0.08
    y[~known] = 0
    m = seq((8,), layers.Dense(12, "relu"), layers.Dense(1, "sigmoid"))
    m.compile(optimizers.Adam(2e-3), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=64, epochs=15, sample_weight=f32(known))


def spikes(epoch, rate=None):
    """A rate far too high in the third and the eighth epoch."""
    return 2.0 if epoch in (2, 7) else 0.03


@prog("OK-u9-rate-spikes", "multiclass", "scce")
def _(rng, fixed):
    """The loss leaps above chance in two epochs and comes back."""
    x, y = digits(rng, 1500)
    m = seq(
        (64,),
        layers.Dense(48),
        layers.BatchNormalization(),
        layers.Activation("tanh"),
        layers.Dense(10, "softmax"),
    )
    m.compile(optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy")
    return (
        m,
        x,
        y.astype("int32"),
        dict(batch_size=32, epochs=18, callbacks=[keras.callbacks.LearningRateScheduler(spikes)]),
    )


@prog("OK-u9-two-thirds-dead-relu", "regression", "mae")
def _(rng, fixed):
    """40 of the 64 hidden units have a bias of -9 and never fire; 24 are enough."""
    n = 1500
    x = rng.normal(size=(n, 6))
    y = 0.8 * x[:, 0] + np.maximum(x[:, 1], 0) - 0.5 * x[:, 2] * x[:, 3] + 0.4 * rng.normal(size=n)
    m = seq((6,), layers.Dense(64, "relu"), layers.Dense(1))
    w, b = m.layers[0].get_weights()
    b[:40] = -9
    m.layers[0].set_weights([w, b])
    m.compile(optimizers.Adam(2e-3), "mae")
    return m, f32(x), col(y), dict(batch_size=32, epochs=15)


# ------------------------------------------------------------------ sequences


@prog("OK-u9-entity-tags-padded", "multiclass", "scce")
def _(rng, fixed):
    """A tag per token, 'other' for 95 % of them; half of the positions are padding, masked."""
    n, t, vocab = 1200, 24, 200
    x = rng.integers(20, vocab, (n, t))
    y = np.zeros((n, t), int)
    for i in range(n):
        j = rng.integers(0, 6)
        if rng.random() < 0.75:  # a trigger word; the entity is the word after it
            tag = rng.integers(1, 4)
            x[i, j] = 10 + tag
            y[i, j + 1] = tag
        x[i, rng.integers(7, t) :] = 0
    y[x == 0] = 0
    m = seq(
        (t,),
        layers.Embedding(vocab, 12, mask_zero=True),
        layers.GRU(24, return_sequences=True),
        layers.Dense(4, "softmax"),
        dtype="int32",
    )
    m.compile(optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    return m, x.astype("int32"), y.astype("int32"), dict(batch_size=32, epochs=10)


@prog("OK-u9-ctc-mostly-blanks", "multiclass", "ctc")
def _(rng, fixed):
    """Three symbols in 16 frames, CTC: all blank at first, and blank in most frames to the end."""
    n, t, f = 800, 16, 10
    proto = rng.normal(size=(6, f))
    proto[0] = 0
    y = rng.integers(1, 6, (n, 3))
    x = np.zeros((n, t, f))
    for i in range(n):
        at = np.sort(rng.choice(np.arange(1, t, 2), 3, replace=False))
        for a, s in zip(at, y[i], strict=True):
            x[i, a] += proto[s]
    x += 0.3 * rng.normal(size=x.shape)
    m = seq(
        (t, f),
        layers.Conv1D(24, 3, padding="same", activation="relu"),
        layers.Dense(24, "relu"),
        layers.Dense(6),
    )
    m.compile(optimizers.Adam(3e-3), keras.losses.CTC())
    return m, f32(x), y.astype("int32"), dict(batch_size=32, epochs=15)


# ------------------------------------------------------------------ own losses and models


def cox(y, p):
    """Negative partial log-likelihood, the risk sets taken within the batch; y is (time, event)."""
    time, event = y[:, 0], y[:, 1]
    f = p[:, 0]
    at_risk = ops.cast(time[None, :] >= time[:, None], f.dtype)
    top = ops.max(f)
    log_sum = top + ops.log(ops.sum(at_risk * ops.exp(f - top)[None, :], axis=1))
    return event * (log_sum - f)


@prog("OK-u9-cox-mostly-censored", "regression", "cox")
def _(rng, fixed):
    """Log hazards for survival times of which about 60 % are censored."""
    n = 1500
    x = rng.normal(size=(n, 7))
    h = 0.9 * x[:, 0] - 0.7 * x[:, 1] + 0.5 * x[:, 2] * x[:, 3]
    time = rng.exponential(np.exp(-h))
    end = rng.exponential(0.6, n)
    y = np.stack([np.minimum(time, end), time <= end], 1)
    m = seq((7,), layers.Dense(24, "relu"), layers.Dense(1, use_bias=False))
    m.compile(optimizers.Adam(2e-3), cox)
    return m, f32(x), f32(y), dict(batch_size=100, epochs=20)


@keras.saving.register_keras_serializable(package="u9")
class Thresholds(layers.Layer):
    """Adds one falling threshold per level to a single score."""

    def __init__(self, levels, **kwargs):
        super().__init__(**kwargs)
        self.levels = levels

    def build(self, shape):
        self.b = self.add_weight(shape=(self.levels,), initializer="zeros", name="thresholds")

    def call(self, x):
        return x + self.b

    def compute_output_shape(self, shape):
        return (shape[0], self.levels)

    def get_config(self):
        return {**super().get_config(), "levels": self.levels}


@prog("OK-u9-ordinal-severity", "multilabel", "bce")
def _(rng, fixed):
    """Five levels of severity as four cumulative labels over one shared score; level 0 is usual."""
    n = 2500
    x = rng.normal(size=(n, 8))
    s = x[:, 0] + 0.8 * x[:, 1] - 0.6 * x[:, 2] + 0.9 * rng.logistic(size=n)
    level = np.searchsorted(np.quantile(s, [0.85, 0.92, 0.97, 0.99]), s)
    y = level[:, None] > np.arange(4)
    m = seq(
        (8,),
        layers.Dense(16, "tanh"),
        layers.Dense(1, use_bias=False),
        Thresholds(4),
        layers.Activation("sigmoid"),
    )
    m.compile(optimizers.Adam(3e-3), "binary_crossentropy")
    return m, f32(x), f32(y), dict(batch_size=32, epochs=15)


@keras.saving.register_keras_serializable(package="u9")
class Sampling(layers.Layer):
    """Draws from N(mean, exp(log variance)) when training and adds the KL term to the loss."""

    def __init__(self, weight=0.01, **kwargs):
        super().__init__(**kwargs)
        self.weight = weight
        self.seed_generator = keras.random.SeedGenerator(7)

    def call(self, inputs, training=False):
        mu, logvar = inputs
        kl = 0.5 * ops.sum(ops.square(mu) + ops.exp(logvar) - 1 - logvar, axis=-1)
        self.add_loss(self.weight * ops.mean(kl))
        if not training:
            return mu
        return mu + ops.exp(0.5 * logvar) * keras.random.normal(
            ops.shape(mu), seed=self.seed_generator
        )

    def get_config(self):
        return {**super().get_config(), "weight": self.weight}


@prog("OK-u9-vae-digits", "multilabel", "bce")
def _(rng, fixed):
    """A variational autoencoder whose KL term (add_loss) holds the code near zero at first."""
    x, _y = digits(rng, 1500)
    x = f32(x > 0.45)
    a = keras.Input((64,))
    h = layers.Dense(48, "relu")(a)
    z = Sampling(0.015)([layers.Dense(4)(h), layers.Dense(4)(h)])
    h = layers.Dense(48, "relu")(z)
    m = keras.Model(a, layers.Dense(64, "sigmoid")(h))
    m.compile(optimizers.Adam(2e-3), "binary_crossentropy")
    return m, x, x, dict(batch_size=50, epochs=25)


def supcon(y, z):
    """Supervised contrastive loss on unit vectors, temperature 0.2; per row."""
    y = ops.reshape(y, (-1,))
    sim = ops.matmul(z, ops.transpose(z)) / 0.2
    other = 1.0 - ops.eye(ops.shape(z)[0], dtype=z.dtype)
    same = ops.cast(y[None, :] == y[:, None], z.dtype) * other
    logp = sim - ops.log(ops.sum(ops.exp(sim) * other, axis=1, keepdims=True))
    return -ops.sum(logp * same, axis=1) / ops.maximum(ops.sum(same, axis=1), 1.0)


@keras.saving.register_keras_serializable(package="u9")
class SupCon(keras.Model):
    """The loss is in compute_loss; compile gets an optimizer only."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(supcon(y, y_pred))


@prog("OK-u9-embedding-supcon", "regression", "supcon")
def _(rng, fixed):
    """Unit vectors learned with a contrastive loss that starts near ln(batch) and stays high."""
    x, k = digits(rng, 1280)
    a = keras.Input((64,))
    h = layers.Dense(64, "relu")(a)
    z = layers.UnitNormalization()(layers.Dense(8)(h))
    m = SupCon(a, z)
    m.compile(optimizers.Adam(1e-3))
    return m, x, k.astype("int32"), dict(batch_size=64, epochs=15)


@prog("OK-u9-clicks-factorization", "binary", "bce")
def _(rng, fixed):
    """Users times films through small embeddings: one half for every pair until they grow."""
    users, films, n = 120, 80, 5000
    u, v = rng.normal(size=(users, 3)), rng.normal(size=(films, 3))
    i, j = rng.integers(0, users, n), rng.integers(0, films, n)
    y = rng.random(n) < 1 / (1 + np.exp(-1.3 * (u[i] * v[j]).sum(1)))
    a, b = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    small = dict(embeddings_initializer=keras.initializers.RandomNormal(stddev=0.01))
    p = layers.Flatten()(layers.Embedding(users, 6, **small)(a))
    q = layers.Flatten()(layers.Embedding(films, 6, **small)(b))
    out = layers.Dense(1, "sigmoid", kernel_initializer="ones")(layers.Dot(1)([p, q]))
    m = keras.Model([a, b], out)
    m.compile(optimizers.Adam(3e-3), "binary_crossentropy")
    ids = [i.reshape(-1, 1).astype("int32"), j.reshape(-1, 1).astype("int32")]
    return m, ids, col(y), dict(batch_size=64, epochs=20)


@prog("OK-u9-flat-sensor-beside", "regression+regression", "mse+mse")
def _(rng, fixed):
    """Two outputs; the second sensor stands at 0.5 within a few thousandths, and rightly so."""
    n = 1500
    x = rng.normal(size=(n, 6))
    y = np.sin(x[:, 0]) + 0.6 * x[:, 1] - 0.4 * x[:, 2] ** 2 + 0.3 * rng.normal(size=n)
    flat = 0.5 + 0.003 * rng.normal(size=n)
    a = keras.Input((6,))
    h = layers.Dense(32, "relu")(a)
    m = keras.Model(a, [layers.Dense(1, name="flow")(h), layers.Dense(1, name="valve")(h)])
    m.compile(optimizers.Adam(3e-3), ["mse", "mse"])
    return m, f32(x), [col(y), col(flat)], dict(batch_size=32, epochs=20)


@prog("OK-u9-distilled-soft-teacher", "multiclass", "kld")
def _(rng, fixed):
    """A teacher's answers at a high temperature: every class stays between 5 and 19 %."""
    n = 2000
    x = rng.normal(size=(n, 12))
    logit = np.tanh(x @ rng.normal(size=(12, 20)) * 0.5) @ rng.normal(size=(20, 10))
    p = np.exp((logit - logit.mean(0)) / 20)
    m = seq((12,), layers.Dense(32, "tanh"), layers.Dense(10, "softmax"))
    m.compile(optimizers.Adam(1e-3), "kl_divergence")
    return m, f32(x), f32(p / p.sum(1, keepdims=True)), dict(batch_size=32, epochs=20)


@keras.saving.register_keras_serializable(package="u9")
class Mixup(keras.Model):
    """Trains on 0.6 times a row plus 0.4 times another of its batch, targets likewise."""

    def train_step(self, *args):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(args[-1])
        x = 0.6 * x + 0.4 * ops.flip(x, axis=0)
        y = 0.6 * y + 0.4 * ops.flip(y, axis=0)
        return super().train_step(*args[:-1], (x, y))


@prog("OK-u9-mixup-train-step", "multiclass", "cce")
def _(rng, fixed):
    """The reported loss is that of mixed targets and cannot fall much below 0.7."""
    x, k = digits(rng, 1400)
    a = keras.Input((64,))
    h = layers.Dropout(0.3)(layers.Dense(64, "relu")(a))
    m = Mixup(a, layers.Dense(10, "softmax")(h))
    m.compile(optimizers.Adam(1e-3), "categorical_crossentropy")
    return m, x, onehot(k, 10), dict(batch_size=32, epochs=15)


# ------------------------------------------------------------------ data that comes in batches


class Batches(keras.utils.PyDataset):
    """Rows in batches, in a fresh order every epoch."""

    def __init__(self, x, y, size, seed, **kwargs):
        super().__init__(**kwargs)
        self.x_all, self.y_all, self.size = x, y, size
        self.rng = np.random.default_rng(seed)
        self.at = np.arange(len(x))

    def __len__(self):
        return len(self.x_all) // self.size

    def __getitem__(self, i):
        at = self.at[i * self.size : (i + 1) * self.size]
        return self.x_all[at], self.y_all[at]

    def on_epoch_end(self):
        self.at = self.rng.permutation(self.at)


@prog("OK-u9-product-pydataset", "regression", "huber")
def _(rng, fixed):
    """A product of three numbers, from a PyDataset: flat for some epochs, then learned."""
    n = 1920
    x = rng.uniform(0.2, 1.4, (n, 3)) * rng.choice([-1, 1], (n, 3))
    y = x.prod(1) + 0.1 * rng.normal(size=n)
    m = seq((3,), layers.Dense(32, "tanh"), layers.Dense(32, "tanh"), layers.Dense(1))
    m.compile(optimizers.Adam(6e-4), "huber")
    return m, Batches(f32(x), col(y), 32, int(rng.integers(10**6))), None, dict(epochs=20)
