"""Several outputs, one of them ill beside others that learn; healthy ones as well."""

from typing import Any

import keras
import numpy as np
from keras import constraints, initializers, layers, ops, optimizers, regularizers

from .data import blob_images, digit_images, friedman, scattered_digits
from .registry import program
from .tools import col, f32, std, zscore, zscore_as_is_plus, zscore_plus


# sim: two outputs in a list, one in units a million times larger: the small one is never learned.
@program(
    "sim-two-outputs-scale",
    "regression+regression",
    "mse+mse",
    where="model",
    came_in="programs",
    # Other output 10,000 times larger: the small output's tanh is driven to its end.
    causes=("unscaled_target", "saturated_activation"),
    output="share",  # drowned by "price"
)
def sim_two_outputs_scale(r, fixed):
    x, a = friedman(r, 1000)
    b = std(x[:, :1] * x[:, 1:2] + x[:, 5:6])
    a = std(a) if fixed else 1e4 * a
    inp = keras.Input((10,))
    h = layers.Dense(8, activation="relu")(layers.Dense(8, activation="relu")(inp))
    m = keras.Model(
        inp, [layers.Dense(1, name="price")(h), layers.Dense(1, name="share", activation="tanh")(h)]
    )
    m.compile(optimizers.Adam(0.01), ["mse", "mse"])
    return m, x, [f32(a), f32(np.tanh(b))], dict(batch_size=32, epochs=15)


# sim: two outputs in a dict, the regression head has a ReLU and its targets are negative.
@program(
    "sim-two-outputs-relu-head",
    "regression+binary",
    "mse+bce",
    where="activation",
    came_in="programs",
    # ReLU head, targets around -5.
    causes=("output_activation", "dead_relu"),
    output="loss_eur",  # "late" learns
)
def sim_two_outputs_relu_head(r, fixed):
    x, a = friedman(r, 800)
    y = {"loss_eur": std(a) - 5, "late": col(x[:, 3] + x[:, 4] > 0)}
    inp = keras.Input((10,))
    h = layers.Dense(32, activation="relu")(inp)
    head = layers.Dense(1, activation=None if fixed else "relu", name="loss_eur")
    late = layers.Dense(1, activation="sigmoid", name="late")
    m = keras.Model(inp, {"loss_eur": head(h), "late": late(h)})
    m.compile(optimizers.Adam(0.01), {"loss_eur": "mse", "late": "binary_crossentropy"})
    return m, x, y, dict(batch_size=32, epochs=15)


# sim: three outputs in a list over one trunk that dies of a learning rate of 1.
@program(
    "sim-three-outputs-dead-trunk",
    "regression+regression+binary",
    "mse+mae+bce",
    where="model",
    came_in="programs",
    # Adam 1 kills the trunk under all three outputs.
    causes=("learning_rate_too_high", "dead_relu"),
)
def sim_three_outputs_dead_trunk(r, fixed):
    x, y = friedman(r, 800)
    y = std(y)
    inp = keras.Input((10,))
    h = layers.Dense(32, activation="relu")(layers.Dense(32, activation="relu")(inp))
    m = keras.Model(
        inp, [layers.Dense(1)(h), layers.Dense(1)(h), layers.Dense(1, activation="sigmoid")(h)]
    )
    m.compile(optimizers.Adam(0.005 if fixed else 1.0), ["mse", "mae", "binary_crossentropy"])
    return m, x, [y, f32(x[:, :1] * x[:, 1:2]), col(y > 0)], dict(batch_size=32, epochs=12)


# OK: three outputs of different kinds in a dict.
@program("OK-three-outputs", "regression+binary+multiclass", "mse+bce+scce", came_in="programs")
def ok_three_outputs(r, fixed):
    x, y = friedman(r, 1200)
    y = std(y)
    third = np.digitize(y[:, 0], [-0.5, 0.5])
    inp = keras.Input((10,))
    h = layers.Dense(48, activation="relu")(inp)
    out = {
        "value": layers.Dense(1, name="value")(h),
        "above": layers.Dense(1, activation="sigmoid", name="above")(h),
        "third": layers.Dense(3, activation="softmax", name="third")(h),
    }
    m = keras.Model(inp, out)
    m.compile(
        optimizers.Adam(0.005),
        {
            "value": "mse",
            "above": "binary_crossentropy",
            "third": "sparse_categorical_crossentropy",
        },
    )
    return m, x, {"value": y, "above": col(y > 0), "third": third}, dict(epochs=15)


# Two towers, outputs in a dict: "revenue" is in raw euros, "churn" learns.
@program(
    "target-revenue-and-churn",
    "regression+binary",
    "mse+bce",
    where="model",
    came_in="by_cause",
    # 3e6 from 32 tanh units, all driven to their ends.
    causes=("unscaled_target", "saturated_activation"),
    output="revenue",  # "churn" learns
)
def target_revenue_and_churn(r, fixed):
    x, y = friedman(r, 1000)
    revenue = std(y) if fixed else 3e6 + 5e5 * std(y)
    inp = keras.Input((10,))
    ha = layers.Dense(32, activation="tanh")(layers.Dense(32, activation="tanh")(inp))
    hb = layers.Dense(32, activation="relu")(inp)
    out = {
        "revenue": layers.Dense(1, name="revenue")(ha),
        "churn": layers.Dense(1, activation="sigmoid", name="churn")(hb),
    }
    m = keras.Model(inp, out)
    m.compile(optimizers.Adam(0.005), {"revenue": "mse", "churn": "binary_crossentropy"})
    targets = {"revenue": revenue, "churn": col(x[:, 3] - x[:, 5] > 0)}
    return m, x, targets, dict(batch_size=32, epochs=15)


# Outputs in a list: "grade" learns, "passed" is a softmax on one unit.
@program(
    "head-softmax-second-output",
    "regression+binary",
    "mse+bce",
    where="activation",
    came_in="by_cause",
    # Softmax on one unit in one of two outputs.
    causes=("output_activation",),
    output="passed",  # "grade" learns
)
def head_softmax_second_output(r, fixed):
    x, y = friedman(r, 800)
    y = std(y)
    inp = keras.Input((10,))
    h = layers.Dense(48, activation="relu")(inp)
    passed = layers.Dense(1, activation="sigmoid" if fixed else "softmax", name="passed")
    m = keras.Model(inp, [layers.Dense(1, name="grade")(h), passed(h)])
    m.compile(optimizers.Adam(0.005), ["mse", "binary_crossentropy"])
    return m, x, [y, col(y > 0)], dict(batch_size=32, epochs=15)


class OwnSquare(keras.losses.Loss):
    """Mean squared error that trusts the shapes it is given."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_pred - y_true))


# Two outputs in a dict; only "price" has the hand-written loss and targets (N,).
@program(
    "broadcast-one-of-two",
    "regression+multiclass",
    "mse+scce",
    where="data",
    came_in="by_cause",
    # The same in one of two outputs.
    causes=("broadcast_loss",),
    output="price",  # "band" learns
)
def broadcast_one_of_two(r, fixed):
    x, y = friedman(r, 1000)
    y = std(y)
    third = np.digitize(y[:, 0], [-0.5, 0.5])
    inp = keras.Input((10,))
    h = layers.Dense(48, activation="relu")(inp)
    out = {
        "price": layers.Dense(1, name="price")(h),
        "band": layers.Dense(3, activation="softmax", name="band")(h),
    }
    m = keras.Model(inp, out)
    m.compile(
        optimizers.Adam(0.005), {"price": OwnSquare(), "band": "sparse_categorical_crossentropy"}
    )
    targets = {"price": y if fixed else y[:, 0], "band": third}
    return m, x, targets, dict(batch_size=128, epochs=20), {"price": y, "band": third}


# Dict of two outputs: the labels of "topic" were shuffled on their own, "length" learns.
@program(
    "unpaired-one-of-two",
    "regression+multiclass",
    "mse+scce",
    where="data",
    came_in="by_cause",
    # Labels of one output shuffled.
    causes=("no_signal",),
    output="topic",  # "length" learns
)
def unpaired_one_of_two(r, fixed):
    x, y = friedman(r, 5000)
    y = std(y)
    topic = np.digitize(x[:, 3], [-0.6, 0.6])
    inp = keras.Input((10,))
    h = layers.Dense(24, activation="relu")(inp)
    out = {
        "length": layers.Dense(1, name="length")(h),
        "topic": layers.Dense(3, activation="softmax", name="topic")(h),
    }
    m = keras.Model(inp, out)
    m.compile(optimizers.Adam(0.003), {"length": "mse", "topic": "sparse_categorical_crossentropy"})
    used = topic if fixed else r.permutation(topic)
    return m, x, {"length": y, "topic": used}, dict(batch_size=64, epochs=6)


# Detector with two outputs in a dict: boxes in pixels under SGD with momentum kill the trunk.
@program("detector-pixel-boxes", "regression+multiclass", "mse+scce", where="model", came_in="1")
def detector_pixel_boxes(r, fixed):
    n, size = 800, 20
    x = r.uniform(0, 0.2, (n, size, size, 1))
    cls, box = r.integers(0, 2, n), np.zeros((n, 2))
    for i in range(n):
        a, b = r.integers(1, size - 7, 2)
        x[i, a : a + 6, b : b + 6, 0] += 0.8
        if cls[i]:
            x[i, a + 1 : a + 5, b + 1 : b + 5, 0] -= 0.8
        box[i] = (a + 3) * 16, (b + 3) * 16
    y_box = f32(box) if not fixed else f32(box / 160 - 1)
    i = keras.Input((size, size, 1))
    h = layers.Conv2D(16, 5, strides=2, activation="relu")(i)
    h = layers.Conv2D(32, 3, activation="relu")(h)
    h = layers.Dense(64, activation="relu")(layers.Flatten()(h))
    out = {
        "box": layers.Dense(2, name="box")(h),
        "cls": layers.Dense(2, activation="softmax", name="cls")(h),
    }
    m = keras.Model(i, out)
    m.compile(
        optimizers.SGD(0.01 if not fixed else 0.02, momentum=0.9, clipnorm=100.0),
        {"box": "mse", "cls": "sparse_categorical_crossentropy"},
    )
    return m, f32(x), {"box": y_box, "cls": cls.astype("int32")}, dict(batch_size=32, epochs=15)


# Where a blob lies and how large it is, three named outputs of one convolutional trunk, compiled
# with Adam(0.9, 0.999): the two numbers are the betas of the documentation, read as rate and beta.
@program("blob-three-heads-adam-betas", "regression", "mse", where="model", came_in="4a")
def blob_three_heads_adam_betas(r, fixed):
    n, w = 900, 20
    cx, cy = r.uniform(4, 16, (2, n))
    s = r.uniform(1.0, 4.0, n)
    g = np.arange(w)
    d = (g[None, None] - cx[:, None, None]) ** 2 + (g[None, :, None] - cy[:, None, None]) ** 2
    x = np.exp(-d / (2 * s[:, None, None] ** 2)) + 0.05 * r.normal(size=(n, w, w))
    y = {k: zscore_plus(v[:, None]) for k, v in dict(left=cx, top=cy, size=s).items()}
    i = keras.Input((w, w, 1))
    h = layers.Conv2D(8, 5, strides=2, activation="relu")(i)
    h = layers.Conv2D(16, 3, strides=2, activation="relu")(h)
    h = layers.Dense(64, activation="relu")(layers.Flatten()(h))
    m = keras.Model(i, {k: layers.Dense(1, name=k)(h) for k in y})
    m.compile(
        optimizers.Adam(0.002, 0.9, 0.999) if fixed else optimizers.Adam(0.9, 0.999),
        dict.fromkeys(y, "mse"),
    )
    return m, f32(x[..., None]), y, dict(epochs=15, batch_size=32)


@program("two-heads-price-raw", "regression", "mse", where="model", came_in="5b")
def two_heads_price_raw(r, fixed):
    """Two heads, rent and price of a flat, both in raw euros with clipped SGD: neither ever leaves
    0 (relative to its scale)."""
    n = 1500
    X = r.normal(size=(n, 10))
    a = X[:, 0] * X[:, 1] + X[:, 2] + X[:, 3]
    b = np.maximum(X[:, 4], 0) * 2 + X[:, 0] - X[:, 5]
    rent, price = (
        1500 + 300 * a + 100 * r.normal(size=n),
        300000 + 45000 * b + 20000 * r.normal(size=n),
    )
    if fixed:
        rent, price = zscore_as_is_plus(rent), zscore_as_is_plus(price)
    i = keras.Input((10,))
    h = layers.Dense(48, activation="relu")(layers.Dense(48, activation="relu")(i))
    m = keras.Model(
        i, {"rent": layers.Dense(1, name="rent")(h), "price": layers.Dense(1, name="price")(h)}
    )
    m.compile(optimizers.SGD(2.5e-4, momentum=0.9, clipnorm=1.0), {"rent": "mse", "price": "mse"})
    return m, f32(X), {"rent": col(rent), "price": col(price)}, dict(epochs=15, batch_size=32)


@program("OK-two-heads-one-hard", "regression", "mse", came_in="5b", origin="written blind")
def ok_two_heads_one_hard(r, fixed):
    """One head easy, the other a product of two inputs in noise that comes late."""
    n = 2500
    X = r.normal(size=(n, 8))
    a = X[:, 0] + X[:, 1] + 0.1 * r.normal(size=n)
    b = 0.8 * X[:, 2] * X[:, 3] + r.normal(size=n)
    i = keras.Input((8,))
    h = layers.Dense(32, activation="relu")(layers.Dense(32, activation="relu")(i))
    m = keras.Model(
        i, {"easy": layers.Dense(1, name="easy")(h), "hard": layers.Dense(1, name="hard")(h)}
    )
    m.compile(optimizers.Adam(1e-3), {"easy": "mse", "hard": "mse"})
    return (
        m,
        f32(X),
        {"easy": zscore_as_is_plus(col(a)), "hard": zscore_as_is_plus(col(b))},
        dict(epochs=16, batch_size=32),
    )


# Usual: two heads (salary in dollars and a yes/no) on one trunk, SGD; every prediction becomes nan.
@program("usual-two-heads-salary", "regression+binary", "mse+bce", where="model", came_in="6a")
def usual_two_heads_salary(rng, fixed):
    n = 1200
    x = rng.normal(size=(n, 7))
    salary = 52000 + 9000 * x[:, 0] + 5000 * x[:, 1] ** 2 + rng.normal(0, 2000, n)
    leaves = (x[:, 2] - x[:, 3] + 0.3 * rng.normal(size=n)) > 0
    if fixed:
        salary = (salary - salary.mean()) / salary.std()
    inp = keras.Input((7,))
    h = layers.Dense(32, activation="relu")(inp)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(
        inp,
        [
            layers.Dense(1, name="salary")(h),
            layers.Dense(1, activation="sigmoid", name="leaves")(h),
        ],
    )
    model.compile(optimizers.SGD(0.02), ["mse", "binary_crossentropy"])
    return model, f32(x), [col(salary), col(leaves)], dict(batch_size=32, epochs=25)


# two outputs, the regression's loss weight large enough to blow up the shared trunk
@program(
    "DL-blob-two-heads-loss-weight", "regression+binary", "mse+bce", where="model", came_in="6b"
)
def dl_blob_two_heads_loss_weight(rng, fixed):
    x, c, s = blob_images(rng)
    wide = (s > 2.0).astype("float32")
    i = keras.Input((16, 16, 1))
    h = layers.Conv2D(8, 3, strides=2, activation="relu")(i)
    h = layers.Conv2D(16, 3, strides=2, activation="relu")(h)
    h = layers.Dense(32, activation="relu")(layers.Flatten()(h))
    m = keras.Model(
        i,
        [layers.Dense(2, name="centre")(h), layers.Dense(1, activation="sigmoid", name="wide")(h)],
    )
    m.compile(
        optimizers.SGD(0.02, momentum=0.9),
        ["mse", "binary_crossentropy"],
        loss_weights=[1.0, 1.0] if fixed else [1000.0, 1.0],
    )
    return m, x, [c, wide], dict(batch_size=32, epochs=30)


# Two heads on one convolutional trunk; the schedule decays by the step, not by the epoch.
@program("multi-head-decay-steps", "multiclass+regression", "scce+mse", where="model", came_in="7a")
def multi_head_decay_steps(rng, fixed):
    """Predict the class of a digit and the slant of its ink."""
    img, cls = digit_images()
    order = rng.permutation(len(img))
    img, cls = img[order], cls[order]
    cols = np.arange(8)[None, None, :]
    slant = (img[..., 0] * cols).sum((1, 2)) / img[..., 0].sum((1, 2))
    slant = zscore_as_is_plus(slant[:, None])
    steps = int(np.ceil(len(img) / 32))
    schedule = optimizers.schedules.ExponentialDecay(
        0.002, decay_steps=steps if fixed else 1, decay_rate=0.5
    )
    inputs = keras.Input((8, 8, 1))
    h = layers.Conv2D(16, 3, padding="same", activation="relu")(inputs)
    h = layers.MaxPooling2D()(h)
    h = layers.Conv2D(32, 3, padding="same", activation="relu")(h)
    h = layers.Flatten()(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(
        inputs,
        [layers.Dense(10, activation="softmax", name="cls")(h), layers.Dense(1, name="slant")(h)],
    )
    model.compile(
        optimizers.SGD(learning_rate=schedule, momentum=0.9),
        loss=["sparse_categorical_crossentropy", "mse"],
    )
    return model, img, [cls[:, None], slant], {"batch_size": 32, "epochs": 10}


# An easy regression beside a hard yes/no (sign of a product), with a low weight on the hard one.
@program("OK-two-heads-one-hard-7c", "regression+binary", "mse+bce", came_in="7c")
def ok_two_heads_one_hard_7c(rng, fixed):
    n = 1500
    x = rng.normal(size=(n, 6))
    easy = x[:, 0] + 0.5 * x[:, 1] + 0.2 * rng.normal(size=n)
    hard = x[:, 2] * x[:, 3] > 0
    inp = keras.Input((6,))
    h = layers.Dense(48, activation="tanh")(inp)
    h = layers.Dense(32, activation="tanh")(h)
    out = [layers.Dense(1, name="easy")(h), layers.Dense(1, activation="sigmoid", name="hard")(h)]
    m = keras.Model(inp, out)
    m.compile(optimizers.Adam(0.002), ["mse", "binary_crossentropy"], loss_weights=[1.0, 0.3])
    return m, f32(x), [col(easy), col(hard)], dict(batch_size=32, epochs=40)


# One trunk and two answers; with this momentum the first steps are never forgotten.
@program("unseen8-two-outputs-momentum", "regression", "mse", where="model", came_in="8a")
def unseen8_two_outputs_momentum(rng, fixed):
    x = rng.normal(size=(36_000, 16))
    first = x[:, :1] + np.abs(x[:, 1:2])
    second = np.sin(x[:, 2:3]) - x[:, 3:4] * 0.7
    inputs = keras.Input((16,))
    hidden = layers.Dense(96, activation="relu")(inputs)
    hidden = layers.Dense(96, activation="relu")(hidden)
    model = keras.Model(inputs, [layers.Dense(1)(hidden), layers.Dense(1)(hidden)])
    momentum = 0.9 if fixed else 0.9995
    model.compile(keras.optimizers.SGD(0.01, momentum=momentum, clipnorm=1.0), ["mse", "mse"])
    return model, f32(x), [f32(first), f32(second)], {"batch_size": 32, "epochs": 5}


# Heating and cooling load from two named inputs; ported from PyTorch with reduction="sum" and
# batches of 256, the SGD line unchanged.
@program(
    "u9-two-loads-loss-summed", "regression+regression", "mae+mae", where="model", came_in="9a"
)
def u9_two_loads_loss_summed(rng, fixed):
    n = 1200
    shape = rng.uniform(-1, 1, (n, 5))
    glass = rng.uniform(-1, 1, (n, 3))
    heat = 2 * shape[:, 0] + np.abs(shape[:, 1]) + glass[:, 0] * shape[:, 2]
    cool = shape[:, 0] - 1.5 * glass[:, 1] + shape[:, 3] ** 2
    y = {"heat": col(zscore(heat) + 3), "cool": col(zscore(cool) + 3)}
    a = keras.Input((5,), name="shape")
    b = keras.Input((3,), name="glass")
    h = layers.concatenate(
        [layers.Dense(32, activation="relu")(a), layers.Dense(16, activation="relu")(b)]
    )
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(32, activation="relu")(h)
    out = {k: layers.Dense(1, name=k)(layers.Dense(8, activation="relu")(h)) for k in y}
    model = keras.Model({"shape": a, "glass": b}, out)
    red = "sum_over_batch_size" if fixed else "sum"
    model.compile(
        optimizers.SGD(0.02, momentum=0.9),
        {k: keras.losses.MeanAbsoluteError(reduction=red) for k in y},
    )
    return model, {"shape": f32(shape), "glass": f32(glass)}, y, dict(batch_size=256, epochs=40)


@program("OK-u9-flat-sensor-beside", "regression+regression", "mse+mse", came_in="9b")
def ok_u9_flat_sensor_beside(rng, fixed):
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


# https://datascience.stackexchange.com/q/25704: a CNN with an output for each character of a
# handwritten word; loss ~125, "all predicted labels are a constant sequence". SGD in big steps on
# grey levels of 0..255; repaired with pixels in 0..1 (no accepted answer in the stored copy).
@program(
    "u10-word-of-three-outputs",
    "multiclass+multiclass+multiclass",
    "cce+cce+cce",
    where="model",
    came_in="10a",
)
def u10_word_of_three_outputs(rng, fixed):
    n = 1500
    parts = [scattered_digits(rng, n, 10) for _ in range(3)]
    x = np.concatenate([p[0] for p in parts], axis=2)[..., None]
    y = {f"char{i}": f32(np.eye(10)[p[1]]) for i, p in enumerate(parts)}
    inp = keras.Input(x.shape[1:])
    h = inp
    for filters in (16, 32):
        h = layers.Conv2D(filters, 3, padding="same", kernel_initializer="he_normal")(h)
        h = layers.MaxPooling2D()(layers.Activation("relu")(h))
    h = layers.Flatten()(layers.Dropout(0.25)(h))
    h = layers.Dense(128, activation="relu", kernel_constraint=constraints.MaxNorm(3))(h)
    out = {k: layers.Dense(10, activation="softmax", name=k)(h) for k in y}
    model = keras.Model(inp, out)
    model.compile(optimizers.SGD(0.01, momentum=0.9), dict.fromkeys(y, "categorical_crossentropy"))
    return model, f32(x if fixed else x * 255), y, dict(batch_size=32, epochs=15)


# DeepCrime "add weights regularisation" on the LeNet for UnityEyes: L1 in every layer. Two heads
# (pitch and yaw of the gaze), the pose of the head is a second input.
@program(
    "u10b-unityeyes-l1-everywhere", "regression+regression", "mse+mse", where="model", came_in="10b"
)
def u10b_unityeyes_l1_everywhere(rng, fixed):
    n = 500
    pitch, yaw = rng.uniform(-0.6, 0.6, (2, n))
    head = rng.uniform(-0.3, 0.3, (n, 2))
    r, c = np.mgrid[0:18, 0:30]
    row = 9 - 11 * (pitch - head[:, 0])[:, None, None]
    column = 15 + 15 * (yaw - head[:, 1])[:, None, None]
    eye = 0.8 - 0.7 * np.exp(-((r - row) ** 2 + (c - column) ** 2) / 9)
    eye = eye + rng.normal(0, 0.05, eye.shape)

    def reg():
        return None if fixed else regularizers.L1(0.02)

    picture, pose = keras.Input((18, 30, 1), name="eye"), keras.Input((2,), name="head")
    h = layers.Conv2D(12, 5, activation="relu", kernel_regularizer=reg())(picture)
    h = layers.MaxPooling2D(2)(h)
    h = layers.Conv2D(24, 3, activation="relu", kernel_regularizer=reg())(h)
    h = layers.Flatten()(layers.MaxPooling2D(2)(h))
    h = layers.Dense(64, activation="relu", kernel_regularizer=reg())(h)
    h = layers.Concatenate()([h, pose])
    heads = [layers.Dense(1, kernel_regularizer=reg(), name=s)(h) for s in ("pitch", "yaw")]
    model = keras.Model([picture, pose], heads)
    model.compile(optimizers.Adam(1e-3), loss=["mse", "mse"])
    x = {"eye": f32(eye)[..., None], "head": f32(head)}
    return model, x, [col(pitch), col(yaw)], dict(batch_size=32, epochs=20)


# Two outputs with two losses; of the second only an eighth of the variance can be known.
@program(
    "OK-b10-shop-visit-and-basket",
    "binary+regression",
    "bce+huber",
    came_in="10b",
    origin="written blind",
)
def ok_b10_shop_visit_and_basket(rng, fixed):
    n = 2500
    x = rng.normal(size=(n, 7))
    bought = x[:, 0] + x[:, 1] ** 2 - 1 + rng.normal(0, 0.4, n) > 0
    basket = 0.33 * x[:, 2] - 0.2 * x[:, 3] + rng.normal(size=n)
    inp = keras.Input((7,))
    h = layers.Dense(24, activation="swish")(inp)
    h = layers.BatchNormalization()(h)
    heads = {
        "bought": layers.Dense(1, activation="sigmoid", name="bought")(h),
        "basket": layers.Dense(1, name="basket")(h),
    }
    model = keras.Model(inp, heads)
    loss = {"bought": "binary_crossentropy", "basket": "huber"}
    model.compile(optimizers.Adam(1e-3), loss, loss_weights={"bought": 1.0, "basket": 0.2})
    y = {"bought": col(bought), "basket": col(basket)}
    return model, f32(x), y, dict(batch_size=32, epochs=15)


# StackOverflow, "multi-output model: all three heads constant": loss weights of 60 to 100
# that were meant to balance the heads act as a huge rate on the shared trunk, which dies.
@program("u11-three-heads-loss-weights", "regression", "mae", where="model", came_in="11a")
def three_heads(rng, fixed):
    x = f32(rng.standard_normal((2500, 8)))
    a = col(x[:, 0] + np.sin(2 * x[:, 1]))
    b = col(x[:, 2] * 0.8 - np.abs(x[:, 3]))
    c = col(x[:, 4] + 0.5 * x[:, 5] + 0.3 * x[:, 0])
    inp = keras.Input((8,))
    h = layers.Dense(64, activation="relu")(inp)
    h = layers.Dense(32, activation="relu")(h)
    names = ["level", "slope", "offset"]
    h = layers.Dense(16, activation="relu")(h)
    outs = [layers.Dense(1, name=k)(h) for k in names]
    model = keras.Model(inp, outs)
    weights = [1.0, 1.0, 1.0] if fixed else [80.0, 100.0, 60.0]
    model.compile(optimizers.SGD(0.02), loss=["mae"] * 3, loss_weights=weights)
    return model, x, [a, b, c], {"epochs": 25, "batch_size": 32}


# Two outputs: the first is learned at once, the second (a product of signs) only in the second
# half of the epochs.
@program("OK-u11-late-second-output", "regression", "mse", came_in="11b")
def late_second(rng, fixed):
    x = rng.uniform(0.3, 1, (2400, 5)) * rng.choice([-1, 1], (2400, 5))
    a = x[:, 0] + 0.5 * x[:, 1]
    b = np.sign(x[:, 2] * x[:, 3])
    inp = keras.Input((5,))
    h = layers.Dense(32, activation="tanh")(inp)
    h = layers.Dense(32, activation="tanh")(h)
    model = keras.Model(inp, [layers.Dense(1, name="easy")(h), layers.Dense(1, name="late")(h)])
    model.compile(optimizers.SGD(3e-3, momentum=0.9), ["mse", "mse"], loss_weights=[1.0, 0.15])
    return model, f32(x), [col(a), col(b)], {"epochs": 40, "batch_size": 32}


# Two heads (age and gender style) behind one trunk; clipnorm=1e-4 was meant to be clipvalue=1.
@program("u12-two-heads-clipnorm", "regression", "mse", where="model", came_in="12a")
def u12_two_heads_clipnorm(rng, fixed):
    x = rng.normal(size=(1200, 8))
    a = x[:, 0] * x[:, 1] + x[:, 2]
    b = np.tanh(x[:, 3] - x[:, 4]) + 0.5 * x[:, 5]
    y = {"a": col(zscore(a)), "b": col(zscore(b))}
    inp = keras.Input((8,))
    h = layers.Dense(48, activation="relu")(inp)
    h = layers.Dense(48, activation="relu")(h)
    outs = {}
    for k in ("a", "b"):
        small = initializers.RandomNormal(stddev=0.001)
        outs[k] = layers.Dense(1, kernel_initializer=small, name=k)(h)
    model = keras.Model(inp, outs)
    clip = {"clipvalue": 1.0} if fixed else {"clipnorm": 1e-4}
    opt = optimizers.SGD(0.03, momentum=0.9, **clip)
    model.compile(opt, {"a": "mse", "b": "mse"})
    return model, f32(x), y, dict(batch_size=32, epochs=25)


# Batch size one, outputs in a dict; "level" is learned at once, "flag" (a sign product) late.
@program("OK-u12-single-rows-dict", "regression", "mse", came_in="12b")
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
