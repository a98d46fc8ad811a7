"""What a trained model's predictions are worth, judged from `predict` alone, not by the library."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

Pair = tuple[np.ndarray, np.ndarray]


def as_rows(prediction: Any, target: Any, task: str) -> Pair:
    """One row per answer: of one answer at every step of a sequence every step is a row."""
    last = np.shape(prediction)[-1]
    by_step = task == "multiclass" or (task == "binary" and last == 1)
    p = np.asarray(prediction, np.float64).reshape((-1, last) if by_step else (len(prediction), -1))
    return p, np.asarray(target, np.float64).reshape(len(p), -1)


def has_classes(p: np.ndarray, task: str) -> bool:
    """Whether there is one column per class."""
    return task == "multiclass" or (task == "binary" and p.shape[1] > 1)


def classes_of(t: np.ndarray) -> np.ndarray:
    """Class numbers of one-hot rows, or of numbers."""
    return t.argmax(1) if t.shape[1] > 1 else t[:, 0].astype(int)


def r_squared(p: np.ndarray, t: np.ndarray) -> float:
    """The share of the variance that is explained, over all columns."""
    return 1 - ((p - t) ** 2).sum() / ((t - t.mean(0)) ** 2).sum()


def widened(p: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Of predictions in another shape (mean and variance, say) the first column."""
    return p[:, :1] * np.ones_like(t) if p.shape != t.shape else p


def is_constant(p: np.ndarray, t: np.ndarray, task: str) -> tuple[bool, str]:
    """Whether one output is a constant, and the numbers that say so."""
    if has_classes(p, task):
        classes, guesses = classes_of(t), p.argmax(1)
        accuracy, chance = np.mean(guesses == classes), np.bincount(classes).max() / len(t)
        gone = len(np.unique(guesses)) == 1 or accuracy < chance + 0.02
        return bool(gone), f"acc {accuracy:.3f} (chance {chance:.3f})"
    if task == "binary":
        accuracy, chance = np.mean((p > 0.5) == (t > 0.5)), max(t.mean(), 1 - t.mean())
        gone = accuracy < chance + 0.02 and r_squared(p, t) < 0.05
        words = f"acc {accuracy:.3f} (chance {chance:.3f}) spread {p.std() / t.std():.2g}"
        return bool(gone), words
    p = widened(p, t)
    r2, spread = r_squared(p, t), np.sqrt(p.var(0).sum() / t.var(0).sum())
    return bool(r2 < 0.05 and spread < 0.1), f"R2 {r2:.3g} spread {spread:.2g}"


def truth(model: keras.Model, x: Any, y: Any, task: str, labels: Any) -> tuple[bool, str]:
    """Whether the trained model's predictions are a constant, and the numbers that say so."""
    predictions = keras.tree.flatten(model.predict(x, verbose=0, batch_size=256))
    targets = keras.tree.flatten(y if labels is None else labels)
    worst, words = False, []
    for prediction, target in zip(predictions, targets, strict=False):
        p, t = as_rows(prediction, target, task)
        if not np.isfinite(p).all():
            return True, "non-finite"
        gone, numbers = is_constant(p, t, task)
        worst |= gone
        words.append(numbers)
    return worst, "; ".join(words)


def skill_of(p: np.ndarray, t: np.ndarray, task: str) -> float:
    """R² of one output, or accuracy above chance; −1 where it is not finite."""
    if not np.isfinite(p).all():
        return -1.0
    if has_classes(p, task):
        classes = classes_of(t)
        chance = np.bincount(classes).max() / len(classes)
        return (np.mean(p.argmax(1) == classes) - chance) / (1 - chance)
    if task == "binary":
        chance = max(np.mean(t > 0.5), np.mean(t <= 0.5))
        return (np.mean((p > 0.5) == (t > 0.5)) - chance) / (1 - chance)
    return r_squared(widened(p, t), t)


def skill(model: keras.Model, x: Any, y: Any, task: str, labels: Any) -> float:
    """Mean over outputs of R² or accuracy above chance, on the training rows; −1 at worst."""
    predictions: Any = model.predict(x, verbose=0, batch_size=256)
    targets: Any = y if labels is None else labels
    if isinstance(targets, dict):  # tasks come in the order in which the program names the outputs
        predictions = [predictions[name] for name in targets]
        targets = list(targets.values())
    predictions, targets = keras.tree.flatten(predictions), keras.tree.flatten(targets)
    tasks = task.split("+") if "+" in task else [task] * len(predictions)
    pairs = zip(predictions, targets, tasks, strict=False)
    found = [
        skill_of(*as_rows(prediction, target, kind), kind) for prediction, target, kind in pairs
    ]
    return float(np.mean([max(-1.0, value) for value in found]))
