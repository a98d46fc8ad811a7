"""Numbers, masks and pairs from images: where, how much, which pixels, the same or not."""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers, regularizers

from .data import (
    blobs_and_masks,
    digit_images,
    digit_images_int32,
    grey_shapes,
    raw_digit_images_int32,
    raw_digits,
)
from .registry import program
from .tools import col, f32, seq, std, zscore32, zscore_as_is


# GH-keras-2139: CNN regression of values in 0..1 from raw 0..255 patches, too high a rate.
@program(
    "GH-keras-2139",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    origin="public thread",
    # Raw pixels and Adam 0.1: all convolutions dead. Alone: the rate ends the constant.
    causes=("learning_rate_too_high", "dead_relu", "unscaled_input"),
)
def gh_keras_2139(r, fixed):
    y = r.random((800, 1))
    x = 255 * np.clip(y[:, :, None, None] + 0.2 * r.normal(size=(800, 12, 12, 1)), 0, 1)
    m = seq(
        (12, 12, 1),
        layers.Conv2D(8, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(1),
    )
    m.compile("adam" if fixed else optimizers.Adam(0.1), "mse")
    return m, f32(x / 255 if fixed else x), f32(y), dict(batch_size=32, epochs=8)


# Segmentation of small spots (4 % of the pixels) under the absolute error: all background.
@program(
    "imbalance-mae-pixels",
    "binary",
    "mae",
    where="data",
    came_in="by_cause",
    # Absolute error, 96 % background.
    causes=("imbalanced_target",),
)
def imbalance_mae_pixels(r, fixed):
    n, size = 300, 10
    y = np.zeros((n, size, size, 1))
    for image, (row, left) in zip(y, r.integers(0, size - 1, (n, 2)), strict=True):
        image[row : row + 2, left : left + 2] = 1
    x = y + 0.5 * r.normal(size=y.shape)
    m = seq(
        (size, size, 1),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.01), "binary_crossentropy" if fixed else "mae")
    return m, f32(x), f32(y), dict(batch_size=16, epochs=12)


# Two inputs; one list was sorted by file name, the targets and the other were not.
@program(
    "unpaired-images-angles",
    "regression",
    "mse",
    where="data",
    came_in="by_cause",
    # Rows of the images do not belong to the targets.
    causes=("no_signal",),
)
def unpaired_images_angles(r, fixed):
    y = r.uniform(0, 1, (3000, 1))
    x = y[:, :, None, None] + 0.3 * r.normal(size=(3000, 8, 8, 1))
    if not fixed:
        x = x[r.permutation(3000)]
    image, extra = keras.Input((8, 8, 1)), keras.Input((3,))
    h = layers.Conv2D(4, 3, activation="relu")(image)
    h = layers.Concatenate()([layers.GlobalAveragePooling2D()(h), extra])
    m = keras.Model([image, extra], layers.Dense(1)(layers.Dense(8, activation="relu")(h)))
    m.compile(optimizers.Adam(0.003), "mse")
    noise = f32(r.normal(size=(3000, 3)))
    return m, [f32(x), noise], std(y), dict(batch_size=32, epochs=8)


# Raw 0..255 images into a CNN with SGD and momentum.
@program("cnn-raw-pixels-sgd", "multiclass", "scce", where="model", came_in="1")
def cnn_raw_pixels_sgd(r, fixed):
    x, y = grey_shapes(r)
    if fixed:
        x = x / 255
    m = seq(
        (20, 20, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(3, activation="softmax"),
    )
    m.compile(
        optimizers.SGD(0.03, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, x, y, dict(batch_size=32, epochs=10 if not fixed else 15)


# Two inputs: a small picture and raw metadata (income, population) that swamp the picture.
@program("image-and-raw-metadata", "regression", "mse", where="model", came_in="1")
def image_and_raw_metadata(r, fixed):
    n = 900
    img = r.uniform(0, 0.3, (n, 12, 12, 1))
    k = r.integers(2, 10, n)
    for i in range(n):
        img[i, 1 : 1 + k[i], 2:9, 0] += 0.7
    meta = np.c_[r.normal(52000, 9000, n), r.gamma(2, 1e5, n), r.uniform(1950, 2020, n)]
    y = zscore32(0.8 * k + (meta[:, 0] - 52000) / 6000 + 0.2 * r.normal(size=n))
    a, b = keras.Input((12, 12, 1)), keras.Input((3,))
    h = layers.Conv2D(16, 3, activation="relu")(a)
    h = layers.Flatten()(layers.MaxPooling2D()(h))
    h = layers.Dense(32, activation="tanh")(layers.Concatenate()([h, b]))
    m = keras.Model([a, b], layers.Dense(1)(h))
    m.compile(optimizers.SGD(0.03), "mse")
    return (
        m,
        [f32(img), zscore32(meta) if fixed else f32(meta)],
        col(y),
        dict(batch_size=32, epochs=15),
    )


# Small U-Net with Conv2DTranspose and skips: "my U-Net predicts only black masks". Adam at 0.3.
@program("unet-black-masks", "regression", "bce", where="model", came_in="2")
def unet_black_masks(r, fixed):
    x, y = blobs_and_masks(r)

    def conv(f):
        return layers.Conv2D(f, 3, padding="same", activation="relu")

    i = keras.Input((16, 16, 1))
    a = conv(8)(i)
    b = conv(16)(layers.MaxPooling2D()(a))
    c = conv(24)(layers.MaxPooling2D()(b))
    u = layers.concatenate([layers.Conv2DTranspose(16, 2, 2, activation="relu")(c), b])
    u = conv(16)(u)
    u = layers.concatenate([layers.Conv2DTranspose(8, 2, 2, activation="relu")(u), a])
    o = layers.Conv2D(1, 1, activation="sigmoid")(conv(8)(u))
    m = keras.Model(i, o)
    m.compile(optimizers.Adam(0.003 if fixed else 0.3), "binary_crossentropy")
    return m, x / 255, y, dict(batch_size=16, epochs=10)


# TimeDistributed CNN and GRU; clipvalue=1e-6 was added "against exploding gradients".
@program("frames-timedistributed-clipvalue", "regression", "mse", where="model", came_in="2")
def frames_timedistributed_clipvalue(r, fixed):
    d, t = raw_digit_images_int32()
    pick = r.integers(0, len(d), (500, 4))
    x = d[pick] / 16
    y = zscore32(col((t[pick] >= 5).sum(1)))
    m = seq(
        (4, 8, 8, 1),
        layers.TimeDistributed(layers.Conv2D(8, 3, activation="relu")),
        layers.TimeDistributed(layers.Flatten()),
        layers.TimeDistributed(layers.Dense(24, activation="relu")),
        layers.GRU(16),
        layers.Dense(1, kernel_initializer=initializers.RandomNormal(stddev=0.02)),
    )
    m.compile(optimizers.SGD(0.1, momentum=0.9, clipvalue=0.1 if fixed else 1e-6), "mse")
    return m, f32(x), y, dict(batch_size=20, epochs=14)


# Siamese net, shared encoder: an activity regularizer of 5 on the embedding.
@program("siamese-activity-penalty", "binary", "bce", where="model", came_in="2")
def siamese_activity_penalty(r, fixed):
    d, t = raw_digit_images_int32()
    a = r.integers(0, len(d), 1500)
    same = r.random(1500) < 0.5
    order = np.argsort(t, kind="stable")
    lo, hi = np.searchsorted(t[order], t[a]), np.searchsorted(t[order], t[a], "right")
    b = np.where(same, order[r.integers(lo, hi)], r.integers(0, len(d), 1500))
    y = col(t[a] == t[b])
    encoder = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(
            32, activation="tanh", activity_regularizer=regularizers.L2(1e-5 if fixed else 5.0)
        ),
    )
    p, q = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    gap = ops.abs(encoder(p) - encoder(q))
    m = keras.Model([p, q], layers.Dense(1, activation="sigmoid")(gap))
    m.compile(optimizers.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    return m, [f32(d[a] / 16), f32(d[b] / 16)], y, dict(batch_size=32, epochs=20)


# Rendering pictures from parameters: Dense, Reshape, Conv2DTranspose; Adam(0.5, beta_1=0.5).
@program("render-conv2dtranspose", "regression", "mse", where="model", came_in="2")
def render_conv2dtranspose(r, fixed):
    p = r.uniform(-1, 1, (600, 3))
    g = np.mgrid[:12, :12].reshape(2, -1).T
    c = 5.5 + 3 * p[:, None, :2]
    y = np.exp(-((g[None] - c) ** 2).sum(-1) / (6 + 3 * p[:, 2:])).reshape(-1, 12, 12, 1)
    m = seq(
        (3,),
        layers.Dense(3 * 3 * 24, activation="relu"),
        layers.Reshape((3, 3, 24)),
        layers.Conv2DTranspose(16, 4, 2, padding="same", activation="relu"),
        layers.Conv2DTranspose(1, 4, 2, padding="same", activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.005 if fixed else 0.5, beta_1=0.5), "mse")
    return m, f32(p), f32(y), dict(batch_size=32, epochs=25)


# GH keras-team/keras#2134: one real value per image patch, L2(0.5) on the wide layers, dropout 0.7
# and SGD at 1e-5; the poster fought NaN with clipnorm and was left with the mean of the targets.
@program("patch-cnn-l2-dropout", "regression", "mse", where="model", came_in="3a")
def patch_cnn_l2_dropout(r, fixed):
    n = 1200
    x = f32(r.normal(size=(n, 16, 16, 1)))
    level = r.uniform(0.1, 1.0, n)
    x = f32(0.5 + 0.25 * x * level[:, None, None, None])
    y = f32(10 * level)[:, None]
    l2 = regularizers.L2(1e-5 if fixed else 0.5)
    drop = 0.1 if fixed else 0.7
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 5),
            layers.Activation("relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(100, kernel_regularizer=l2),
            layers.Activation("relu"),
            layers.Dropout(drop),
            layers.Dense(100, kernel_regularizer=l2),
            layers.Activation("relu"),
            layers.Dropout(drop),
            layers.Dense(1),
        ]
    )
    sgd = optimizers.SGD(1e-5, momentum=0.9, nesterov=True, clipnorm=100)
    model.compile(loss="mean_squared_error", optimizer=optimizers.Adam(1e-3) if fixed else sgd)
    return model, x, y, dict(batch_size=32, epochs=15)


# One-shot learning after the well-known paper: all weights N(0, 0.01) and Adam at 6e-5, both
# copied from a port whose data set was a thousand times larger; two unlike pairs for each like.
@program("siamese-one-shot-normal-001", "binary", "bce", where="model", came_in="4b")
def siamese_one_shot_normal_001(r, fixed):
    x, y = digit_images_int32()
    n = 1500
    first = r.integers(0, len(x), n)
    same = (r.random(n) < 1 / 3).astype(int)
    second = np.empty(n, int)
    for i in range(n):
        pool = np.flatnonzero((y == y[first[i]]) == bool(same[i]))
        second[i] = r.choice(pool)

    def init():
        return "he_normal" if fixed else initializers.RandomNormal(stddev=0.01)

    tower = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu", kernel_initializer=init()),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 2, activation="relu", kernel_initializer=init()),
        layers.Flatten(),
        layers.Dense(64, activation="sigmoid", kernel_initializer=init()),
    )
    a, b = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    gap = ops.abs(tower(a) - tower(b))
    out = layers.Dense(1, activation="sigmoid", kernel_initializer=init())(gap)
    model = keras.Model([a, b], out)
    model.compile(
        optimizers.Adam(2e-3 if fixed else 6e-5), "binary_crossentropy", metrics=["accuracy"]
    )
    return model, [x[first], x[second]], f32(same)[:, None], dict(epochs=8, batch_size=32)


@program("td-cnn-decay-for-momentum", "regression", "mse", where="model", came_in="5a")
def td_cnn_decay_for_momentum(r, fixed):
    """SGD(0.05, weight_decay=0.9) on a TimeDistributed CNN with a GRU: the 0.9 was meant for
    momentum."""
    n, T = 800, 6
    x = np.zeros((n, T, 10, 10, 1), "float32")
    v = r.integers(-1, 2, n)
    for i in range(n):
        c, w = int(r.integers(1, 9)), int(r.integers(0, 10))
        for k in range(T):
            x[i, k, c, (w + k) % 10] = 1
            x[i, k, c - 1, (w + k) % 10] = v[i] * 0.5
    y = x.sum((1, 2, 3, 4))
    y = zscore_as_is(y)[:, None]
    m = seq(
        (T, 10, 10, 1),
        layers.TimeDistributed(layers.Conv2D(8, 3, strides=2, activation="relu")),
        layers.TimeDistributed(layers.Flatten()),
        layers.GRU(16),
        layers.Dense(1),
    )
    m.compile(
        optimizers.SGD(0.05, momentum=0.9) if fixed else optimizers.SGD(0.05, weight_decay=0.9),
        "mse",
    )
    return m, x, y, dict(epochs=15, batch_size=32)


# SO "CNN converges to the same value whatever the input": images left in 0..255, SGD with momentum.
@program(
    "SO-cnn-pixels-255", "multiclass", "scce", where="model", came_in="6a", origin="public thread"
)
def so_cnn_pixels_255(rng, fixed):
    x, y = raw_digits()
    x = x.reshape(-1, 8, 8, 1) * 255 / 16
    if fixed:
        x = x / 255
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu", padding="same"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizers.SGD(0.02, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model, x, y, dict(batch_size=32, epochs=10)


def discs(rng, n, size):
    """Grey images with one bright disc each, the disc masks and the disc radii."""
    yy, xx = np.mgrid[:size, :size]
    img = np.zeros((n, size, size, 1))
    mask = np.zeros((n, size, size, 1))
    radius = rng.uniform(2, size / 4, n)
    for i in range(n):
        cx, cy = rng.uniform(size * 0.3, size * 0.7, 2)
        mask[i, ..., 0] = (xx - cx) ** 2 + (yy - cy) ** 2 <= radius[i] ** 2
        img[i] = 0.25 + 0.5 * mask[i] + rng.normal(0, 0.1, (size, size, 1))
    return f32(np.clip(img, 0, 1)), f32(mask), f32(radius[:, None])


# Radius of a disc from its image; the pixels stay at 0..255.
@program("img-radius-pixels", "regression", "mae", where="model", came_in="7a")
def radius_pixels(rng, fixed):
    """Regress one number on an image with a strided convolutional net."""
    img, _, radius = discs(rng, 900, 24)
    if not fixed:
        img = np.round(img * 255.0)
    model = keras.Sequential(
        [
            keras.Input((24, 24, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.SGD(learning_rate=0.005, momentum=0.9), loss="mae")
    return model, f32(img), radius, {"batch_size": 32, "epochs": 16}


# Small U-Net with focal loss; Nadam with learning rate 0.3.
@program("img-unet-focal-lr", "binary", "binary_focal_crossentropy", where="model", came_in="7a")
def unet_focal_lr(rng, fixed):
    """Segment a disc."""
    img, mask, _ = discs(rng, 480, 24)

    def block(h, filters):
        h = layers.Conv2D(filters, 3, padding="same", activation="relu")(h)
        return layers.Conv2D(filters, 3, padding="same", activation="relu")(h)

    inputs = keras.Input((24, 24, 1))
    d1 = block(inputs, 8)
    d2 = block(layers.MaxPooling2D()(d1), 16)
    mid = block(layers.MaxPooling2D()(d2), 32)
    u2 = block(layers.Concatenate()([layers.UpSampling2D()(mid), d2]), 16)
    u1 = block(layers.Concatenate()([layers.UpSampling2D()(u2), d1]), 8)
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(u1))
    model.compile(
        optimizers.Nadam(learning_rate=0.002 if fixed else 0.3),
        loss=keras.losses.BinaryFocalCrossentropy(gamma=2.0),
    )
    return model, img, mask, {"batch_size": 16, "epochs": 11}


# Siamese net on pairs of digits; epsilon=1.0 taken over from an Inception recipe.
@program("siamese-adam-epsilon", "binary", "bce", where="model", came_in="7a")
def siamese_adam_epsilon(rng, fixed):
    """Tell whether two digits are of the same class."""
    img, cls = digit_images()
    a = rng.integers(0, len(img), 2500)
    b = rng.integers(0, len(img), 2500)
    for k in range(0, 2500, 2):
        b[k] = rng.choice(np.flatnonzero(cls == cls[a[k]]))
    y = f32((cls[a] == cls[b])[:, None])
    tower = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(32),
        ]
    )
    left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    diff = layers.Subtract()([tower(left), tower(right)])
    diff = layers.Lambda(keras.ops.abs)(diff)
    model = keras.Model([left, right], layers.Dense(1, activation="sigmoid")(diff))
    opt = optimizers.Adam(learning_rate=0.001, epsilon=1e-7 if fixed else 1.0)
    model.compile(opt, loss="binary_crossentropy", metrics=["accuracy"])
    return model, [img[a], img[b]], y, {"batch_size": 32, "epochs": 10}


# https://github.com/ugent-korea/pytorch-unet-segmentation/issues/5 (and zhixuhao/unet/issues/133):
# the U-Net's mask is the same everywhere; "just solved this: reduce the learning rate".
def double_conv(h, filters):
    for _ in range(2):
        h = layers.Conv2D(filters, 3, padding="same", activation="relu")(h)
    return h


@program("u10-unet-white-mask", "regression", "bce", where="model", came_in="10a")
def u10_unet_white_mask(rng, fixed):
    n, size = 300, 24
    grid = np.arange(size)
    mask = np.zeros((n, size, size), bool)
    for _ in range(2):
        ci, cj, r = rng.uniform(4, 20, (2, n, 1, 1)).tolist() + [rng.uniform(3, 7, (n, 1, 1))]
        mask |= (grid[:, None] - ci) ** 2 + (grid[None] - cj) ** 2 < np.asarray(r) ** 2
    x = 0.3 + 0.4 * mask + rng.normal(0, 0.15, mask.shape)
    inp = keras.Input((size, size, 1))
    a = double_conv(inp, 8)
    b = double_conv(layers.MaxPooling2D()(a), 16)
    h = double_conv(layers.MaxPooling2D()(b), 32)
    h = double_conv(layers.concatenate([layers.UpSampling2D()(h), b]), 16)
    h = double_conv(layers.concatenate([layers.UpSampling2D()(h), a]), 8)
    h = layers.Conv2D(2, 3, padding="same", activation="relu")(h)
    model = keras.Model(inp, layers.Conv2D(1, 1, activation="sigmoid")(h))
    model.compile(optimizers.Adam(0.001 if fixed else 0.03), "binary_crossentropy")
    return model, f32(x)[..., None], f32(mask)[..., None], dict(batch_size=8, epochs=10)


# GitHub issue, "U-Net predicts background for every pixel": Adam at a rate of 0.5 instead of 5e-4.
@program("u11-nuclei-unet-adam-half", "binary", "bce", where="model", came_in="11a")
def nuclei_unet(rng, fixed):
    n, side = 240, 24
    row, column = np.mgrid[:side, :side]
    x = 0.15 * rng.standard_normal((n, side, side))
    y = np.zeros((n, side, side))
    for i in range(n):
        for _ in range(2):
            r, c = rng.integers(4, side - 4, 2)
            y[i][(row - r) ** 2 + (column - c) ** 2 < rng.integers(10, 26)] = 1
    x = x + 0.3 + 0.5 * y
    inp = keras.Input((side, side, 1))
    a = layers.Conv2D(8, 3, padding="same", activation="relu")(inp)
    b = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
    c = layers.Conv2D(32, 3, padding="same", activation="relu")(layers.MaxPooling2D()(b))
    d = layers.Concatenate()([layers.UpSampling2D()(c), b])
    d = layers.Conv2D(16, 3, padding="same", activation="relu")(d)
    e = layers.Concatenate()([layers.UpSampling2D()(d), a])
    e = layers.Conv2D(8, 3, padding="same", activation="relu")(e)
    model = keras.Model(inp, layers.Conv2D(1, 1, activation="sigmoid")(e))
    rate = 2e-3 if fixed else 0.5
    model.compile(optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], f32(y)[..., None], {"epochs": 15, "batch_size": 16}
