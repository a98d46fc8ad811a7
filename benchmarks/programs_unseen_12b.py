"""Healthy Keras programs that are hard to judge (ids OK-u12-...).

Same format as the other programs_unseen files: P maps an id to (task, loss, builder);
builder(rng, fixed) returns (model, x, y, fit_kwargs); nothing is wrong in any of them, so `fixed`
is ignored. Where x is a PyDataset or a generator, y is None. TRUTH holds what a skill check needs
and the training does not see (written by the builder, keyed by id). Only keras, numpy and
scikit-learn; no downloads; nothing bound to one backend but OK-u12-stateful-echo, which needs one
that carries states from batch to batch in fit (TensorFlow).
"""

import keras
import numpy as np
from keras import callbacks, initializers, layers, ops, optimizers, regularizers
from sklearn import datasets

P = {}
TRUTH = {}


def prog(id, task, loss):
    """Register a builder under an id."""

    def deco(f):
        P[id] = (task, loss, f)
        return f

    return deco


def f32(a):
    return np.asarray(a, "float32")


def col(a):
    return f32(a).reshape(-1, 1)


def shuffled_digits(rng):
    x, y = datasets.load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    return f32(x[order] / 16.0), y[order].astype("int32")


# Addition modulo 23 from two ids: chance level on the rows and on the held-out rows for a long
# time, then both rise.
@prog("OK-u12-modular-sum", "multiclass", "scce")
def modular_sum(rng, fixed):
    p = 23
    pairs = np.array([(a, b) for a in range(p) for b in range(p)])
    pairs = pairs[rng.permutation(len(pairs))].astype("int32")
    label = ((pairs[:, 0] + pairs[:, 1]) % p).astype("int32")
    cut = 400
    small = initializers.RandomNormal(stddev=0.01)
    inp = keras.Input((2,), dtype="int32")
    h = layers.Embedding(p, 32, embeddings_initializer=small)(inp)
    h = ops.sum(h, axis=1)
    h = layers.Dense(96, activation="relu", kernel_initializer=small)(h)
    model = keras.Model(inp, layers.Dense(p)(h))
    model.compile(
        optimizers.AdamW(1e-3, weight_decay=0.3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    val = (pairs[cut:], label[cut:])
    kw = {"epochs": 120, "batch_size": 25, "validation_data": val, "validation_freq": 20}
    return model, pairs[:cut], label[:cut], kw


class Latent(layers.Layer):
    """Draws from the posterior; adds the distance to the prior with a weight that warms up."""

    def __init__(self, weight, warm):
        super().__init__()
        self.weight, self.warm = weight, warm
        self.random = keras.random.SeedGenerator(7)

    def build(self, shape):
        self.steps = self.add_weight(shape=(), initializer="zeros", trainable=False, name="steps")

    def call(self, inputs, training=False):
        mean, logvar = inputs
        if not training:
            return mean
        self.steps.assign(self.steps + 1.0)
        part = self.weight * ops.minimum(self.steps / self.warm, 1.0)
        kl = -0.5 * ops.sum(1 + logvar - ops.square(mean) - ops.exp(logvar), axis=-1)
        self.add_loss(part * ops.mean(kl))
        return mean + ops.exp(0.5 * logvar) * keras.random.normal(ops.shape(mean), seed=self.random)

    def compute_output_shape(self, shape):
        return shape[0]


# A variational autoencoder of digits with four latents and a KL term (add_loss) that warms up.
@prog("OK-u12-vae-four-latents", "regression", "mse")
def vae(rng, fixed):
    x, _ = shuffled_digits(rng)
    x = x[:, x.std(0) > 0.1]
    inp = keras.Input((x.shape[1],))
    h = layers.Dense(96, activation="relu")(inp)
    z = Latent(0.004, 300.0)([layers.Dense(4)(h), layers.Dense(4)(h)])
    h = layers.Dense(96, activation="relu")(z)
    model = keras.Model(inp, layers.Dense(x.shape[1], activation="sigmoid")(h))
    model.compile(optimizers.Adam(1e-3), "mse")
    return model, x, x, {"epochs": 30, "batch_size": 32}


class Triplet(keras.Model):
    """Unit vectors trained with the margin loss over all triplets of a batch."""

    def __init__(self):
        super().__init__()
        self.body = layers.Dense(64, activation="relu")
        self.head = layers.Dense(8)

    def call(self, x):
        e = self.head(self.body(x))
        return e / (ops.norm(e, axis=-1, keepdims=True) + 1e-6)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        gap = 2.0 - 2.0 * ops.matmul(y_pred, ops.transpose(y_pred))
        y = ops.reshape(y, (-1, 1))
        same = ops.cast(ops.equal(y, ops.transpose(y)), "float32")
        use = ops.expand_dims(same, 2) * ops.expand_dims(1.0 - same, 1)
        cost = ops.relu(ops.expand_dims(gap, 2) - ops.expand_dims(gap, 1) + 0.4)
        return ops.sum(cost * use) / (ops.sum(use) + 1e-6)


# Metric learning: the model's outputs are unit vectors that never resemble the labels.
@prog("OK-u12-triplet-vectors", "multiclass", "custom")
def triplet(rng, fixed):
    x, y = shuffled_digits(rng)
    model = Triplet()
    model.compile(optimizers.SGD(0.02, momentum=0.9))
    return model, x, y.reshape(-1, 1), {"epochs": 20, "batch_size": 32}


class Policy(keras.Model):
    """REINFORCE for a contextual bandit: one action is drawn per row, only its reward is used."""

    def __init__(self, actions):
        super().__init__()
        self.body = layers.Dense(48, activation="tanh")
        self.head = layers.Dense(actions, kernel_initializer="zeros")
        self.random = keras.random.SeedGenerator(11)

    def call(self, x):
        return self.head(self.body(x))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        drawn = keras.random.categorical(ops.stop_gradient(y_pred), 1, seed=self.random)
        pick = ops.one_hot(ops.reshape(drawn, (-1,)), y_pred.shape[-1])
        reward = ops.sum(pick * y, axis=-1)
        logp = ops.sum(pick * ops.log_softmax(y_pred, axis=-1), axis=-1)
        return -ops.mean((reward - ops.mean(reward)) * logp)


# Policy gradients with a reward one time in ten; the loss value wanders about nought throughout.
@prog("OK-u12-bandit-reinforce", "multiclass", "custom")
def bandit(rng, fixed):
    centre = rng.normal(0, 1, (10, 12))
    best = rng.integers(0, 10, 2500)
    x = centre[best] + rng.normal(0, 0.7, (2500, 12))
    reward = (rng.random((2500, 10)) < 0.04).astype("float32")
    reward[np.arange(2500), best] = rng.random(2500) < 0.9
    TRUTH["OK-u12-bandit-reinforce"] = best
    model = Policy(10)
    model.compile(optimizers.Adam(5e-4))
    return model, f32(x), f32(reward), {"epochs": 40, "batch_size": 50}


def mixture_nll(true, pred):
    logit, mean, logsd = pred[:, :3], pred[:, 3:6], pred[:, 6:]
    logsd = ops.clip(logsd, -4.0, 3.0)
    gap = (true - mean) / ops.exp(logsd)
    part = ops.log_softmax(logit, axis=-1) - logsd - 0.5 * ops.square(gap)
    return -ops.logsumexp(part, axis=-1) + 0.9189385


# Mixture density head; the target is two-sided, so its mean hardly depends on the input.
@prog("OK-u12-mixture-two-sided", "regression", "custom")
def mixture(rng, fixed):
    x = rng.uniform(-1, 1, (2500, 2))
    side = rng.choice([-1, 1], 2500)
    y = side * (1.2 + x[:, 0]) + 0.2 * x[:, 1] + 0.1 * rng.standard_normal(2500)
    inp = keras.Input((2,))
    h = layers.Dense(32, activation="tanh")(inp)
    h = layers.Dense(32, activation="tanh")(h)
    model = keras.Model(inp, layers.Dense(9)(h))
    model.compile(optimizers.Adam(2e-3), mixture_nll)
    return model, f32(x), col(y), {"epochs": 30, "batch_size": 32}


# Fifteen labels, each on in about two rows of a hundred; every probability sits near its rate
# for a long while.
@prog("OK-u12-fifteen-rare-labels", "multilabel", "bce")
def rare_labels(rng, fixed):
    x = rng.standard_normal((4000, 20))
    y = (x[:, :15] + 0.1 * rng.standard_normal((4000, 15))) > np.linspace(1.8, 2.3, 15)
    model = keras.Sequential(
        [
            keras.Input((20,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(15, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(1.5e-3), "binary_crossentropy")
    return model, f32(x), f32(y), {"epochs": 40, "batch_size": 32}


# One positive in a hundred; the rate climbs from nought over a third of the run, then decays.
@prog("OK-u12-one-percent-warmup", "binary", "bce")
def one_percent(rng, fixed):
    n = 6000
    x = rng.standard_normal((n, 6))
    hot = rng.permutation(n)[:60]
    x[hot, :3] = np.array([1.7, -1.7, 1.7]) + 0.25 * rng.standard_normal((60, 3))
    y = np.zeros(n)
    y[hot] = 1
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    steps = 40 * 94
    rate = optimizers.schedules.CosineDecay(
        0.0, steps - steps // 3, warmup_target=0.08, warmup_steps=steps // 3
    )
    model.compile(optimizers.SGD(rate, momentum=0.9), "binary_crossentropy")
    return model, f32(x), col(y), {"epochs": 40, "batch_size": 64}


# Padded and masked sequences whose class is an exclusive-or of the first and the last token's
# kind: at chance for several epochs.
@prog("OK-u12-masked-first-last", "binary", "bce")
def masked_first_last(rng, fixed):
    n, long = 2500, 12
    length = rng.integers(2, 8, n)
    x = rng.integers(1, 21, (n, long))
    x[np.arange(long)[None] >= length[:, None]] = 0
    first = x[:, 0] <= 10
    last = x[np.arange(n), length - 1] <= 10
    model = keras.Sequential(
        [
            keras.Input((long,), dtype="int32"),
            layers.Embedding(21, 12, mask_zero=True),
            layers.GRU(24),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(6e-3), "binary_crossentropy", metrics=["accuracy"])
    return model, x.astype("int32"), col(first ^ last), {"epochs": 20, "batch_size": 32}


# A stateful recurrent net that echoes its input of four steps ago, across windows of five steps;
# the rows must not be shuffled.
@prog("OK-u12-stateful-echo", "regression", "mse")
def stateful_echo(rng, fixed):
    streams, windows, w, lag = 32, 50, 5, 4
    s = rng.uniform(-1, 1, (streams, windows * w))
    t = np.zeros_like(s)
    t[:, lag:] = s[:, :-lag]
    x = s.reshape(streams, windows, w).transpose(1, 0, 2).reshape(-1, w, 1)
    y = t.reshape(streams, windows, w).transpose(1, 0, 2).reshape(-1, w, 1)
    model = keras.Sequential(
        [
            keras.Input(batch_shape=(streams, w, 1)),
            layers.GRU(24, stateful=True, return_sequences=True),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(3e-3), "mse")
    return model, f32(x), f32(y), {"epochs": 40, "batch_size": streams, "shuffle": False}


# Half precision by layer, with a loss scale that starts far too high: the first steps overflow
# and are skipped, so nothing moves until the scale has come down.
@prog("OK-u12-half-precision-skips", "multiclass", "scce")
def half_precision(rng, fixed):
    x, y = shuffled_digits(rng)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, activation="relu", dtype="mixed_float16"),
            layers.Dense(48, activation="relu", dtype="mixed_float16"),
            layers.Dense(10, dtype="mixed_float16"),
            layers.Activation("softmax", dtype="float32"),
        ]
    )
    opt = optimizers.LossScaleOptimizer(
        optimizers.SGD(0.02, momentum=0.9), initial_scale=2.0**120, dynamic_growth_steps=400
    )
    model.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, {"epochs": 12, "batch_size": 32}


# A target that is 1000 plus or minus a few hundredths: nearly constant, yet predictable.
@prog("OK-u12-thousand-and-a-bit", "regression", "mse")
def thousand(rng, fixed):
    x = rng.uniform(-1, 1, (2000, 5))
    y = 1000 + 0.03 * (np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.3 * rng.standard_normal(2000))
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(32, activation="tanh"),
            layers.Dense(32, activation="tanh"),
            layers.Dense(1, kernel_initializer="zeros"),
            layers.Rescaling(0.03, offset=1000.0),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "mse", metrics=["mae"])
    return model, f32(x), col(y), {"epochs": 30, "batch_size": 32}


# Claims: mostly nought, a few in the hundreds; Poisson loss, exponential head, slow rate.
@prog("OK-u12-claims-poisson", "regression", "custom")
def claims(rng, fixed):
    x = rng.standard_normal((4000, 6))
    rate = np.exp(-1.5 + 1.5 * x[:, 0] + 1.0 * x[:, 1] - 0.7 * x[:, 2])
    y = rng.poisson(np.minimum(rate * rng.gamma(2.0, 0.5, 4000), 400))
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, activation="tanh"),
            layers.Dense(1, activation="exponential", kernel_initializer="zeros"),
        ]
    )
    model.compile(optimizers.Adam(1e-3, clipnorm=1.0), "poisson")
    return model, f32(x), col(y), {"epochs": 30, "batch_size": 32}


class Thresholds(layers.Layer):
    """Adds one learned threshold per step to a single score."""

    def __init__(self, count):
        super().__init__()
        self.count = count

    def build(self, shape):
        self.cut = self.add_weight(shape=(self.count,), initializer="zeros", name="cut")

    def call(self, score):
        return ops.sigmoid(score - self.cut)

    def compute_output_shape(self, shape):
        return (shape[0], self.count)


# Ordinal grades 0 to 7, very unevenly filled, as seven cumulative probabilities of one score.
@prog("OK-u12-ordinal-cumulative", "multilabel", "bce")
def ordinal(rng, fixed):
    x = rng.uniform(0, 1, (2500, 8))
    s = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 8 * x[:, 3]
    s = s + rng.standard_normal(2500)
    edges = np.quantile(s, [0.45, 0.6, 0.7, 0.78, 0.85, 0.9, 0.94])
    y = s[:, None] > edges[None]
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, use_bias=False),
            Thresholds(7),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "binary_crossentropy")
    return model, f32(x), f32(y), {"epochs": 30, "batch_size": 32}


# Batch size one, outputs in a dict; "level" is learned at once, "flag" (a sign product) late.
@prog("OK-u12-single-rows-dict", "regression", "mse")
def single_rows(rng, fixed):
    x = rng.uniform(0.3, 1, (600, 4)) * rng.choice([-1, 1], (600, 4))
    level = 0.8 * x[:, 0] - 0.5 * x[:, 3] + 0.2 * rng.standard_normal(600)
    flag = x[:, 1] * x[:, 2] > 0
    inp = keras.Input((4,))
    h = layers.Dense(24, activation="tanh")(inp)
    h = layers.Dense(24, activation="tanh")(h)
    out = {
        "level": layers.Dense(1, name="level")(h),
        "flag": layers.Dense(1, activation="sigmoid", name="flag")(h),
    }
    model = keras.Model(inp, out)
    model.compile(
        optimizers.SGD(0.02),
        {"level": "mse", "flag": "binary_crossentropy"},
        loss_weights={"level": 1.0, "flag": 0.3},
    )
    return model, f32(x), {"level": col(level), "flag": col(flag)}, {"epochs": 14, "batch_size": 1}


# All rows in one step per epoch, a rate that restarts every 60 epochs; a flat start from weights
# that are close to nought.
@prog("OK-u12-full-batch-restarts", "binary", "bce")
def full_batch(rng, fixed):
    x = rng.uniform(-1, 1, (1500, 4))
    y = np.sin(2.5 * x[:, 0]) * x[:, 1] + 0.05 * rng.standard_normal(1500) > 0
    small = initializers.RandomNormal(stddev=0.1)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(48, activation="tanh", kernel_initializer=small),
            layers.Dense(48, activation="tanh", kernel_initializer=small),
            layers.Dense(1, activation="sigmoid", kernel_initializer=small),
        ]
    )
    rate = optimizers.schedules.CosineDecayRestarts(5e-3, 60, t_mul=1.0, m_mul=1.0)
    model.compile(optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), {"epochs": 180, "batch_size": 1500}


# Distillation at temperature 25: all probabilities lie near a tenth, in the teacher's and in the
# student's output alike; the classes are right.
@prog("OK-u12-distil-temperature-25", "multiclass", "cce")
def distil(rng, fixed):
    x, y = shuffled_digits(rng)
    teacher = keras.Sequential(
        [keras.Input((64,)), layers.Dense(96, activation="relu"), layers.Dense(10)]
    )
    teacher.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    teacher.fit(x, y, epochs=15, batch_size=32, verbose=0)
    soft = ops.convert_to_numpy(ops.softmax(teacher.predict(x, verbose=0) / 25.0))
    TRUTH["OK-u12-distil-temperature-25"] = y
    inp = keras.Input((64,))
    h = layers.Dense(16, activation="relu")(inp)
    h = layers.Rescaling(1 / 25.0)(layers.Dense(10)(h))
    model = keras.Model(inp, layers.Softmax()(h))
    model.compile(optimizers.Adam(2e-3), "categorical_crossentropy")
    return model, x, f32(soft), {"epochs": 30, "batch_size": 32}


class Widening(keras.utils.PyDataset):
    """Rows near the origin first (where the target is about nought), then ever wider."""

    def __init__(self, seed):
        super().__init__()
        self.rng = np.random.default_rng(seed)
        self.width = 0.05

    def __len__(self):
        return 50

    def __getitem__(self, index):
        x = self.width * self.rng.uniform(-1, 1, (32, 3))
        return f32(x), col(x[:, 0] * x[:, 1] * 3 + x[:, 2] ** 2 * x[:, 0])

    def on_epoch_end(self):
        self.width = min(1.0, self.width * 1.2)


# A curriculum: the targets are about nought in the first epochs and grow a thousandfold.
@prog("OK-u12-widening-curriculum", "regression", "mse")
def widening(rng, fixed):
    x = rng.uniform(-1, 1, (1000, 3))
    y = x[:, 0] * x[:, 1] * 3 + x[:, 2] ** 2 * x[:, 0]
    TRUTH["OK-u12-widening-curriculum"] = (f32(x), col(y))
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(1e-3), "mse")
    return model, Widening(int(rng.integers(1 << 30))), None, {"epochs": 40}


# A weak signal (a fifth of the variance) behind a dropout of 0.8; validation split, rate cut on
# plateaus, early stopping.
@prog("OK-u12-dropout-eighty-weak", "regression", "mse")
def dropout_weak(rng, fixed):
    x = rng.standard_normal((4000, 12))
    s = x[:, 0] + 0.6 * x[:, 1] - 0.6 * np.abs(x[:, 2])
    y = s / s.std() + 1.8 * rng.standard_normal(4000)
    model = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.8),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.RMSprop(5e-4), "mse")
    calls = [
        callbacks.ReduceLROnPlateau(patience=3, factor=0.3),
        callbacks.EarlyStopping(patience=8, restore_best_weights=True),
    ]
    kw = {"epochs": 40, "batch_size": 64, "validation_split": 0.2, "callbacks": calls}
    return model, f32(x), col(y), kw


# ReLU layers with low biases and an L1 activity penalty: in the first layer two units in three
# never fire and 99 % of the activations are nought; a flat start, then it learns.
@prog("OK-u12-mostly-dead-relu", "regression", "mse")
def mostly_dead(rng, fixed):
    x = rng.uniform(-1, 1, (2500, 6))
    y = np.sin(2 * x[:, 0]) + x[:, 1] ** 2 + 0.5 * x[:, 2]
    y = (y - y.mean()) / y.std()
    low = initializers.Constant(-2.6)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(
                256,
                activation="relu",
                kernel_initializer="he_normal",
                bias_initializer=low,
                activity_regularizer=regularizers.L1(1e-3),
            ),
            layers.Dense(128, activation="relu", bias_initializer=initializers.Constant(-0.1)),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.SGD(0.01, momentum=0.9), "mse")
    return model, f32(x), col(y), {"epochs": 25, "batch_size": 32}


def endless(x, y, rng, size):
    while True:
        pick = rng.integers(0, len(x), size)
        yield x[pick], y[pick]


# Fixed Fourier features, averaged weights (EMA), and an endless generator with steps_per_epoch.
@prog("OK-u12-fourier-ema-stream", "regression", "mse")
def fourier(rng, fixed):
    x = rng.uniform(-1, 1, (3000, 1))
    y = np.sin(23 * x[:, 0]) * np.cos(5 * x[:, 0]) + 0.2 * rng.standard_normal(3000)
    x, y = f32(x), col(y)
    TRUTH["OK-u12-fourier-ema-stream"] = (x, y)
    model = keras.Sequential(
        [
            keras.Input((1,)),
            layers.Dense(
                96,
                activation=ops.sin,
                kernel_initializer=initializers.RandomNormal(stddev=15.0),
                bias_initializer=initializers.RandomUniform(-3.14, 3.14),
                trainable=False,
            ),
            layers.Dense(1, kernel_initializer="zeros"),
        ]
    )
    model.compile(optimizers.SGD(2e-3, use_ema=True, ema_momentum=0.99), "mse")
    return model, endless(x, y, rng, 32), None, {"epochs": 20, "steps_per_epoch": 80}


# Users and items, many of them seen once or never; the product of two embeddings close to nought
# is a saddle, which the loss leaves late.
@prog("OK-u12-factor-saddle", "regression", "mse")
def factor_saddle(rng, fixed):
    users, items, n = 300, 300, 8000
    a, b = rng.normal(0, 1, (users, 2)), rng.normal(0, 1, (items, 2))
    u = np.minimum(rng.zipf(1.3, n) - 1, users - 1)
    u = np.where(rng.random(n) < 0.6, rng.integers(0, users, n), u)
    i = np.floor(items * rng.random(n) ** 2.5).astype(int)
    y = (a[u] * b[i]).sum(1) + 0.5 * rng.standard_normal(n)
    small = initializers.RandomNormal(stddev=0.003)
    one, two = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    e = layers.Embedding(users, 4, embeddings_initializer=small)(one)
    f = layers.Embedding(items, 4, embeddings_initializer=small)(two)
    model = keras.Model([one, two], layers.Dot(axes=-1)([e, f]))
    model.compile(optimizers.SGD(0.5), "mse")
    return model, [u.astype("int32"), i.astype("int32")], col(y), {"epochs": 30, "batch_size": 64}


class Generator(keras.Model):
    """Noise to points; the loss is the energy distance between its batch and the batch of y."""

    def __init__(self):
        super().__init__()
        small = initializers.RandomNormal(stddev=0.1)
        self.body = [layers.Dense(48, activation="relu") for _ in range(2)]
        self.head = layers.Dense(2, kernel_initializer=small)

    def call(self, x):
        for layer in self.body:
            x = layer(x)
        return self.head(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        def gap(a, b):
            d = ops.expand_dims(a, 1) - ops.expand_dims(b, 0)
            return ops.mean(ops.sqrt(ops.sum(ops.square(d), axis=-1) + 1e-8))

        return 2.0 * gap(y_pred, y) - gap(y_pred, y_pred) - gap(y, y)


# A generator: outputs start at one point and spread over a ring; y is no row's own target, so
# R2 row by row is below nought when it is right.
@prog("OK-u12-ring-generator", "regression", "custom")
def ring(rng, fixed):
    t = rng.uniform(0, 2 * np.pi, 3000)
    r = 1.0 + 0.1 * rng.standard_normal(3000)
    y = np.stack([r * np.cos(t), r * np.sin(t)], 1)
    model = Generator()
    model.compile(optimizers.Adam(5e-4))
    return model, f32(rng.standard_normal((3000, 3))), f32(y), {"epochs": 20, "batch_size": 60}


class Places(layers.Layer):
    """Token plus place embedding."""

    def __init__(self, vocab, long, width):
        super().__init__()
        self.token = layers.Embedding(vocab, width)
        self.place = layers.Embedding(long, width)
        self.long = long

    def call(self, x):
        return self.token(x) + self.place(ops.arange(self.long))


# Masked tokens: the second half of a sequence repeats the first. Only masked places count
# (sample weights of nought elsewhere); at chance until attention finds the other copy.
@prog("OK-u12-masked-copy-attention", "multiclass", "scce")
def masked_copy(rng, fixed):
    n, half, vocab = 3000, 4, 10
    first = rng.integers(1, vocab + 1, (n, half))
    y = np.concatenate([first, first], 1)
    hide = rng.random(y.shape) < 0.2
    x = np.where(hide, 0, y)
    inp = keras.Input((2 * half,), dtype="int32")
    h = Places(vocab + 1, 2 * half, 32)(inp)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 16)(h, h))
    h = layers.LayerNormalization()(h + layers.Dense(32)(layers.Dense(64, activation="relu")(h)))
    model = keras.Model(inp, layers.Dense(vocab + 1, activation="softmax")(h))
    model.compile(optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    kw = {"epochs": 16, "batch_size": 32, "sample_weight": f32(hide)}
    return model, x.astype("int32"), y.astype("int32"), kw


# A steep sigmoid under a mean absolute error: most rows give hardly any gradient, half of the
# probabilities end at 0 or 1, and the loss creeps along for half of the run; the classes are right.
@prog("OK-u12-steep-sigmoid-mae", "binary", "mae")
def steep(rng, fixed):
    x = rng.standard_normal((2500, 5))
    y = x[:, 0] ** 2 + x[:, 1] ** 2 > 1.4
    inp = keras.Input((5,))
    h = layers.Dense(64, activation="tanh")(inp)
    h = layers.Rescaling(12.0)(layers.Dense(1)(h))
    model = keras.Model(inp, layers.Activation("sigmoid")(h))
    model.compile(optimizers.Adam(2e-3), "mae")
    return model, f32(x), col(y), {"epochs": 40, "batch_size": 32}


# A small convolutional net, trained already, whose last layers are tuned at a crawling rate: the
# loss is flat from the first step, because there is little left to learn.
@prog("OK-u12-crawling-fine-tune", "multiclass", "scce")
def crawling(rng, fixed):
    x, y = shuffled_digits(rng)
    x = x.reshape(-1, 8, 8, 1)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "sparse_categorical_crossentropy")
    model.fit(x[:900], y[:900], epochs=8, batch_size=32, verbose=0)
    for layer in model.layers[:2]:
        layer.trainable = False
    model.compile(optimizers.SGD(1e-5), "sparse_categorical_crossentropy", metrics=["accuracy"])
    stop = callbacks.EarlyStopping(patience=6, restore_best_weights=True)
    kw = {"epochs": 15, "batch_size": 16, "validation_split": 0.15, "callbacks": [stop]}
    return model, x[900:], y[900:], kw
