"""Data-dependent re-initialisation: every unit awake on the data at hand.

After Mishkin and Matas, "All you need is a good init" (ICLR 2016, LSUV): orthogonal weights, layer
by layer scaled so that pre-activations have variance 1 on real rows. In addition every unit is
centred: its bias puts its kink, or its steepest point, inside the data (compare Krähenbühl et al.,
"Data-dependent initializations of convolutional neural networks", ICLR 2016).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from meancollapse.backend import internals
from meancollapse.look import activations, initial, sites
from meancollapse.repair.patient import Patient
from meancollapse.repair.remedies import head, input_scale, own_weights, running_statistics
from meancollapse.repair.remedy import Operation
from meancollapse.repair.surgery.surgery import Surgery, kernel_and_bias

# The share of the data on one side of a unit's centre, from the first unit to the last...
QUANTILES = (0.2, 0.8)
# ...and for ReLUs in networks this deep, each of which takes something away.
DEEP, DEEP_RELU = 8, (0.02, 0.25)
# Pre-activations that vary less than this share of their mean are rounding, not variation.
CONSTANT = 1e-6
# A layer of an unknown kind passes on too little or too much outside these shares of its input's
# spread; its weights are then scaled towards a moderate one, by no more than a factor at a time.
FAINT, LOUD, SPREAD, MOST, ATTEMPTS = 0.1, 100.0, 0.3, 30.0, 5


@dataclass(frozen=True)
class Reinitialise:
    """New weights from the data, layer by layer.

    Attributes:
        first_layer: Where it begins; `None` means with the first layer.
        fold_inputs: Whether the standardisation of the inputs is folded into the first layers.
    """

    first_layer: str | None = None
    fold_inputs: bool = False

    def suits(self, patient: Patient) -> bool:
        return self.first_layer is None or self.first_layer in patient.layers

    def apply(self, operation: Operation) -> None:
        surgery, x, settings = operation.surgery, operation.x, operation.settings
        if self.first_layer is None:
            own = own_weights.apply(surgery, x, operation.rng)
            settings["scales"] = {**settings.get("scales", {}), **own}
        folds = apply(surgery, x, self.first_layer, self.fold_inputs, operation.rng)
        settings["folds"] = folds

    def words(self) -> str:
        begin = f" from '{self.first_layer}' on" if self.first_layer else ""
        folded = ", folded the standardisation of the inputs into the first layer"
        done = f"re-initialised the weights{begin} from the data"
        return done + (folded if self.fold_inputs else "")


def orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """A kernel whose columns (or rows, where there are fewer) are orthonormal.

    Args:
        shape: `(..., inputs, units)`.
        rng: NumPy random generator.
    """
    rows, units = int(np.prod(shape[:-1])), int(shape[-1])
    drawn = rng.normal(size=(max(rows, units), min(rows, units)))
    q, r = np.linalg.qr(drawn)
    q = q * np.sign(np.diag(r))
    return (q if rows >= units else q.T).reshape(shape)


def centres(
    pre: np.ndarray, rng: np.random.Generator, quantiles: tuple[float, float] = QUANTILES
) -> np.ndarray:
    """Where each unit's centre goes: quantiles of its pre-activation, spread over the units.

    Args:
        pre: Pre-activations of shape `(rows, units)`.
        rng: NumPy random generator.
        quantiles: That of the first unit and that of the last.

    Returns:
        Array of shape `(units,)`.
    """
    units = pre.shape[1]
    shares = np.linspace(*quantiles, units) if units > 1 else np.full(1, np.mean(quantiles))
    shares = rng.permutation(shares)
    ordered = np.sort(pre, axis=0)
    index = np.round(shares * (len(ordered) - 1)).astype(int)
    return ordered[index, np.arange(units)]


def gain(pre: np.ndarray) -> float:
    """The factor that gives pre-activations of shape `(rows, units)` unit variance, on average."""
    std = pre.std(0)
    varies = std > CONSTANT * np.abs(pre.mean(0)) + 1e-30
    if not varies.any():
        return 1.0
    return float(1.0 / np.sqrt(np.mean(std[varies] ** 2)))


Folds = dict[str, tuple[np.ndarray, np.ndarray]]


def apply(
    surgery: Surgery, x: Any, first_layer: str | None, fold: bool, rng: np.random.Generator
) -> Folds:
    """Re-initialise layer after layer, each on what the layers before it now give.

    Args:
        surgery: The model.
        x: Rows of inputs.
        first_layer: Where to begin; `None` for the first layer.
        fold: Whether layers are to be trained on their standardised inputs.
        rng: Source of the new weights.

    Returns:
        Mean and 1 ÷ std of the inputs of layers that cannot learn from them as they are, by name.
    """
    names = [site.name for site in surgery.sites]
    begin = names.index(first_layer) if first_layer in names else 0
    todo = {id(site.layer): site for site in surgery.sites[begin:]}
    is_deep = len(names) > DEEP
    folds: Folds = {}

    def visit(
        name: str, layer: keras.Layer, call: Callable[..., Any], args: tuple, kwargs: dict
    ) -> Any:
        site = todo.pop(id(layer), None)
        if site is None:
            return call(*args, **kwargs)
        kernel, _ = kernel_and_bias(layer)
        if isinstance(layer, keras.layers.BatchNormalization):
            _normalise(surgery, layer, sites.first_input(args, kwargs))
        elif kernel is None:
            _as_initialised(surgery, layer, rng)
            if not hasattr(layer, "cell") and not internals.all_layers(layer):
                _enliven(surgery, layer, call, args, kwargs, rng)
        elif kernel.trainable or np.ptp(surgery.value(kernel)) == 0:
            given = sites.first_input(args, kwargs)
            found = input_scale.of_layer(layer, given) if fold else None
            if found is not None and surgery.can_fold(site):
                folds[site.name] = found

            def pre_activation() -> np.ndarray:
                return surgery.pre_activation(layer, call, args, kwargs)

            if hasattr(layer, "cell"):
                _as_initialised(surgery, layer, rng)
                if isinstance(layer, keras.layers.SimpleRNN):  # adds up all it is given
                    surgery.set(kernel, surgery.value(kernel) / np.sqrt(given.shape[1]))
                _remember(surgery, layer, given.shape[1])
                _standardise(surgery, layer, *(found or input_scale.columns(given)))
            else:
                quantiles = DEEP_RELU if is_deep and _is_relu(layer) else QUANTILES
                _from_data(surgery, layer, pre_activation, found, quantiles, rng)
            if site.heads and not hasattr(layer, "cell"):
                head.fit(surgery, site, pre_activation)
        return call(*args, **kwargs)

    sites.each_call(surgery.model, x, visit)
    return folds


def _from_data(
    surgery: Surgery,
    layer: keras.Layer,
    pre_activation: Callable[[], np.ndarray],
    fold: tuple[np.ndarray, np.ndarray] | None,
    quantiles: tuple[float, float],
    rng: np.random.Generator,
) -> None:
    kernel, bias = kernel_and_bias(layer)
    fresh = orthogonal(tuple(kernel.shape), rng)
    offset = np.zeros(int(kernel.shape[-1]))
    if fold is not None:
        mean, scale = fold
        fresh = fresh * scale[:, None]
        if bias is not None:
            offset = -(fresh * mean[:, None]).reshape(-1, fresh.shape[-1]).sum(0)
    surgery.set(kernel, fresh)
    if bias is not None:
        surgery.set(bias, offset)
    pre = pre_activation()
    factor = gain(pre)
    surgery.set(kernel, fresh * factor)
    if bias is not None:
        surgery.set(bias, offset * factor - centres(pre * factor, rng, quantiles))


def _is_relu(layer: keras.Layer) -> bool:
    return activations.name(layer) in ("relu", "relu6", "leaky_relu")


def _normalise(surgery: Surgery, layer: keras.layers.BatchNormalization, given: np.ndarray) -> None:
    running_statistics.of_data(surgery, layer, given)
    for variable, value in ((layer.gamma, 1.0), (layer.beta, 0.0)):
        if variable is not None and variable.trainable:
            surgery.set(variable, np.full(tuple(variable.shape), value))


def _as_initialised(
    surgery: Surgery,
    layer: keras.Layer,
    rng: np.random.Generator,
) -> None:
    """Layers whose pre-activations cannot be seen get the weights their initializers give.

    Recurrent cells get orthogonal recurrent weights, whatever their initializers say. Weights that
    are all the same number, trainable or not, are drawn by LeCun's rule.
    """
    trainable = {id(v) for v in layer.trainable_variables}
    for variable, initializer in initial.initializers(layer):
        value = surgery.value(variable)
        if not variable.dtype.startswith(("float", "bfloat")):
            continue
        if id(variable) in trainable:
            value = _initial_value(layer, variable, initializer, value, rng)
        if value.ndim > 1 and (not np.isfinite(value).all() or np.ptp(value) == 0):
            value = rng.normal(size=value.shape) / np.sqrt(np.prod(value.shape[:-1]))
        surgery.set(variable, value)


def _remember(surgery: Surgery, layer: keras.Layer, steps: int) -> None:
    """Gates that keep what was seen, from a few steps in the first unit to all in the last.

    After Tallec and Ollivier, "Can recurrent neural networks warp time?" (ICLR 2018): a unit whose
    forget gate has the bias log(t - 1) remembers for about t steps. Keras' own bias is the least.
    """
    cell, (_, bias) = getattr(layer, "cell", layer), kernel_and_bias(layer)
    if bias is None:
        return
    value, units, longest = surgery.value(bias), cell.units, np.log(max(steps - 1, 1))
    if isinstance(cell, keras.layers.LSTMCell) and longest > 1:
        kept = np.linspace(1, longest, units)
        value[:units], value[units : 2 * units] = 1 - kept, kept
    elif isinstance(cell, keras.layers.GRUCell):
        row = value[0] if value.ndim > 1 else value  # two biases, the input's first
        row[:units] = np.linspace(0, longest, units)
    surgery.set(bias, value)


def _enliven(
    surgery: Surgery,
    layer: keras.Layer,
    call: Callable[..., Any],
    args: tuple,
    kwargs: dict,
    rng: np.random.Generator,
) -> None:
    """Scale the weights of a layer of an unknown kind until what it is given shows in its output.

    Its initializer may be what is wrong with it.
    """
    kernels = [v for v in layer.trainable_variables if len(v.shape) > 1]
    given = sites.tensors((args, kwargs))
    if not kernels or not given or not keras.backend.is_float_dtype(given[0].dtype):
        return
    usual = min(1.0, _spread(given[0]))
    for attempt in range(ATTEMPTS):
        made = sites.tensors(call(*args, **kwargs))
        spread = _spread(made[0]) if made else usual
        if not usual > 0 or FAINT * usual <= spread <= LOUD * max(1.0, usual):
            return
        for kernel in kernels:
            value = surgery.value(kernel)
            if attempt == 0:
                value = rng.normal(size=value.shape) / np.sqrt(np.prod(value.shape[:-1]))
            else:
                value = value * np.clip(SPREAD * usual / max(spread, 1e-12), 1 / MOST, MOST)
            surgery.set(kernel, value)


def _spread(tensor: Any) -> float:
    """Std over rows, root mean square over units."""
    values = sites.to_array(tensor).astype(np.float64)
    return float(np.sqrt(np.mean(values.std(0) ** 2)))


def _standardise(surgery: Surgery, layer: keras.Layer, mean: np.ndarray, scale: np.ndarray) -> None:
    """Have a layer do to its inputs what it would now do to them standardised."""
    kernel, bias = kernel_and_bias(layer)
    scaled = surgery.value(kernel) * scale[:, None]
    surgery.set(kernel, scaled)
    if bias is not None:
        moved = surgery.value(bias)
        row = moved[0] if moved.ndim > 1 else moved  # GRU keeps two biases, the input's first
        row -= (scaled * mean[:, None]).sum(0)
        surgery.set(bias, moved)


def _initial_value(
    layer: keras.Layer,
    variable: Any,
    initializer: Any,
    known: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    shape = tuple(variable.shape)
    # Whoever starts near zero forgets at once; of convolutions (ConvLSTM) Keras makes them well.
    if variable.name == "recurrent_kernel" and len(shape) == 2:
        blocks = [orthogonal((shape[0], shape[0]), rng) for _ in range(shape[1] // shape[0])]
        return np.concatenate(blocks, axis=1)
    if variable.name == "kernel" and hasattr(layer, "cell"):
        return rng.normal(size=shape) / np.sqrt(shape[0])
    if initializer is not None:
        made = initializer(shape, dtype=variable.dtype)
        return np.array(keras.ops.convert_to_numpy(made), np.float64)
    if len(shape) < 2 and variable.name != "bias":  # of a layer of the user's: a scale, perhaps
        return known if np.isfinite(known).all() else np.zeros(shape)
    value = np.zeros(shape)
    cell = getattr(layer, "cell", layer)
    if variable.name == "bias" and getattr(cell, "unit_forget_bias", False):
        value[len(value) // 4 : len(value) // 2] = 1.0
    return value
