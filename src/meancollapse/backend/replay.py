"""The batches of a step: taken on the host, kept, handed on, and taken back."""

from __future__ import annotations

from typing import Any

import keras

from meancollapse.backend import framework


def takes_batches_on_host(model: keras.Model) -> bool:
    """Whether a measured call may draw its batches in Python and hand them on.

    On TensorFlow the compiled step draws from the iterator itself. Feeding it from outside gives
    another graph, whose sums may round differently in the last bit; so there the rows come back as
    outputs of the step. Only with several replicas, whose outputs Keras would average, are batches
    taken on the host.
    """
    if framework.name() != "tensorflow":
        return True
    return bool(model.distribute_strategy.num_replicas_in_sync > 1)


class ReplayedBatches:
    """The batches of one call of a step function: taken on the host, kept, and handed on."""

    def __init__(self, source: Any, steps: int):
        self._is_list = isinstance(source, list | tuple)
        self._spec = _spec(source)
        self.batches = list(source) if self._is_list else _take(source, steps)

    def feed(self) -> Any:
        """What the step function takes in place of its iterator.

        On TensorFlow an iterator of the same kind, so that nothing is traced anew.
        """
        if self._is_list:
            return self.batches
        return iter(self.batches) if self._spec is None else _iterator(self.batches, self._spec)

    @property
    def kind(self) -> tuple[Any, ...]:
        """Shapes and types of the batches."""
        leaves = keras.tree.flatten(self.batches)
        return tuple(
            (tuple(getattr(leaf, "shape", ()) or ()), str(getattr(leaf, "dtype", type(leaf))))
            for leaf in leaves
        )


def _spec(source: Any) -> Any:
    """What TensorFlow's iterator says of its batches; `None` for any other iterator."""
    if framework.name() != "tensorflow":
        return None
    import tensorflow as tf

    return source.element_spec if isinstance(source, tf.data.Iterator) else None


def _iterator(batches: list[Any], spec: Any) -> Any:
    import tensorflow as tf

    datasets = [tf.data.Dataset.from_tensors(batch) for batch in batches]
    whole = datasets[0]
    for dataset in datasets[1:]:
        whole = whole.concatenate(dataset)
    variant = tf.data.experimental.to_variant(whole)
    return iter(tf.data.experimental.from_variant(variant, spec))


def vary(spec: Any) -> bool:
    """Whether batches differ in more than their number of rows, for what TensorFlow knows."""
    shapes = [getattr(leaf, "shape", None) for leaf in keras.tree.flatten(spec)]
    return any(shape is None or shape.rank is None or None in shape[1:] for shape in shapes)


def can_take_back(model: keras.Model) -> bool:
    """Whether a failed step may be made again: only one that is traced can fail because of us."""
    return framework.name() != "torch" and not model.run_eagerly


def _take(source: Any, steps: int) -> list[Any]:
    batches = [next(source)]  # StopIteration here is the end of the epoch and must reach Keras
    for _ in range(steps - 1):
        try:
            batches.append(next(source))
        except StopIteration:
            break
    return batches


def first_replica(batch: Any) -> Any:
    """A batch as one device sees it: under `tf.distribute` the first local replica's part."""
    if framework.name() != "tensorflow":
        return batch
    import tensorflow as tf

    def first(value: Any) -> Any:
        if isinstance(value, tf.experimental.Optional):  # an absent element, as Keras packs it
            return None
        values = getattr(value, "values", None)
        return values[0] if isinstance(values, tuple) else value

    return keras.tree.map_structure(first, batch)


def is_end_of_data(error: BaseException) -> bool:
    """TensorFlow's way of saying StopIteration."""
    if framework.name() != "tensorflow":
        return False
    import tensorflow as tf

    return isinstance(error, tf.errors.OutOfRangeError)
