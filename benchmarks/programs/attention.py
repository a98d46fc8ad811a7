"""Transformers: models whose attention is the main part."""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers

from .data import raw_digit_images, series, topic_texts, topics
from .registry import program
from .tools import col, f32, std, std_as_is, transformer, transformer_block


# sim: attention model trained with Adam at 0.3.
@program(
    "sim-attention-rate",
    "multiclass",
    "scce",
    where="model",
    came_in="programs",
    # Adam 0.3 on an attention model.
    causes=("learning_rate_too_high", "dead_relu"),
)
def sim_attention_rate(r, fixed):
    x = r.integers(0, 8, (1000, 8))
    inp = keras.Input((8,))
    h = layers.Embedding(8, 16)(inp)
    h = layers.Add()([h, layers.MultiHeadAttention(2, 8)(h, h)])
    h = layers.Dense(32, activation="relu")(layers.Flatten()(layers.LayerNormalization()(h)))
    m = keras.Model(inp, layers.Dense(8, activation="softmax")(h))
    m.compile(optimizers.Adam(0.003 if fixed else 0.3), "sparse_categorical_crossentropy")
    return m, x.astype("int32"), (x[:, 1] + x[:, 5]) // 2, dict(epochs=10)


# A transformer trained from scratch at a fine-tuning rate.
@program(
    "rate-1e-7-transformer",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Adam at 1e-7.
    causes=("learning_rate_too_low",),
)
def rate_1e_7_transformer(r, fixed):
    x = r.integers(0, 10, (1000, 8))
    y = std(col((x == 1).sum(1) - (x == 2).sum(1)))
    init = initializers.TruncatedNormal(stddev=0.02)
    inp = keras.Input((8,))
    h = layers.Embedding(10, 16)(inp)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 8)(h, h))
    h = h + layers.Dense(16, kernel_initializer=init)(layers.Dense(32, activation="gelu")(h))
    out = layers.Dense(1, kernel_initializer=init)(layers.GlobalAveragePooling1D()(h))
    m = keras.Model(inp, out)
    m.compile(optimizers.Adam(0.005 if fixed else 1e-7), "mse")
    return m, x.astype("int32"), y, dict(batch_size=32, epochs=6)


@program("long-transformer-high-rate", "multiclass", "scce", where="model", came_in="long_epochs")
def long_transformer_high_rate(rng, fixed):
    x = rng.integers(3, 50, (4000, 24))
    y = rng.integers(0, 4, 4000)
    x[np.arange(4000), rng.integers(0, 24, 4000)] = 50 + y
    inputs = keras.Input((24,), dtype="int32")
    hidden = layers.Embedding(54, 32)(inputs)
    for _ in range(2):
        seen = layers.MultiHeadAttention(2, 16)(hidden, hidden)
        hidden = layers.LayerNormalization()(hidden + seen)
        wide = layers.Dense(64, activation="relu")(hidden)
        hidden = layers.LayerNormalization()(hidden + layers.Dense(32)(wide))
    outputs = layers.Dense(4, activation="softmax")(ops.max(hidden, axis=1))
    model = keras.Model(inputs, outputs)
    rate = 1e-3 if fixed else 0.1
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model, x.astype("int32"), y, {"batch_size": 16, "epochs": 6}


# The time-series transformer of the Keras examples, post-norm, Nadam at 0.05 without warm-up.
@program("transformer-series-nadam", "regression", "mse", where="model", came_in="1")
def transformer_series_nadam(r, fixed):
    x, y = series(r, 500)
    i = keras.Input((40, 1))
    h = layers.Dense(32)(i)
    h = layers.Add()([h, layers.Embedding(40, 32)(ops.arange(40)[None])])
    for _ in range(2):
        a = layers.MultiHeadAttention(4, 8, dropout=0.1)(h, h)
        h = layers.LayerNormalization()(h + a)
        f = layers.Dense(32)(layers.Dense(64, activation="relu")(h))
        h = layers.LayerNormalization()(h + f)
    h = layers.GlobalAveragePooling1D()(h) if not fixed else layers.Flatten()(h)
    h = layers.Dense(32, activation="relu")(h)
    m = keras.Model(i, layers.Dense(1)(h))
    m.compile(optimizers.Nadam(0.05 if not fixed else 0.001), "mse")
    return m, x, y, dict(batch_size=32, epochs=10)


# Tiny BERT: PolynomialDecay to 0 whose decay_steps (4) were meant as epochs.
@program("tiny-bert-polynomial-decay", "multiclass", "scce", where="model", came_in="2")
def tiny_bert_polynomial_decay(r, fixed):
    n, length = 800, 12
    y = r.integers(0, 3, n)
    x = r.integers(9, 60, (n, length))
    for i in range(n):
        at = r.choice(length, 3, replace=False)
        x[i, at] = 3 * y[i] + r.integers(0, 3, 3)
    i = keras.Input((length,), dtype="int32")
    h = layers.Embedding(60, 24)(i)
    h = h + layers.Embedding(length, 24)(ops.arange(length))
    a = layers.MultiHeadAttention(2, 12)(h, h)
    h = layers.LayerNormalization()(h + a)
    h = layers.LayerNormalization()(h + layers.Dense(24)(layers.Dense(48, activation="gelu")(h)))
    h = layers.GlobalAveragePooling1D()(h)
    m = keras.Model(i, layers.Dense(3, kernel_initializer=initializers.TruncatedNormal(0, 0.02))(h))
    rate = optimizers.schedules.PolynomialDecay(0.003, 4 * 25 * 4 if fixed else 4, 0.0)
    m.compile(
        optimizers.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return m, x.astype("int32"), y.astype("int32"), dict(batch_size=32, epochs=12)


# Sea floor (metres above sea level: -4 +- 1) along a track; EinsumDense head with relu.
@program("sea-floor-einsum-relu", "regression", "mse", where="activation", came_in="2")
def sea_floor_einsum_relu(r, fixed):
    x = r.normal(size=(500, 10, 4))
    z = x[..., 0] + 0.5 * np.roll(x[..., 1], 1, 1) + 0.5 * np.abs(x[..., 2])
    y = f32(-4 + (z - z.mean()) / z.std())[..., None]
    i = keras.Input((10, 4))
    h = layers.Conv1D(24, 3, padding="same", activation="gelu")(i)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 8)(h, h))
    h = layers.Dense(32, activation="gelu")(h)
    head = layers.EinsumDense("btd,do->bto", (10, 1), None if fixed else "relu", "o")
    m = keras.Model(i, head(h))
    m.compile(optimizers.Adam(0.003), "mse")
    return m, f32(x), y, dict(batch_size=32, epochs=15)


# From memory of "my ViT from scratch stays at 10 % accuracy": post-norm blocks trained at a rate
# taken from a CNN, with no warm-up.
@program("vit-digits-no-warmup", "multiclass", "scce", where="model", came_in="3a")
def vit_digits_no_warmup(r, fixed):
    x, t = raw_digit_images()
    x, t = x[:1000] / 16.0, t[:1000]
    inp = keras.Input((8, 8, 1))
    h = layers.Reshape((16, 24))(layers.Conv2D(24, 2, strides=2)(inp))
    h = h + layers.Embedding(16, 24)(keras.ops.arange(16))
    for _ in range(3):
        h = layers.LayerNormalization()(h + layers.MultiHeadAttention(3, 8)(h, h))
        z = layers.Dense(24)(layers.Dense(48, activation="gelu")(h))
        h = layers.LayerNormalization()(h + z)
    h = layers.GlobalAveragePooling1D()(h)
    model = keras.Model(inp, layers.Dense(10, activation="softmax")(h))
    model.compile(optimizers.Adam(0.002 if fixed else 0.1), "sparse_categorical_crossentropy")
    return model, x, t, dict(batch_size=32, epochs=10)


# BERT issue 688: thirty-two labels, and each has the same probability for every sentence of the
# test set; the asker had been fine-tuning with a rate of 0.01. A small encoder in its place.
@program("GH-bert-688", "multilabel", "bce", where="model", came_in="4a", origin="public thread")
def gh_bert_688(r, fixed):
    n, t, v, q = 1200, 16, 60, 6
    x = r.integers(q, v, (n, t))
    y = (r.random((n, q)) < 0.35).astype("float32")
    for i, j in zip(*np.nonzero(y), strict=True):
        x[i, r.integers(2 * j, 2 * j + 3)] = j
    y = f32([[j in row for j in range(q)] for row in x])
    i = keras.Input((t,), dtype="int32")
    h = layers.Embedding(v, 32)(i) + layers.Embedding(t, 32)(keras.ops.arange(t))
    for _k in range(3):
        a = layers.MultiHeadAttention(4, 8)(h, h)
        h = layers.LayerNormalization()(h + a)
        d = layers.Dense(32)(layers.Dense(64, activation="gelu")(h))
        h = layers.LayerNormalization()(h + d)
    o = layers.Dense(q, activation="sigmoid")(layers.GlobalAveragePooling1D()(h))
    m = keras.Model(i, o)
    m.compile(optimizers.Adam(0.002 if fixed else 0.1), "binary_crossentropy")
    return m, x, y, dict(epochs=9, batch_size=32)


@program(
    "transformer-cls-causal",
    "multiclass",
    "scce",
    # its author says "model"
    where="structure",
    came_in="5a",
)
def transformer_cls_causal(r, fixed):
    """A [CLS] token at position 0 is read out, but the encoder has use_causal_mask=True, so it
    sees only itself."""
    n, T = 1500, 12
    y = r.integers(0, 4, n)
    x = r.integers(40, 200, (n, T))
    x[:, 0] = 1
    for i in range(n):
        x[i, 1 + r.choice(T - 1, 3, replace=False)] = 2 + 9 * y[i] + r.integers(0, 9, 3)
    i = keras.Input((T,), dtype="int32")
    h = layers.Embedding(200, 24)(i)
    for _ in range(2):
        h = layers.LayerNormalization()(
            h + layers.MultiHeadAttention(2, 12)(h, h, use_causal_mask=not fixed)
        )
        h = layers.LayerNormalization()(
            h + layers.Dense(24)(layers.Dense(48, activation="relu")(h))
        )
    m = keras.Model(i, layers.Dense(4, activation="softmax")(h[:, 0]))
    m.compile(optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), y, dict(epochs=12, batch_size=32)


@program("transformer-adam-01", "multiclass", "scce", where="model", came_in="5b")
def transformer_adam_01(r, fixed):
    """Keras text transformer with the rate raised: one topic is predicted; fix Adam(1e-3)."""
    X, y = topics(r, 1000, 24, 200, 4)
    m = transformer(24, 200, 4)
    m.compile(
        optimizers.Adam(0.1 if not fixed else 1e-3),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m, X, y, dict(epochs=12, batch_size=32)


# a small transformer under a learning rate fifty times too high
@program("UM-wave-transformer-high-lr", "regression", "mse", where="model", came_in="6b")
def um_wave_transformer_high_lr(rng, fixed):
    n, steps = 800, 24
    rate = rng.uniform(1, 4, (n, 1))
    t = np.linspace(0, 1, steps)[None]
    x = np.sin(2 * np.pi * (rate * t + rng.random((n, 1)))) + 0.1 * rng.normal(size=(n, steps))
    i = keras.Input((steps, 1))
    h = layers.Conv1D(16, 3, padding="same")(i)
    h = transformer_block(transformer_block(h, 16, 2), 16, 2)
    h = layers.GlobalAveragePooling1D()(h)
    h = layers.Dense(16, activation="relu")(h)
    m = keras.Model(i, layers.Dense(1)(h))
    m.compile(optimizers.Adam(2e-3 if fixed else 0.1), "mse")
    return m, x[..., None].astype("float32"), std_as_is(rate), dict(batch_size=32, epochs=20)


# Gradients clipped to a norm so small that plain SGD hardly moves.
@program("unseen8-transformer-clipnorm", "regression", "mse", where="model", came_in="8a")
def unseen8_transformer_clipnorm(rng, fixed):
    x = rng.normal(size=(6000, 16, 8))
    y = rng.normal(size=6000)
    x[np.arange(6000), rng.integers(0, 16, 6000), :4] += 4 * y[:, None]
    inputs = keras.Input((16, 8))
    hidden = layers.Dense(32)(inputs)
    seen = layers.MultiHeadAttention(4, 8)(hidden, hidden)
    hidden = layers.LayerNormalization()(hidden + seen)
    wide = layers.Dense(64, activation="gelu")(hidden)
    hidden = layers.LayerNormalization()(hidden + layers.Dense(32)(wide))
    pooled = layers.GlobalAveragePooling1D()(hidden)
    outputs = layers.Dense(1, kernel_initializer="zeros")(pooled)
    model = keras.Model(inputs, outputs)
    norm = 1.0 if fixed else 1e-6
    model.compile(keras.optimizers.SGD(0.1, clipnorm=norm), "mse")
    return model, f32(x), f32(y[:, None]), {"batch_size": 16, "epochs": 6}


# https://github.com/huggingface/transformers/issues/735 "BERT ... same output for all inputs":
# Adam with 0.01; "changing my learning rate from 0.01 to 5e-5 worked for me" (here: untrained
# weights, so 5e-4).
def encoder_block(h, heads, width):
    a = layers.MultiHeadAttention(heads, width // heads)(h, h)
    h = layers.LayerNormalization(epsilon=1e-6)(layers.add([h, layers.Dropout(0.1)(a)]))
    f = layers.Dense(width)(layers.Dense(4 * width, activation="gelu")(h))
    return layers.LayerNormalization(epsilon=1e-6)(layers.add([h, layers.Dropout(0.1)(f)]))


@program("u10-small-bert-rate", "multiclass", "scce", where="model", came_in="10a")
def u10_small_bert_rate(rng, fixed):
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


class Block(layers.Layer):
    """A transformer encoder block."""

    def __init__(self, d, heads, **kw):
        super().__init__(**kw)
        self.att = layers.MultiHeadAttention(heads, d // heads)
        self.up = layers.Dense(2 * d, activation="relu")
        self.down = layers.Dense(d)
        self.n1 = layers.LayerNormalization()
        self.n2 = layers.LayerNormalization()

    def build(self, shape):
        self.att.build(shape, shape)
        self.up.build(shape)
        self.down.build((*shape[:-1], self.up.units))
        self.n1.build(shape)
        self.n2.build(shape)

    def call(self, x):
        x = self.n1(x + self.att(x, x))
        return self.n2(x + self.down(self.up(x)))


# Keras text-classification-with-transformer example, post-norm, Adam at 0.05 and no warm-up:
# the loss stays at ln 3 from the first epoch on.
@program("u12-transformer-no-warmup", "multiclass", "scce", where="model", came_in="12a")
def u12_transformer_no_warmup(rng, fixed):
    n, t, vocab, d = 900, 12, 40, 32
    tokens = rng.integers(0, vocab, (n, t))
    counts = np.stack([(tokens % 3 == k).sum(1) for k in range(3)], 1)
    y = (counts + rng.uniform(0, 0.5, counts.shape)).argmax(1)
    inp = keras.Input((t,), dtype="int32")
    h = layers.Embedding(vocab, d)(inp)
    for _ in range(2):
        h = Block(d, 4)(h)
    h = layers.GlobalAveragePooling1D()(h)
    h = layers.Dropout(0.1)(h)
    h = layers.Dense(20, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(3, activation="softmax")(h))
    rate = 0.001 if fixed else 0.1
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, tokens.astype("int32"), y.astype("int32"), dict(batch_size=32, epochs=14)


# Review stars 1..5 as a number, a small transformer and a sigmoid head ("it predicts 1 for each").
@program("u12-stars-sigmoid-head", "regression", "mse", where="activation", came_in="12c")
def u12_stars_sigmoid_head(rng, fixed):
    n, t, vocab, d = 900, 12, 60, 16
    tokens = rng.integers(1, vocab, (n, t))
    mood = (tokens % 4 == 0).sum(1) - (tokens % 4 == 1).sum(1)
    y = np.clip(np.round(3 + 0.6 * mood + 0.2 * rng.normal(size=n)), 1, 5)
    inp = keras.Input((t,), dtype="int32")
    h = Block(d, 2)(layers.Embedding(vocab, d)(inp))
    h = layers.GlobalAveragePooling1D()(h)
    h = layers.Dense(16, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(1, activation=None if fixed else "sigmoid")(h))
    model.compile(optimizers.Adam(0.005), "mse")
    return model, tokens.astype("int32"), col(y), dict(batch_size=32, epochs=15)
