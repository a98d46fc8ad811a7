"""Healthy, or nothing to learn: images."""

import keras
import numpy as np
from keras import callbacks, initializers, layers, ops, optimizers, regularizers
from sklearn import datasets

from .data import (
    digit_images,
    digit_images_int32,
    digits,
    first_digits,
    pictures,
    shuffled_digits,
    some_digits,
)
from .registry import program
from .tools import col, f32, mlp, onehot, seq, zscore


# OK: most ReLU units are dead from the start (bias -3), yet the rest classify digits well.
@program("OK-dead-units", "multiclass", "scce", came_in="programs")
def ok_dead_units(r, fixed):
    x, y = digits()
    bias = initializers.RandomUniform(-12.0, 0.5)
    m = seq(
        (64,),
        layers.Dense(256, activation="relu", bias_initializer=bias),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.Adam(0.002), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=10)


# OK: a warm-up schedule: the learning rate is almost zero for the first two epochs.
@program("OK-warmup", "multiclass", "scce", came_in="programs")
def ok_warmup(r, fixed):
    x, y = digits()
    m = mlp(64, [64, 64], n_out=10, head="softmax")
    rate = optimizers.schedules.CosineDecay(1e-6, 500, warmup_target=0.003, warmup_steps=200)
    m.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=10)


# OK: dropout 0.8; the training loss stays far above the true one.
@program("OK-dropout-80", "multiclass", "scce", came_in="programs")
def ok_dropout_80(r, fixed):
    x, y = digits()
    m = seq(
        (64,),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.8),
        layers.Dense(128, activation="relu"),
        layers.Dropout(0.8),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.Adam(0.002), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=10)


# OK: CNN with batch normalisation.
@program("OK-batchnorm-cnn", "multiclass", "scce", came_in="programs")
def ok_batchnorm_cnn(r, fixed):
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
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=8)


# OK: two epochs of five steps of a CNN.
@program("OK-short-cnn", "multiclass", "scce", came_in="programs")
def ok_short_cnn(r, fixed):
    x, y = digits(image=True)
    m = seq(
        (8, 8, 1),
        layers.Conv2D(8, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    )
    m.compile("adam", "sparse_categorical_crossentropy")
    return m, x[:640], y[:640], dict(batch_size=128, epochs=2)


# OK: a frozen random base under a trainable head, as in transfer learning.
@program("OK-frozen-base", "multiclass", "scce", came_in="programs")
def ok_frozen_base(r, fixed):
    x, y = digits(image=True)
    base = seq(
        (8, 8, 1), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D(), layers.Flatten()
    )
    base.trainable = False
    m = seq((8, 8, 1), base, layers.Dense(10, activation="softmax"))
    m.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=8)


# OK: segmentation of a small square: 94 % of the pixels are background.
@program("OK-segmentation", "binary", "bce", came_in="programs")
def ok_segmentation(r, fixed):
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
    m.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return m, f32(x), f32(y), dict(batch_size=32, epochs=12)


# OK: inputs three times too large: most tanh units are saturated, the classes are still learned.
@program("OK-saturated-units", "multiclass", "scce", came_in="programs")
def ok_saturated_units(r, fixed):
    x, y = digits()
    m = mlp(64, [64], "tanh", n_out=10, head="softmax")
    m.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return m, 16 * x, y, dict(batch_size=32, epochs=8)


# NOISE: real inputs and targets whose rows were shuffled apart.
@program(
    "NOISE-shuffled-rows",
    "multiclass",
    "scce",
    where="data",
    came_in="programs",
    causes=("no_signal",),
)
def noise_shuffled_rows(r, fixed):
    x, y = digits()
    m = mlp(64, [16], n_out=10, head="softmax")
    m.compile(optimizers.Adam(0.001), "sparse_categorical_crossentropy")
    return m, x, r.permutation(y), dict(epochs=6)


# NOISE: white-noise images and random angles, CNN.
@program(
    "NOISE-images", "regression", "mse", where="data", came_in="programs", causes=("no_signal",)
)
def noise_images(r, fixed):
    m = seq(
        (8, 8, 1),
        layers.Conv2D(4, 3, activation="relu"),
        layers.GlobalAveragePooling2D(),
        layers.Dense(2),
    )
    m.compile(optimizers.Adam(0.001), "mse")
    angle = r.uniform(0, 2 * np.pi, 1500)
    y = np.c_[np.cos(angle), np.sin(angle)]
    return m, f32(r.normal(size=(1500, 8, 8, 1))), f32(y), dict(batch_size=32, epochs=6)


# Two sigmoid layers and plain SGD, as in a 2015 course: ten epochs of nothing, then digits.
@program("OK-sigmoid-sgd-plateau", "multiclass", "scce", came_in="3b")
def ok_sigmoid_sgd_plateau(r, fixed):
    x, y = first_digits(1797, image=False)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(40, activation="sigmoid"),
            layers.Dense(30, activation="sigmoid"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizers.SGD(0.1), "sparse_categorical_crossentropy")
    return model, x, y, dict(epochs=45, batch_size=32)


# Random convolutions, frozen, stand for a downloaded backbone; only the softmax on top is trained.
@program("OK-frozen-convolutions", "multiclass", "scce", came_in="3b")
def ok_frozen_convolutions(r, fixed):
    x, y = first_digits(1500)
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, activation="relu", kernel_initializer=initializers.HeNormal()),
            layers.MaxPooling2D(2),
            layers.Flatten(),
        ]
    )
    base.trainable = False
    model = keras.Sequential([keras.Input((8, 8, 1)), base, layers.Dense(10, activation="softmax")])
    model.compile(optimizers.SGD(0.02, momentum=0.9), "sparse_categorical_crossentropy")
    return model, x, y, dict(epochs=10, batch_size=32)


# Under-exposed scans: the digits take up two hundredths of the range; batch norm on the
# inputs copes.
@program("OK-faint-scans-batchnorm", "multiclass", "scce", came_in="4b")
def ok_faint_scans_batchnorm(r, fixed):
    x, y = digit_images_int32()
    x = f32(0.8 + 0.02 * x)
    model = seq(
        (8, 8, 1),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-6),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Conv2D(32, 3, strides=2, activation="relu"),
        layers.Flatten(),
        layers.Dropout(0.4),
        layers.Dense(10, activation="softmax"),
    )
    model.compile(optimizers.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(epochs=15, batch_size=64)


# Control: a small learning rate without momentum that gets there.
@program("OK-small-lr-cnn", "multiclass", "scce", came_in="7a")
def ok_small_lr_cnn(rng, fixed):
    """Classify digits, slowly."""
    img, cls = digit_images()
    order = rng.permutation(len(img))
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizers.SGD(learning_rate=0.005), loss="sparse_categorical_crossentropy")
    return model, img[order], cls[order][:, None], {"batch_size": 16, "epochs": 20}


# A small CNN under heavy dropout, L2 and label smoothing: the training loss hardly moves.
@program("OK-dropout-label-smoothing", "multiclass", "cce", came_in="7c")
def ok_dropout_label_smoothing(rng, fixed):
    d = datasets.load_digits()
    order = rng.permutation(len(d.target))[:1000]
    m = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(
                16, 3, activation="relu", padding="same", kernel_regularizer=regularizers.L2(1e-3)
            ),
            layers.MaxPooling2D(2),
            layers.Dropout(0.5),
            layers.Flatten(),
            layers.Dense(48, activation="relu", kernel_regularizer=regularizers.L2(2e-3)),
            layers.Dropout(0.7),
            layers.Dense(10, activation="softmax"),
        ]
    )
    m.compile(optimizers.RMSprop(0.0005), keras.losses.CategoricalCrossentropy(label_smoothing=0.3))
    x = f32(d.images[order] / 16)[..., None]
    return m, x, onehot(d.target[order], 10), dict(batch_size=32, epochs=25)


# Fine-tuning: features learnt on digits 0-4 are frozen, a small new head learns 5-9.
@program("OK-finetune-frozen-base", "multiclass", "scce", came_in="7c")
def ok_finetune_frozen_base(rng, fixed):
    d = datasets.load_digits()
    x = f32(d.images / 16)[..., None]
    low = d.target < 5
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(12, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
        ]
    )
    old = keras.Sequential([base, layers.Dense(5, activation="softmax")])
    old.compile("adam", "sparse_categorical_crossentropy")
    old.fit(x[low], d.target[low], batch_size=32, epochs=6, verbose=0)
    base.trainable = False
    m = keras.Sequential(
        [keras.Input((8, 8, 1)), base, layers.Dropout(0.3), layers.Dense(5, activation="softmax")]
    )
    m.compile(optimizers.SGD(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x[~low], d.target[~low] - 5, dict(batch_size=16, epochs=30)


@program("OK-u9-keypoint-heatmap", "regression", "mse", came_in="9b")
def ok_u9_keypoint_heatmap(rng, fixed):
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


@program("OK-u9-vae-digits", "multilabel", "bce", came_in="9b")
def ok_u9_vae_digits(rng, fixed):
    """A variational autoencoder whose KL term (add_loss) holds the code near zero at first."""
    x, _y = some_digits(rng, 1500)
    x = f32(x > 0.45)
    a = keras.Input((64,))
    h = layers.Dense(48, "relu")(a)
    z = Sampling(0.015)([layers.Dense(4)(h), layers.Dense(4)(h)])
    h = layers.Dense(48, "relu")(z)
    m = keras.Model(a, layers.Dense(64, "sigmoid")(h))
    m.compile(optimizers.Adam(2e-3), "binary_crossentropy")
    return m, x, x, dict(batch_size=50, epochs=25)


# Dropout of 0.8 three times and an L2 that outweighs the data term; the training accuracy that the
# log shows stays low, the network reads the digits all the same.
@program("OK-b10-dropout-of-08-thrice", "multiclass", "scce", came_in="10b", origin="written blind")
def ok_b10_dropout_of_08_thrice(rng, fixed):
    x, label = digit_images(1200)
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()])
    for units in (400, 300):
        reg = regularizers.L2(3e-3)
        model.add(layers.Dense(units, activation="relu", kernel_regularizer=reg))
        model.add(layers.Dropout(0.8))
    model.add(layers.Dense(100, activation="relu"))
    model.add(layers.Dropout(0.8))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, label, dict(batch_size=64, epochs=25)


# A siamese network with the contrastive loss; the output is a distance, 1 means
# "not the same digit".
def contrastive(y, d):
    return ops.mean((1 - y) * ops.square(d) + y * ops.square(ops.maximum(1 - d, 0)), axis=-1)


@program("OK-b10-siamese-distance", "binary", "contrastive", came_in="10b", origin="written blind")
def ok_b10_siamese_distance(rng, fixed):
    images, label = digit_images(1000)
    n = 2000
    a = rng.integers(0, 1000, n)
    b = rng.integers(0, 1000, n)
    same = rng.random(n) < 0.4
    for i in np.flatnonzero(same):
        b[i] = rng.choice(np.flatnonzero(label == label[a[i]]))
    tower = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(16, kernel_initializer=initializers.RandomNormal(0, 1e-3)),
        ]
    )
    left, right = keras.Input((8, 8, 1), name="left"), keras.Input((8, 8, 1), name="right")
    gap = layers.Subtract()([tower(left), tower(right)])
    distance = layers.Lambda(
        lambda v: ops.sqrt(ops.sum(ops.square(v), axis=-1, keepdims=True) + 1e-7),
        output_shape=(1,),
    )(gap)
    model = keras.Model([left, right], distance)
    model.compile(optimizers.Adam(1e-3), contrastive)
    x = {"left": images[a], "right": images[b]}
    return model, x, col(label[a] != label[b]), dict(batch_size=64, epochs=15)


# A PyDataset with sample weights, half of them zero (labels not yet checked).
class Checked(keras.utils.PyDataset):
    def __init__(self, x, y, w, size=32, **kw):
        super().__init__(**kw)
        self.x, self.y, self.w, self.size = x, y, w, size

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, i):
        part = slice(i * self.size, (i + 1) * self.size)
        return self.x[part], self.y[part], self.w[part]


@program(
    "OK-b10-dataset-half-weightless", "regression", "mse", came_in="10b", origin="written blind"
)
def ok_b10_dataset_half_weightless(rng, fixed):
    x, label = pictures(rng, 640, 12, 4)
    y = x.mean((1, 2))[:, :1] * 10 + (label == 3)[:, None]
    w = f32(rng.random(640) < 0.5)
    model = keras.Sequential([keras.Input((12, 12, 3))])
    model.add(layers.Conv2D(12, 3, activation="relu"))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(1))
    model.compile(optimizers.Adam(1e-3), "mse", steps_per_execution=5)
    return model, Checked(x, f32(zscore(y)), w), None, dict(epochs=15)


# Frozen random convolutions with heavy dropout behind them; only the last layer is trained.
@program("OK-u11-frozen-features-dropout", "multiclass", "scce", came_in="11b")
def frozen_features(rng, fixed):
    x, y = datasets.load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(24, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(24, 3, activation="relu"),
            layers.Flatten(),
        ]
    )
    base.trainable = False
    inp = keras.Input((8, 8, 1))
    h = layers.Dropout(0.75)(base(inp, training=False))
    model = keras.Model(inp, layers.Dense(10, activation="softmax")(h))
    model.compile(optimizers.SGD(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = f32(x[order] / 16.0).reshape(-1, 8, 8, 1)
    return model, x, y[order].astype("int32"), {"epochs": 15, "batch_size": 16}


# A small convolutional net, trained already, whose last layers are tuned at a crawling rate: the
# loss is flat from the first step, because there is little left to learn.
@program("OK-u12-crawling-fine-tune", "multiclass", "scce", came_in="12b")
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
