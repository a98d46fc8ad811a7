"""Surgery: a running model changed, tried out, and put back bit for bit.

A rehearsal runs the model's own compiled training step, with its own optimizer, on rows of the
sample, and then restores everything it touched: weights, optimizer, random seeds, metrics. So it
needs no second implementation of training and is true for every backend and custom `train_step`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from meancollapse.backend import contents, framework, internals, rates, stepping
from meancollapse.look import activations, effort, heads, quiet, sites
from meancollapse.look.look import Looker
from meancollapse.repair.surgery import memory
from meancollapse.repair.surgery.dial import NEUTRAL, Dial, Fold
from meancollapse.watch.instrument import Instrument

# With fewer rows than this nothing is held out.
MIN_ROWS = 24
# Rows of one inference pass.
CHUNK = 256
# A skill below this is as bad as any: a diverging candidate.
WORST = -1.0


@dataclass(frozen=True)
class State:
    """Everything about a running model that a surgery can change.

    Attributes:
        values: Values of all variables of model, optimizer and metrics.
        settings: Changed attributes: `(object, name, value before, value now)`.
        dial: The dial's settings, as arguments of `Dial.set`; `None` before the first surgery.
    """

    values: list[Any]
    settings: tuple[tuple[Any, str, Any, Any], ...]
    dial: dict[str, Any] | None


class Surgery:
    """Changes to one model during one `fit`.

    Args:
        attached: The instrument of the running `fit`; it must have a sample.
    """

    def __init__(self, attached: Instrument):
        self.instrument = attached
        self.model: keras.Model = attached.model
        rows = attached.sample_rows()
        if rows is None or rows[1] is None:
            raise ValueError("no rows with targets were captured")
        self.sample = rows
        self.rows, self.held_out = _halves(rows)
        few = _cut(self.rows, slice(0, 64))
        self.few = few[0]
        self._effort: tuple[float, float] | None = None
        with quiet.quiet(self.model):
            self._survey(few)
        self._forward: dict[tuple, Callable[[Any], Any]] = {}
        self.settings: list[tuple[Any, str, Any, Any]] = []
        self._staying: set[tuple[int, str]] = set()
        self.dial_settings: dict[str, Any] | None = None
        self.dial: Dial | None = None
        self._key: tuple = ()
        self._compiled: dict[tuple, Any] = {}
        self._held: dict[int, Any] = {}
        attached.at_close.append(self.end)
        owned = [*self.model.variables, *self.model.optimizer.variables]
        owned += [*self.model.metrics_variables, *quiet.variables_apart(self.model)]
        self._variables = list({id(variable): variable for variable in owned}.values())

    def _survey(self, few: tuple[Any, Any, Any]) -> None:
        """What is known of layers, targets and losses from the sample."""
        self.sites = sites.find(self.model, few[0], few[1])
        self._looker = Looker(self.model, *self.held_out)
        pairs = self._looker.pairs
        self.targets = {head.name: _columns(head, y, p) for head, y, p in pairs}
        weights = heads.loss_weights(self.model, list(self.targets))
        self.constant_losses = {
            head.name: weights[head.name]
            * self._looker.look(head, y, np.zeros_like(p), None, False).constant_loss
            for head, y, p in pairs
        }

    # --- state -----------------------------------------------------------------------------------

    def save(self) -> State:
        """The model as it is now."""
        return State(contents.snapshot(self._variables), tuple(self.settings), self.dial_settings)

    def restore(self, state: State) -> None:
        """Back to a saved state, exactly."""
        contents.assign(self._variables, state.values)
        if _marks(self.settings) != _marks(state.settings):
            self._put_back(self.settings)
            for target, name, _, now in state.settings:
                setattr(target, name, now)
            self.settings = list(state.settings)
        self.dial_settings = state.dial
        self._turn(state.dial or {})
        self.install()

    def end(self) -> None:
        """The `fit` is over: what was eased for its length is as before; activations stay."""
        stays = [(id(target), name) in self._staying for target, name, _, _ in self.settings]
        self._put_back([s for s, stay in zip(self.settings, stays, strict=True) if not stay])
        if self.settings or self.dial_settings is not None:
            memory.hold(self.model)
        self.settings = []
        if any(stays):
            internals.forget_functions(self.model)

    @staticmethod
    def _put_back(settings: Sequence[tuple[Any, str, Any, Any]]) -> None:
        for target, name, before, _ in reversed(settings):
            setattr(target, name, before)

    def change(self, target: Any, name: str, value: Any, stays: bool = False) -> None:
        """Set an attribute so that it can be put back; at the end of the `fit` unless it stays."""
        if stays:
            self._staying.add((id(target), name))
        self.settings.append((target, name, getattr(target, name), value))
        setattr(target, name, value)

    def turn(self, **settings: Any) -> None:
        """Set the dial (see `Dial.set`; `folds` by name of layer).

        With settings that change nothing the model goes on with the step it was compiled with.
        """
        is_needed = any(settings[name] != NEUTRAL[name] for name in settings)
        self.dial_settings = settings if is_needed else None
        if self.dial is None and self.can_dial and is_needed:
            folds, names = list(self._folds({}).values()), list(self.targets)
            self.dial = Dial(self.model.trainable_variables, folds, names)
        self._turn(settings)

    def _turn(self, settings: dict[str, Any]) -> None:
        if self.dial is None:
            return
        folds = self._folds(settings.get("folds", {}))
        self.dial.set(**{**settings, "folds": list(folds.values())})

    @property
    def can_dial(self) -> bool:
        """Whether updates can be changed on their way; an average of weights would not see it."""
        is_averaged = rates.ema_momentum(self.model.optimizer) is not None
        return not framework.is_distributed(self.model) and not is_averaged

    def can_fold(self, site: sites.Site) -> bool:
        """Whether standardised inputs can be folded into this layer."""
        return self.can_dial and site.name in self._folds({})

    def _folds(self, known: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, Fold]:
        """Every layer that could be folded, with mean and scale where given."""
        index = {id(v): i for i, v in enumerate(self.model.trainable_variables)}
        folds = {}
        for site in self.sites:
            kernel, bias = kernel_and_bias(site.layer)
            if kernel is None or id(kernel) not in index:
                continue
            inputs = int(kernel.shape[-2])
            mean, scale = known.get(site.name, (np.zeros(inputs), np.ones(inputs)))
            place = index.get(id(bias)) if bias is not None else None
            folds[site.name] = Fold(index[id(kernel)], place, mean, scale)
        return folds

    def set(self, variable: Any, value: np.ndarray) -> None:
        """Assign a NumPy array to a variable."""
        contents.write(variable, value)

    def value(self, variable: Any) -> np.ndarray:
        """A variable's value as float64."""
        return contents.read(variable)

    def pre_activation(
        self, layer: keras.Layer, call: Callable[..., Any], args: tuple, kwargs: dict
    ) -> np.ndarray:
        """A layer's output before its activation, of shape `(rows, units)`."""
        layer = activations.unwrapped(layer)
        activation = layer.activation
        layer.activation = keras.activations.linear
        try:
            output = np.asarray(sites.to_array(call(*args, **kwargs)), np.float64)
        finally:
            layer.activation = activation
        if getattr(layer, "data_format", None) == "channels_first":
            output = np.moveaxis(output, 1, -1)
        return output.reshape(-1, output.shape[-1])

    def input_spread(self, layer: keras.Layer) -> float:
        """Std of what a layer is given on the sample."""
        found: list[float] = []

        def visit(
            name: str, other: keras.Layer, call: Callable[..., Any], args: tuple, kwargs: dict
        ) -> Any:
            if other is layer:
                found.append(float(np.std(sites.first_input(args, kwargs))))
            return call(*args, **kwargs)

        sites.each_call(self.model, self.rows[0], visit)
        return found[0] if found else 1.0

    def is_finite(self) -> bool:
        """Whether all weights are finite."""
        return all(np.isfinite(self.value(v)).all() for v in self.model.trainable_variables)

    def hold_schedule(self, leaf: Any, rate: float) -> None:
        """Put an optimizer's schedule aside for this `fit`, once, in favour of a rate."""
        if rates.is_settable(leaf):
            return
        if id(leaf) not in self._held:
            self._held[id(leaf)] = rates.constant(rate)
        if internals.schedule_of(leaf) is not self._held[id(leaf)]:
            self.change(leaf, "_learning_rate", self._held[id(leaf)])

    def scale_schedule(self, leaf: Any, factor: float) -> None:
        """Multiply all rates of an optimizer's schedule by a factor, for this `fit`."""
        self.change(leaf, "_learning_rate", rates.scaled(internals.schedule_of(leaf), factor))

    # --- the step function -----------------------------------------------------------------------

    def install(self) -> None:
        """Have the model trained by a step compiled for its present settings."""
        key = tuple((id(target), name, repr(now)) for target, name, _, now in self.settings)
        if key != self._key:
            self._key = key
            self.instrument.forget_test_step()
        if self.dial_settings is None and not key:
            self.instrument.use_step(None)
            return
        covered, step = self._compiled.get(key, (frozenset(), None))
        if step is None or (self.dial is not None and not self.dial.parts() <= covered):
            covered = frozenset() if self.dial is None else self.dial.turned
            step = self.instrument.compile_step(self.dial)
            self._compiled[key] = covered, step
        self.instrument.use_step(step)

    # --- trying out ------------------------------------------------------------------------------

    def train(self, steps: int, seed: int, all_rows: bool = False) -> None:
        """Some training steps on the half of the sample that is not held out, or on all of it."""
        rows = self.sample if all_rows else self.rows
        size = min(self.instrument.batch_rows, _length(self.rows[0]))
        batches, rng = [], np.random.default_rng(seed)
        order = np.zeros(0, int)
        for _ in range(steps):
            while len(order) < size:
                order = np.concatenate([order, rng.permutation(_length(rows[0]))])
            batches.append(_cut(rows, order[:size]))
            order = order[size:]
        packed = [batch if batch[2] is not None else batch[:2] for batch in batches]
        attached = self.instrument
        stepping.train_on(self.model, attached.raw_step, packed, attached.batch_spec)

    def effort(self) -> tuple[float, float]:
        """Estimated seconds of one training step and of everything else a rehearsal does."""
        if self._effort is None:
            with quiet.quiet(self.model):
                batch_rows = self.instrument.batch_rows
                asked = effort.work(self.model, self.few)
                self._effort = effort.seconds(asked, batch_rows)
        return self._effort

    def skill(self, of_trained_rows: bool = False) -> float:
        """Held-out skill, the mean over outputs; or that of the other half."""
        found = list(self.skills(of_trained_rows).values())
        return float(np.mean(found)) if found else WORST

    def skills(self, of_trained_rows: bool = False) -> dict[str, float]:
        """Held-out skill of every judged output by name, each cut off at −1."""
        x, y, weight = self.rows if of_trained_rows else self.held_out
        looker = self._looker
        if of_trained_rows:
            with quiet.quiet(self.model):
                looker = Looker(self.model, x, y, weight)
        with quiet.quiet(self.model):
            looks = [
                (head, looker.look(head, target, prediction, None, False))
                for head, target, prediction in heads.pair(self.model, y, self._predict(x))
                if self.instrument.is_judged(head.name)
            ]
        found = {h.name: look.skill for h, look in looks if look.has_loss or h.loss is None}
        return {n: max(WORST, s) if np.isfinite(s) else WORST for n, s in found.items()}

    def _predict(self, x: Any) -> Any:
        """What `predict` would return, as NumPy arrays, with the layers' present settings."""
        if self._key not in self._forward:
            self._forward[self._key] = stepping.compile_forward(self.model)
        parts, count = [], _length(x)
        for start in range(0, count, CHUNK):
            # Always the same number of rows: another shape would mean another compilation.
            index = np.arange(start, start + min(CHUNK, count)) % count
            chunk = keras.tree.map_structure(
                lambda a, i=index: keras.ops.convert_to_tensor(a[i]), x
            )
            outputs = self._forward[self._key](chunk)
            parts.append(keras.tree.map_structure(sites.to_array, outputs))
        joined = keras.tree.map_structure(lambda *leaves: np.concatenate(leaves), *parts)
        return keras.tree.map_structure(lambda a: a[:count], joined)


def _marks(settings: Sequence[tuple[Any, str, Any, Any]]) -> list[tuple[int, str, int]]:
    """What is set to what, to be compared: a variable compared with `==` gives a tensor."""
    return [(id(target), name, id(now)) for target, name, _, now in settings]


def kernel_and_bias(layer: keras.Layer) -> tuple[Any, Any]:
    """The weights that meet a layer's input and the bias added to them; `None` where unknown."""
    layer = activations.unwrapped(layer)
    layer = getattr(layer, "cell", layer)
    kernel, bias = getattr(layer, "kernel", None), getattr(layer, "bias", None)
    known = isinstance(
        layer,
        keras.layers.Dense
        | keras.layers.Conv1D
        | keras.layers.Conv2D
        | keras.layers.Conv3D
        | keras.layers.LSTMCell
        | keras.layers.GRUCell
        | keras.layers.SimpleRNNCell,
    )
    grouped = getattr(layer, "groups", 1) not in (1, None)
    # With LoRA or quantized a kernel is computed from other weights.
    is_weight = isinstance(kernel, keras.Variable)
    return (kernel, bias) if known and not grouped and is_weight else (None, None)


def _halves(rows: tuple[Any, Any, Any]) -> tuple[tuple[Any, Any, Any], tuple[Any, Any, Any]]:
    count = _length(rows[0])
    if count < MIN_ROWS:
        return rows, rows
    order = np.random.default_rng(0).permutation(count)
    return _cut(rows, order[: count // 2]), _cut(rows, order[count // 2 :])


def _cut(rows: tuple[Any, Any, Any], index: Any) -> tuple[Any, Any, Any]:
    x, y, weight = (
        None if part is None else keras.tree.map_structure(lambda a: a[index], part)
        for part in rows
    )
    return x, y, weight


def _columns(head: heads.Head, target: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Targets as columns of numbers: one column per class, where they are class numbers."""
    if head.kind == "sparse":
        classes = int(prediction.shape[-1])
        ids = np.asarray(target).astype(int).ravel()
        return np.eye(classes)[ids[(ids >= 0) & (ids < classes)]]
    array = np.asarray(target, np.float64)
    return array.reshape(-1, array.shape[-1] if array.ndim > 1 else 1)


def _length(x: Any) -> int:
    return len(keras.tree.flatten(x)[0])
