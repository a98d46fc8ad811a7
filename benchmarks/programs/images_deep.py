"""Deep image models: VGG, residual and mobile nets, fine tuning."""

import keras
import numpy as np
from keras import initializers, layers, optimizers, regularizers

from .data import (
    digits,
    first_digits,
    gratings,
    grey_shapes,
    raw_digit_images,
    raw_digit_images_int32,
    raw_digits,
    scattered_digits,
)
from .registry import program
from .tools import f32, onehot, seq, std


# GH-keras-8562: VGG-like stack for a roughness of 0..160, too high a rate.
@program(
    "GH-keras-8562",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    origin="public thread",
    # Adam 0.03: whole convolution layers dead. Alone: scaled targets do not repair it.
    causes=("learning_rate_too_high", "dead_relu"),
)
def gh_keras_8562(r, fixed):
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
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(1e-3) if fixed else optimizers.Adam(0.03), "mse")
    return m, f32(x), std(y) if fixed else f32(y), dict(batch_size=32, epochs=10)


# sim: CNN with sigmoids in ten layers on digits: stays at chance.
@program(
    "sim-deep-sigmoid-cnn",
    "multiclass",
    "scce",
    where="model",
    came_in="programs",
    # Seven sigmoid layers before the head. Alone: a higher rate does not help.
    causes=("vanishing_gradient",),
)
def sim_deep_sigmoid_cnn(r, fixed):
    x, y = digits(image=True)
    act = "relu" if fixed else "sigmoid"
    conv = [layers.Conv2D(8, 3, padding="same", activation=act) for _ in range(5)]
    m = seq(
        (8, 8, 1),
        *conv,
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(32, activation=act),
        layers.Dense(32, activation=act),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.Adam(0.003 if fixed else 0.001), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=10)


# BatchNormalization(gamma_initializer="zeros") as in zero-init ResNets, but without skips.
@program("zero-gamma-no-skip", "multiclass", "scce", where="model", came_in="1")
def zero_gamma_no_skip(r, fixed):
    x, y = grey_shapes(r)
    h = i = keras.Input((20, 20, 1))
    h = layers.Rescaling(1 / 255)(h)
    for f in (16, 32):
        for _ in range(2):
            h = layers.Conv2D(f, 3, padding="same", use_bias=False)(h)
            h = layers.BatchNormalization(
                momentum=0.8, gamma_initializer="zeros" if not fixed else "ones"
            )(h)
            h = layers.ReLU()(h)
        h = layers.MaxPooling2D()(h)
    h = layers.GlobalMaxPooling2D()(h)
    m = keras.Model(i, layers.Dense(3, activation="softmax")(h))
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=64, epochs=10)


# Nine conv layers started at N(0, 0.01) as in the AlexNet paper.
@program("vgg-normal-001", "multiclass", "scce", where="model", came_in="1")
def vgg_normal_001(r, fixed):
    x, y = grey_shapes(r, 900)
    k = initializers.RandomNormal(stddev=0.01) if not fixed else "he_normal"
    stack = []
    for f in (8, 16, 32):
        stack += [
            layers.Conv2D(f, 3, padding="same", activation="relu", kernel_initializer=k)
            for _ in range(3)
        ] + [layers.MaxPooling2D()]
    m = seq(
        (20, 20, 1),
        layers.Rescaling(1 / 255),
        *stack,
        layers.Flatten(),
        layers.Dense(32, activation="relu", kernel_initializer=k),
        layers.Dense(3, activation="softmax", kernel_initializer=k),
    )
    m.compile(
        optimizers.SGD(0.003, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, x, y, dict(batch_size=32, epochs=15)


# Separable convolutions (small Xception) with Adam at 0.3.
@program("separable-conv-adam", "multiclass", "scce", where="model", came_in="1")
def separable_conv_adam(r, fixed):
    x, y = grey_shapes(r, 900)
    m = seq(
        (20, 20, 1),
        layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.SeparableConv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.SeparableConv2D(32, 3, activation="relu"),
        layers.GlobalMaxPooling2D(),
        layers.Dense(32, activation="relu"),
        layers.Dense(3, activation="softmax"),
    )
    m.compile(optimizers.Adam(0.3 if not fixed else 0.003), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=15, validation_split=0.1)


# Transfer learning: a frozen nested base whose features are in the hundreds, a new head with
# SGD 0.1.
@program("frozen-base-new-head", "multiclass", "scce", where="model", came_in="2")
def frozen_base_new_head(r, fixed):
    x, y = raw_digit_images_int32()
    base = seq(
        (8, 8, 1),
        layers.Conv2D(24, 3, activation="relu", kernel_initializer="he_normal"),
        layers.Conv2D(32, 3, activation="relu", kernel_initializer="he_normal"),
        layers.Flatten(),
    )
    base.trainable = False
    i = keras.Input((8, 8, 1))
    h = base(layers.Rescaling(255 / 16)(i), training=False)
    h = layers.Dense(64, activation="relu")(layers.Dropout(0.2)(h))
    m = keras.Model(i, layers.Dense(10, activation="softmax")(h))
    m.compile(
        optimizers.SGD(1e-5 if fixed else 0.01),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m, x, y, dict(batch_size=32, epochs=20, validation_split=0.1)


# GH geifmany/cifar-vgg#1: the repository's VGG script trained from scratch, SGD 0.1 with momentum:
# loss nan, accuracy 0.10 from the first epochs; 0.01 made it work.
@program("vgg-from-scratch-sgd", "multiclass", "cce", where="model", came_in="3a")
def vgg_from_scratch_sgd(r, fixed):
    x, t = raw_digit_images()
    x = (x - x.mean()) / (x.std() + 1e-7)
    decay = regularizers.L2(5e-4)

    def conv(f):
        return layers.Conv2D(f, 3, padding="same", activation="relu", kernel_regularizer=decay)

    model = keras.Sequential(
        [keras.Input((8, 8, 1)), conv(16), layers.Dropout(0.3), conv(16), layers.MaxPooling2D(2)]
        + [conv(32), layers.Dropout(0.4), conv(32), layers.MaxPooling2D(2), layers.Flatten()]
        + [layers.Dense(64, activation="relu", kernel_regularizer=decay), layers.Dropout(0.5)]
        + [layers.Dense(10), layers.Activation("softmax")]
    )
    rate = 0.01 if fixed else 0.1
    sgd = optimizers.SGD(
        optimizers.schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=1e-6),
        momentum=0.9,
        nesterov=True,
    )
    model.compile(loss="categorical_crossentropy", optimizer=sgd, metrics=["accuracy"])
    return model, x[:1200], onehot(t[:1200], 10), dict(batch_size=32, epochs=12)


# GH rcmalli/keras-vggface#43: fine tuning on a frozen base with new fc6, fc7, fc8 layers under
# SGD(1e-5); val_loss never improves and the accuracy does not move.
@program("vggface-fine-tune", "multiclass", "cce", where="model", came_in="3a")
def vggface_fine_tune(r, fixed):
    x, t = raw_digit_images()
    keep = t < 7
    x, t = x[keep] / 16.0, t[keep]
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(12, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(24, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2, name="pool5"),
        ]
    )
    base.trainable = False
    h = layers.Flatten(name="flatten")(base.get_layer("pool5").output)
    h = layers.Dense(128, activation="relu", name="fc6")(h)
    h = layers.Dense(128, activation="relu", name="fc7")(h)
    model = keras.Model(base.inputs, layers.Dense(7, activation="softmax", name="fc8")(h))
    sgd = optimizers.SGD(learning_rate=0.05 if fixed else 1e-5, momentum=0.9)
    model.compile(optimizer=sgd, loss=["categorical_crossentropy"], metrics=["accuracy"])
    y = onehot(t, 7)
    kw = dict(batch_size=32, epochs=12, validation_data=(x[1000:], y[1000:]))
    return model, x[:1000], y[:1000], kw


# DeepCrime "remove batch normalization": the layers that made a rate of 1 bearable are gone.
@program(
    "DC-no-batchnorm-digits",
    "multiclass",
    "scce",
    where="model",
    came_in="3b",
    origin="published study",
)
def dc_no_batchnorm_digits(r, fixed):
    x, y = first_digits(1200, image=False)
    model = keras.Sequential([keras.Input((64,))])
    for width in (64, 48, 32):
        model.add(layers.Dense(width, use_bias=not fixed))
        if fixed:
            model.add(layers.BatchNormalization())
        model.add(layers.ReLU())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizers.SGD(1.0, momentum=0.5), "sparse_categorical_crossentropy")
    return model, x, y, dict(epochs=12, batch_size=32)


@program("finetune-unfrozen-adam-01", "multiclass", "scce", where="model", came_in="5b")
def finetune_unfrozen_adam_01(r, fixed):
    """Cats/dogs fine-tuning: a whole pretrained conv net unfrozen with a rate far too high; fix is
    a small rate."""
    X, y = raw_digits()
    X = (X / 16).reshape(-1, 8, 8, 1)

    def c(f):
        return layers.Conv2D(f, 3, padding="same", activation="relu")

    base = seq(
        (8, 8, 1),
        c(16),
        c(16),
        layers.MaxPooling2D(2),
        c(32),
        c(32),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
    )
    pre = keras.Sequential([base, layers.Dense(5, activation="softmax")])
    a = y < 5
    pre.compile("adam", "sparse_categorical_crossentropy")
    pre.fit(X[a], y[a], epochs=2, verbose=0)
    m = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            base,
            layers.Dense(64, activation="relu"),
            layers.Dense(5, activation="softmax"),
        ]
    )
    m.compile(
        optimizers.Adam(0.05 if not fixed else 5e-4),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m, X[~a], y[~a] - 5, dict(epochs=14, batch_size=32)


# The zero gamma meant for the last norm of a residual branch, given to every norm of a plain CNN.
@program("unseen8-cnn-bn-zero-gamma", "multiclass", "scce", where="model", came_in="8a")
def unseen8_cnn_bn_zero_gamma(rng, fixed):
    x, y = gratings(rng, 6000, 8, 20)
    gamma = "ones" if fixed else "zeros"
    model = keras.Sequential([keras.Input((20, 20, 1))])
    for filters in (12, 24):
        model.add(layers.Conv2D(filters, 3, use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9, gamma_initializer=gamma))
        model.add(layers.Activation("relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(8, activation="softmax"))
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy")
    return model, f32(x), y, {"batch_size": 32, "epochs": 6}


# The keep probability of another library given as the drop rate.
@program("unseen8-separable-residual-dropout", "multiclass", "scce", where="model", came_in="8a")
def unseen8_separable_residual_dropout(rng, fixed):
    x, y = gratings(rng, 4500, 6, 18)
    rate = 0.01 if fixed else 0.99
    inputs = keras.Input((18, 18, 1))
    hidden = layers.Conv2D(16, 3, activation="relu")(inputs)
    hidden = layers.Dropout(rate)(hidden)
    for _ in range(2):
        side = layers.SeparableConv2D(16, 3, padding="same", activation="relu")(hidden)
        side = layers.Dropout(rate)(side)
        hidden = hidden + side
    hidden = layers.GlobalAveragePooling2D()(hidden)
    hidden = layers.Dropout(rate)(layers.Dense(32, activation="relu")(hidden))
    model = keras.Model(inputs, layers.Dense(6, activation="softmax")(hidden))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    return model, f32(x - 0.5), y, {"batch_size": 32, "epochs": 6}


# "VGG16 and VGG19 not doing any learning during training, although AlexNet performs well"
# (StackOverflow; https://taourl.com/read-2225243.html): from scratch with N(0, 0.01) kernels the
# signal dies on the way down; answer of the He paper: scale them by the fan-in.
@program("u10-vgg-from-scratch", "multiclass", "scce", where="model", came_in="10a")
def u10_vgg_from_scratch(rng, fixed):
    x, y = scattered_digits(rng, 800, 8, 2)
    init = "he_normal" if fixed else initializers.RandomNormal(0, 0.01)
    opt = dict(activation="relu", kernel_initializer=init)
    h = inp = keras.Input((16, 16, 1))
    for filters, depth in ((8, 2), (16, 2), (24, 3), (24, 3)):
        for _ in range(depth):
            h = layers.Conv2D(filters, 3, padding="same", **opt)(h)
        h = layers.MaxPooling2D()(h)
    h = layers.Flatten()(h)
    for _ in range(2):
        h = layers.Dense(64, **opt)(h)
    model = keras.Model(inp, layers.Dense(10, activation="softmax", kernel_initializer=init)(h))
    model.compile(
        optimizers.SGD(0.01, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, f32(x)[..., None], y, dict(batch_size=16, epochs=15)


# RetinaNet's prior bias -4.6 given to every layer rather than to the last one: all units are dead.
@program("u12-prior-bias-everywhere", "multilabel", "bce", where="model", came_in="12a")
def u12_prior_bias_everywhere(rng, fixed):
    n, w = 900, 16
    y = (rng.random((n, 3)) < 0.35).astype("int32")
    x = 0.08 * rng.normal(size=(n, w, w, 1))
    stamps = np.zeros((3, 4, 4))
    stamps[0] = 1.0
    stamps[1] = np.eye(4) * 2
    stamps[2, 1:3] = 1.5
    for i in range(n):
        for k in np.flatnonzero(y[i]):
            r, c = rng.integers(0, w - 4, 2)
            x[i, r : r + 4, c : c + 4, 0] += stamps[k]
    prior = initializers.Constant(-4.6)
    b = "zeros" if fixed else prior
    model = keras.Sequential(
        [
            keras.Input((w, w, 1)),
            layers.Conv2D(16, 3, activation="relu", padding="same", bias_initializer=b),
            layers.Conv2D(32, 3, activation="relu", strides=2, bias_initializer=b),
            layers.GlobalMaxPooling2D(),
            layers.Dense(32, activation="relu", bias_initializer=b),
            layers.Dense(3, activation="sigmoid", bias_initializer=prior),
        ]
    )
    model.compile(optimizers.Adam(0.004), "binary_crossentropy", metrics=["binary_accuracy"])
    return model, f32(x), f32(y), dict(batch_size=32, epochs=20)
