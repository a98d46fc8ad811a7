"""Tables whose head or hidden activation cannot give the answer."""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

from .data import diabetes, documents, friedman, raw_digit_images_int32
from .registry import program
from .tools import (
    col,
    column,
    f32,
    mlp,
    onehot,
    seq,
    std,
    std_as_is,
    zscore,
    zscore32,
    zscore_as_is,
    zscore_plus,
)


# SO-33969059: softmax on one unit for a regression of raw values up to 35,000.
@program(
    "SO-33969059",
    "regression",
    "mse",
    where="activation",
    came_in="programs",
    origin="public thread",
    # Softmax on one unit is exactly 1 while targets reach 35,000.
    causes=("output_activation",),
)
def so_33969059(r, fixed):
    x = r.uniform(0, 1e4, (1500, 3))
    y = x @ [2.0, 1.0, 0.5] + 2.2
    if fixed:
        m = mlp(3, [8, 8], "tanh")
        m.compile(optimizers.Adam(0.01), "mse")
        return m, std(x), std(col(y)), dict(batch_size=32, epochs=10)
    u = initializers.RandomUniform(-0.05, 0.05)
    m = seq(
        (3,),
        layers.Dense(3, activation="tanh", kernel_initializer=u),
        layers.Dropout(0.5),
        layers.Dense(2, activation="tanh", kernel_initializer=u),
        layers.Dropout(0.5),
        layers.Dense(1, activation="softmax", kernel_initializer=u),
    )
    m.compile(optimizers.SGD(0.1, momentum=0.9, nesterov=True), "mse")
    return m, f32(x), col(y), dict(batch_size=32, epochs=10)


# SO-34311586: XOR with softmax on one unit, six rows.
@program(
    "SO-34311586",
    "binary",
    "mse",
    where="activation",
    came_in="programs",
    origin="public thread",
    # Softmax on one unit.
    causes=("output_activation",),
)
def so_34311586(r, fixed):
    x = f32([[1, 1], [0, 0], [1, 0], [0, 1], [1, 1], [0, 0]])
    y = col([0, 0, 1, 1, 0, 0])
    if fixed:
        m = mlp(2, [8], "tanh", head="sigmoid")
        m.compile(optimizers.Adam(0.05), "binary_crossentropy")
    else:
        m = mlp(2, [2, 3], "sigmoid", head="softmax")
        m.compile(optimizers.SGD(0.001, momentum=0.9, nesterov=True), "mse")
    return m, x, y, dict(epochs=120)


# SO-44066044: ReLU output with binary cross-entropy on raw network-packet fields.
@program(
    "SO-44066044",
    "binary",
    "bce",
    where="activation",
    came_in="programs",
    origin="public thread",
    # ReLU head above 1 under cross-entropy: clipped, no gradient. Alone: head or scaling repairs.
    causes=("output_activation", "unscaled_input"),
)
def so_44066044(r, fixed):
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
        m.compile(optimizers.Adam(0.01), "binary_crossentropy")
        return m, std(x), y, dict(batch_size=16, epochs=10)
    m = seq(
        (11,), *[layers.Dense(w, activation="relu", kernel_initializer=init) for w in (12, 12, 1)]
    )
    m.compile("adam", "binary_crossentropy")
    return m, f32(x), y, dict(batch_size=5, epochs=10)


# WEB-threshold-relu ("Why does accuracy remain the same"): x up to 100,000, ReLU output with BCE.
@program(
    "WEB-threshold-relu",
    "binary",
    "bce",
    where="activation",
    came_in="programs",
    origin="public thread",
    # ReLU head under cross-entropy, x up to 100,000. Alone: scaling repairs one seed of two.
    causes=("output_activation", "unscaled_input"),
)
def web_threshold_relu(r, fixed):
    x = r.integers(0, 100_000, (1500, 1))
    y = col(x >= 50_000)
    m = mlp(1, [3, 5] if not fixed else [8, 8], head="sigmoid" if fixed else "relu")
    m.compile(optimizers.Adam(0.01) if fixed else "adam", "binary_crossentropy")
    return m, std(x) if fixed else f32(x), y, dict(batch_size=16 if fixed else 5, epochs=6)


# DS-19365: sin(0..99) with a sigmoid output: the negative half is out of reach.
@program(
    "DS-19365",
    "regression",
    "mse",
    where="activation",
    came_in="programs",
    origin="public thread",
    # Sigmoid head for a sine, and x up to 199: both are needed for a repair.
    causes=("output_activation", "unscaled_input", "saturated_activation"),
)
def ds_19365(r, fixed):
    t = np.arange(200)
    x = t / 40 if fixed else t
    y = col(np.sin(x))
    if fixed:
        m = mlp(1, [40, 20], "tanh")
        m.compile(optimizers.Adam(0.01), "mse")
        return m, col(x), y, dict(batch_size=20, epochs=60)
    m = mlp(1, [10], "sigmoid", head="sigmoid")
    m.compile("sgd", "mse")
    return m, col(x), y, dict(batch_size=1, epochs=10)


# sim: a tanh output for targets of 20..350.
@program(
    "sim-tanh-head",
    "regression",
    "mse",
    where="activation",
    came_in="programs",
    # tanh head for targets of 20..350, at its end. Alone: head, or targets divided by 400.
    causes=("output_activation", "unscaled_target", "saturated_activation"),
)
def sim_tanh_head(r, fixed):
    x, y = diabetes()
    m = mlp(10, [32], head=None if fixed else "tanh")
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x, std(y) if fixed else y, dict(batch_size=32, epochs=30)


# The head is capped at 1 (ReLU with max_value) for targets of 5..60. Two inputs in a list.
@program(
    "head-capped-relu",
    "regression",
    "mse",
    where="activation",
    came_in="by_cause",
    # Head capped at 1 for targets of 10 and more. Alone: targets in 0..1 repair.
    causes=("output_activation", "unscaled_target", "saturated_activation"),
)
def head_capped_relu(r, fixed):
    x, y = friedman(r, 1000)
    y = f32(10 + 2 * (y - y.min()))
    a, b = keras.Input((4,)), keras.Input((6,))
    h = layers.Dense(32, activation="relu")(layers.Concatenate()([a, b]))
    out = layers.Dense(1, bias_initializer=initializers.Constant(2.0))(h)
    if not fixed:
        out = layers.ReLU(max_value=1.0)(out)
    m = keras.Model([a, b], out)
    m.compile(optimizers.Adam(0.02), "mse")
    return m, [x[:, :4], x[:, 4:]], y, dict(batch_size=32, epochs=15)


# Binding energies (all negative) under a ReLU given as a layer of its own.
@program("energy-relu-layer-head", "regression", "mse", where="activation", came_in="1")
def energy_relu_layer_head(r, fixed):
    x = r.normal(size=(1000, 8))
    y = -6 + x[:, 0] + np.sin(2 * x[:, 1]) + 0.5 * x[:, 2] * x[:, 3] + 0.1 * r.normal(size=1000)
    m = seq(
        (8,),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(1),
    )
    if not fixed:
        m.add(layers.ReLU())
    m.compile(optimizers.Adam(0.003), "mse", metrics=["mae"])
    return m, f32(x), col(y), dict(batch_size=32, epochs=25)


# Dense(1) and layers.Softmax() for fraud yes/no; functional model, two inputs.
@program("fraud-softmax-layer", "binary", "bce", where="activation", came_in="1")
def fraud_softmax_layer(r, fixed):
    n = 1500
    num, cat = r.normal(size=(n, 5)), r.integers(0, 12, n)
    y = (num[:, 0] * 1.5 + num[:, 1] ** 2 + np.sin(cat) * 2 + 0.3 * r.normal(size=n)) > 1
    a, b = keras.Input((5,), name="amounts"), keras.Input((1,), dtype="int32", name="merchant")
    h = layers.Concatenate()([a, layers.Flatten()(layers.Embedding(12, 4)(b))])
    h = layers.Dense(32, activation="relu")(h)
    z = layers.Dense(1)(h)
    out = layers.Softmax()(z) if not fixed else layers.Activation("sigmoid")(z)
    m = keras.Model([a, b], out)
    m.compile(optimizers.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    x = {"amounts": f32(num), "merchant": cat[:, None].astype("int32")}
    return m, x, col(y), dict(batch_size=32, epochs=15)


# Positions (x, y, z) in metres, 5..50, under a softmax with three units.
@program("position-softmax-three", "regression", "mse", where="activation", came_in="1")
def position_softmax_three(r, fixed):
    n = 1000
    y = r.uniform(5, 50, (n, 3))
    beacons = r.uniform(0, 55, (8, 3))
    d = np.linalg.norm(y[:, None] - beacons[None], axis=-1) + 0.3 * r.normal(size=(n, 8))
    m = seq(
        (8,),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(3, activation="softmax" if not fixed else None),
    )
    m.compile(optimizers.Adam(0.005), "mse")
    return m, zscore32(d), f32(y), dict(batch_size=32, epochs=25)


# Softmax between the hidden layers.
@program("hidden-softmax-digits", "multiclass", "scce", where="activation", came_in="1")
def hidden_softmax_digits(r, fixed):
    x, y = raw_digit_images_int32()
    act = "softmax" if not fixed else "relu"
    m = seq(
        (64,),
        *[layers.Dense(64, activation=act) for _ in range(3)],
        layers.Dense(10, activation="softmax"),
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x.reshape(-1, 64) / 16, y, dict(batch_size=64, epochs=20)


# hard_sigmoid between unscaled columns (60 +- 15) and the head: all units at an end.
@program("hidden-hard-sigmoid", "regression", "mse", where="activation", came_in="1")
def hidden_hard_sigmoid(r, fixed):
    x = 60 + 15 * r.normal(size=(1000, 6))
    y = zscore32(x[:, 0] + 0.5 * x[:, 1] - 0.7 * x[:, 2] + 2 * r.normal(size=1000))
    act = "hard_sigmoid" if not fixed else "relu"
    k = initializers.RandomUniform(0.0, 0.2)
    m = seq(
        (6,),
        layers.Dense(32, activation=act, kernel_initializer=k),
        layers.Dense(32, activation=act),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(0.001), "mse")
    return m, f32(x), col(y), dict(batch_size=32, epochs=40)


# A ReLU in front of the sigmoid: no logit below zero, so nothing below one half; 8 % positives.
@program("relu-before-sigmoid", "binary", "bce", where="activation", came_in="1")
def relu_before_sigmoid(r, fixed):
    x = r.normal(size=(1500, 10))
    y = (x[:, 0] + x[:, 1] * x[:, 2] + 0.2 * r.normal(size=1500)) > 2.0
    m = seq(
        (10,), layers.Dense(64), layers.ReLU(), layers.Dense(32), layers.ReLU(), layers.Dense(1)
    )
    if not fixed:
        m.add(layers.ReLU())
    m.add(layers.Activation("sigmoid"))
    m.compile(optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return m, f32(x), col(y), dict(batch_size=32, epochs=20)


# Winter temperatures (-25..-1 degrees Celsius) under an exponential head; functional model.
@program("winter-exponential-head", "regression", "mse", where="activation", came_in="1")
def winter_exponential_head(r, fixed):
    x = r.normal(size=(1000, 6))
    y = np.minimum(-12 + 3 * x[:, 0] - 2 * np.abs(x[:, 1]) + x[:, 2] * x[:, 3], -1)
    i = keras.Input((6,))
    h = layers.Dense(32, activation="tanh")(i)
    h = layers.Dense(32, activation="tanh")(h)
    out = layers.Dense(1, activation=ops.exp if not fixed else None)(h)
    m = keras.Model(i, out)
    m.compile(optimizers.RMSprop(0.003), "mse")
    return m, f32(x), col(y), dict(batch_size=32, epochs=40)


class Mixer(keras.Model):
    """Subclassed mixer: across steps, across channels, mean, head."""

    def __init__(self, head):
        super().__init__()
        self.steps = layers.Dense(12, activation="silu")
        self.channels = layers.Dense(32, activation="silu")
        self.norm = layers.LayerNormalization()
        self.head = layers.Dense(1, activation=head)

    def call(self, x):
        h = x + ops.swapaxes(self.steps(ops.swapaxes(x, 1, 2)), 1, 2)
        h = self.norm(self.channels(h))
        return self.head(ops.mean(h, 1))


# Signal strength (-70 +- 12 dBm) under an elu head, which never goes below -1.
@program("rssi-elu-head", "regression", "mse", where="activation", came_in="2")
def rssi_elu_head(r, fixed):
    x = r.normal(size=(800, 12, 4))
    z = x[..., 0].mean(1) * 3 + np.abs(x[..., 1]).mean(1) * 2 + x[:, 3, 2] * 0.5
    y = -70 + 12 * (z - z.mean()) / z.std()
    m = Mixer(None if fixed else "elu")
    m.compile(optimizers.Adam(0.02), "mse")
    return m, f32(x), col(y), dict(batch_size=32, epochs=30)


# A cold store logs about -18 degrees; relu had been replaced by gelu everywhere, head included.
@program("cold-store-gelu-head", "regression", "mse", where="activation", came_in="3b")
def cold_store_gelu_head(r, fixed):
    x = r.normal(size=(800, 7)).astype("float32")
    y = column(-18 + 2.5 * x[:, 0] + 1.5 * x[:, 1] - x[:, 2] * x[:, 3] + 0.3 * r.normal(size=800))
    model = keras.Sequential(
        [
            keras.Input((7,)),
            layers.Dense(48, activation="gelu"),
            layers.Dense(24, activation="gelu"),
            layers.Dense(1, activation=None if fixed else "gelu"),
        ]
    )
    model.compile(optimizers.Adam(0.005), "mse")
    return model, x, y, dict(epochs=25, batch_size=32)


# "Polynomial network": the activation of every layer is the square, as in papers on encrypted
# inference, but four layers deep with ordinary weights.
@program("square-activation-deep", "multiclass", "scce", where="activation", came_in="3b")
def square_activation_deep(r, fixed):
    d = datasets.load_wine()
    x = zscore_plus(d.data)
    act = "relu" if fixed else keras.ops.square
    model = keras.Sequential([keras.Input((13,))])
    for _i in range(4):
        model.add(layers.Dense(24, activation=act))
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(optimizers.SGD(0.05), "sparse_categorical_crossentropy")
    return model, x, d.target, dict(epochs=30, batch_size=16)


# An encoder with exp as its hidden activation, two layers of it: e to the e.
@program("hidden-exponential-encoder", "regression", "mse", where="activation", came_in="3b")
def hidden_exponential_encoder(r, fixed):
    x = zscore_plus(datasets.load_breast_cancer().data)
    act = "elu" if fixed else "exponential"
    model = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(20, activation=act),
            layers.Dense(8, activation=act),
            layers.Dense(20, activation=act),
            layers.Dense(30),
        ]
    )
    model.compile(optimizers.Adam(0.005), "mse")
    return model, x, x, dict(epochs=20, batch_size=32)


# Visits per day with exp as the link of the head, page sizes in kilobytes: inf at the first step.
@program("visits-exponential-overflow", "regression", "poisson", where="activation", came_in="3b")
def visits_exponential_overflow(r, fixed):
    x = r.uniform(0, 900, (800, 5)).astype("float32")
    y = column(r.poisson(np.exp(1 + x[:, 0] / 450 + x[:, 1] / 900)))
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="softplus" if fixed else "exponential"),
        ]
    )
    model.compile(optimizers.Adam(0.003), "poisson")
    return model, x, y, dict(epochs=40, batch_size=32)


# Minutes to the door from the shop's embedding and the order's numbers, out of a tanh.
@program("delivery-minutes-tanh", "regression", "mse", where="activation", came_in="3b")
def delivery_minutes_tanh(r, fixed):
    shop = r.integers(0, 20, (800, 1)).astype("int32")
    order = r.normal(size=(800, 4)).astype("float32")
    y = 34 + r.normal(0, 5, 20)[shop[:, 0]] + 4 * order[:, 0] + 3 * order[:, 1] * order[:, 2]
    a, b = keras.Input((1,), dtype="int32"), keras.Input((4,))
    h = layers.Concatenate()([layers.Flatten()(layers.Embedding(20, 6)(a)), b])
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(16, activation="relu")(h)
    model = keras.Model([a, b], layers.Dense(1, activation=None if fixed else "tanh")(h))
    model.compile(optimizers.Adam(0.01), "mse")
    return model, [shop, order], column(y), dict(epochs=20, batch_size=32)


# Cold-chain temperatures (all below zero); "swish everywhere" reached the output layer too.
@program("freezer-swish-everywhere", "regression", "mae", where="activation", came_in="4b")
def freezer_swish_everywhere(r, fixed):
    n = 1000
    x = r.normal(size=(n, 6))
    y = -19 + 3 * np.tanh(x[:, 0]) - 2 * x[:, 1] * (x[:, 2] > 0) + 0.3 * r.normal(size=n)
    model = seq(
        (6,),
        layers.Dense(64, activation="swish"),
        layers.Dense(64, activation="swish"),
        layers.Dense(1, activation=None if fixed else "swish"),
    )
    model.compile(optimizer=optimizers.Adam(0.003), loss="mae")
    return model, f32(x), f32(y)[:, None], dict(epochs=30, batch_size=32)


# Meant as a leaky relu: the first argument of ReLU is its upper bound, not its slope.
@program("relu-argument-is-the-cap", "regression", "mse", where="activation", came_in="4b")
def relu_argument_is_the_cap(r, fixed):
    x, y = datasets.make_friedman1(1000, noise=0.5, random_state=int(r.integers(1e6)))

    def act():
        return layers.LeakyReLU(negative_slope=0.01) if fixed else layers.ReLU(0.01)

    hidden = []
    for width in (64, 64, 32, 32):
        hidden += [layers.Dense(width), act()]
    model = seq((10,), *hidden, layers.Dense(1))
    model.compile(optimizer=optimizers.SGD(0.01), loss="mse")
    return model, zscore_as_is(x), zscore_as_is(y)[:, None], dict(epochs=30, batch_size=32)


# Wine cultivars with a last layer copied from a regression script: relu over the classes.
@program("wine-relu-over-classes", "multiclass", "cce", where="activation", came_in="4b")
def wine_relu_over_classes(r, fixed):
    d = datasets.load_wine()
    x = f32(StandardScaler().fit_transform(d.data))
    model = seq(
        (13,),
        layers.Dense(16, activation="relu"),
        layers.Dense(3, activation="softmax" if fixed else "relu"),
    )
    model.compile(optimizers.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    return model, x, onehot(d.target, 3), dict(epochs=40, batch_size=16)


@program("relu-head-log-returns", "regression", "mse", where="activation", came_in="5a")
def relu_head_log_returns(r, fixed):
    """relu kept on the output of a net whose target is a log of a fraction, always negative."""
    x = r.normal(size=(1500, 7))
    y = np.log(1 / (1 + np.exp(2 - x[:, 0] + 0.7 * x[:, 1] * x[:, 2])))
    i = keras.Input((7,))
    h = layers.Dense(32, activation="relu")(i)
    h = layers.Concatenate()([i, layers.Dense(32, activation="relu")(h)])
    m = keras.Model(i, layers.Dense(1, activation=None if fixed else "relu")(h))
    m.compile("adam", "mse")
    return m, f32(x), f32(y)[:, None], dict(epochs=15, batch_size=32)


@program("softmax-hidden-layers", "regression", "mse", where="activation", came_in="5b")
def softmax_hidden_layers(r, fixed):
    """SO: activation='softmax' in each hidden layer of a sine fit: flat line; fix tanh."""
    x = r.uniform(-np.pi, np.pi, (1500, 1))
    y = np.sin(2 * x) + 0.1 * r.normal(size=x.shape)
    a = "tanh" if fixed else "softmax"
    m = seq(
        (1,),
        layers.Dense(64, activation=a),
        layers.Dense(64, activation=a),
        layers.Dense(64, activation=a),
        layers.Dense(64, activation=a),
        layers.Dense(1),
    )
    m.compile("adam", "mse")
    return m, f32(x), f32(y), dict(epochs=20, batch_size=32)


# Usual: a classifier whose last layer is relu under categorical cross-entropy.
@program("usual-relu-output-classifier", "multiclass", "cce", where="activation", came_in="6a")
def usual_relu_output_classifier(rng, fixed):
    x, y = datasets.make_blobs(
        1500, n_features=8, centers=5, cluster_std=3.0, random_state=int(rng.integers(10**6))
    )
    x = StandardScaler().fit_transform(x)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(5, activation="relu" if not fixed else "softmax"),
        ]
    )
    model.compile(optimizers.RMSprop(), "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), onehot(y, 5), dict(batch_size=32, epochs=20)


# softmax over the single unit of a two-input classifier
@program("NL-loan-two-inputs-softmax-one", "binary", "bce", where="activation", came_in="6b")
def nl_loan_two_inputs_softmax_one(rng, fixed):
    n = 1200
    x = rng.normal(size=(n, 5)).astype("float32")
    job = rng.integers(0, 8, (n, 1)).astype("int32")
    s = x[:, 0] + x[:, 1] * x[:, 2] + 0.5 * (job[:, 0] - 3.5) + 0.3 * rng.normal(size=n)
    y = (s > 0.5).astype("float32")[:, None]
    a, b = keras.Input((5,)), keras.Input((1,), dtype="int32")
    e = layers.Flatten()(layers.Embedding(8, 4)(b))
    h = layers.Dense(32, activation="relu")(layers.Concatenate()([a, e]))
    h = layers.Dense(16, activation="relu")(h)
    m = keras.Model([a, b], layers.Dense(1, activation="sigmoid" if fixed else "softmax")(h))
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, [x, job], y, dict(batch_size=32, epochs=30)


# softmax used in every hidden layer
@program("DFD-iris-hidden-softmax", "multiclass", "scce", where="activation", came_in="6b")
def dfd_iris_hidden_softmax(rng, fixed):
    x, y = datasets.load_iris(return_X_y=True)
    act = "relu" if fixed else "softmax"
    m = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation=act),
            layers.Dense(32, activation=act),
            layers.Dense(16, activation=act),
            layers.Dense(3, activation="softmax"),
        ]
    )
    m.compile(
        optimizers.SGD(0.02, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, std_as_is(x), y.astype("int32"), dict(batch_size=8, epochs=50)


# https://ai.stackexchange.com/questions/16557: four hidden layers of 500 sigmoids from binary
# vectors to a number, high loss even in training; answer: vanishing gradient. Repaired with relu.
@program("u10-four-layers-of-sigmoids", "regression", "mse", where="activation", came_in="10a")
def u10_four_layers_of_sigmoids(rng, fixed):
    x = rng.integers(0, 2, (3000, 30))
    y = x @ rng.normal(0, 1, 30) + 2 * x[:, 0] * x[:, 1] - 2 * x[:, 2] * x[:, 3]
    act = "relu" if fixed else "sigmoid"
    hidden = [layers.Dense(128, activation=act) for _ in range(4)]
    model = keras.Sequential([keras.Input((30,)), *hidden, layers.Dense(1)])
    model.compile(optimizers.SGD(0.01), "mse")
    return model, f32(x), col(zscore(y)), dict(batch_size=32, epochs=15)


# https://codewithsundeep.com/discussion/solution/58887284 (StackOverflow): one sigmoid unit for
# -1 / (exp(10 x) + 1); accepted answer: all targets are negative, a sigmoid cannot give them;
# learn 1 / (exp(10 x) + 1).
@program("u10-sigmoid-for-negative-curve", "regression", "mse", where="activation", came_in="10a")
def u10_sigmoid_for_negative_curve(rng, fixed):
    x = rng.uniform(-1, 1, 4000)
    y = -1 / (np.exp(10 * x) + 1)
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, activation="sigmoid")])
    model.compile(optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model, col(x), col(-y if fixed else y), dict(batch_size=16, epochs=20)


# https://github.com/keras-team/keras/issues/13891 "My model outputs the same value for all data":
# a relu layer of few neurons before the output of a regression; "with tanh it works fine".
@program("u10-few-relus-before-output", "regression", "mse", where="activation", came_in="10a")
def u10_few_relus_before_output(rng, fixed):
    x = rng.uniform(0, 5, (3000, 12))
    u = x / 5 - 0.5
    y = 5 * u @ rng.normal(0, 1, 12) + 4 * u[:, 0] * u[:, 1]
    model = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(3, activation="tanh" if fixed else "relu"),
            layers.Dense(1, activation="linear"),
        ]
    )
    model.compile(optimizers.SGD(0.04), "mse")
    return model, f32(x), col(y), dict(batch_size=16, epochs=20)


# DeepFD "change activation": a sigmoid ends the Boston network, the prices are in 1000 dollars.
@program("u10b-boston-sigmoid-head", "regression", "mse", where="activation", came_in="10b")
def u10b_boston_sigmoid_head(rng, fixed):
    n = 506
    rooms, poor = rng.normal(6.3, 0.7, n), rng.gamma(3, 4.2, n)
    crime, pupils = rng.lognormal(-0.8, 1.5, n), rng.uniform(12.6, 22, n)
    price = 24 + 6 * (rooms - 6.3) - 0.5 * (poor - 12) - 0.9 * (pupils - 18)
    price = np.clip(price - 0.8 * np.log(crime) + rng.normal(0, 2, n), 5, 50)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.BatchNormalization(),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="linear" if fixed else "sigmoid"),
        ]
    )
    model.compile(optimizers.RMSprop(3e-3), "mse", metrics=["mae"])
    return model, f32(np.stack([rooms, poor, crime, pupils], 1)), col(price), dict(epochs=40)


# DeepCrime "change activation function" on the Reuters MLP: softmax in the hidden layers too.
@program("u10b-reuters-mlp-hidden-softmax", "multiclass", "scce", where="activation", came_in="10b")
def u10b_reuters_mlp_hidden_softmax(rng, fixed):
    tokens, topic = documents(rng, 1000, 40, 500, 6, 0.25)
    x = np.zeros((1000, 500), "float32")
    np.put_along_axis(x, tokens, 1.0, axis=1)
    act = "relu" if fixed else "softmax"
    model = keras.Sequential([keras.Input((500,))])
    for units in (256, 128, 64):
        model.add(layers.Dense(units, activation=act))
        model.add(layers.Dropout(0.3))
    model.add(layers.Dense(6, activation="softmax"))
    model.compile(optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, topic, dict(batch_size=32, epochs=10)


# Keras forum, "model for solubility predicts 0.0 for every molecule": the logarithms to be
# predicted are all negative, the head is a ReLU.
@program("u11-solubility-relu-head", "regression", "mse", where="activation", came_in="11a")
def solubility_relu(rng, fixed):
    x = f32(rng.standard_normal((2500, 10)))
    y = -4.0 + 0.8 * x[:, 0] - 0.6 * x[:, 1] * x[:, 2] + 0.4 * np.cos(2 * x[:, 3])
    y = np.minimum(y + 0.1 * rng.standard_normal(len(y)), -0.05)
    model = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(64),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation=None if fixed else "relu"),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "mse")
    return model, x, col(y), {"epochs": 25, "batch_size": 32}


# AUTOTRAINER-like: eight hidden layers of logistic units under SGD learn nothing but the shares of
# the classes; repaired with ReLU.
@program("u11-eight-sigmoid-layers-wine", "multiclass", "scce", where="activation", came_in="11a")
def eight_sigmoid_layers(rng, fixed):
    x, y = datasets.load_wine(return_X_y=True)
    rows = rng.integers(0, len(x), 1500)
    x = zscore(x)[rows] + 0.2 * rng.standard_normal((1500, 13))
    kind = "relu" if fixed else "sigmoid"
    model = keras.Sequential([keras.Input((13,))])
    for _ in range(8):
        model.add(layers.Dense(32, activation=kind))
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(
        optimizers.SGD(0.02, momentum=0.5), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model, f32(x), y[rows].astype("int32"), {"epochs": 20, "batch_size": 32}
