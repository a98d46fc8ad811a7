"""What many programs need: arrays in the shape and the scale they want, and small models.

The ways to standardise differ in the type they compute in and give back, and in what they add to
the standard deviation, so that the programs keep the numbers they came with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import layers
from sklearn.preprocessing import StandardScaler

Pair = tuple[np.ndarray, np.ndarray]


def f32(a: Any) -> np.ndarray:
    """As float32."""
    return np.asarray(a, "float32")


def col(a: Any) -> np.ndarray:
    """As one column of float32."""
    return f32(a).reshape(-1, 1)


def column(y: Any) -> np.ndarray:
    """As float32, a column where it was flat."""
    return f32(y).reshape(len(y), -1)


def onehot(y: Any, k: int) -> np.ndarray:
    """Classes as rows with a single one."""
    return np.eye(k, dtype="float32")[np.asarray(y).astype(int)]


def shuffled(rng: np.random.Generator, *arrays: np.ndarray) -> list[np.ndarray]:
    """All arrays in the same random order."""
    order = rng.permutation(len(arrays[0]))
    return [a[order] for a in arrays]


def std(a: Any) -> np.ndarray:
    """Columns to mean 0, standard deviation 1, by scikit-learn; constant ones to 0; float32."""
    return std_as_is(np.asarray(a, "float64"))


def std_as_is(a: Any) -> np.ndarray:
    """The same, computed in the type that comes; float32."""
    return f32(StandardScaler().fit_transform(a))


def zscore(a: Any) -> np.ndarray:
    """Columns to mean 0, standard deviation 1; float64."""
    a = np.asarray(a, "float64")
    return (a - a.mean(0)) / a.std(0)


def zscore32(a: Any) -> np.ndarray:
    """The same; float32."""
    return f32(zscore(a))


def zscore_as_is(a: np.ndarray) -> np.ndarray:
    """The same, computed in the type that comes; float32."""
    return f32((a - a.mean(0)) / a.std(0))


def zscore_as_is_plus(a: np.ndarray, little: float = 1e-9) -> np.ndarray:
    """The same, with a little added to the standard deviation, in the type that comes; float32."""
    return f32((a - a.mean(0)) / (a.std(0) + little))


def zscore_plus(a: Any) -> np.ndarray:
    """The same, computed in float64; float32."""
    return zscore_as_is_plus(np.asarray(a, "float64"))


def zscore_plus_tiny(a: Any) -> np.ndarray:
    """The same, with less added."""
    return zscore_as_is_plus(np.asarray(a, "float64"), 1e-12)


def windows(series: np.ndarray, n: int) -> Pair:
    """Windows of length n and the value that follows each."""
    x = np.stack([series[i : i + n] for i in range(len(series) - n)])
    return f32(x)[..., None], col(series[n:])


def windows_2d(series: np.ndarray, length: int) -> Pair:
    """Cut a series (T,) or (T, k) into windows and the next value of the first column."""
    series = series.reshape(len(series), -1)
    x = np.stack([series[i : i + length] for i in range(len(series) - length)])
    return f32(x), f32(series[length:, :1])


def plain_windows(s: np.ndarray, T: int) -> Pair:
    """Windows of length T and what follows each, as they are."""
    return np.stack([s[i : i + T] for i in range(len(s) - T)]), s[T:]


def seq(shape: tuple, *stack: keras.Layer, dtype: str | None = None) -> keras.Sequential:
    """A sequential model of an input and these layers."""
    return keras.Sequential([keras.Input(shape, dtype=dtype), *stack])


def mlp(
    n_in: int,
    widths: list[int],
    act: str | Callable = "relu",
    n_out: int = 1,
    head: str | None = None,
    **kw: Any,
) -> keras.Sequential:
    """Dense layers of these widths and a head."""
    hidden = [layers.Dense(w, activation=act, **kw) for w in widths]
    return seq((n_in,), *hidden, layers.Dense(n_out, activation=head))


def small_cnn(n_out: int, head: str | None, act: str = "relu", **kw: Any) -> keras.Sequential:
    """One convolution and one dense layer for 8 by 8 images."""
    return seq(
        (8, 8, 1),
        layers.Conv2D(12, 3, activation=act, **kw),
        layers.Flatten(),
        layers.Dense(32, activation=act, **kw),
        layers.Dense(n_out, activation=head),
    )


def transformer_block(x: Any, dim: int, heads: int) -> Any:
    """Attention and two dense layers, each with a sum and a normalisation behind it."""
    a = layers.MultiHeadAttention(heads, dim // heads)(x, x)
    x = layers.LayerNormalization()(x + a)
    f = layers.Dense(dim)(layers.Dense(2 * dim, activation="relu")(x))
    return layers.LayerNormalization()(x + f)


def transformer(T: int, V: int, k: int, blocks: int = 2, d: int = 24) -> keras.Model:
    """A classifier of texts of T out of V tokens into k classes."""
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


def own_callbacks(model: keras.Model, *own: keras.callbacks.Callback) -> keras.Model:
    """The program's own callbacks, behind the ones that `fit` is given."""
    fit = model.fit

    def fit_with_own(*args, callbacks=None, **kwargs):
        return fit(*args, callbacks=[*(callbacks or []), *own], **kwargs)

    model.fit = fit_with_own
    return model
