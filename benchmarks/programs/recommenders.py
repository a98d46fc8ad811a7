"""Users and items: dot products, factorisations, two towers; healthy ones as well."""

import keras
import numpy as np
from keras import initializers, layers, optimizers, regularizers

from .registry import program
from .tools import col, f32, zscore_as_is, zscore_as_is_plus, zscore_plus_tiny


# Matrix factorisation; both embedding tables start at zero, so neither gets a gradient.
@program("recommender-zero-embeddings", "regression", "mse", where="model", came_in="1")
def recommender_zero_embeddings(r, fixed):
    n, users, items, k = 6000, 80, 60, 4
    u, v = r.integers(0, users, n), r.integers(0, items, n)
    a, b = r.normal(size=(users, k)), r.normal(size=(items, k))
    y = 3.5 + (a[u] * b[v]).sum(1) * 0.6 + 0.1 * r.normal(size=n)
    init = "zeros" if not fixed else "uniform"
    iu, iv = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    eu = layers.Flatten()(layers.Embedding(users, 8, embeddings_initializer=init)(iu))
    ev = layers.Flatten()(layers.Embedding(items, 8, embeddings_initializer=init)(iv))
    out = layers.Dense(1)(layers.Dot(axes=1)([eu, ev]))
    m = keras.Model([iu, iv], out)
    m.compile(optimizers.Adam(0.01), "mse")
    return (
        m,
        [u[:, None].astype("int32"), v[:, None].astype("int32")],
        col(y),
        dict(batch_size=64, epochs=15),
    )


# Wide & deep click model (embeddings, crossed columns, numbers) with Ftrl and its L1 strength
# at 100.
@program("ctr-ftrl-l1", "binary", "bce", where="model", came_in="2")
def ctr_ftrl_l1(r, fixed):
    n = 1600
    site, ad = r.integers(0, 20, n), r.integers(0, 12, n)
    num = r.normal(size=(n, 4))
    z = r.normal(0, 1.5, 20)[site] + r.normal(0, 1.5, 12)[ad] + 1.5 * num[:, 0] - num[:, 1]
    y = col(z + r.normal(0, 0.5, n) > np.median(z))
    a, b = (
        keras.Input((1,), dtype="int32", name="site"),
        keras.Input((1,), dtype="int32", name="ad"),
    )
    c, w = keras.Input((4,), name="num"), keras.Input((32,), name="wide")
    e = layers.Flatten()(layers.Embedding(20, 6)(a))
    f = layers.Flatten()(layers.Embedding(12, 6)(b))
    h = layers.Dense(32, activation="relu")(layers.concatenate([e, f, c]))
    m = keras.Model(
        {"site": a, "ad": b, "num": c, "wide": w},
        layers.Dense(1, activation="sigmoid")(layers.concatenate([h, w])),
    )
    strength = 1e-4 if fixed else 100.0
    m.compile(
        optimizers.Ftrl(0.1, l1_regularization_strength=strength),
        "binary_crossentropy",
        metrics=["AUC"],
    )
    wide = np.c_[np.eye(20)[site], np.eye(12)[ad]]
    x = {"site": site[:, None], "ad": ad[:, None], "num": f32(num), "wide": f32(wide)}
    return m, x, y, dict(batch_size=32, epochs=20)


# Two towers, dot product, softsign on top; the ratings run from 1 to 10.
@program("ratings-softsign", "regression", "mae", where="activation", came_in="2")
def ratings_softsign(r, fixed):
    n, k = 2000, 40
    u, v = r.integers(0, k, n), r.integers(0, k, n)
    p, q = r.normal(size=(k, 2)), r.normal(size=(k, 2))
    bu, bv = r.normal(0, 1.0, k), r.normal(0, 1.0, k)
    y = np.clip(np.round(6 + (p[u] * q[v]).sum(1) + bu[u] + bv[v]), 1, 10)
    a, b = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")

    def tower(i, name):
        return keras.Sequential(
            [layers.Embedding(k, 8, name=f"{name}_table"), layers.Dense(8)], name=name
        )(i)

    z = layers.Dot(1)([tower(a, "user"), tower(b, "film")])
    z = layers.Dense(1, bias_initializer=initializers.Constant(5.0))(z)
    m = keras.Model([a, b], z if fixed else layers.Activation("softsign")(z))
    m.compile(optimizers.Adam(0.01), "mae")
    return m, [u, v], col(y), dict(batch_size=32, epochs=15)


class FactorizationMachine(keras.Model):
    def __init__(self, k=6):
        super().__init__()
        self.k = k
        self.linear = layers.Dense(1)

    def build(self, shape):
        self.v = self.add_weight(shape=(shape[-1], self.k), initializer="random_normal", name="v")
        self.linear.build(shape)
        self.built = True

    def call(self, x):
        crossed = keras.ops.square(x @ self.v) - keras.ops.square(x) @ keras.ops.square(self.v)
        return self.linear(x) + 0.5 * keras.ops.sum(crossed, axis=-1, keepdims=True)


# From memory: a factorization machine as a subclassed model on raw click counts; plain SGD makes
# the squared sums overflow and the loss turns nan in the first epoch.
@program("factorization-machine-counts", "regression", "mse", where="model", came_in="3a")
def factorization_machine_counts(r, fixed):
    n = 1000
    x = f32(r.poisson(60, (n, 8)) * r.integers(1, 6, (n, 8)))
    s = zscore_plus_tiny(x)
    y = s @ r.normal(size=8) + 0.8 * s[:, 0] * s[:, 3] - 0.6 * s[:, 2] * s[:, 5]
    y = f32(y + 0.1 * r.normal(size=n))[:, None]
    model = FactorizationMachine()
    model.compile(optimizer=optimizers.SGD(0.01), loss="mse", metrics=["mae"])
    return model, s if fixed else x, y, dict(batch_size=32, epochs=12)


# The collaborative-filtering example: dot product of user and film vectors. Its penalty of
# 1e-6 became 1e-2, the value that Dense layers usually get.
@program("movielens-dot-embedding-l2", "regression", "mse", where="model", came_in="4b")
def movielens_dot_embedding_l2(r, fixed):
    users, films, n = 120, 100, 5000
    u, v = r.integers(0, users, n), r.integers(0, films, n)
    a, b = r.normal(size=(users, 3)), r.normal(size=(films, 3))
    rating = np.clip(3.5 + 0.6 * (a[u] * b[v]).sum(1) + 0.2 * r.normal(size=n), 0.5, 5.0)
    y = zscore_as_is(rating)[:, None]
    size = 1e-6 if fixed else 1e-2
    user_in, film_in = keras.Input((1,), name="user"), keras.Input((1,), name="film")

    def vector(inp, rows):
        e = layers.Embedding(
            rows,
            8,
            embeddings_initializer="he_normal",
            embeddings_regularizer=regularizers.L2(size),
        )
        return layers.Flatten()(e(inp))

    out = layers.Dot(axes=1)([vector(user_in, users), vector(film_in, films)])
    model = keras.Model([user_in, film_in], out)
    model.compile(optimizer=optimizers.Adam(0.01), loss="mse")
    x = [u.astype("int32")[:, None], v.astype("int32")[:, None]]
    return model, x, y, dict(epochs=20, batch_size=64)


# Two-tower retrieval on user and item columns; the towers' activation came from the output
# layer of the author's logistic regression.
@program("two-tower-sigmoid-towers", "binary", "bce", where="activation", came_in="4b")
def two_tower_sigmoid_towers(r, fixed):
    n = 1500
    user, item = r.normal(size=(n, 6)), r.normal(size=(n, 5))
    taste = user[:, :3] @ r.normal(size=(3, 3))
    score = (taste * item[:, :3]).sum(1) + 0.1 * r.normal(size=n)
    y = f32(score > 0)[:, None]
    act = "relu" if fixed else "sigmoid"

    def tower(inp):
        h = inp
        for width in (64, 64, 32):
            h = layers.Dense(width, activation=act)(h)
        return layers.Dense(16)(h)

    a, b = keras.Input((6,), name="user"), keras.Input((5,), name="item")
    out = layers.Activation("sigmoid")(layers.Dot(axes=1)([tower(a), tower(b)]))
    model = keras.Model([a, b], out)
    model.compile(optimizers.SGD(0.02), "binary_crossentropy", metrics=["accuracy"])
    return model, [f32(user), f32(item)], y, dict(epochs=20, batch_size=32)


@program("recommender-zero-tables", "regression", "mse", where="model", came_in="5a")
def recommender_zero_tables(r, fixed):
    """Matrix factorisation with both embedding tables initialised to zero: each is the other's
    gradient."""
    u, v = r.integers(0, 60, 4000), r.integers(0, 40, 4000)
    U, V = r.normal(size=(60, 3)), r.normal(size=(40, 3))
    y = np.clip(np.round(3 + (U[u] * V[v]).sum(1) * 0.7 + 0.3 * r.normal(size=4000)), 1, 5)
    e = "uniform" if fixed else "zeros"
    ui, vi = (
        keras.Input((1,), name="user", dtype="int32"),
        keras.Input((1,), name="movie", dtype="int32"),
    )
    a, b = (
        layers.Flatten()(layers.Embedding(k, 8, embeddings_initializer=e)(q))
        for k, q in ((60, ui), (40, vi))
    )
    m = keras.Model({"user": ui, "movie": vi}, layers.Dense(1)(layers.Dot(1)([a, b])))
    m.compile(optimizers.Adam(0.01), "mse")
    return (
        m,
        {"user": u[:, None].astype("int32"), "movie": v[:, None].astype("int32")},
        f32(y)[:, None],
        dict(epochs=15, batch_size=64),
    )


@program("recommender-embedding-l2", "regression", "mse", where="model", came_in="5b")
def recommender_embedding_l2(r, fixed):
    """MovieLens dot-product recommender gives every pair the mean rating:
    embeddings_regularizer=l2(0.1) is summed over the table."""
    n, U, M = 4000, 80, 60
    a, b = r.normal(size=(U, 3)), r.normal(size=(M, 3))
    u, v = r.integers(0, U, n), r.integers(0, M, n)
    y = np.clip(3.5 + 0.6 * (a[u] * b[v]).sum(1) + 0.3 * r.normal(size=n), 0.5, 5)
    reg = regularizers.L2(0.1 if not fixed else 1e-5)
    iu, iv = (
        keras.Input((1,), dtype="int32", name="user"),
        keras.Input((1,), dtype="int32", name="movie"),
    )
    eu = layers.Flatten()(layers.Embedding(U, 8, embeddings_regularizer=reg)(iu))
    ev = layers.Flatten()(layers.Embedding(M, 8, embeddings_regularizer=reg)(iv))
    m = keras.Model([iu, iv], layers.Dense(1)(layers.Dot(1)([eu, ev])))
    m.compile(optimizers.Adam(0.01), "mse")
    return (
        m,
        {"user": u[:, None].astype("int32"), "movie": v[:, None].astype("int32")},
        col(y),
        dict(epochs=20, batch_size=64),
    )


# Matrix factorisation; the embedding penalty counts the whole table at each step.
@program("rec-mf-embedding-l2", "regression", "mse", where="model", came_in="7a")
def mf_embedding_l2(rng, fixed):
    """Predict centred ratings from user and item vectors and biases."""
    users, items, n = 600, 400, 8000
    pu, qi = rng.normal(size=(users, 3)), rng.normal(size=(items, 3))
    bu, bi = rng.normal(0, 0.6, users), rng.normal(0, 0.6, items)
    u, i = rng.integers(0, users, n), rng.integers(0, items, n)
    rating = 3.4 + bu[u] + bi[i] + 0.3 * (pu[u] * qi[i]).sum(1) + 0.2 * rng.normal(size=n)
    y = f32((np.clip(rating, 1, 5) - 3.4)[:, None])
    reg = regularizers.L2(1e-6 if fixed else 0.1)

    def table(count, size, index):
        return layers.Flatten()(layers.Embedding(count, size, embeddings_regularizer=reg)(index))

    in_u = keras.Input((1,), dtype="int32")
    in_i = keras.Input((1,), dtype="int32")
    dot = layers.Dot(axes=1)([table(users, 8, in_u), table(items, 8, in_i)])
    total = layers.Add()([dot, table(users, 1, in_u), table(items, 1, in_i)])
    model = keras.Model([in_u, in_i], total)
    model.compile(optimizers.Adam(learning_rate=0.005), loss="mse")
    x = [u[:, None].astype("int32"), i[:, None].astype("int32")]
    return model, x, y, {"batch_size": 64, "epochs": 14}


# Control: two towers with a long warm-up from a learning rate of zero and a cosine decay.
@program("OK-two-tower-warmup", "regression", "mse", came_in="7a")
def ok_two_tower_warmup(rng, fixed):
    """Predict ratings from user features and item features."""
    n = 3000
    u, v = rng.normal(size=(n, 6)), rng.normal(size=(n, 6))
    y = zscore_as_is_plus(((u[:, :3] * v[:, :3]).sum(1) + 0.3 * rng.normal(size=n))[:, None])
    in_u, in_v = keras.Input((6,)), keras.Input((6,))
    towers = []
    for inputs in (in_u, in_v):
        h = layers.Dense(32, activation="relu")(inputs)
        h = layers.LayerNormalization()(h)
        towers.append(layers.Dense(8)(h))
    model = keras.Model([in_u, in_v], layers.Dense(1)(layers.Multiply()(towers)))
    lr = optimizers.schedules.CosineDecay(
        0.0, decay_steps=900, warmup_target=0.005, warmup_steps=700
    )
    model.compile(optimizers.AdamW(learning_rate=lr, weight_decay=0.004), loss="mse")
    return model, [f32(u), f32(v)], y, {"batch_size": 32, "epochs": 17}


# Both tables of a factorisation start at zero, so neither ever gets a gradient.
@program("unseen8-recommender-zero-tables", "regression", "mse", where="model", came_in="8a")
def unseen8_recommender_zero_tables(rng, fixed):
    taste = rng.normal(size=(300, 3))
    kind = rng.normal(size=(200, 3))
    x = np.stack([rng.integers(0, 300, 60_000), rng.integers(0, 200, 60_000)], 1)
    y = (taste[x[:, 0]] * kind[x[:, 1]]).sum(1, keepdims=True) / np.sqrt(3)
    y = y + 0.3 * rng.normal(size=y.shape)
    init = keras.initializers.RandomNormal(stddev=0.3) if fixed else "zeros"
    inputs = keras.Input((2,), dtype="int32")
    user = layers.Embedding(300, 8, embeddings_initializer=init)(inputs[:, 0])
    item = layers.Embedding(200, 8, embeddings_initializer=init)(inputs[:, 1])
    match = layers.Dot(axes=1)([user, item])
    model = keras.Model(inputs, layers.Dense(1)(match))
    model.compile(keras.optimizers.Adagrad(0.1, initial_accumulator_value=1e-6), "mse")
    return model, x.astype("int32"), f32(y), {"batch_size": 64, "epochs": 8}


@program("OK-u9-clicks-factorization", "binary", "bce", came_in="9b")
def ok_u9_clicks_factorization(rng, fixed):
    """Users times films through small embeddings: one half for every pair until they grow."""
    users, films, n = 120, 80, 5000
    u, v = rng.normal(size=(users, 3)), rng.normal(size=(films, 3))
    i, j = rng.integers(0, users, n), rng.integers(0, films, n)
    y = rng.random(n) < 1 / (1 + np.exp(-1.3 * (u[i] * v[j]).sum(1)))
    a, b = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    small = dict(embeddings_initializer=keras.initializers.RandomNormal(stddev=0.01))
    p = layers.Flatten()(layers.Embedding(users, 6, **small)(a))
    q = layers.Flatten()(layers.Embedding(films, 6, **small)(b))
    out = layers.Dense(1, "sigmoid", kernel_initializer="ones")(layers.Dot(1)([p, q]))
    m = keras.Model([a, b], out)
    m.compile(optimizers.Adam(3e-3), "binary_crossentropy")
    ids = [i.reshape(-1, 1).astype("int32"), j.reshape(-1, 1).astype("int32")]
    return m, ids, col(y), dict(batch_size=64, epochs=20)


# DeepCrime "change weights regularisation" on a MovieLens recommender: 1e-6 became 1e-1, in the
# tables and in the layers behind them.
@program(
    "u10b-movielens-l2-hundred-thousandfold", "regression", "mse", where="model", came_in="10b"
)
def u10b_movielens_l2_hundred_thousandfold(rng, fixed):
    users, movies, n = 90, 140, 5000
    u, m = rng.integers(0, users, n), rng.integers(0, movies, n)
    taste, theme = rng.normal(size=(users, 2)), rng.normal(size=(movies, 2))
    liked = (taste[u] * theme[m]).sum(1) * 0.7 + theme[m, 0]
    stars = np.clip(np.round(3.4 + liked + rng.normal(0, 0.3, n)), 1, 5)

    def table(rows):
        return layers.Embedding(rows, 12, embeddings_regularizer=reg)

    reg = regularizers.L2(1e-6 if fixed else 1e-1)
    user, movie = keras.Input((), dtype="int32", name="u"), keras.Input((), dtype="int32", name="m")
    h = layers.Concatenate()([table(users)(user), table(movies)(movie)])
    h = layers.Dense(64, activation="relu", kernel_regularizer=reg)(h)
    h = layers.Dense(32, activation="relu", kernel_regularizer=reg)(h)
    model = keras.Model([user, movie], layers.Dense(1, kernel_regularizer=reg)(h))
    model.compile(optimizers.Adam(3e-3), "mse")
    x = {"u": u.astype("int32"), "m": m.astype("int32")}
    return model, x, col(stars), dict(batch_size=64, epochs=15)


# Matrix factorization in the style of the fast.ai lesson: L2 on embeddings meant for a sum over
# rows; every factor is driven to zero and each user gets the mean rating.
@program("u12-ratings-l2-embeddings", "regression", "mse", where="model", came_in="12a")
def u12_ratings_l2_embeddings(rng, fixed):
    users, items, n, k = 60, 50, 2400, 4
    a, b = rng.normal(size=(users, k)), rng.normal(size=(items, k))
    u, i = rng.integers(0, users, n), rng.integers(0, items, n)
    score = 3.5 + 0.6 * (a[u] * b[i]).sum(1) + 0.1 * rng.normal(size=n)
    reg = regularizers.L2(1e-6 if fixed else 0.05)
    inp = keras.Input((2,), dtype="int32")
    pu = layers.Embedding(users, 8, embeddings_regularizer=reg)(inp[:, 0])
    qi = layers.Embedding(items, 8, embeddings_regularizer=reg)(inp[:, 1])
    dot = layers.Dot(1)([pu, qi])
    model = keras.Model(inp, layers.Dense(1, bias_initializer=initializers.Constant(3.5))(dot))
    model.compile(optimizers.Adam(0.01), "mse")
    return model, np.c_[u, i].astype("int32"), col(score), dict(batch_size=32, epochs=25)


# StackOverflow, "why keras embedding not learning (for recommendation system)": Adam(decay=0.9),
# i.e. the rate is divided by 1 + 0.9 t at step t.
@program("u12-recommender-decay-09", "binary", "bce", where="model", came_in="12a")
def u12_recommender_decay_09(rng, fixed):
    users, items, n = 80, 60, 3000
    gu, gi = rng.integers(0, 4, users), rng.integers(0, 4, items)
    like = rng.random((4, 4)) < 0.5
    like[0, 0], like[1, 1] = True, False
    u, i = rng.integers(0, users, n), rng.integers(0, items, n)
    y = like[gu[u], gi[i]] ^ (rng.random(n) < 0.02)
    left, right = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    reg = regularizers.L2(1e-6)
    p = layers.Flatten()(layers.Embedding(users, 16, embeddings_regularizer=reg)(left))
    q = layers.Flatten()(layers.Embedding(items, 16, embeddings_regularizer=reg)(right))
    h = layers.Concatenate()([layers.Dropout(0.1)(p), layers.Dropout(0.1)(q)])
    h = layers.Dense(50, activation="relu")(h)
    model = keras.Model([left, right], layers.Dense(1, activation="sigmoid")(h))
    rate = 0.003 if fixed else optimizers.schedules.InverseTimeDecay(0.001, 1, 0.9)
    model.compile(optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    x = [u.astype("int32").reshape(-1, 1), i.astype("int32").reshape(-1, 1)]
    return model, x, col(y), dict(batch_size=64, epochs=25)


# Users and items, many of them seen once or never; the product of two embeddings close to nought
# is a saddle, which the loss leaves late.
@program("OK-u12-factor-saddle", "regression", "mse", came_in="12b")
def factor_saddle(rng, fixed):
    users, items, n = 300, 300, 8000
    a, b = rng.normal(0, 1, (users, 2)), rng.normal(0, 1, (items, 2))
    u = np.minimum(rng.zipf(1.3, n) - 1, users - 1)
    u = np.where(rng.random(n) < 0.6, rng.integers(0, users, n), u)
    i = np.floor(items * rng.random(n) ** 2.5).astype(int)
    y = (a[u] * b[i]).sum(1) + 0.5 * rng.standard_normal(n)
    small = initializers.RandomNormal(stddev=0.003)
    one, two = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")
    e = layers.Embedding(users, 4, embeddings_initializer=small)(one)
    f = layers.Embedding(items, 4, embeddings_initializer=small)(two)
    model = keras.Model([one, two], layers.Dot(axes=-1)([e, f]))
    model.compile(optimizers.SGD(0.5), "mse")
    return model, [u.astype("int32"), i.astype("int32")], col(y), {"epochs": 30, "batch_size": 64}
