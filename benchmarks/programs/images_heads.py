"""Images whose head or hidden activation cannot give the answer."""

import keras
import numpy as np
from keras import layers, ops, optimizers
from sklearn import datasets

from .data import blob_images, blobs_and_masks, digit_images, digits_int32, raw_digits
from .registry import program
from .tools import col, f32, seq, shuffled


# Segmentation with a softmax over its single channel.
@program(
    "head-softmax-one-channel",
    "binary",
    "bce",
    where="activation",
    came_in="by_cause",
    # Softmax over one channel is exactly 1.
    causes=("output_activation",),
)
def head_softmax_one_channel(r, fixed):
    n, size = 300, 10
    y = np.zeros((n, size, size, 1))
    for image, (row, left) in zip(y, r.integers(0, size - 4, (n, 2)), strict=True):
        image[row : row + 4, left : left + 4] = 1
    x = y + 0.5 * r.normal(size=y.shape)
    m = seq(
        (size, size, 1),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return m, f32(x), f32(y), dict(batch_size=16, epochs=10)


# Age estimation (1..90) by a CNN with Activation("sigmoid") behind the last Dense.
@program("age-cnn-sigmoid", "regression", "mae", where="activation", came_in="1")
def age_cnn_sigmoid(r, fixed):
    n = 900
    x = r.uniform(0, 0.3, (n, 16, 16, 1))
    y = r.uniform(1, 90, n)
    for i in range(n):
        k = 1 + int(y[i] / 90 * 12)
        x[i, 2 : 2 + k, 3:12, 0] += 0.6
    m = seq(
        (16, 16, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(1),
        layers.Activation("sigmoid" if not fixed else "linear"),
    )
    m.compile("adam", "mae")
    return m, f32(x), col(y), dict(batch_size=32, epochs=12)


# Counting spots: the ReLU6 of MobileNet on the last layer too; 10..60 spots.
@program("count-relu6-head", "regression", "mse", where="activation", came_in="1")
def count_relu6_head(r, fixed):
    n = 800
    y = r.integers(10, 60, n)
    x = np.zeros((n, 256))
    for i in range(n):
        x[i, r.choice(256, y[i], replace=False)] = 1
    m = seq(
        (16, 16, 1),
        layers.Conv2D(8, 3, padding="same"),
        layers.ReLU(6.0),
        layers.MaxPooling2D(2),
        layers.Conv2D(16, 3, padding="same"),
        layers.ReLU(6.0),
        layers.GlobalAveragePooling2D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1),
    )
    if not fixed:
        m.add(layers.ReLU(6.0))
    m.compile(optimizers.Adam(0.01), "mse")
    return m, f32(x.reshape(n, 16, 16, 1)), col(y), dict(batch_size=32, epochs=25)


# Depth maps (2..60 m) from a Conv2DTranspose decoder that ends in tanh, as in a GAN tutorial.
@program("depth-map-tanh", "regression", "mae", where="activation", came_in="2")
def depth_map_tanh(r, fixed):
    x, y = blobs_and_masks(r)
    depth = f32(40 - 25 * y + 8 * (x / 255 - 0.4))
    m = seq(
        (16, 16, 1),
        layers.Conv2D(12, 3, strides=2, padding="same"),
        layers.LeakyReLU(0.2),
        layers.Conv2D(24, 3, padding="same"),
        layers.LeakyReLU(0.2),
        layers.Conv2DTranspose(12, 4, 2, padding="same"),
        layers.LeakyReLU(0.2),
        layers.Conv2D(1, 3, padding="same", activation=None if fixed else "tanh"),
    )
    m.compile(optimizers.Adam(0.005), "mae")
    return m, x / 255, depth, dict(batch_size=16, epochs=12)


@program("softmax-one-unit-cnn", "binary", "bce", where="activation", came_in="5a")
def softmax_one_unit_cnn(r, fixed):
    """Two-class CNN ending in Dense(1, softmax)."""
    X, t = digit_images()
    k = np.isin(t, (1, 2, 3, 5, 7, 8, 9))
    X, y = X[k], f32(t[k] >= 5)[:, None]
    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dropout(0.25),
        layers.Dense(32, activation="relu"),
        layers.Dense(1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, X, y, dict(epochs=10, batch_size=32)


@program("relu-threshold-6", "multiclass", "scce", where="activation", came_in="5a")
def relu_threshold_6(r, fixed):
    """ReLU6 as in MobileNet written ReLU(threshold=6) for ReLU(max_value=6): everything below six
    is cut to zero."""
    X, t = digit_images()

    def act():
        return layers.ReLU(max_value=6.0) if fixed else layers.ReLU(threshold=6.0)

    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, padding="same"),
        act(),
        layers.DepthwiseConv2D(3, padding="same"),
        act(),
        layers.Conv2D(32, 1),
        act(),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, X, t, dict(epochs=10, batch_size=32)


def blobs(n, r, w=16):
    """Noisy images with one bright rectangle, and its mask."""
    X = 0.3 * r.normal(size=(n, w, w, 1))
    Y = np.zeros((n, w, w, 1))
    for i in range(n):
        h, v = r.integers(4, 8, 2)
        a, b = r.integers(0, w - h), r.integers(0, w - v)
        X[i, a : a + h, b : b + v] += 1
        Y[i, a : a + h, b : b + v] = 1
    return f32(X), f32(Y)


@program("segmentation-softmax-one-channel", "binary", "bce", where="activation", came_in="5b")
def segmentation_softmax_one_channel(r, fixed):
    """SO, many times: Conv2D(1, 1, activation='softmax') as mask output is 1 at every pixel; fix
    sigmoid."""
    X, Y = blobs(400, r)
    m = seq(
        (16, 16, 1),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile(optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
    return m, X, Y, dict(epochs=13, batch_size=16)


@program("cnn-all-sigmoid", "multiclass", "scce", where="activation", came_in="5b")
def cnn_all_sigmoid(r, fixed):
    """Deep CNN with sigmoid in every conv and dense layer, 10% accuracy forever
    (AUTOTRAINER/DeepLocalize kind); fix relu."""
    X, y = raw_digits()
    a = "relu" if fixed else "sigmoid"

    def c(f):
        return layers.Conv2D(f, 3, padding="same", activation=a)

    m = seq(
        (8, 8, 1),
        c(12),
        c(12),
        layers.MaxPooling2D(2),
        c(16),
        c(16),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(32, activation=a),
        layers.Dense(32, activation=a),
        layers.Dense(10, activation="softmax"),
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, (X / 16).reshape(-1, 8, 8, 1), y, dict(epochs=8, batch_size=32)


# Usual: counting objects in an image with a sigmoid left at the output: always 1.
@program("usual-cnn-count-sigmoid-output", "regression", "mae", where="activation", came_in="6a")
def usual_cnn_count_sigmoid_output(rng, fixed):
    n = 900
    y = rng.integers(1, 10, n)
    x = np.zeros((n, 20, 20, 1))
    for i in range(n):
        for a, b in rng.integers(0, 18, (y[i], 2)):
            x[i, a : a + 2, b : b + 2] = 1
    model = keras.Sequential(
        [
            keras.Input((20, 20, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="sigmoid" if not fixed else None),
        ]
    )
    model.compile("adam", "mae")
    return model, f32(x), col(y), dict(batch_size=32, epochs=15)


# vanishing gradient: a deep stack of sigmoid convolutions
@program("AT-digits-deep-conv-sigmoid", "multiclass", "scce", where="activation", came_in="6b")
def at_digits_deep_conv_sigmoid(rng, fixed):
    x, y = digits_int32(image=True)
    act = "relu" if fixed else "sigmoid"
    m = keras.Sequential([keras.Input((8, 8, 1))])
    for _ in range(6):
        m.add(layers.Conv2D(8, 3, padding="same", activation=act))
    m.add(layers.Flatten())
    m.add(layers.Dense(32, activation=act))
    m.add(layers.Dense(10, activation="softmax"))
    m.compile(optimizers.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=32, epochs=15)


# ReLU on the output of a CNN whose targets, levels in dB, are all negative
@program("DL-blob-cnn-relu-output-db", "regression", "mae", where="activation", came_in="6b")
def dl_blob_cnn_relu_output_db(rng, fixed):
    x, c, s = blob_images(rng)
    level = -30.0 + 8.0 * s + 4.0 * c[:, :1]
    m = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation=None if fixed else "relu"),
        ]
    )
    m.compile(optimizers.Adam(2e-3), "mae")
    return m, x, level.astype("float32"), dict(batch_size=32, epochs=30)


# Seven convolutions with sigmoid activations.
@program("act-deep-cnn-sigmoid", "multiclass", "scce", where="activation", came_in="7a")
def deep_cnn_sigmoid(rng, fixed):
    """Classify digits with a deep plain convolutional net."""
    img, cls = digit_images()
    order = rng.permutation(len(img))[:1200]
    act = "relu" if fixed else "sigmoid"
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for filters in (8, 8, 16, 16, 16, 16, 16):
        model.add(layers.Conv2D(filters, 3, padding="same", activation=act))
    model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(32, activation=act))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, img[order], cls[order][:, None], {"batch_size": 32, "epochs": 10}


# Mish written by hand, x * tanh(log(1 + exp(x))): on pictures of 0..255 exp overflows, and the
# gradient of the logarithm is inf / inf. The built-in "mish" is safe.
@program("u9-mish-by-hand-overflows", "multiclass", "scce", where="activation", came_in="9a")
def u9_mish_by_hand_overflows(rng, fixed):
    d = datasets.load_digits()
    x = np.kron(d.images, np.ones((1, 2, 2)))[:1000] * 255 / 16

    def mish(z):
        return z * ops.tanh(ops.log(1 + ops.exp(z)))

    act = keras.activations.mish if fixed else mish
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(12, 3, strides=2, activation=act),
            layers.Conv2D(24, 3, strides=2, activation=act),
            layers.Flatten(),
            layers.Dense(48, activation=act),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], d.target[:1000], dict(batch_size=32, epochs=12)


# AUTOTRAINER "vanishing gradient", DeepCrime "change activation function" on the driving network:
# ELU became sigmoid in every hidden layer.
@program("u10b-driving-cnn-sigmoids", "regression", "mse", where="activation", came_in="10b")
def u10b_driving_cnn_sigmoids(rng, fixed):
    n = 500
    bend, shift = rng.uniform(-1, 1, (2, n))
    r = np.arange(16)[:, None] / 15
    c = np.arange(32)
    middle = 16 + 8 * shift[:, None, None] * r + 10 * bend[:, None, None] * (1 - r) ** 2
    road = np.exp(-((c - middle) ** 2) / (2 + 20 * r)) + rng.normal(0, 0.1, (n, 16, 32))
    steering = 0.6 * bend - 0.3 * shift + rng.normal(0, 0.03, n)
    act = "elu" if fixed else "sigmoid"
    model = keras.Sequential([keras.Input((16, 32, 1))])
    for filters, kernel, stride in ((12, 5, 2), (18, 3, 2), (24, 3, 1)):
        model.add(layers.Conv2D(filters, kernel, stride, padding="same", activation=act))
    model.add(layers.Flatten())
    for units in (60, 40, 20, 10):
        model.add(layers.Dense(units, activation=act))
    model.add(layers.Dense(1))
    model.compile(optimizers.Adam(5e-4), "mse")
    return model, f32(road)[..., None], col(steering), dict(batch_size=32, epochs=15)


# StackOverflow, "CNN for counting cells always gives 1.0": counts of 3 to 25 under a sigmoid head.
@program("u11-cell-count-sigmoid-head", "regression", "mae", where="activation", came_in="11a")
def cell_count(rng, fixed):
    n, side = 600, 20
    x = 0.05 * rng.standard_normal((n, side, side))
    count = rng.integers(3, 26, n)
    for i in range(n):
        place = rng.choice(side * side, count[i], replace=False)
        x[i].reshape(-1)[place] += 1.0
    model = keras.Sequential(
        [
            keras.Input((side, side, 1)),
            layers.Conv2D(8, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu", padding="same"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation=None if fixed else "sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "mae")
    return model, f32(x)[..., None], col(count), {"epochs": 20, "batch_size": 32}


# ReLU6 spelled as ReLU(threshold=6) in a small MobileNet-like net: nothing ever passes 6.
@program("u12-relu-threshold-6", "multiclass", "scce", where="activation", came_in="12a")
def u12_relu_threshold_6(rng, fixed):
    d = datasets.load_digits()
    x, y = shuffled(rng, d.data.reshape(-1, 8, 8, 1) / 16.0, d.target)

    def relu6():
        return layers.ReLU(max_value=6.0) if fixed else layers.ReLU(threshold=6.0)

    inp = keras.Input((8, 8, 1))
    h = layers.Conv2D(16, 3, padding="same", use_bias=False)(inp)
    h = relu6()(layers.BatchNormalization(momentum=0.9)(h))
    for f in (24, 32):
        h = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(h)
        h = relu6()(layers.BatchNormalization(momentum=0.9)(h))
        h = layers.Conv2D(f, 1, use_bias=False)(h)
        h = relu6()(layers.BatchNormalization(momentum=0.9)(h))
        h = layers.MaxPooling2D()(h)
    h = layers.Flatten()(h)
    model = keras.Model(inp, layers.Dense(10, activation="softmax")(h))
    model.compile(optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), y.astype("int32"), dict(batch_size=64, epochs=10)


def dice_loss(true, pred):
    both = ops.sum(true * pred, axis=(1, 2, 3))
    total = ops.sum(true, axis=(1, 2, 3)) + ops.sum(pred, axis=(1, 2, 3))
    return 1 - ops.mean((2 * both + 1) / (total + 1))


# Segmentation with a one-channel mask, Dice loss and softmax over the channels (a frequent U-Net
# question): each pixel is foreground.
@program("u12-unet-softmax-mask", "multilabel", "custom", where="activation", came_in="12a")
def u12_unet_softmax_mask(rng, fixed):
    n, w = 300, 16
    r, c = np.mgrid[:w, :w]
    mask = np.zeros((n, w, w, 1))
    for i in range(n):
        for _ in range(2):
            a, b, s = rng.uniform(3, 13), rng.uniform(3, 13), rng.uniform(2, 4.5)
            mask[i, (r - a) ** 2 + (c - b) ** 2 < s * s] = 1
    x = 0.3 + 0.4 * mask + 0.12 * rng.normal(size=mask.shape)
    inp = keras.Input((w, w, 1))
    c1 = layers.Conv2D(8, 3, activation="relu", padding="same")(inp)
    c2 = layers.Conv2D(16, 3, activation="relu", padding="same")(layers.MaxPooling2D()(c1))
    up = layers.Concatenate()([layers.UpSampling2D()(c2), c1])
    h = layers.Conv2D(8, 3, activation="relu", padding="same")(up)
    head = "sigmoid" if fixed else "softmax"
    model = keras.Model(inp, layers.Conv2D(1, 1, activation=head)(h))
    model.compile(optimizers.Adam(0.003), dice_loss, metrics=["binary_accuracy"])
    return model, f32(x), f32(mask), dict(batch_size=16, epochs=15)
