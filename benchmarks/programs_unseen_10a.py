"""Small Keras programs rebuilt after published reports of collapsing networks (ids u10-...).

Same format as the other programs_unseen files: P maps an id to (task, loss, builder);
builder(rng, fixed) returns (model, x, y, fit_kwargs); WHERE says what kind of repair is needed.
Only keras and numpy/scikit-learn; no downloads; nothing that is bound to one backend.
The comment above each program names the report; its data are imitated, its sizes are cut down.
"""

import keras
import numpy as np
from keras import constraints, initializers, layers, optimizers, regularizers
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


def zscore(a):
    a = np.asarray(a, "float64")
    return (a - a.mean(0)) / a.std(0)


def digit_images(rng, n, size=12, zoom=1):
    """n scikit-learn digits (values 0..1), each at a random place on an empty square."""
    d = datasets.load_digits()
    pick = rng.integers(0, len(d.target), n)
    x = np.zeros((n, size, size))
    for row, (i, j), k in zip(x, rng.integers(0, size - 7, (n, 2)), pick, strict=True):
        row[i : i + 8, j : j + 8] = d.images[k] / 16
    return np.kron(x, np.ones((1, zoom, zoom))), d.target[pick]


def topic_texts(rng, n, topics, vocab, length, share=0.25):
    """Texts of word numbers; each topic has its own words, a share of a text is from there."""
    label = rng.integers(0, topics, n)
    size = vocab // 4 // topics
    own = rng.integers(1, size, (n, length)) + size * label[:, None]
    other = rng.integers(vocab // 4, vocab, (n, length))
    return np.where(rng.random((n, length)) < share, own, other).astype("int32"), label


# ------------------------------------------------------------------ faults in the model


# https://stackoverflow.com/questions/52800582 "Why do I fail to predict y=x**4 with Keras?"
# x in -100..100 saturates the sigmoids and y goes up to 1e8; answer: scale both.
@prog("u10-x-to-the-fourth-raw", "regression", "mse", "model")
def _(rng, fixed):
    x = rng.uniform(-100, 100, 4000)
    y = x**4
    if fixed:
        x, y = x / 100, y / 1e8
    model = keras.Sequential(
        [
            keras.Input((1,)),
            layers.Dense(50, activation="sigmoid"),
            layers.Dense(50, activation="elu"),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mse")
    return model, col(x), col(y), dict(batch_size=16, epochs=20)


# https://github.com/huggingface/transformers/issues/735 "BERT ... same output for all inputs":
# Adam with 0.01; "changing my learning rate from 0.01 to 5e-5 worked for me" (here: untrained
# weights, so 5e-4).
def encoder_block(h, heads, width):
    a = layers.MultiHeadAttention(heads, width // heads)(h, h)
    h = layers.LayerNormalization(epsilon=1e-6)(layers.add([h, layers.Dropout(0.1)(a)]))
    f = layers.Dense(width)(layers.Dense(4 * width, activation="gelu")(h))
    return layers.LayerNormalization(epsilon=1e-6)(layers.add([h, layers.Dropout(0.1)(f)]))


@prog("u10-small-bert-rate", "multiclass", "scce", "model")
def _(rng, fixed):
    length, width = 24, 32
    x, y = topic_texts(rng, 1100, 4, 800, length)
    inp = keras.Input((length,), dtype="int32")
    place = np.broadcast_to(np.arange(length, dtype="int32"), x.shape)
    pos = keras.Input((length,), dtype="int32")
    h = layers.add([layers.Embedding(800, width)(inp), layers.Embedding(length, width)(pos)])
    for _ in range(4):
        h = encoder_block(h, 4, width)
    h = layers.Dense(width, activation="tanh")(h[:, 0])
    model = keras.Model([inp, pos], layers.Dense(4, activation="softmax")(h))
    model.compile(
        optimizers.Adam(5e-4 if fixed else 0.01),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, [x, np.array(place)], y, dict(batch_size=16, epochs=10)


# https://github.com/tensorflow/tensorflow/issues/39432 "tf.keras behaves wrongly in autoencoder
# setup": the blog's optimizer="adadelta" now means a rate of 0.001 where it once meant 1.0.
@prog("u10-blog-autoencoder-adadelta", "regression", "bce", "model")
def _(rng, fixed):
    x = f32(digit_images(rng, 4000, 10, 2)[0]).reshape(4000, -1)
    inp = keras.Input((x.shape[1],))
    code = layers.Dense(32, activation="relu")(inp)
    model = keras.Model(inp, layers.Dense(x.shape[1], activation="sigmoid")(code))
    model.compile(optimizers.Adadelta(1.0 if fixed else 0.001), "binary_crossentropy")
    return model, x, x, dict(batch_size=32, epochs=20)


# https://datascience.stackexchange.com/questions/60487 "Why does only Adam perform well in my
# case?": texts with several labels; with FTRL, Adagrad or plain descent at their defaults next to
# nothing is right, the poster's way out is Adam.
@prog("u10-text-labels-ftrl", "multilabel", "mse", "model")
def _(rng, fixed):
    n, vocab, tags, length = 3000, 2000, 8, 40
    y = rng.random((n, tags)) < 0.25
    x = rng.integers(200, vocab, (n, length))
    for t in range(tags):
        words = rng.integers(20 * t, 20 * t + 20, (n, 5))
        where = rng.integers(0, length // tags, (n, 5)) * tags + t
        rows = np.flatnonzero(y[:, t])
        x[rows[:, None], where[rows]] = words[rows]
    model = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            layers.Embedding(vocab, 32),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(tags, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam() if fixed else optimizers.Ftrl(), "mse", metrics=["accuracy"])
    return model, x.astype("int32"), f32(y), dict(batch_size=32, epochs=10)


# https://github.com/keras-team/keras/issues/2711 "Loss not changing when training": two LSTMs on
# texts with RMSprop(lr=0.1); "lower the learning rate (0.1 converges too fast ...)".
@prog("u10-text-lstm-rmsprop-tenth", "multiclass", "cce", "model")
def _(rng, fixed):
    x, y = topic_texts(rng, 1000, 6, 1000, 40, share=0.15)
    model = keras.Sequential(
        [
            keras.Input((40,), dtype="int32"),
            layers.Embedding(1000, 32),
            layers.LSTM(32, return_sequences=True),
            layers.LSTM(16),
            layers.Dense(6, activation="softmax"),
        ]
    )
    model.compile(
        optimizers.RMSprop(0.001 if fixed else 0.1),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, x, f32(np.eye(6)[y]), dict(batch_size=32, epochs=10)


# http://pullrequest.ru/10248037 (StackOverflow: "CNN in Keras converges to the same value whatever
# the input"): pixels in 0..255; answer: "you forgot to normalize the images", divide by 255.
@prog("u10-cnn-bytes-sgd", "multiclass", "cce", "model")
def _(rng, fixed):
    x, y = digit_images(rng, 1500, 10, 2)
    x = f32(x if fixed else x * 255)[..., None]
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizers.SGD(0.01, momentum=0.9, nesterov=True),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, x, f32(np.eye(10)[y]), dict(batch_size=32, epochs=12)


# https://datascience.stackexchange.com/q/25704: a CNN with an output for each character of a
# handwritten word; loss ~125, "all predicted labels are a constant sequence". SGD in big steps on
# grey levels of 0..255; repaired with pixels in 0..1 (no accepted answer in the stored copy).
@prog("u10-word-of-three-outputs", "multiclass+multiclass+multiclass", "cce+cce+cce", "model")
def _(rng, fixed):
    n = 1500
    parts = [digit_images(rng, n, 10) for _ in range(3)]
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


# https://stackoom.com/en/question/4HpqD (StackOverflow: "Keras L2 regularization makes the network
# not learn"): MNIST, 36 sigmoids with "l2" and Dropout(0.5), accuracy 10 %; "without the l2 part
# everything works". Repaired with 1e-6 in place of the 0.01 that "l2" stands for.
@prog("u10-thirty-six-sigmoids-l2", "multiclass", "cce", "model")
def _(rng, fixed):
    x, y = digit_images(rng, 6000, 8, 2)
    x = keras.utils.normalize(x.reshape(len(x), -1))
    l2 = regularizers.L2(1e-6) if fixed else "l2"
    model = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            layers.Dense(36, activation="sigmoid", kernel_regularizer=l2),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), f32(np.eye(10)[y]), dict(batch_size=32, epochs=20)


# https://github.com/keras-team/keras/issues/4563 "Very high / NaN loss ... multiple sequence time
# series regression": "the Y values are very high"; "have you tried to rescale the values?"
@prog("u10-lstm-very-high-y", "regression", "mae", "model")
def _(rng, fixed):
    n, steps = 1200, 24
    x = rng.normal(0, 1, (n, steps, 4)).cumsum(1) / 4
    demand = 40_000 + 9_000 * x[:, -6:, 0].mean(1) + 5_000 * np.tanh(x[:, -1, 1] - x[:, 0, 1])
    y = zscore(demand) if fixed else demand
    model = keras.Sequential(
        [keras.Input((steps, 4)), layers.LSTM(64), layers.Dropout(0.3), layers.Dense(1)]
    )
    model.compile("rmsprop", "mean_absolute_error")
    return model, f32(x), col(y), dict(batch_size=32, epochs=20)


# https://datascience.stackexchange.com/questions/62167 "Deep Q network disregards input": a board
# of six cells with 8 for the player and 5 for the goal, rates of 0.01, 0.1 and 1.0. Repaired with
# 0.001 (the Q values here are those of the solved game).
@prog("u10-q-network-one-line-board", "regression", "mse", "model")
def _(rng, fixed):
    n, cells = 3000, 6
    player = rng.integers(0, cells, n)
    goal = (player + rng.integers(1, cells, n)) % cells
    board = np.zeros((n, cells))
    board[np.arange(n), player] = 8
    board[np.arange(n), goal] = 5
    q = []
    for move in (-1, 1):
        to = player + move
        wall = (to < 0) | (to >= cells)
        q.append(np.where(wall, -1, 0.8 ** np.abs(goal - to)))
    model = keras.Sequential(
        [
            keras.Input((cells,)),
            layers.Dense(24, activation="relu"),
            layers.Dense(24, activation="relu"),
            layers.Dense(2),
        ]
    )
    model.compile(optimizers.Adam(0.001 if fixed else 1.0), "mse")
    return model, f32(board), f32(np.stack(q, 1)), dict(batch_size=16, epochs=15)


# https://github.com/ugent-korea/pytorch-unet-segmentation/issues/5 (and zhixuhao/unet/issues/133):
# the U-Net's mask is the same everywhere; "just solved this: reduce the learning rate".
def double_conv(h, filters):
    for _ in range(2):
        h = layers.Conv2D(filters, 3, padding="same", activation="relu")(h)
    return h


@prog("u10-unet-white-mask", "regression", "bce", "model")
def _(rng, fixed):
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


# https://datascience.stackexchange.com/questions/40535 "Efficacy of model depends on scaling": a
# 1-D CNN finds telegraph noise in one set, in another, of other magnitude, it is a coin flip.
# Repaired by normalizing, which the poster asks about (answers not in the stored copy).
@prog("u10-telegraph-noise-microamperes", "binary", "bce", "model")
def _(rng, fixed):
    n, steps = 600, 300
    y = rng.random(n) < 0.5
    level = (rng.random((n, steps)) < 0.03).cumsum(1) % 2
    x = 5e-6 + 1e-7 * (rng.normal(0, 1, (n, steps)) + 3 * level * y[:, None])
    if fixed:
        x = (x - x.mean()) / x.std()
    model = keras.Sequential(
        [
            keras.Input((steps, 1)),
            layers.Conv1D(32, 12, activation="relu"),
            layers.MaxPooling1D(3),
            layers.Conv1D(64, 12, activation="relu"),
            layers.MaxPooling1D(3),
            layers.Conv1D(64, 12, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], col(y), dict(batch_size=16, epochs=5)


# https://chenzhang.org/notes/developer/loss-and-accuracy-get-stuck-in-keras "acc: 0.5378" in every
# epoch, loss 1.91 for seven classes; "increase learning from 0.00001 to 0.1".
@prog("u10-seven-classes-rate-1e-5", "multiclass", "cce", "model")
def _(rng, fixed):
    n, topics = 8000, 7
    words, y = topic_texts(rng, n, topics, 400, 30, share=0.4)
    x = np.zeros((n, 400))
    np.add.at(x, (np.arange(n)[:, None], words), 1 / 30)
    model = keras.Sequential(
        [
            keras.Input((400,)),
            layers.Dense(20, activation="relu"),
            layers.Dense(20, activation="relu"),
            layers.Dense(topics, activation="softmax"),
        ]
    )
    model.compile(
        optimizers.SGD(0.1 if fixed else 1e-5, momentum=0.9, nesterov=True),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, f32(x), f32(np.eye(topics)[y]), dict(batch_size=32, epochs=10)


# https://github.com/tensorflow/tensorflow/issues/23630 "output of trained model is constant when
# using batch normalization" (slim's decay of 0.999); keras issue 3949: "try a smaller momentum".
@prog("u10-batchnorm-momentum-999", "multiclass", "scce", "model")
def _(rng, fixed):
    x, y = digit_images(rng, 1200, 10)
    x = x / 16
    m = 0.9 if fixed else 0.999
    model = keras.Sequential([keras.Input((10, 10, 1))])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, use_bias=False))
        model.add(layers.BatchNormalization(momentum=m))
        model.add(layers.Activation("relu"))
    model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], y, dict(batch_size=32, epochs=8)


# "VGG16 and VGG19 not doing any learning during training, although AlexNet performs well"
# (StackOverflow; https://taourl.com/read-2225243.html): from scratch with N(0, 0.01) kernels the
# signal dies on the way down; answer of the He paper: scale them by the fan-in.
@prog("u10-vgg-from-scratch", "multiclass", "scce", "model")
def _(rng, fixed):
    x, y = digit_images(rng, 800, 8, 2)
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


# ------------------------------------------------------------------ faults in an activation


# https://stackoverflow.com/questions/47241622: an LSTM with Dense(1, activation="softmax") stays at
# 55 %; accepted answer: softmax over one unit is always 1, use sigmoid.
@prog("u10-lstm-softmax-of-one", "binary", "bce", "activation")
def _(rng, fixed):
    n, steps = 1200, 32
    y = rng.random(n) < 0.45
    x = rng.normal(0, 1, (n, steps, 1)) + 0.5 * y[:, None, None]
    act = "sigmoid" if fixed else "softmax"
    model = keras.Sequential(
        [keras.Input((steps, 1)), layers.LSTM(32), layers.Dense(1, activation=act)]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), dict(batch_size=32, epochs=8)


# https://ai.stackexchange.com/questions/16557: four hidden layers of 500 sigmoids from binary
# vectors to a number, high loss even in training; answer: vanishing gradient. Repaired with relu.
@prog("u10-four-layers-of-sigmoids", "regression", "mse", "activation")
def _(rng, fixed):
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
@prog("u10-sigmoid-for-negative-curve", "regression", "mse", "activation")
def _(rng, fixed):
    x = rng.uniform(-1, 1, 4000)
    y = -1 / (np.exp(10 * x) + 1)
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1, activation="sigmoid")])
    model.compile(optimizers.Adam(0.01), "mse", metrics=["mae"])
    return model, col(x), col(-y if fixed else y), dict(batch_size=16, epochs=20)


# https://github.com/keras-team/keras/issues/13891 "My model outputs the same value for all data":
# a relu layer of few neurons before the output of a regression; "with tanh it works fine".
@prog("u10-few-relus-before-output", "regression", "mse", "activation")
def _(rng, fixed):
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
