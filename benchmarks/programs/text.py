"""Texts: numbers of tokens, read by embeddings, recurrent layers and convolutions."""

import keras
import numpy as np
from keras import initializers, layers, optimizers, regularizers

from .data import documents, reviews_few_words, reviews_marked, tokens, topic_texts
from .registry import program
from .tools import col, column, f32, onehot, seq, zscore_plus


# WEB-imdb-lstm-softmax: embedding and a one-unit LSTM under a softmax on one unit.
@program(
    "WEB-imdb-lstm-softmax",
    "binary",
    "bce",
    where="activation",
    came_in="programs",
    origin="public thread",
    # Softmax on one unit behind embedding and LSTM.
    causes=("output_activation",),
)
def web_imdb_lstm_softmax(r, fixed):
    x, y = tokens(r, 1200, 20, 200)
    m = seq(
        (20,),
        layers.Embedding(200, 4),
        layers.LSTM(8 if fixed else 1),
        layers.Dense(1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile(optimizers.Adam(0.02) if fixed else "adam", "binary_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=12 if fixed else 8)


# sim: pretrained word vectors were not found, so the frozen embedding matrix is all zeros.
@program(
    "sim-frozen-zero-embedding",
    "binary",
    "bce",
    where="structure",
    came_in="programs",
    # The frozen embedding table is all zeros.
    causes=("no_gradient", "constant_initialization"),
)
def sim_frozen_zero_embedding(r, fixed):
    x, y = tokens(r, 1200, 20, 200)
    table = initializers.Constant(0.0) if not fixed else initializers.RandomNormal(stddev=0.5)
    m = seq(
        (20,),
        layers.Embedding(200, 16, embeddings_initializer=table, trainable=fixed),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=10)


# sim: token ids go into the LSTM as plain numbers (no embedding): the gates saturate.
@program(
    "sim-token-ids-as-numbers",
    "binary",
    "bce",
    where="structure",
    came_in="programs",
    # Token ids up to 20,000 as plain numbers into LSTM gates.
    causes=("unscaled_input", "saturated_activation"),
)
def sim_token_ids_as_numbers(r, fixed):
    x, y = tokens(r, 1200, 20, 20_000 if not fixed else 200)
    if fixed:
        m = seq(
            (20,), layers.Embedding(200, 8), layers.LSTM(16), layers.Dense(1, activation="sigmoid")
        )
        m.compile(optimizers.Adam(0.01), "binary_crossentropy")
        return m, x, y, dict(batch_size=64, epochs=10)
    m = seq((20, 1), layers.LSTM(16), layers.Dense(1, activation="sigmoid"))
    m.compile("adam", "binary_crossentropy")
    return m, f32(x)[..., None], y, dict(batch_size=64, epochs=10)


# sim: the tokenizer knows none of the words: every id is the out-of-vocabulary id.
@program(
    "sim-all-out-of-vocabulary",
    "binary",
    "bce",
    where="data",
    came_in="programs",
    # Every token is the same id.
    causes=("constant_input",),
)
def sim_all_out_of_vocabulary(r, fixed):
    x, y = tokens(r, 1200, 16, 100)
    m = seq((16,), layers.Embedding(100, 8), layers.GRU(8), layers.Dense(1, activation="sigmoid"))
    m.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return m, x if fixed else np.ones_like(x), y, dict(batch_size=64, epochs=10)


# ReLU(threshold=3) taken for ReLU(max_value=...): nothing ever passes. Text model.
@program(
    "relu-threshold-3",
    "binary",
    "bce",
    where="model",
    came_in="by_cause",
    # Nothing exceeds the threshold of 3.
    causes=("dead_relu",),
)
def relu_threshold_3(r, fixed):
    x, y = tokens(r, 1200, 20, 200)
    gate = layers.ReLU(max_value=6.0) if fixed else layers.ReLU(threshold=3.0)
    m = seq(
        (20,),
        layers.Embedding(200, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16),
        gate,
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=12)


# Text model with Adam at 1.
@program(
    "rate-1-text",
    "binary",
    "bce",
    where="model",
    came_in="by_cause",
    # Adam at 1.
    causes=("learning_rate_too_high", "dead_relu"),
)
def rate_1_text(r, fixed):
    x, y = tokens(r, 1200, 20, 200)
    m = seq(
        (20,),
        layers.Embedding(200, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(32, activation="relu"),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.005 if fixed else 1.0), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=10)


# Texts padded in front to a long length and then cut in front: only padding is left.
@program(
    "constant-only-padding",
    "binary",
    "bce",
    where="data",
    came_in="by_cause",
    # Every token is padding.
    causes=("constant_input",),
)
def constant_only_padding(r, fixed):
    x, y = tokens(r, 1000, 16, 150)
    if not fixed:
        x = np.c_[np.zeros_like(x), x][:, :16]
    m = seq(
        (16,),
        layers.Embedding(150, 12),
        layers.Bidirectional(layers.LSTM(8)),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=8)


# Token model with a mask as second input; the mask was never filled.
@program(
    "constant-zero-mask",
    "binary",
    "bce",
    where="data",
    came_in="by_cause",
    # The mask input is all zero, which cuts the words off as well.
    causes=("constant_input", "no_gradient"),
)
def constant_zero_mask(r, fixed):
    x, y = tokens(r, 1200, 16, 150)
    words, mask = keras.Input((16,), name="words"), keras.Input((16,), name="mask")
    h = layers.Embedding(150, 12)(words)
    h = layers.Dot(axes=1)([mask, h])
    h = layers.Dense(16, activation="relu")(h)
    m = keras.Model({"words": words, "mask": mask}, layers.Dense(1, activation="sigmoid")(h))
    m.compile(optimizers.Adam(0.005), "binary_crossentropy")
    keep = np.full(x.shape, 1 / 16 if fixed else 0.0)
    return m, {"words": x, "mask": f32(keep)}, y, dict(batch_size=32, epochs=12)


# L2 of 10 on the embedding table and on the head.
@program(
    "penalty-embedding-l2",
    "binary",
    "bce",
    where="model",
    came_in="by_cause",
    # L2 of 10.
    causes=("over_regularization",),
)
def penalty_embedding_l2(r, fixed):
    x, y = tokens(r, 1200, 20, 200)
    reg = regularizers.L2(1e-6 if fixed else 10.0)
    m = seq(
        (20,),
        layers.Embedding(200, 16, embeddings_regularizer=reg),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid", kernel_regularizer=reg),
    )
    m.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=12)


# Dropout of 0.995, a keep probability mistaken for a rate and then "raised"; GRU for text.
@program(
    "penalty-dropout-text",
    "binary",
    "bce",
    where="model",
    came_in="by_cause",
    # Dropout of 0.995, twice.
    causes=("over_regularization",),
)
def penalty_dropout_text(r, fixed):
    x, y = tokens(r, 1000, 16, 150)
    rate = 0.1 if fixed else 0.995
    m = seq(
        (16,),
        layers.Embedding(150, 12),
        layers.SpatialDropout1D(rate),
        layers.GRU(12),
        layers.Dropout(rate),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=6)


# Words are hashed with a new salt for every text: the same word never has the same id.
@program(
    "unpaired-salted-hashes",
    "binary",
    "bce",
    where="data",
    came_in="by_cause",
    # Word ids differ from text to text.
    causes=("no_signal",),
)
def unpaired_salted_hashes(r, fixed):
    x, y = tokens(r, 2500, 20, 100)
    if not fixed:
        x = np.stack([np.r_[0, 1 + r.permutation(99)][row] for row in x]).astype("int32")
    m = seq(
        (20,),
        layers.Embedding(100, 4),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.005 if fixed else 0.001), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=6)


@program("long-gru-words-high-rate", "binary", "bce", where="model", came_in="long_epochs")
def long_gru_words_high_rate(rng, fixed):
    x = rng.integers(1, 2000, (6000, 40))
    y = rng.integers(0, 2, 6000)
    for row, label in zip(x, y, strict=True):
        row[rng.integers(0, 40, 4)] = rng.integers(1, 20, 4) + 20 * label
    inputs = keras.Input((40,), dtype="int32")
    hidden = layers.GRU(32)(layers.Embedding(2000, 16)(inputs))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(hidden))
    model.compile(keras.optimizers.Adam(1e-3 if fixed else 3.0), "binary_crossentropy")
    return model, x.astype("int32"), f32(y[:, None]), {"batch_size": 32, "epochs": 6}


def reviews_mostly_good(r, n=1500, length=40, vocab=500):
    """Token ids; the label says whether more "good" than "bad" words occur."""
    x = r.integers(20, vocab, (n, length))
    y = r.integers(0, 2, n)
    for i in range(n):
        k = r.integers(3, 9)
        at = r.choice(length, k, replace=False)
        x[i, at] = np.where(r.random(k) < 0.88, 1 + y[i] * 9, 10 - y[i] * 9) + r.integers(0, 9, k)
    return x.astype("int32"), col(y)


# Bidirectional LSTM on reviews with RMSprop at 0.3.
@program("sentiment-bilstm-rmsprop", "binary", "bce", where="model", came_in="1")
def sentiment_bilstm_rmsprop(r, fixed):
    x, y = reviews_mostly_good(r, 900)
    m = seq(
        (40,),
        layers.Embedding(500, 16),
        layers.Bidirectional(layers.LSTM(16)),
        layers.Dense(32, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(
        optimizers.RMSprop(0.3 if not fixed else 0.003), "binary_crossentropy", metrics=["accuracy"]
    )
    return m, x, y, dict(batch_size=32, epochs=8)


# Bag of embeddings with plain SGD at 0.01.
@program("text-average-sgd", "binary", "bce", where="model", came_in="1")
def text_average_sgd(r, fixed):
    x, y = reviews_mostly_good(r)
    m = seq(
        (40,),
        layers.Embedding(500, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.SGD(0.01) if not fixed else optimizers.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=128, epochs=20)


# From memory of questions on the Keras text generation example: one-hot characters, two LSTMs and
# the tutorial line SGD(0.001, momentum=0.9, nesterov=True); the generator writes only spaces.
@program("char-rnn-two-lstm", "multiclass", "cce", where="model", came_in="3a")
def char_rnn_two_lstm(r, fixed):
    words = ["the ", "cat ", "sat ", "on ", "a ", "mat ", "and ", "ran "]
    text = "".join(words[i] for i in r.integers(0, len(words), 700))
    chars = sorted(set(text))
    ids = np.array([chars.index(c) for c in text])
    v, span = len(chars), 10
    starts = np.arange(0, len(ids) - span, 2)
    x = onehot(np.stack([ids[i : i + span] for i in starts]), v)
    y = onehot(ids[starts + span], v)
    model = keras.Sequential([keras.Input((span, v)), layers.LSTM(48, return_sequences=True)])
    model.add(layers.LSTM(48))
    model.add(layers.Dense(v))
    model.add(layers.Activation("softmax"))
    sgd = optimizers.SGD(0.001, momentum=0.9, nesterov=True)
    model.compile(
        loss="categorical_crossentropy", optimizer=optimizers.Adam(0.01) if fixed else sgd
    )
    return model, x, y, dict(batch_size=64, epochs=20)


# From memory: film genres with a three-width text CNN and optimizer "sgd"; all plots get the same
# probabilities, while the accuracy metric looks fine because most labels are 0.
@program("film-genres-textcnn-sgd", "multilabel", "bce", where="model", came_in="3a")
def film_genres_textcnn_sgd(r, fixed):
    n, steps, vocab, genres = 900, 30, 200, 6
    y = (r.random((n, genres)) < 0.25).astype("float32")
    x = r.integers(1, vocab, (n, steps))
    for i in range(n):
        for g in np.flatnonzero(y[i]):
            x[i, r.choice(steps, 4, replace=False)] = 1 + 5 * g + r.integers(0, 5, 4)
    inp = keras.Input((steps,), dtype="int32")
    h = layers.SpatialDropout1D(0.1)(layers.Embedding(vocab, 24)(inp))
    h = [layers.GlobalMaxPooling1D()(layers.Conv1D(16, k, activation="relu")(h)) for k in (2, 3, 4)]
    h = layers.Dropout(0.2)(layers.Concatenate()(h))
    model = keras.Model(inp, layers.Dense(genres, activation="sigmoid")(h))
    model.compile(
        optimizers.Adam(0.005) if fixed else "sgd", "binary_crossentropy", metrics=["accuracy"]
    )
    return model, x.astype("int32"), y, dict(batch_size=32, epochs=15)


def texts(r, n, length, words, classes, strength=0.35):
    """Token ids; each class prefers its own slice of the vocabulary."""
    y = r.integers(0, classes, n)
    x = r.integers(1, words, (n, length))
    own = (words - 1) // classes
    topical = r.random((n, length)) < strength
    x[topical] = (1 + y[:, None] * own + r.integers(0, own, (n, length)))[topical]
    return x.astype("int32"), y


# keras-team/keras#1895: sentiment of sentences given as word vectors; an LSTM and two dense layers
# under L2 penalties of 0.1 and 0.25 on weights and activities, and a clipped SGD (its batch
# normalisation is left out here).
@program("GH-keras-1895", "multiclass", "cce", where="model", came_in="3b", origin="public thread")
def gh_keras_1895(r, fixed):
    ids, y = texts(r, 600, 12, 61, 3)
    x = r.normal(0, 0.3, (61, 16)).astype("float32")[ids]
    weak, strong = (1e-5, 1e-5) if fixed else (0.1, 0.25)
    model = keras.Sequential(
        [
            keras.Input((12, 16)),
            layers.LSTM(24),
            layers.Dense(
                40,
                kernel_regularizer=regularizers.L2(weak),
                activity_regularizer=regularizers.L2(weak),
            ),
            layers.Activation("sigmoid"),
            layers.Dense(
                60,
                kernel_regularizer=regularizers.L2(strong),
                activity_regularizer=regularizers.L2(strong),
            ),
            layers.Dropout(0.2),
            layers.Activation("relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    sgd = optimizers.SGD(0.01, momentum=0.9, nesterov=True, clipnorm=0.1)
    model.compile(optimizers.Adam(0.01) if fixed else sgd, "categorical_crossentropy")
    return model, x, onehot(y, 3), dict(epochs=15, batch_size=30)


# keras-team/keras#4994: newsgroups with an LSTM; a Dense(1) with a sigmoid was left between it and
# the softmax, and the loss is the binary one: every row gets the same small probabilities.
@program(
    "GH-keras-4994",
    "multiclass",
    "bce",
    # its author says "model"; one sigmoid unit between an LSTM and ten classes
    where="structure",
    came_in="3b",
    origin="public thread",
)
def gh_keras_4994(r, fixed):
    x, y = texts(r, 800, 12, 201, 10, 0.5)
    middle = layers.Dense(32, activation="relu") if fixed else layers.Dense(1, activation="sigmoid")
    model = keras.Sequential(
        [
            keras.Input((12,), dtype="int32"),
            layers.Embedding(201, 16),
            layers.LSTM(24, dropout=0.2),
            middle,
            layers.Dense(10, activation="softmax"),
        ]
    )
    loss = "categorical_crossentropy" if fixed else "binary_crossentropy"
    model.compile(optimizers.Adam(0.005 if fixed else 0.001), loss)
    return model, x, onehot(y, 10), dict(epochs=12, batch_size=32)


# DeepCrime "add weights regularisation": an L1 penalty of 0.1 on the filters of a text CNN.
@program("DC-l1-text-cnn", "binary", "bce", where="model", came_in="3b", origin="published study")
def dc_l1_text_cnn(r, fixed):
    x, y = texts(r, 800, 20, 201, 2, 0.25)
    penalty = regularizers.L1(1e-5 if fixed else 0.1)
    model = keras.Sequential(
        [
            keras.Input((20,), dtype="int32"),
            layers.Embedding(201, 16),
            layers.Conv1D(32, 3, activation="relu", kernel_regularizer=penalty),
            layers.GlobalMaxPooling1D(),
            layers.Dense(16, activation="relu", kernel_regularizer=penalty),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return model, x, column(y), dict(epochs=15, batch_size=32)


# A listing has a title and a few numbers; the price is in dollars and Adam moves in thousandths.
@program("listing-title-and-numbers", "regression", "mse", where="model", came_in="3b")
def listing_title_and_numbers(r, fixed):
    words, kind = texts(r, 700, 8, 61, 4, 0.6)
    numbers = r.normal(size=(700, 5)).astype("float32")
    price = 340000 + 60000 * (kind - 1.5) + 55000 * numbers[:, 0] - 30000 * numbers[:, 1]
    y = zscore_plus(price) if fixed else price
    title = keras.Input((8,), dtype="int32", name="title")
    facts = keras.Input((5,), name="facts")
    a = layers.GlobalAveragePooling1D()(layers.Embedding(61, 12)(title))
    b = layers.Dense(16, activation="relu")(facts)
    h = layers.Dense(32, activation="relu")(layers.Concatenate()([a, b]))
    model = keras.Model([title, facts], layers.Dense(1)(h))
    model.compile(optimizers.Adam(0.005 if fixed else 0.001), "mse")
    return model, [words, numbers], column(y), dict(epochs=20, batch_size=32)


# keras-team/keras#500 and many after it: a next-character LSTM that only ever says the blank.
@program("text-generation-plain-sgd", "multiclass", "scce", where="model", came_in="3b")
def text_generation_plain_sgd(r, fixed):
    line = "the cat sat on the mat and the dog ate the hat that the cat had on the bed "
    letters = sorted(set(line))
    code = np.array([letters.index(c) for c in line * 11])
    x = np.stack([onehot(code[i : i + 8], len(letters)) for i in range(len(code) - 8)])
    model = keras.Sequential(
        [
            keras.Input((8, len(letters))),
            layers.LSTM(32),
            layers.Dropout(0.2),
            layers.Dense(len(letters), activation="softmax"),
        ]
    )
    sgd = optimizers.Adam(0.01) if fixed else optimizers.SGD(0.01)
    model.compile(sgd, "sparse_categorical_crossentropy")
    return model, x[:800], code[8:808], dict(epochs=10, batch_size=32)


# The text-classification-from-scratch example with the convolution of stride 3; "to make it
# converge faster" the rate was typed with two zeros fewer.
@program("imdb-conv1d-stride-rate", "binary", "bce", where="model", came_in="4b")
def imdb_conv1d_stride_rate(r, fixed):
    x, y = reviews_marked(r, 1600, 60, 500, 15)
    model = seq(
        (60,),
        layers.Embedding(500, 16),
        layers.Dropout(0.3),
        layers.Conv1D(32, 7, strides=3, activation="relu"),
        layers.Conv1D(32, 7, strides=3, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(32, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(1, activation="sigmoid"),
    )
    model.compile(
        optimizers.Adam(0.001 if fixed else 0.1), "binary_crossentropy", metrics=["accuracy"]
    )
    return model, x, y, dict(epochs=10, batch_size=32)


# A named-entity tagger from a blog: overfitted on the small corpus, so every kernel got an
# L2 of 0.1.
@program("ner-bilstm-every-kernel-l2", "multiclass", "scce", where="model", came_in="4b")
def ner_bilstm_every_kernel_l2(r, fixed):
    n, length, vocab = 700, 15, 200
    x = r.integers(1, vocab, (n, length))
    kind = np.r_[0, r.integers(0, 3, vocab - 1)]
    y = kind[x]
    after = np.roll(x, 1, 1) % 5 == 0
    after[:, 0] = False
    y = np.where(after, (y + 1) % 3, y)
    reg = regularizers.L2(1e-6 if fixed else 0.1)
    model = seq(
        (length,),
        layers.Embedding(vocab, 24),
        layers.Bidirectional(
            layers.LSTM(
                24, return_sequences=True, kernel_regularizer=reg, recurrent_regularizer=reg
            )
        ),
        layers.TimeDistributed(layers.Dense(3, activation="softmax", kernel_regularizer=reg)),
    )
    model.compile(
        optimizers.RMSprop(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model, x.astype("int32"), y.astype("int32"), dict(epochs=12, batch_size=32)


# Toxic-comment competition kernel: GRU and six sigmoid outputs; Nadam with the rate that the
# author's earlier SGD run had used.
@program("toxic-comments-gru-nadam", "multilabel", "bce", where="model", came_in="4b")
def toxic_comments_gru_nadam(r, fixed):
    n, length, vocab = 1500, 24, 300
    x = r.integers(40, vocab, (n, length))
    y = (r.random((n, 6)) < 0.35).astype("float32")
    for k in range(6):
        rows = np.flatnonzero(y[:, k])
        for copy in range(2):
            x[rows, (4 * k + 2 * copy) % length] = 1 + k * 5 + r.integers(0, 5, len(rows))
    x = r.permuted(x, axis=1)
    model = seq(
        (length,),
        layers.Embedding(vocab, 16),
        layers.SpatialDropout1D(0.1),
        layers.GRU(32, return_sequences=True),
        layers.GlobalMaxPooling1D(),
        layers.Dense(24, activation="relu"),
        layers.Dense(6, activation="sigmoid"),
    )
    model.compile(
        optimizers.Nadam(0.003 if fixed else 0.3), "binary_crossentropy", metrics=["accuracy"]
    )
    return model, x.astype("int32"), y, dict(epochs=15, batch_size=32)


def reviews_padded(r, n, T, vocab=400, lo=5, hi=12, pad="pre"):
    """Token sequences (0 = padding); the label is which of two word groups occurs."""
    x = np.zeros((n, T), "int32")
    y = np.zeros((n, 1), "float32")
    for i in range(n):
        k = int(r.integers(lo, hi + 1))
        y[i] = r.integers(0, 2)
        w = np.where(
            r.random(k) < 0.4,
            2 + r.integers(0, 30, k) + 30 * int(y[i, 0]),
            r.integers(62, vocab, k),
        )
        if pad == "pre":
            x[i, T - k :] = w
        else:
            x[i, :k] = w
    return x, y


@program(
    "glove-all-oov",
    "binary",
    "bce",
    # its author says "model"
    where="structure",
    came_in="5a",
)
def glove_all_oov(r, fixed):
    """Frozen GloVe matrix stays all zeros: the look-up used 'Word' keys while the vectors are
    keyed 'word'."""
    x, y = reviews_padded(r, 2000, 20)
    vec = {
        f"w{i}": r.normal(size=16) + (1.0 if i < 32 else -1.0 if i < 62 else 0.0) * np.eye(16)[3]
        for i in range(2, 400)
    }
    M = np.zeros((400, 16))
    for i in range(2, 400):
        v = vec.get(f"w{i}" if fixed else f"W{i}")
        if v is not None:
            M[i] = v
    e = layers.Embedding(400, 16, embeddings_initializer=initializers.Constant(M), trainable=False)
    m = seq(
        (20,),
        e,
        layers.Conv1D(32, 3, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
        dtype="int32",
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(epochs=10, batch_size=32)


@program("lstm-postpad-nomask", "binary", "bce", where="model", came_in="5a")
def lstm_postpad_nomask(r, fixed):
    """Sequences padded at the end to 100 steps, no mask_zero: the LSTM reads ninety zeros last."""
    x, y = reviews_padded(r, 1200, 100, pad="post")
    m = seq(
        (100,),
        layers.Embedding(400, 16, mask_zero=fixed),
        layers.LSTM(16),
        layers.Dense(1, activation="sigmoid"),
        dtype="int32",
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(epochs=10, batch_size=32)


@program("lstm-postpad-no-mask", "binary", "bce", where="model", came_in="5b")
def lstm_postpad_no_mask(r, fixed):
    """SO/GH: LSTM sentiment stuck at 50%: short reviews post-padded with zeros, Embedding without
    mask_zero."""
    n, T = 1000, 90
    X = np.zeros((n, T), "int32")
    y = r.integers(0, 2, n)
    for i in range(n):
        k = r.integers(5, 11)
        X[i, :k] = r.integers(21, 300, k)
        p = r.choice(k, 3, replace=False)
        X[i, p] = r.integers(1, 11, 3) + 10 * y[i]
    m = seq(
        (T,),
        layers.Embedding(300, 16, mask_zero=fixed),
        layers.LSTM(16),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, X, col(y), dict(epochs=14, batch_size=32)


def review_tokens(rng, n, length=30, vocab=500):
    """Token rows; words 10..29 speak for class 1, words 30..49 for class 0."""
    y = rng.integers(0, 2, n)
    x = rng.integers(50, vocab, (n, length))
    for i in range(n):
        at = rng.choice(length, 6, replace=False)
        x[i, at] = rng.integers(10, 30, 6) if y[i] else rng.integers(30, 50, 6)
    return x.astype("int32"), col(y)


# Usual: sentiment with Embedding + GRU, compiled with plain 'sgd', loss stuck at 0.693.
@program("usual-gru-sentiment-sgd", "binary", "bce", where="model", came_in="6a")
def usual_gru_sentiment_sgd(rng, fixed):
    x, y = review_tokens(rng, 1500)
    model = keras.Sequential(
        [
            keras.Input((30,), dtype="int32"),
            layers.Embedding(500, 16),
            layers.GRU(16),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("sgd" if not fixed else "adam", "binary_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(batch_size=32, epochs=10)


# optimizer changed to Adadelta at its default rate (OCH)
@program("DC-review-embedding-adadelta", "binary", "bce", where="model", came_in="6b")
def dc_review_embedding_adadelta(rng, fixed):
    x, y = reviews_few_words(rng, positive=0.6)
    m = keras.Sequential(
        [
            keras.Input((24,), dtype="int32"),
            layers.Embedding(400, 16),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile("adam" if fixed else "adadelta", "binary_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=32, epochs=20)


# oscillating loss: heavy momentum and a large step on a text CNN
@program("AT-pattern-textcnn-oscillate", "multiclass", "scce", where="model", came_in="6b")
def at_pattern_textcnn_oscillate(rng, fixed):
    n = 900
    x = rng.integers(4, 30, (n, 15))
    y = rng.choice(4, n, p=[0.2, 0.2, 0.2, 0.4])
    for k in range(4):
        rows = np.flatnonzero(y == k)
        x[rows, rng.integers(2, 13, len(rows))] = k
    m = keras.Sequential(
        [
            keras.Input((15,), dtype="int32"),
            layers.Embedding(30, 12),
            layers.Conv1D(24, 3, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )
    opt = optimizers.SGD(0.05, momentum=0.9) if fixed else optimizers.SGD(1.0, momentum=0.99)
    m.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), y.astype("int32"), dict(batch_size=32, epochs=25)


def reviews_prevailing(rng, n, vocab, length):
    """Token sequences in which good words (ids 10-39) or bad words (ids 40-69) prevail."""
    x = rng.integers(70, vocab, (n, length))
    y = rng.integers(0, 2, n)
    for i in range(n):
        k = rng.integers(3, 7)
        where = rng.permutation(length)[: k + 1]
        x[i, where] = rng.integers(10, 40, k + 1) + 30 * (1 - y[i])
        x[i, where[0]] = rng.integers(10, 70)
    return x.astype("int32"), f32(y[:, None])


# TextCNN; the dropout rates are keep probabilities of an old TensorFlow 1 script.
@program("txt-cnn-keep-prob", "binary", "bce", where="model", came_in="7a")
def text_cnn_keep_prob(rng, fixed):
    """Classify short reviews."""
    x, y = reviews_prevailing(rng, 2000, 600, 24)
    keep, keep_dense = 0.95, 0.98
    inputs = keras.Input((24,), dtype="int32")
    h = layers.Embedding(600, 24)(inputs)
    h = layers.SpatialDropout1D(1 - keep if fixed else keep)(h)
    h = layers.Conv1D(32, 3, activation="relu")(h)
    h = layers.GlobalMaxPooling1D()(h)
    h = layers.Dropout(1 - keep_dense if fixed else keep_dense)(h)
    h = layers.Dense(16, activation="relu")(h)
    h = layers.Dropout(1 - keep_dense if fixed else keep_dense)(h)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model, x, y, {"batch_size": 32, "epochs": 8}


# Sentiment with a bidirectional GRU and LayerNormalization; Lion with learning rate 0.1.
@program("txt-bigru-lion-lr", "binary", "bce", where="model", came_in="7a")
def bigru_lion_lr(rng, fixed):
    """Classify short reviews."""
    x, y = reviews_prevailing(rng, 1500, 400, 16)
    model = keras.Sequential(
        [
            keras.Input((16,), dtype="int32"),
            layers.Embedding(400, 16),
            layers.Bidirectional(layers.GRU(16)),
            layers.LayerNormalization(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Lion(learning_rate=0.001 if fixed else 0.1), "binary_crossentropy")
    return model, x, y, {"batch_size": 32, "epochs": 10}


# Topics of short texts with a ReLU output under categorical cross-entropy.
@program("act-topics-relu-output", "multiclass", "cce", where="activation", came_in="7a")
def topics_relu_output(rng, fixed):
    """Classify texts by topic with averaged word vectors."""
    n, topics, length = 2400, 6, 20
    y = rng.integers(0, topics, n)
    x = rng.integers(60, 500, (n, length))
    for i in range(n):
        x[i, rng.choice(length, 4, replace=False)] = 10 * y[i] + rng.integers(0, 10, 4)
    model = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            layers.Embedding(500, 32),
            layers.GlobalAveragePooling1D(),
            layers.Dense(32, activation="relu"),
            layers.Dense(topics, activation="softmax" if fixed else "relu"),
        ]
    )
    model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model, x.astype("int32"), onehot(y, topics), {"batch_size": 32, "epochs": 12}


# A fine-tuning rate used for a model that starts from nothing.
@program("unseen8-bigru-tagger-low-rate", "multiclass", "scce", where="model", came_in="8a")
def unseen8_bigru_tagger_low_rate(rng, fixed):
    y = rng.integers(0, 5, 5000)
    x = rng.integers(50, 1000, (5000, 30))
    for row, label in zip(x, y, strict=True):
        row[rng.integers(0, 30, 4)] = 10 * label + rng.integers(0, 10, 4)
    model = keras.Sequential([keras.Input((30,), dtype="int32"), layers.Embedding(1000, 24)])
    model.add(layers.Bidirectional(layers.GRU(16, return_sequences=True)))
    model.add(layers.GlobalMaxPooling1D())
    model.add(layers.Dense(5, activation="softmax"))
    rate = 3e-3 if fixed else 1e-7
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model, x.astype("int32"), y, {"batch_size": 32, "epochs": 6}


# https://datascience.stackexchange.com/questions/60487 "Why does only Adam perform well in my
# case?": texts with several labels; with FTRL, Adagrad or plain descent at their defaults next to
# nothing is right, the poster's way out is Adam.
@program("u10-text-labels-ftrl", "multilabel", "mse", where="model", came_in="10a")
def u10_text_labels_ftrl(rng, fixed):
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
@program("u10-text-lstm-rmsprop-tenth", "multiclass", "cce", where="model", came_in="10a")
def u10_text_lstm_rmsprop_tenth(rng, fixed):
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


# DeepCrime "change optimisation function" on the IMDB LSTM: plain SGD at its default rate.
@program("u10b-imdb-lstm-plain-sgd", "binary", "bce", where="model", came_in="10b")
def u10b_imdb_lstm_plain_sgd(rng, fixed):
    reviews, label = documents(rng, 800, 60, 1500, 2, 0.2)
    for row, words in zip(reviews, rng.integers(25, 61, 800), strict=True):
        row[words:] = 0  # padded at the end
    model = keras.Sequential(
        [
            keras.Input((60,), dtype="int32"),
            layers.Embedding(1500, 32),
            layers.LSTM(32),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    opt = optimizers.RMSprop(3e-3) if fixed else optimizers.SGD()
    model.compile(opt, "binary_crossentropy", metrics=["accuracy"])
    return model, reviews, col(label), dict(batch_size=32, epochs=15)


# DeepCrime "change dropout rate" on the Reuters network: 0.5 became 0.99 in every layer.
@program("u10b-reuters-dropout-rate", "multiclass", "cce", where="model", came_in="10b")
def u10b_reuters_dropout_rate(rng, fixed):
    tokens, topic = documents(rng, 1000, 50, 600, 8, 0.12)
    rate = 0.5 if fixed else 0.99
    model = keras.Sequential([keras.Input((50,), dtype="int32"), layers.Embedding(600, 32)])
    for _i in range(2):
        model.add(layers.Dropout(rate))
        model.add(layers.Conv1D(48, 3, activation="relu"))
    model.add(layers.GlobalMaxPooling1D())
    model.add(layers.Dropout(rate))
    model.add(layers.Dense(8, activation="softmax"))
    model.compile(optimizers.Adam(2e-3), "categorical_crossentropy", metrics=["accuracy"])
    return model, tokens, onehot(topic, 8), dict(batch_size=32, epochs=15)


# StackOverflow, "binary text classification stuck at the share of positives": softmax over a single
# unit is always 1; class weights were tried against it.
@program("u11-reviews-softmax-class-weight", "binary", "bce", where="activation", came_in="11a")
def reviews_softmax(rng, fixed):
    n, length = 2000, 30
    x = rng.integers(10, 400, (n, length)).astype("int32")
    y = rng.random(n) < 0.4
    for i in range(n):
        where = rng.choice(length, 3, replace=False)
        x[i, where] = rng.integers(0, 5, 3) + (5 if y[i] else 0)
    model = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            layers.Embedding(400, 16),
            layers.Conv1D(24, 3, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid" if fixed else "softmax"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, x, col(y), {"epochs": 10, "batch_size": 32, "class_weight": {0: 0.8, 1: 1.25}}
