"""Numbers from tables whose columns or targets are in units the model cannot take."""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers
from sklearn.preprocessing import MinMaxScaler

from .data import diabetes, friedman, houses
from .registry import program
from .tools import (
    col,
    column,
    f32,
    mlp,
    onehot,
    seq,
    std,
    std_as_is,
    zscore,
    zscore32,
    zscore_as_is,
    zscore_as_is_plus,
    zscore_plus,
    zscore_plus_tiny,
)


# SO-48934338: y = 5 x^2 up to 125, SGD with learning rate 0.1: the first steps kill the ReLUs.
@program(
    "SO-48934338",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    origin="public thread",
    # SGD 0.1 on targets up to 125: loss 1e8 in epoch 1, then all ReLUs dead. Alone: rate or target.
    causes=("learning_rate_too_high", "dead_relu", "unscaled_target", "exploding_gradient"),
)
def so_48934338(r, fixed):
    x = np.arange(0, 5, 0.1).reshape(-1, 1)
    y = 5 * x**2 + r.normal(size=x.shape) ** 3
    m = mlp(1, [50, 30])
    m.compile(optimizers.Adam(0.01) if fixed else optimizers.SGD(0.1), "mse")
    if fixed:
        x, y = std(x), std(y)
    return m, f32(x), f32(y), dict(epochs=100)


# GH-keras-13891: a layer of a few ReLUs before the output, raw target: they die in the first steps.
@program(
    "GH-keras-13891",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    origin="public thread",
    # Raw targets: loss 2.7e11 in epoch 1 kills the layer of three. Alone: target, or rate 1e-4.
    causes=("dead_relu", "unscaled_target", "learning_rate_too_high", "exploding_gradient"),
)
def gh_keras_13891(r, fixed):
    x, y = diabetes()
    m = mlp(10, [64, 3], "tanh" if fixed else "relu")
    m.compile(optimizers.SGD(0.01), "mse")
    return m, x, std(y) if fixed else y, dict(batch_size=32, epochs=40)


# WEB-house-prices: prices of several 100,000 straight from the table, Adam at its default.
@program(
    "WEB-house-prices",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    origin="public thread",
    # Prices of 500,000, output still near 1,000. Alone: scaled targets, or Adam at 0.1.
    causes=("unscaled_target", "learning_rate_too_low"),
)
def web_house_prices(r, fixed):
    x = r.random((1000, 2))
    y = col(5e5 * x[:, 0] + 3e5 * x[:, 1] + 5e4 * r.normal(size=1000))
    m = mlp(2, [32, 32])
    m.compile(optimizers.Adam(0.01) if fixed else "adam", "mse")
    return m, std(x) if fixed else f32(x), std(y) if fixed else y, dict(batch_size=32, epochs=15)


# A raw year column beside small features drives every tanh unit to one end.
@program(
    "input-year-column",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # A column around 2,000 holds each tanh at one end.
    causes=("unscaled_input", "saturated_activation"),
)
def input_year_column(r, fixed):
    x = np.c_[r.integers(1990, 2021, 1000), r.normal(size=(1000, 4))]
    y = std(col(0.1 * (x[:, 0] - 2005) + x[:, 1] * 0.5 + x[:, 2]))
    m = mlp(5, [32, 32], "tanh")
    m.compile(optimizers.Adam(0.003), "mse")
    return m, std(x) if fixed else f32(x), y, dict(batch_size=32, epochs=12)


# Every row is divided by its own maximum, but there is one feature: all inputs are 1.
@program(
    "constant-row-scaling",
    "regression",
    "mse",
    where="data",
    came_in="by_cause",
    # The only feature is 1 in all rows.
    causes=("constant_input",),
)
def constant_row_scaling(r, fixed):
    x = r.uniform(1, 5, (1000, 1))
    y = std(x**2 + 0.2 * r.normal(size=x.shape))
    scaled = x / (5.0 if fixed else x.max(1, keepdims=True))
    m = mlp(1, [16, 16])
    m.compile(optimizers.Adam(0.01), "mse")
    return m, f32(scaled), y, dict(batch_size=32, epochs=12)


# Huber loss on prices: the gradient is at most 1 a row, the prices are 200,000 away.
@program(
    "target-huber-prices",
    "regression",
    "huber",
    where="model",
    came_in="by_cause",
    # Prices of 200,000 under a loss with a bounded gradient. Alone: Adam at 0.3 repairs too.
    causes=("unscaled_target", "learning_rate_too_low"),
)
def target_huber_prices(r, fixed):
    x, y = friedman(r, 1000)
    y = 2e5 + 5e4 * std(y)
    m = mlp(10, [32, 32])
    m.compile(optimizers.Adam(0.003), "huber")
    return m, x, std(y) if fixed else y, dict(batch_size=32, epochs=12)


# One missing value in the table.
@program(
    "nan-missing-value",
    "regression",
    "mse",
    where="data",
    came_in="by_cause",
    # NaN in the inputs, so in the weights. The compiled ReLU of NaN is 0: the loss stays finite.
    causes=("non_finite",),
)
def nan_missing_value(r, fixed):
    x, y = diabetes()
    x[int(r.integers(len(x))), 3] = 0.0 if fixed else np.nan
    m = mlp(10, [32])
    m.compile(optimizers.Adam(0.005), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# SGD on raw columns and raw targets: infinite after a few steps.
@program(
    "nan-raw-sgd",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Raw columns, raw targets, SGD. Alone: a rate of 1e-8; both scalings are needed together.
    causes=(
        "non_finite",
        "exploding_gradient",
        "learning_rate_too_high",
        "unscaled_input",
        "unscaled_target",
    ),
)
def nan_raw_sgd(r, fixed):
    x = r.uniform(0, 3000, (600, 4))
    y = col(x @ [3.0, 2.0, -1.0, 0.5] + 50 * r.normal(size=600))
    m = mlp(4, [16], "linear")
    m.compile(optimizers.SGD(0.01), "mse")
    return m, std(x) if fixed else f32(x), std(y) if fixed else y, dict(batch_size=32, epochs=10)


# Boston-like table, StandardScaler on X only, SGD with momentum; clipnorm was added against NaN.
@program("housing-sgd-momentum", "regression", "mse", where="model", came_in="1")
def housing_sgd_momentum(r, fixed):
    x, y = houses(r)
    m = seq((7,), *[layers.Dense(128, activation="relu") for _ in range(3)], layers.Dense(1))
    m.compile(optimizers.SGD(0.05 if not fixed else 0.0003, momentum=0.9, clipnorm=100.0), "mse")
    return m, zscore32(x), y, dict(batch_size=32, epochs=30, validation_split=0.1)


# Station data with the pressure in pascal, then UnitNormalization: every row becomes (0, 0, 0, 1).
@program("station-unit-normalization", "regression", "mse", where="model", came_in="2")
def station_unit_normalization(r, fixed):
    temp, hum, wind = r.normal(15, 8, 1000), r.uniform(30, 100, 1000), r.gamma(2, 2, 1000)
    pres = r.normal(101325, 900, 1000)
    y = temp + 0.05 * hum * (temp > 20) - 0.8 * np.sqrt(wind) * (temp < 12)
    x = np.c_[temp, hum, wind, pres]
    m = seq(
        (4,),
        layers.UnitNormalization(),
        layers.Dense(48, activation="gelu"),
        layers.Dense(48, activation="gelu"),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(0.005), "mse")
    return m, zscore32(x) if fixed else f32(x), zscore32(col(y)), dict(batch_size=32, epochs=25)


# Log-normal flat prices in yen (24 million) under MAPE: the error stays at 100 %.
@program("flat-prices-mape", "regression", "mape", where="model", came_in="2")
def flat_prices_mape(r, fixed):
    n = 1000
    x = np.c_[r.normal(size=(n, 5)), r.integers(0, 2, (n, 3))]
    lp = 17.0 + 0.35 * x[:, 0] + 0.2 * x[:, 1] * x[:, 5] + 0.2 * np.tanh(x[:, 2]) + 0.15 * x[:, 6]
    price = np.exp(lp + r.normal(0, 0.05, n))
    m = seq((8,), *[layers.Dense(64, activation="relu") for _ in range(2)], layers.Dense(1))
    m.compile(optimizers.Adam(0.003), "mape")
    y = price / np.median(price) if fixed else price
    return m, f32(x), col(y), dict(batch_size=32, epochs=15)


# Release year of a song from its timbre (1998 +- 10), log-cosh, AdamW, residual LayerNorm blocks.
@program("song-year-logcosh", "regression", "log_cosh", where="model", came_in="2")
def song_year_logcosh(r, fixed):
    x = r.normal(size=(1200, 12))
    z = x[:, 0] + 0.7 * np.abs(x[:, 1]) - 0.6 * x[:, 2] * (x[:, 3] > 0) + 0.4 * x[:, 4]
    year = np.round(1998 + 10 * (z - z.mean()) / z.std())
    i = keras.Input((12,))
    h = layers.Dense(48)(i)
    for _ in range(2):
        h = h + layers.Dense(48, activation="silu")(layers.LayerNormalization()(h))
    m = keras.Model(i, layers.Dense(1)(layers.LayerNormalization()(h)))
    m.compile(optimizers.AdamW(0.002, weight_decay=1e-3), "log_cosh")
    y = (year - year.mean()) / year.std() if fixed else year
    return m, f32(x), col(y), dict(batch_size=32, epochs=20)


# Wind direction (unit vector, cosine_similarity) from UTM coordinates 500,000 / 5,000,000.
@program("wind-direction-utm", "regression", "cosine_similarity", where="model", came_in="2")
def wind_direction_utm(r, fixed):
    e, n = r.uniform(-3000, 3000, 1000), r.uniform(-3000, 3000, 1000)
    ang = np.arctan2(n - 400, e + 300) + 1.2 + 0.0002 * e
    x = np.c_[e + 512000, n + 5264000]
    m = seq(
        (2,),
        layers.Dense(32, activation="leaky_relu"),
        layers.Dense(32, activation="leaky_relu"),
        layers.Dense(2),
        layers.UnitNormalization(),
    )
    m.compile(optimizers.Adam(0.005), "cosine_similarity")
    y = f32(np.c_[np.cos(ang), np.sin(ang)])
    return m, zscore32(x) if fixed else f32(x), y, dict(batch_size=32, epochs=20)


# Topic shares with KL divergence; the inputs are raw term frequencies (1e-4), SGD.
@program("topic-shares-kl", "regression", "kld", where="model", came_in="2")
def topic_shares_kl(r, fixed):
    topics = r.dirichlet(np.full(300, 0.1), 4)
    share = r.dirichlet(np.full(4, 0.5), 800)
    tf = np.stack([r.multinomial(2000, p / p.sum()) for p in share @ topics]) / 2000
    x = f32(tf / tf.std(0).mean() if fixed else tf)
    m = seq((300,), layers.Dense(32, activation="relu"), layers.Dense(4, activation="softmax"))
    m.compile(optimizers.SGD(0.02, momentum=0.5), "kl_divergence")
    return m, x, f32(share), dict(batch_size=32, epochs=20)


# Default probabilities (0.0001) under a sigmoid whose bias is the prior; squared error,
# float64, SGD.
@program("default-probability-float64", "regression", "mse", where="model", came_in="2")
def default_probability_float64(r, fixed):
    x = r.normal(size=(1000, 6)).astype("float64")
    p = 5e-5 * np.exp(0.8 * x[:, 0] - 0.6 * x[:, 1] + 0.3 * x[:, 2] * x[:, 3])
    p = np.minimum(p, 5e-4)[:, None]
    p = p / p.max() if fixed else p
    prior = initializers.Constant(float(np.log(p.mean() / (1 - p.mean()))))
    f = dict(dtype="float64")
    m = keras.Sequential(
        [
            keras.Input((6,), dtype="float64"),
            layers.Dense(32, activation="tanh", **f),
            layers.Dense(32, activation="tanh", **f),
            layers.Dense(
                1, activation="sigmoid", kernel_initializer="zeros", bias_initializer=prior, **f
            ),
        ]
    )
    m.compile(optimizers.SGD(0.5, momentum=0.9), "mse")
    return m, x, p, dict(batch_size=32, epochs=20)


# GH rstudio-conf-2020/dl-keras-tf#9: Ames sale prices in dollars, SGD 0.1 and mean squared error:
# loss nan, val_loss nan. Here with the neighbourhood as an embedding beside the numbers.
@program("ames-neighbourhood-sgd", "regression", "mse", where="model", came_in="3a")
def ames_neighbourhood_sgd(r, fixed):
    n = 1200
    hood = r.integers(0, 25, n)
    worth = r.normal(0, 30000, 25)
    num = np.c_[r.normal(1500, 500, n), r.integers(1, 11, n), r.normal(1971, 30, n)]
    price = 60 * num[:, 0] + 15000 * num[:, 1] + 200 * (num[:, 2] - 1971) + worth[hood]
    price += 9000 * r.normal(size=n)
    y = zscore_plus_tiny(price[:, None]) if fixed else f32(price[:, None])
    area, place = keras.Input((3,), name="numbers"), keras.Input((1,), name="hood", dtype="int32")
    h = layers.Concatenate()([area, layers.Flatten()(layers.Embedding(25, 4)(place))])
    h = layers.Dense(64, activation="relu")(h)
    h = layers.Dense(64, activation="relu")(h)
    model = keras.Model({"numbers": area, "hood": place}, layers.Dense(1)(h))
    model.compile(optimizer=optimizers.SGD(0.01 if fixed else 0.1), loss="mean_squared_error")
    x = {"numbers": zscore_plus_tiny(num), "hood": hood[:, None].astype("int32")}
    return model, x, y, dict(batch_size=16, epochs=15, validation_split=0.2)


# The thirty-row years-of-experience / salary exercise, asked again and again: one Dense(1), Adam
# with its defaults, salary in currency units, and the line stays on the floor of the plot.
@program("salary-one-neuron", "regression", "mse", where="model", came_in="3a")
def salary_one_neuron(r, fixed):
    years = r.uniform(1, 11, 30)
    salary = 25000 + 9500 * years + 5000 * r.normal(size=30)
    x, y = years[:, None], salary[:, None]
    x, y = (zscore_plus_tiny(x), zscore_plus_tiny(y)) if fixed else (f32(x), f32(y))
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    model.compile(optimizer=optimizers.Adam(0.01 if fixed else 0.001), loss="mse")
    return model, x, y, dict(batch_size=4, epochs=60, shuffle=True)


# keras-team/keras#3040: the straight line y = 2x over 0..199, plain SGD at 0.001 one row at a time;
# the author found out alone that the rate was too high for inputs of that size.
@program("GH-keras-3040", "regression", "mse", where="model", came_in="3b", origin="public thread")
def gh_keras_3040(r, fixed):
    x = np.arange(200, dtype="float32").reshape(-1, 1)
    y = 2 * x
    if fixed:
        x, y = x / 200, y / 400
    model = keras.Sequential([keras.Input((1,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.05 if fixed else 0.001), "mse")
    return model, x, y, dict(epochs=8, batch_size=1)


# A Normalization layer put into the model, and adapt() forgotten: tanh units see raw populations.
@program("normalization-not-adapted", "regression", "mse", where="model", came_in="3b")
def normalization_not_adapted(r, fixed):
    z = r.normal(size=(800, 4))
    x = (z * [1500, 300, 400, 9000] + [16000, 2400, 3100, 95000]).astype("float32")
    y = column(z[:, 0] - 0.8 * z[:, 1] + 0.5 * z[:, 2] * z[:, 3] + 0.2 * r.normal(size=800))
    norm = layers.Normalization()
    if fixed:
        norm.adapt(x)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            norm,
            layers.Dense(32, activation="tanh"),
            layers.Dense(16, activation="tanh"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(0.005), "mse")
    return model, x, y, dict(epochs=20, batch_size=32)


# Cross Validated 418955: two linear neurons in a row, y = x**2 + 3 for x = 0..99. The asker had
# standardized x, left y in the thousands, and plain "sgd" ran off to NaN.
@program("CV-418955", "regression", "mse", where="model", came_in="4a", origin="public thread")
def cv_418955(r, fixed):
    x = np.arange(100.0)[:, None]
    y = x**2 + 3
    m = keras.Sequential([keras.Input((1,)), layers.Dense(1), layers.Dense(1)])
    m.compile("sgd", "mse")
    return m, zscore_plus(x), zscore_plus(y) if fixed else f32(y), dict(epochs=150, batch_size=32)


# The facial-keypoints tutorial's first net (one hidden layer, Nesterov momentum): the
# coordinates were scaled to -1..1, the division of the pixels by 255 was forgotten.
@program("keypoints-bytes-nesterov", "regression", "mse", where="model", came_in="4b")
def keypoints_bytes_nesterov(r, fixed):
    n, w = 1200, 20
    eyes = r.uniform(4, w - 4, (n, 2, 2))
    g = np.arange(w)
    img = np.zeros((n, w, w))
    for k in range(2):
        dy = (g[None, :, None] - eyes[:, k, 0, None, None]) ** 2
        dx = (g[None, None, :] - eyes[:, k, 1, None, None]) ** 2
        img += (1.0 if k else -0.45) * np.exp(-(dx + dy) / (8.0 if k else 14.0))
    img = np.clip(115 + 140 * img + 6 * r.normal(size=img.shape), 0, 255).round()
    x = f32(img.reshape(n, -1) / (255.0 if fixed else 1.0))
    y = f32(eyes.reshape(n, 4) / (w / 2) - 1)
    model = seq((w * w,), layers.Dense(100, activation="relu"), layers.Dense(4))
    model.compile(optimizer=optimizers.SGD(0.01, momentum=0.9, nesterov=True), loss="mse")
    return model, x, y, dict(epochs=40, batch_size=64)


def pinball(q):
    def loss(t, p):
        e = t - p
        return ops.mean(ops.maximum(q * e, (q - 1) * e))

    return loss


# Newsvendor order quantities: a pinball loss on demand in single pieces (thousands a day).
@program("demand-pinball-pieces", "regression", "pinball", where="model", came_in="4b")
def demand_pinball_pieces(r, fixed):
    n = 1200
    weekday, promo = r.integers(0, 7, n), r.integers(0, 2, n)
    price, temp = r.uniform(0.8, 1.6, n), r.normal(12, 7, n)
    demand = 21000 + 900 * promo * (weekday > 3) - 2500 * (price - 1.2) + 60 * (temp - 12)
    demand = demand + 250 * np.sin(weekday) + 150 * r.normal(size=n)
    x = np.c_[onehot(weekday, 7), promo, zscore_as_is(price), zscore_as_is(temp)]
    y = zscore_as_is(demand)[:, None] if fixed else f32(demand)[:, None]
    model = seq((10,), layers.Dense(32, activation="relu"), layers.Dense(1))
    model.compile(optimizer="adam", loss=pinball(0.6))
    return model, f32(x), y, dict(epochs=20, batch_size=32)


@program("house-price-two-inputs", "regression", "mse", where="model", came_in="5a")
def house_price_two_inputs(r, fixed):
    """House prices in dollars as the target of a two-branch net with plain Adam: the output creeps
    up from zero."""
    n = 1500
    num = r.normal(size=(n, 6))
    zipc = r.integers(0, 20, n)
    eff = r.normal(size=20)
    y = (
        210000
        + 60000 * num[:, 0]
        + 30000 * np.maximum(num[:, 1], 0)
        + 40000 * eff[zipc]
        + 15000 * r.normal(size=n)
    )
    if fixed:
        y = zscore_as_is(y)
    a, b = keras.Input((6,)), keras.Input((1,), dtype="int32")
    h = layers.Concatenate()(
        [layers.Dense(32, activation="relu")(a), layers.Flatten()(layers.Embedding(20, 4)(b))]
    )
    m = keras.Model([a, b], layers.Dense(1)(layers.Dense(32, activation="relu")(h)))
    m.compile("adam", "mse", metrics=["mae"])
    return (
        m,
        [f32(num), zipc[:, None].astype("int32")],
        f32(y)[:, None],
        dict(epochs=20, batch_size=32),
    )


@program("projectile-range-sgd", "regression", "mse", where="model", came_in="5b")
def projectile_range_sgd(r, fixed):
    """Fitting v^2 sin(2a)/g with SGD on raw speeds and metres: the first steps kill every relu."""
    n = 1500
    v, a = r.uniform(5, 40, n), r.uniform(5, 85, n)
    y = v**2 * np.sin(2 * np.radians(a)) / 9.81
    X = np.c_[v, a]
    y = y[:, None]
    if fixed:
        X, y = zscore_as_is_plus(X), zscore_as_is_plus(y)
    m = seq(
        (2,),
        layers.Dense(32, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(1),
    )
    m.compile(optimizers.SGD(0.01), "mse")
    return m, f32(X), f32(y), dict(epochs=20, batch_size=32)


# Usual: house prices from numbers and a district code; the price stays in euros.
@program("usual-house-price-two-inputs", "regression", "mae", where="model", came_in="6a")
def usual_house_price_two_inputs(rng, fixed):
    n = 1500
    num = rng.normal(size=(n, 5))
    district = rng.integers(0, 12, n)
    level = rng.normal(0, 60000, 12)
    y = 310000 + 70000 * num[:, 0] - 30000 * num[:, 1] + 25000 * num[:, 2] * (num[:, 3] > 0)
    y = y + level[district] + rng.normal(0, 12000, n)
    if fixed:
        y = (y - y.mean()) / y.std()
    a = keras.Input((5,))
    b = keras.Input((1,), dtype="int32")
    e = layers.Flatten()(layers.Embedding(12, 4)(b))
    h = layers.Concatenate()([a, e])
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(16, activation="relu")(h)
    model = keras.Model([a, b], layers.Dense(1)(h))
    model.compile(optimizers.Adam(1e-3), "mae")
    return (
        model,
        [f32(num), district.astype("int32").reshape(-1, 1)],
        col(y),
        dict(batch_size=32, epochs=25),
    )


def housing(rng, n=1500):
    """A california-like table in raw units; the price is in dollars."""
    income = rng.gamma(4.0, 12000.0, n)
    age = rng.uniform(1, 52, n)
    rooms = rng.normal(5.4, 1.2, n).clip(1)
    population = rng.gamma(2.0, 700.0, n)
    lat = rng.uniform(32.5, 42.0, n)
    lon = rng.uniform(-124.3, -114.3, n)
    price = (
        2.6 * income
        + 800 * age
        + 14000 * rooms
        - 6 * population
        - 9000 * (lat - 37)
        + rng.normal(0, 15000, n)
        + 40000
    )
    x = np.stack([income, age, rooms, population, lat, lon], 1)
    return x.astype("float32"), price.astype("float32")[:, None]


# raw features, with incomes in dollars, under plain SGD
@program("DFD-housing-mlp-raw-features", "regression", "mse", where="model", came_in="6b")
def dfd_housing_mlp_raw_features(rng, fixed):
    x, y = housing(rng)
    if fixed:
        x = std_as_is(x)
    m = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.SGD(0.01), "mse")
    return m, x, std_as_is(y), dict(batch_size=32, epochs=30)


# two inputs; the target stays in dollars under Adam's default rate
@program("DD-rent-two-inputs-raw-target", "regression", "mse", where="model", came_in="6b")
def dd_rent_two_inputs_raw_target(rng, fixed):
    n = 1200
    x, price = housing(rng, n)
    town = rng.integers(0, 12, (n, 1)).astype("int32")
    y = price + 9000.0 * (town - 5.5)
    y = std_as_is(y) if fixed else y.astype("float32")
    a, b = keras.Input((6,)), keras.Input((1,), dtype="int32")
    e = layers.Flatten()(layers.Embedding(12, 4)(b))
    h = layers.Concatenate()([layers.Dense(24, activation="relu")(a), e])
    h = layers.Dense(24, activation="relu")(h)
    m = keras.Model([a, b], layers.Dense(1)(h))
    m.compile("adam", "mse", metrics=["mae"])
    return m, [std_as_is(x), town], y, dict(batch_size=32, epochs=25)


# House prices with embeddings for the categorical columns; prices in dollars, plain SGD.
@program("tab-house-dollars-sgd", "regression", "mse", where="model", came_in="7a")
def house_dollars_sgd(rng, fixed):
    """Regress the sale price on area, age, neighbourhood and type."""
    n = 2000
    hood, kind = rng.integers(0, 25, n), rng.integers(0, 5, n)
    num = rng.normal(size=(n, 4))
    price = 180000 + 40000 * num[:, 0] - 15000 * num[:, 1]
    price = price + rng.normal(0, 40000, 25)[hood] + rng.normal(0, 15000, 5)[kind]
    y = f32((price + rng.normal(0, 8000, n))[:, None])
    if fixed:
        y = zscore_as_is_plus(y)
    in_hood = keras.Input((1,), dtype="int32", name="hood")
    in_kind = keras.Input((1,), dtype="int32", name="kind")
    in_num = keras.Input((4,), name="num")
    h = layers.Concatenate()(
        [
            layers.Flatten()(layers.Embedding(25, 8)(in_hood)),
            layers.Flatten()(layers.Embedding(5, 3)(in_kind)),
            in_num,
        ]
    )
    h = layers.Dense(64, activation="relu")(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model([in_hood, in_kind, in_num], layers.Dense(1)(h))
    model.compile(optimizers.SGD(learning_rate=0.01), loss="mse")
    x = [hood[:, None].astype("int32"), kind[:, None].astype("int32"), f32(num)]
    return model, x, y, {"batch_size": 32, "epochs": 15}


# Bike hire counts with Poisson loss; year, hour and humidity go in as they are.
@program("count-poisson-raw-inputs", "regression", "poisson", where="model", came_in="7a")
def poisson_raw_inputs(rng, fixed):
    """Regress hourly counts."""
    n = 2500
    hour, year = rng.integers(0, 24, n), rng.integers(2011, 2014, n)
    month, temp, hum = rng.integers(1, 13, n), rng.uniform(-5, 35, n), rng.uniform(20, 100, n)
    log_rate = 2 + np.cos((hour - 17) / 24 * 2 * np.pi) + 0.03 * temp - 0.008 * hum
    y = f32(rng.poisson(np.exp(log_rate + 0.25 * (year - 2011)))[:, None])
    x = np.c_[hour, year, month, temp, hum]
    if fixed:
        x = zscore_as_is_plus(x)
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="exponential"),
        ]
    )
    model.compile(optimizer="adam", loss="poisson")
    return model, f32(x), y, {"batch_size": 32, "epochs": 15}


# Visitors per day from a weather table in which -99999 stands for "no reading"; MinMaxScaler then
# puts all true values between 0.9995 and 1. Repaired, the code becomes the column's median first.
@program("u9-missing-code-in-minmax", "regression", "poisson", where="model", came_in="9a")
def u9_missing_code_in_minmax(rng, fixed):
    n = 1500
    temp = rng.normal(14, 7, n)
    sun = rng.uniform(0, 10, n)
    wind = rng.gamma(2, 2, n)
    rain = rng.exponential(2, n)
    rate = np.exp(1.2 + 0.06 * temp + 0.12 * sun - 0.06 * wind - 0.08 * rain)
    y = rng.poisson(rate)
    x = np.stack([temp, sun, wind, rain], 1)
    gone = rng.random(x.shape) < 0.01
    x[gone] = -99999
    if fixed:
        for j in range(4):
            x[gone[:, j], j] = np.median(x[~gone[:, j], j])
    x = MinMaxScaler().fit_transform(x)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation="tanh"),
            layers.Dense(16, activation="tanh"),
            layers.Dense(1, activation="exponential"),
        ]
    )
    model.compile(optimizers.Adam(2e-3), keras.losses.Poisson())
    return model, f32(x), col(y), dict(batch_size=32, epochs=25)


# https://stackoverflow.com/questions/52800582 "Why do I fail to predict y=x**4 with Keras?"
# x in -100..100 saturates the sigmoids and y goes up to 1e8; answer: scale both.
@program("u10-x-to-the-fourth-raw", "regression", "mse", where="model", came_in="10a")
def u10_x_to_the_fourth_raw(rng, fixed):
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


# UMLAUT "input data exceeds typical limits": the California columns as they come, tanh units.
@program("u10b-california-raw-columns", "regression", "mae", where="model", came_in="10b")
def u10b_california_raw_columns(rng, fixed):
    n = 1500
    income, rooms = rng.gamma(4, 1, n), rng.normal(5.4, 1, n)
    age, people = rng.uniform(1, 52, n), rng.lognormal(7.1, 0.5, n)
    lat, lon = rng.uniform(32.5, 42, n), rng.uniform(-124, -114, n)
    x = np.stack([income, age, rooms, people, lat, lon], 1)
    coast = np.exp(-((lon + 124 - 0.9 * (42 - lat)) ** 2) / 8)
    price = 0.4 * income + 1.2 * coast + 0.008 * age + rng.normal(0, 0.3, n)
    model = keras.Sequential([keras.Input((6,))])
    if fixed:
        norm = layers.Normalization()
        norm.adapt(f32(x))
        model.add(norm)
    model.add(layers.Dense(48, activation="tanh"))
    model.add(layers.Dense(24, activation="tanh"))
    model.add(layers.Dense(1))
    model.compile(optimizers.Adam(2e-3), "mae")
    return model, f32(x), col(price), dict(batch_size=32, epochs=20)


# StackOverflow / Kaggle, "house price net gives the same price for every house": square feet, year
# of construction and lot size go raw into tanh units and the price stays in dollars.
@program("u12-house-dollars-tanh", "regression", "mse", where="model", came_in="12a")
def u12_house_dollars_tanh(rng, fixed):
    n = 1200
    sqft = rng.normal(1900, 500, n).clip(500)
    year = rng.integers(1900, 2020, n)
    lot = rng.lognormal(9, 0.5, n)
    rooms = rng.integers(1, 7, n)
    price = 120 * sqft + 900 * (year - 1900) + 2.5 * lot + 9000 * rooms + rng.normal(0, 2e4, n)
    x, y = np.c_[sqft, year, lot, rooms], col(price)
    if fixed:
        x, y = zscore(x), zscore(y)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation="tanh"),
            layers.Dense(32, activation="tanh"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(0.001), "mse")
    return model, f32(x), f32(y), dict(batch_size=32, epochs=30)
