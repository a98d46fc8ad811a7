"""Four trainings as a user sees them: three that collapse, one of them rescued, and a sound one.

Run with `make demo` (about a minute). Nothing in the models or in `fit` is special; the one line
that differs from any Keras script is `callbacks=[mc.WarnOnCollapse()]`.
"""

from __future__ import annotations

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
from sklearn.datasets import load_breast_cancer

import meancollapse as mc


def boxes(rows: int, size: int = 32, side: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Images with one white box, and where its centre is, from -1 to 1."""
    rng = np.random.default_rng(0)
    corners = rng.integers(0, size - side, (rows, 2))
    images = np.zeros((rows, size, size, 1), "float32")
    for image, (top, left) in zip(images, corners, strict=True):
        image[top : top + side, left : left + side] = 1
    return images, ((corners[:, ::-1] + side / 2) / size * 2 - 1).astype("float32")


def box_network(learning_rate: float) -> keras.Model:
    """The network of stats.stackexchange.com question 261704, somewhat smaller."""
    model = keras.Sequential(
        [
            keras.Input((32, 32, 1)),
            *[
                keras.layers.Conv2D(f, 5, strides=2, padding="same", activation="relu")
                for f in (16, 32, 64)
            ],
            keras.layers.Flatten(),
            keras.layers.Dense(2),
        ]
    )
    model.compile(keras.optimizers.Adam(learning_rate), "mse")
    return model


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}", flush=True)


def main() -> None:
    images, centres = boxes(2000)

    heading("(a) Where is the box? Adam with learning rate 0.1: the convolutions die")
    keras.utils.set_random_seed(0)
    model = box_network(0.1)
    model.fit(
        images,
        centres,
        epochs=8,
        batch_size=128,
        validation_split=0.2,
        verbose=2,
        callbacks=[mc.WarnOnCollapse()],
    )
    print("predictions for three images:", model.predict(images[:3], verbose=0).round(3).tolist())

    heading("(b) The same run, learning rate 0.1 and all, with RescueOnCollapse")
    keras.utils.set_random_seed(0)
    model = box_network(0.1)
    model.fit(
        images,
        centres,
        epochs=8,
        batch_size=128,
        validation_split=0.2,
        verbose=2,
        callbacks=[mc.RescueOnCollapse()],
    )
    print("predictions for three images:", model.predict(images[:3], verbose=0).round(3).tolist())
    print("their true centres:          ", centres[:3].round(3).tolist())

    heading("(c) A learning rate of 0.001 to begin with: three quiet columns, nothing else")
    keras.utils.set_random_seed(0)
    model = box_network(0.001)
    model.fit(
        images,
        centres,
        epochs=8,
        batch_size=128,
        validation_split=0.2,
        verbose=2,
        callbacks=[mc.WarnOnCollapse()],
    )
    print("predictions for three images:", model.predict(images[:3], verbose=0).round(3).tolist())

    heading(
        "(d) Breast cancer, real data, inputs as they come (areas up to 4,254): saturated units"
    )
    keras.utils.set_random_seed(0)
    data = load_breast_cancer()
    model = keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(16, activation="tanh"),
            keras.layers.Dense(16, activation="tanh"),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.SGD(0.1), "binary_crossentropy", metrics=["accuracy"])
    model.fit(
        data.data,
        data.target,
        epochs=15,
        batch_size=16,
        verbose=2,
        callbacks=[mc.TerminateOnCollapse()],
    )


if __name__ == "__main__":
    main()
