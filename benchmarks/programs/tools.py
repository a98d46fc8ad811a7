"""What many programs need: arrays in the shape and the scale they want, and small models."""

from typing import Any

import keras
import numpy as np
from keras import layers
from sklearn.preprocessing import StandardScaler


def seq(shape, *stack, dtype=None):
    """A sequential model of an input and these layers."""
    return keras.Sequential([keras.Input(shape, dtype=dtype), *stack])


def mlp(
    n_in: int,
    widths: list[int],
    act: str = "relu",
    n_out: int = 1,
    head: str | None = None,
    **kw: Any,
) -> keras.Sequential:
    hidden = [layers.Dense(w, activation=act, **kw) for w in widths]
    return seq((n_in,), *hidden, layers.Dense(n_out, activation=head))


def f32(a: Any) -> np.ndarray:
    return np.asarray(a, "float32")


def col(a: Any) -> np.ndarray:
    return f32(a).reshape(-1, 1)


def std(a: Any) -> np.ndarray:
    """Columns to mean 0, standard deviation 1."""
    return f32(StandardScaler().fit_transform(np.asarray(a, "float64")))


def onehot(y: Any, k: int) -> np.ndarray:
    return np.eye(k, dtype="float32")[np.asarray(y).astype(int)]


def small_cnn(n_out: int, head: str | None, act: str = "relu", **kw: Any) -> keras.Sequential:
    """One convolution and one dense layer for 8 by 8 images."""
    return seq(
        (8, 8, 1),
        layers.Conv2D(12, 3, activation=act, **kw),
        layers.Flatten(),
        layers.Dense(32, activation=act, **kw),
        layers.Dense(n_out, activation=head),
    )


def zscore32(a):
    a = np.asarray(a, "float64")
    return f32((a - a.mean(0)) / a.std(0))


def own_callbacks(model, *own):
    """The program's own callbacks, behind the ones that `fit` is given."""
    fit = model.fit

    def fit_with_own(*args, callbacks=None, **kwargs):
        return fit(*args, callbacks=[*(callbacks or []), *own], **kwargs)

    model.fit = fit_with_own
    return model


def zscore_plus_tiny(a):
    a = np.asarray(a, "float64")
    return f32((a - a.mean(0)) / (a.std(0) + 1e-12))


def column(y):
    return np.asarray(y, "float32").reshape(len(y), -1)


def zscore_plus(a):
    a = np.asarray(a, "float64")
    return f32((a - a.mean(0)) / (a.std(0) + 1e-9))


def plain_windows(s, T):
    return np.stack([s[i : i + T] for i in range(len(s) - T)]), s[T:]


def transformer(T, V, k, blocks=2, d=24):
    i = keras.Input((T,), dtype="int32")
    x = layers.Embedding(V, d)(i)
    for _ in range(blocks):
        x = layers.LayerNormalization()(x + layers.MultiHeadAttention(2, 12)(x, x))
        x = layers.LayerNormalization()(x + layers.Dense(d)(layers.Dense(48, activation="relu")(x)))
    return keras.Model(
        i,
        layers.Dense(k, activation="softmax")(
            layers.Dense(24, activation="relu")(layers.GlobalAveragePooling1D()(x))
        ),
    )


def windows(series, n):
    """Windows of length n and the value that follows each."""
    x = np.stack([series[i : i + n] for i in range(len(series) - n)])
    return f32(x)[..., None], col(series[n:])


def transformer_block(x, dim, heads):
    a = layers.MultiHeadAttention(heads, dim // heads)(x, x)
    x = layers.LayerNormalization()(x + a)
    f = layers.Dense(dim)(layers.Dense(2 * dim, activation="relu")(x))
    return layers.LayerNormalization()(x + f)


def windows_2d(series, length):
    """Cut a series (T,) or (T, k) into windows and the next value of the first column."""
    series = series.reshape(len(series), -1)
    x = np.stack([series[i : i + length] for i in range(len(series) - length)])
    return f32(x), f32(series[length:, :1])


def zscore(a):
    a = np.asarray(a, "float64")
    return (a - a.mean(0)) / a.std(0)


def shuffled(rng, *arrays):
    order = rng.permutation(len(arrays[0]))
    return [a[order] for a in arrays]
