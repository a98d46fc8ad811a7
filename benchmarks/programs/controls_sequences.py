"""Healthy, or nothing to learn: sequences and texts."""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers

from .data import documents, reviews_few_words, reviews_marked, series, tokens, topics
from .registry import program
from .tools import col, f32, onehot, own_callbacks, seq, transformer, transformer_block, zscore


# OK: an LSTM has to remember the first of 25 values; sits at the mean before it learns.
@program("OK-lstm-memory", "regression", "mse", came_in="programs")
def ok_lstm_memory(r, fixed):
    x = f32(r.uniform(-1, 1, (1000, 25, 1)))
    m = seq((25, 1), layers.LSTM(24), layers.Dense(1))
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x, x[:, 0], dict(batch_size=32, epochs=20)


# OK: a GRU adds the two marked of 20 values; plateau, then learns.
@program("OK-gru-adding", "regression", "mse", came_in="programs")
def ok_gru_adding(r, fixed):
    n, length = 1200, 20
    v, mark = r.uniform(0, 1, (n, length)), np.zeros((n, length))
    mark[np.arange(n), r.integers(0, length // 2, n)] = 1
    mark[np.arange(n), r.integers(length // 2, length, n)] = 1
    m = seq((length, 2), layers.GRU(24), layers.Dense(1))
    m.compile(optimizers.Adam(0.01), "mse")
    return m, f32(np.stack([v, mark], -1)), col((v * mark).sum(1)), dict(batch_size=32, epochs=15)


# OK: attention looks up the value that belongs to the queried key.
@program("OK-attention-lookup", "multiclass", "scce", came_in="programs")
def ok_attention_lookup(r, fixed):
    n, k = 2000, 4
    keys, vals = np.stack([r.permutation(k) for _ in range(n)]), r.integers(0, 4, (n, k))
    q = r.integers(0, k, n)
    y = vals[np.arange(n), np.argmax(keys == q[:, None], 1)]
    memory = np.concatenate([onehot(keys, k), onehot(vals, 4)], -1)
    query = onehot(q, k)[:, None, :]
    mem, ask = keras.Input((k, 8)), keras.Input((1, k))
    h = layers.MultiHeadAttention(2, 8)(layers.Dense(16)(ask), layers.Dense(16)(mem))
    m = keras.Model([mem, ask], layers.Dense(4, activation="softmax")(layers.Flatten()(h)))
    m.compile(optimizers.Adam(0.005), "sparse_categorical_crossentropy")
    return m, [memory, query], y, dict(batch_size=32, epochs=12)


# OK: text classification with an embedding that starts near zero.
@program("OK-embedding", "binary", "bce", came_in="programs")
def ok_embedding(r, fixed):
    x, y = tokens(r, 1500, 20, 300)
    m = seq(
        (20,),
        layers.Embedding(300, 8),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.003), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=15)


# OK: an LSTM tags every step of a sequence: outputs of shape (batch, time, classes).
@program("OK-tagging", "multiclass", "scce", came_in="programs")
def ok_tagging(r, fixed):
    x = r.integers(0, 2, (1000, 10))
    y = np.cumsum(x, 1) % 3
    m = seq((10, 1), layers.LSTM(24, return_sequences=True), layers.Dense(3, activation="softmax"))
    m.compile(optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    return m, f32(x)[..., None], y, dict(batch_size=32, epochs=12)


# OK: small transformer block on tokens: do both markers occur?
@program("OK-transformer", "binary", "bce", came_in="programs")
def ok_transformer(r, fixed):
    x = r.integers(0, 12, (1500, 8))
    y = col((x == 1).any(1) ^ (x == 2).any(1))
    inp = keras.Input((8,))
    h = layers.Embedding(12, 16)(inp)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 8)(h, h))
    h = layers.LayerNormalization()(h + layers.Dense(16)(layers.Dense(32, activation="relu")(h)))
    out = layers.Dense(1, activation="sigmoid")(layers.GlobalMaxPooling1D()(h))
    m = keras.Model(inp, out)
    m.compile(optimizers.Adam(0.003), "binary_crossentropy")
    return m, x.astype("int32"), y, dict(batch_size=32, epochs=10)


# NOISE: an LSTM asked for the next step of a random walk's returns.
@program(
    "NOISE-returns", "regression", "mse", where="data", came_in="programs", causes=("no_signal",)
)
def noise_returns(r, fixed):
    s = 0.01 * r.normal(size=1512)
    x = np.stack([s[i : i + 12] for i in range(1500)])[..., None]
    m = seq((12, 1), layers.LSTM(12), layers.Dense(1))
    m.compile("adam", "mse")
    return m, f32(x), col(s[12:]), dict(batch_size=32, epochs=6)


# NOISE: random token ids and labels.
@program("NOISE-tokens", "binary", "bce", where="data", came_in="programs", causes=("no_signal",))
def noise_tokens(r, fixed):
    m = seq(
        (16,),
        layers.Embedding(500, 4),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.001), "binary_crossentropy")
    x, y = r.integers(0, 500, (3000, 16)), r.integers(0, 2, 3000)
    return m, x.astype("int32"), col(y), dict(batch_size=32, epochs=3)


# XOR of two of eight 0/1 tokens, read by an LSTM: a plateau, then it learns.
@program("OK-lstm-xor", "binary", "bce", came_in="1")
def ok_lstm_xor(r, fixed):
    x = r.integers(0, 2, (1500, 8))
    y = x[:, 1] ^ x[:, 6]
    m = seq((8,), layers.Embedding(2, 8), layers.LSTM(24), layers.Dense(1, activation="sigmoid"))
    m.compile(optimizers.Adam(0.005), "binary_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), col(y), dict(batch_size=64, epochs=25)


# Next-day returns from the last 20: there is nothing in them. LSTM, EarlyStopping.
@program("NOISE-stock-returns", "regression", "mse", where="data", came_in="1")
def noise_stock_returns(r, fixed):
    p = 0.01 * r.standard_t(5, 1500)
    x = np.stack([p[i : i + 20] for i in range(1480)])[..., None]
    m = seq((20, 1), layers.LSTM(16), layers.Dropout(0.2), layers.Dense(1))
    m.compile("adam", "mse")
    own_callbacks(m, keras.callbacks.EarlyStopping("loss", patience=5))
    return m, f32(x), col(p[20:]), dict(batch_size=64, epochs=15)


# The head starts at zero (a common, harmless trick): constant at first, then it learns.
@program("OK-zero-head-conv", "regression", "mse", came_in="1")
def ok_zero_head_conv(r, fixed):
    x, y = series(r, 1000)
    m = seq(
        (40, 1),
        layers.Conv1D(16, 5, strides=2, activation="swish"),
        layers.Conv1D(16, 5, strides=2, activation="swish"),
        layers.Flatten(),
        layers.Dense(1, kernel_initializer="zeros"),
    )
    m.compile(optimizers.SGD(0.005), "mse")
    return m, x, y, dict(batch_size=32, epochs=20)


# Which token came first? A GRU guesses for some epochs, then finds it.
@program("OK-first-token-gru", "multiclass", "scce", came_in="3b")
def ok_first_token_gru(r, fixed):
    x = r.integers(0, 8, (1200, 9)).astype("int32")
    y = x[:, 0] % 4
    model = keras.Sequential(
        [
            keras.Input((9,), dtype="int32"),
            layers.Embedding(8, 8),
            layers.GRU(24),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(0.004), "sparse_categorical_crossentropy")
    return model, x, y, dict(epochs=25, batch_size=32)


# Bag-of-embeddings review classifier: heavy dropout and a small rate, flat for some epochs.
@program("OK-fasttext-heavy-dropout", "binary", "bce", came_in="4b")
def ok_fasttext_heavy_dropout(r, fixed):
    x, y = reviews_marked(r, 2000, 50, 400, 20)
    model = seq(
        (50,),
        layers.Embedding(400, 32),
        layers.GlobalAveragePooling1D(),
        layers.Dropout(0.7),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.7),
        layers.Dense(1, activation="sigmoid"),
    )
    model.compile(optimizers.Adam(0.001), "binary_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(epochs=25, batch_size=32)


@program("OK-gru-recall", "multiclass", "scce", came_in="5a")
def ok_gru_recall(r, fixed):  # the first symbol of the sequence must be remembered
    x = r.integers(0, 6, (1500, 15))
    m = seq(
        (15,),
        layers.Embedding(6, 8),
        layers.GRU(32),
        layers.Dense(6, activation="softmax"),
        dtype="int32",
    )
    m.compile(optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    return m, x.astype("int32"), x[:, 0].copy(), dict(epochs=14, batch_size=32)


# healthy controls
class WarmUp(optimizers.schedules.LearningRateSchedule):
    def __init__(self, peak, steps):
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        return self.peak * ops.minimum(1.0, (ops.cast(step, "float32") + 1) / self.steps)

    def get_config(self):
        return dict(peak=self.peak, steps=self.steps)


@program("OK-transformer-warmup", "multiclass", "scce", came_in="5b", origin="written blind")
def ok_transformer_warmup(r, fixed):
    """Rate rises from nothing over all 384 steps, slow start."""
    X, y = topics(r, 1000, 24, 200, 4)
    m = transformer(24, 200, 4)
    m.compile(
        optimizers.Adam(WarmUp(5e-4, 380)), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, X, y, dict(epochs=12, batch_size=32)


# The class is the first of sixteen tokens: chance for some epochs, until the memory is found.
@program("OK-gru-first-token", "multiclass", "scce", came_in="6a")
def ok_gru_first_token(rng, fixed):
    x = rng.integers(0, 12, (2000, 16))
    x[:, 0] = rng.integers(0, 4, 2000)
    model = keras.Sequential(
        [
            keras.Input((16,), dtype="int32"),
            layers.Embedding(12, 8),
            layers.GRU(32),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x.astype("int32"), x[:, 0].copy(), dict(batch_size=32, epochs=25)


# 8 % positives: all negative at first, then the words are found
@program("OK-spam-imbalanced-embedding", "binary", "bce", came_in="6b", origin="written blind")
def ok_spam_imbalanced_embedding(rng, fixed):
    x, y = reviews_few_words(rng, n=1500, vocab=500, length=20, positive=0.08)
    m = keras.Sequential(
        [
            keras.Input((20,), dtype="int32"),
            layers.Embedding(500, 8),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=32, epochs=20)


# noisy targets: about 40 % of the variance can be explained
@program("OK-sensor-conv1d-noisy", "regression", "mse", came_in="6b", origin="written blind")
def ok_sensor_conv1d_noisy(rng, fixed):
    n, steps = 1500, 32
    level = rng.normal(size=(n, 1))
    x = level * np.sin(np.arange(steps) / 3)[None] + 0.3 * rng.normal(size=(n, steps))
    y = level + 1.2 * rng.normal(size=(n, 1))
    m = keras.Sequential(
        [
            keras.Input((steps, 1)),
            layers.Conv1D(8, 5, activation="relu"),
            layers.MaxPooling1D(2),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.Adam(1e-3), "mse")
    return m, x[..., None].astype("float32"), y.astype("float32"), dict(batch_size=32, epochs=20)


class PositionEmbedding(layers.Layer):
    def __init__(self, vocab, length, dim, **kw):
        super().__init__(**kw)
        self.tokens = layers.Embedding(vocab, dim)
        self.positions = layers.Embedding(length, dim)

    def call(self, x):
        return self.tokens(x) + self.positions(ops.arange(x.shape[1]))


# a transformer under a long linear warm-up: nothing happens in the first epochs
@program("OK-order-transformer-warmup", "binary", "bce", came_in="6b", origin="written blind")
def ok_order_transformer_warmup(rng, fixed):
    n, length = 1200, 12
    x = rng.integers(3, 20, (n, length))
    y = rng.integers(0, 2, n)
    for i in range(n):
        a, b = np.sort(rng.choice(length, 2, replace=False))
        x[i, a], x[i, b] = (1, 2) if y[i] else (2, 1)
    i = keras.Input((length,), dtype="int32")
    h = PositionEmbedding(20, length, 16)(i)
    h = transformer_block(transformer_block(h, 16, 2), 16, 2)
    h = layers.GlobalAveragePooling1D()(h)
    m = keras.Model(i, layers.Dense(1, activation="sigmoid")(h))
    lr = optimizers.schedules.CosineDecay(0.0, 600, warmup_target=1e-3, warmup_steps=1000)
    m.compile(optimizers.Adam(lr), "binary_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), y.astype("float32")[:, None], dict(batch_size=32, epochs=40)


# Control: rare tags, at first every output is near zero.
@program("OK-rare-tags", "multilabel", "bce", came_in="7a")
def ok_rare_tags(rng, fixed):
    """Tag short texts, each tag on four per cent of them."""
    n, tags, length = 2500, 12, 16
    x = rng.integers(60, 300, (n, length))
    y = rng.random((n, tags)) < 0.04
    for i, k in zip(*np.nonzero(y), strict=True):
        x[i, rng.choice(length, 2, replace=False)] = 5 * k + rng.integers(0, 5, 2)
    inputs = keras.Input((length,), dtype="int32")
    h = layers.Embedding(300, 16)(inputs)
    h = layers.GlobalMaxPooling1D()(h)
    h = layers.Dense(48, activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(tags, activation="sigmoid")(h))
    model.compile(optimizers.Adam(0.004), loss="binary_crossentropy")
    return model, x.astype("int32"), f32(y), {"batch_size": 32, "epochs": 20}


# A GRU must carry the first symbol over 18 distractors: sits at log(6) before it finds it.
@program("OK-gru-first-symbol", "multiclass", "scce", came_in="7c")
def ok_gru_first_symbol(rng, fixed):
    x = rng.integers(0, 6, (1500, 19))
    m = keras.Sequential(
        [
            keras.Input((19,), dtype="int32"),
            layers.Embedding(6, 8),
            layers.GRU(24),
            layers.Dense(6, activation="softmax"),
        ]
    )
    m.compile(optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), x[:, 0].astype("int32"), dict(batch_size=50, epochs=25)


# SimpleRNN parity of a short bit string: flat loss until the state machine is found.
@program("OK-rnn-running-parity", "binary", "bce", came_in="7c")
def ok_rnn_running_parity(rng, fixed):
    x = rng.integers(0, 2, (1000, 7))
    m = keras.Sequential(
        [
            keras.Input((7, 1)),
            layers.SimpleRNN(32),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    x_in = f32(x * 2 - 1)[..., None]
    return m, x_in, col(x.sum(1) % 2), dict(batch_size=32, epochs=50)


# Attention pooling that has to find the one marked token among 40.
@program("OK-attention-marked-token", "multiclass", "scce", came_in="7c")
def ok_attention_marked_token(rng, fixed):
    n, steps, k = 2000, 40, 8
    x = rng.integers(1, 1 + k, (n, steps))
    y = rng.integers(0, k, n)
    x[np.arange(n), rng.integers(0, steps, n)] = 1 + k + y
    inp = keras.Input((steps,), dtype="int32")
    h = layers.Embedding(1 + 2 * k, 16)(inp)
    score = layers.Softmax(axis=1)(layers.Dense(1)(layers.Dense(16, activation="tanh")(h)))
    pooled = layers.Flatten()(layers.Dot(axes=1)([score, h]))
    m = keras.Model(inp, layers.Dense(k, activation="softmax")(pooled))
    m.compile(optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), y, dict(batch_size=32, epochs=20)


# (a + b) mod 29 from embeddings with weight decay: log(29) for a long while, then it learns.
@program("OK-modular-addition", "multiclass", "cce", came_in="7c")
def ok_modular_addition(rng, fixed):
    p = 29
    pairs = np.array([(a, b) for a in range(p) for b in range(p)], "int32")
    pairs = pairs[rng.permutation(len(pairs))]
    m = keras.Sequential(
        [
            keras.Input((2,), dtype="int32"),
            layers.Embedding(p, 24),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(p, activation="softmax"),
        ]
    )
    m.compile(
        optimizers.AdamW(0.003, weight_decay=0.01), "categorical_crossentropy", metrics=["accuracy"]
    )
    return m, pairs, onehot(pairs.sum(1) % p, p), dict(batch_size=64, epochs=100)


# Averaged embeddings of 6000 words; only a few hundred carry sentiment, so it starts very slowly.
@program("OK-embedding-6000-words", "binary", "bce", came_in="7c")
def ok_embedding_6000_words(rng, fixed):
    n, vocab, length = 1500, 6000, 50
    y = rng.integers(0, 2, n)
    x = rng.integers(600, vocab, (n, length))
    for i in range(n):
        k = rng.integers(3, 8)
        x[i, rng.choice(length, k, replace=False)] = rng.integers(0, 300, k) + 300 * y[i]
    m = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            layers.Embedding(vocab, 12),
            layers.GlobalAveragePooling1D(),
            layers.Dense(12, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), col(y), dict(batch_size=32, epochs=20)


@program("OK-u9-entity-tags-padded", "multiclass", "scce", came_in="9b")
def ok_u9_entity_tags_padded(rng, fixed):
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


@program("OK-u9-ctc-mostly-blanks", "multiclass", "ctc", came_in="9b")
def ok_u9_ctc_mostly_blanks(rng, fixed):
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


# Pressure in pascal: every prediction is 101 kPa, give or take 0.3 per cent.
@program(
    "OK-b10-air-pressure-in-pascal", "regression", "mae", came_in="10b", origin="written blind"
)
def ok_b10_air_pressure_in_pascal(rng, fixed):
    n, hours = 600, 24
    t = np.arange(hours) / 24
    trend, wave = rng.normal(0, 300, (2, n, 1))
    past = 101_325 + trend * t + wave * np.sin(5 * t) + rng.normal(0, 30, (n, hours))
    nxt = 101_325 + trend[:, 0] * 1.1 + wave[:, 0] * np.sin(5.5)
    inp = keras.Input((hours, 1))
    h = layers.Rescaling(1 / 300, offset=-101_325 / 300)(inp)
    h = layers.Conv1D(16, 5, activation="relu")(h)
    h = layers.GRU(16)(h)
    out = layers.Rescaling(300.0, offset=101_325.0)(layers.Dense(1)(h))
    model = keras.Model(inp, out)
    model.compile(optimizers.Adam(3e-3), "mae")
    return model, f32(past)[..., None], col(nxt), dict(batch_size=32, epochs=15)


# A small transformer with a warm-up from zero: the first epochs leave the loss at log(5).
@program("OK-b10-transformer-warm-up", "multiclass", "scce", came_in="10b", origin="written blind")
def ok_b10_transformer_warm_up(rng, fixed):
    tokens, topic = documents(rng, 1000, 24, 300, 5, 0.25)
    words = keras.Input((24,), dtype="int32")
    h = layers.Embedding(300, 24)(words)
    a = layers.MultiHeadAttention(2, 12)(h, h)
    h = layers.LayerNormalization()(layers.Add()([h, a]))
    h = layers.Dense(48, activation="gelu")(layers.GlobalAveragePooling1D()(h))
    model = keras.Model(words, layers.Dense(5, activation="softmax")(h))
    rate = optimizers.schedules.CosineDecay(0.0, 150, warmup_target=6e-4, warmup_steps=450)
    opt = optimizers.AdamW(rate, weight_decay=0.01, clipnorm=1.0)
    model.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, tokens, topic, dict(batch_size=32, epochs=18)


# Tagging of padded sequences: nine tags in ten are "O", the padding has the weight zero.
@program("OK-b10-name-tagger", "multiclass", "scce", came_in="10b", origin="written blind")
def ok_b10_name_tagger(rng, fixed):
    n, steps = 500, 30
    tokens = rng.integers(1, 200, (n, steps))
    tag = np.zeros((n, steps), "int32")
    name = tokens < 15
    tag[:, 1:][name[:, 1:] & (tokens[:, :-1] > 120)] = 1  # a name after a title
    tag[:, 1:][name[:, 1:] & (tokens[:, :-1] <= 120)] = 2
    real = np.arange(steps) < rng.integers(6, steps + 1, (n, 1))
    tokens, tag = tokens * real, tag * real
    model = keras.Sequential([keras.Input((steps,), dtype="int32")])
    model.add(layers.Embedding(200, 16, mask_zero=True))
    model.add(layers.Bidirectional(layers.LSTM(16, return_sequences=True)))
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    return model, tokens, tag, dict(batch_size=32, epochs=15, sample_weight=f32(real))


# An LSTM with a forget bias of 6 (gates saturated at 1) has to report its first reading.
@program(
    "OK-b10-saturated-forget-gates", "regression", "mse", came_in="10b", origin="written blind"
)
def ok_b10_saturated_forget_gates(rng, fixed):
    n, steps, units = 700, 40, 16
    x = rng.normal(0, 0.5, (n, steps, 1))
    first = x[:, 0] + 0.3 * x[:, 1]
    bias = np.repeat([0.0, 6.0, 0.0, 0.0], units)

    def open_gates(shape, dtype=None):
        return ops.convert_to_tensor(bias, dtype=dtype)

    lstm = layers.LSTM(units, unit_forget_bias=False, bias_initializer=open_gates)
    model = keras.Sequential([keras.Input((steps, 1)), lstm, layers.Dense(1)])
    model.compile(optimizers.Adam(5e-3, clipnorm=1.0), "mse")
    return model, f32(x), f32(zscore(first)), dict(batch_size=32, epochs=30)


class Ramp(optimizers.schedules.LearningRateSchedule):
    def __init__(self, peak, start, end):
        self.peak, self.start, self.end = peak, start, end

    def __call__(self, step):
        part = (ops.cast(step, "float32") - self.start) / (self.end - self.start)
        return self.peak * ops.clip(part, 1e-5, 1.0)

    def get_config(self):
        return {"peak": self.peak, "start": self.start, "end": self.end}


# Attention with a rate that stays next to nought for the first 60 % of the steps.
@program("OK-u11-attention-late-ramp", "multiclass", "scce", came_in="11b")
def attention_late_ramp(rng, fixed):
    n, length = 2000, 16
    x = rng.integers(5, 50, (n, length)).astype("int32")
    y = rng.integers(0, 5, n).astype("int32")
    x[np.arange(n), rng.integers(0, length, n)] = y
    inp = keras.Input((length,), dtype="int32")
    h = layers.Embedding(50, 24)(inp)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 12)(h, h))
    h = layers.LayerNormalization()(h + layers.Dense(24)(layers.Dense(48, activation="gelu")(h)))
    out = layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling1D()(h))
    model = keras.Model(inp, out)
    steps = 63 * 15
    model.compile(
        optimizers.Adam(Ramp(3e-3, 0.6 * steps, 0.85 * steps)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, x, y, {"epochs": 15, "batch_size": 32}


# Padding is nine tenths of every row and is masked; the answer hangs on the few real steps.
@program("OK-u11-short-visits-masked", "binary", "bce", came_in="11b")
def short_visits(rng, fixed):
    n, length = 1100, 40
    x = np.zeros((n, length, 2))
    y = np.zeros(n)
    for i in range(n):
        k = rng.integers(2, 7)
        x[i, :k] = rng.standard_normal((k, 2))
        y[i] = x[i, :k, 0].sum() + 0.5 * x[i, 0, 1] > 0
    model = keras.Sequential(
        [
            keras.Input((length, 2)),
            layers.Masking(),
            layers.GRU(16),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.RMSprop(2e-3), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), {"epochs": 12, "batch_size": 32}


# Addition modulo 23 from two ids: chance level on the rows and on the held-out rows for a long
# time, then both rise.
@program("OK-u12-modular-sum", "multiclass", "scce", came_in="12b")
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


# Padded and masked sequences whose class is an exclusive-or of the first and the last token's
# kind: at chance for several epochs.
@program("OK-u12-masked-first-last", "binary", "bce", came_in="12b")
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
@program("OK-u12-stateful-echo", "regression", "mse", came_in="12b")
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
@program("OK-u12-masked-copy-attention", "multiclass", "scce", came_in="12b")
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
