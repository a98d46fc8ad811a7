"""Evidence: what was measured in one epoch. Immutable, plain numbers, JSON-able."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from meancollapse.judge import records
from meancollapse.judge.examination import Examination as Examination
from meancollapse.judge.examination import Head as Head
from meancollapse.judge.examination import Layer as Layer
from meancollapse.judge.examination import Parameter as Parameter


@dataclass(frozen=True)
class Stream:
    """Moments of one output, gathered while the model trained (or validated).

    Attributes:
        rows: Number of rows measured.
        spread: Std of the predictions ÷ std of the targets, over examples.
        r2: 1 − mean squared error ÷ variance of the targets.
        correlation: Correlation of predictions and targets, all columns together.
        information: Nats about the target carried by the prediction.
        target_varies: Whether the targets, as the loss sees them, are more than one value.
        finite: Whether every number was finite.
    """

    rows: int
    spread: float
    r2: float
    correlation: float
    information: float
    target_varies: bool
    finite: bool


@dataclass(frozen=True)
class Input:
    """Moments of one numeric input, over its columns (at most 256, evenly spread).

    Attributes:
        rows: Number of rows measured.
        mean: Mean of all values.
        std: Std of all values.
        smallest_std: Std over rows of the column that varies least, constant columns aside.
        largest_std: Std over rows of the column that varies most.
        columns: Number of columns measured.
        constant_columns: Columns that are the same number in every row.
        finite: Whether every number was finite.
    """

    rows: int
    mean: float
    std: float
    smallest_std: float
    largest_std: float
    columns: int
    constant_columns: int
    finite: bool


@dataclass(frozen=True)
class Activity:
    """How much of one layer is still at work, on up to 256 rows of the sample.

    Attributes:
        layer: Name of the layer.
        units: Size of the last axis of its output.
        dead: Share of its units that are exactly zero in every row and position.
        saturated: Share of its output within 1 % of the flat ends of a bounded activation; `None`
            for other activations.
    """

    layer: str
    units: int
    dead: float
    saturated: float | None


@dataclass(frozen=True)
class Look:
    """One output judged on the sample, in inference mode.

    Attributes:
        rows: Number of sample rows.
        spread: Std of the predictions ÷ std of the targets, over the rows.
        skill: 1 − loss ÷ constant loss; 1 is perfect, 0 no better than the best constant.
        r2: 1 − mean squared error ÷ variance of the targets.
        explained: 1 − variance of the error ÷ variance of the targets: R² with the offset forgiven.
        loss: The compiled loss on the sample (mean squared error where none can be evaluated).
        constant_loss: The loss of the best constant predictor.
        constant: The best constant, one number per column (at most 16).
        prediction_mean: Mean prediction, one number per column (at most 16).
        information: Nats about the target carried by the prediction.
        is_constant: Whether the prediction is one and the same number to float32 precision.
        top_class: For classification, the class predicted most often.
        top_class_share: Share of rows given that class.
        target_varies: Whether the targets, as the loss sees them, are more than one value.
        target_range: Smallest and largest target on the sample.
        target_is_valid: Whether the loss can use such targets (probabilities outside 0 to 1 and
            class numbers that are fractions or too large cannot be used).
        input_readability: Held-out R² of the target from the input, by the best reading there is.
        input_p_value: Probability of reading as much from shuffled targets.
        layers: `(name, readability)` for every layer on the way, in the order they ran.
        readability: Held-out R² of the target from the prediction.
        finite: Whether the predictions are finite.
        activity: Dead and saturated units of the same layers.
        input_linear: What a straight line reads of the target from the input.
        input_as_layers: What is read of it by the same means as from layers. Of words and of wide
            tables that is less than `input_readability`.
        is_comparable: Whether targets and predictions have columns in common; where they have not
            (CTC, times and events), `r2` and `explained` are NaN and the spread means little.
        has_loss: Whether a loss was compiled for the output. Without one, as where a model has a
            `compute_loss` of its own, nobody knows that it is to be near its targets row by row.
    """

    rows: int
    spread: float
    skill: float
    r2: float
    explained: float
    loss: float
    constant_loss: float
    constant: tuple[float, ...]
    prediction_mean: tuple[float, ...]
    information: float
    is_constant: bool
    top_class: int | None
    top_class_share: float | None
    target_varies: bool
    target_range: tuple[float, float]
    target_is_valid: bool
    input_readability: float | None
    input_p_value: float | None
    layers: tuple[tuple[str, float], ...]
    readability: float | None
    finite: bool
    activity: tuple[Activity, ...] = ()
    input_linear: float | None = None
    input_as_layers: float | None = None
    is_comparable: bool = True
    has_loss: bool = True


@dataclass(frozen=True)
class Snapshot:
    """One output as the model is now: looked at, and beside its targets, row by row.

    Attributes:
        output: Name of the output.
        source: Where the rows come from: `"validation"`, `"training"` or `"probe"`.
        is_classification: Whether `true` and `predicted` are class numbers.
        true: Up to 500 targets, one tuple of at most 4 columns a row.
        predicted: The predictions in the same shape.
        look: The output judged on the same sample, with readability layer by layer.
    """

    output: str
    source: str
    is_classification: bool
    true: tuple[tuple[float, ...], ...]
    predicted: tuple[tuple[float, ...], ...]
    look: Look


@dataclass(frozen=True)
class Output:
    """What is known of one output after one epoch.

    Attributes:
        name: Name of the output.
        is_classification: Whether it is judged as probabilities of classes.
        train: Moments over the training rows, in training mode; `None` if not measurable.
        validation: Moments over the validation rows; `None` without validation this epoch.
        look: The output judged on the sample; `None` where the output has skill.
        examination: What the causes are drawn from; `None` until the output is found ill.
        is_asked: Whether it is asked to follow its targets at all: not where the network before it
            is trained against it (gradient reversal), or a loss of the model's own leaves it out.
    """

    name: str
    is_classification: bool
    train: Stream | None
    validation: Stream | None
    look: Look | None
    examination: Examination | None = None
    is_asked: bool = True


@dataclass(frozen=True)
class Variable:
    """One trainable variable in one epoch.

    Attributes:
        path: The variable's path, such as `"dense/kernel"`.
        is_weight: Whether it has at least two axes (biases and scales have one).
        gradient_norm: Root mean square over steps of the gradient's L2 norm.
        update_ratio: Median over steps of ‖update‖ ÷ ‖weights‖.
        weight_norm: L2 norm of the weights at the last measured step.
        units: Number of units (size of the last axis).
        silent_units: Units whose gradient was exactly zero in every measured step.
    """

    path: str
    is_weight: bool
    gradient_norm: float
    update_ratio: float
    weight_norm: float
    units: int
    silent_units: int


@dataclass(frozen=True)
class Evidence:
    """Everything measured in one epoch.

    Attributes:
        epoch: 0-based, as Keras counts.
        steps: Training steps since this `fit` began.
        planned_steps: Steps this `fit` will make if it runs to its end; `None` if unknown.
        is_last: Whether this is the last epoch of the `fit`.
        has_modes: Whether the model has layers that act differently in training and inference.
        slow_start: Whether the model has recurrent or attention layers, known to start slowly.
        loss: The training loss in the log; `None` if absent.
        grad_norm: Root mean square over steps of the global gradient norm; `None` if unseen.
        skipped_steps: Measured steps a `LossScaleOptimizer` skipped (non-finite gradients).
        measured_steps: Training steps measured in this epoch.
        variables: The trainable variables that received a gradient.
        disconnected: Paths of trainable variables without any gradient.
        inputs: The model's numeric inputs, in Keras' flattening order.
        outputs: The model's outputs.
        actions: What our callbacks changed at the end of this epoch, in words.
        learning_rate: The optimizer's learning rate at the end of the epoch; `None` if unknown.
        ema_momentum: Momentum of the averaged weights that stand in the model since the end of the
            `fit` (`use_ema`), and that the looks saw; `None` before, and where none are averaged.
    """

    epoch: int
    steps: int
    planned_steps: int | None
    is_last: bool
    has_modes: bool
    slow_start: bool
    loss: float | None
    grad_norm: float | None
    skipped_steps: int
    measured_steps: int
    variables: tuple[Variable, ...]
    disconnected: tuple[str, ...]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    actions: tuple[str, ...] = ()
    learning_rate: float | None = None
    ema_momentum: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The same as nested dicts and lists of plain numbers, ready for `json.dumps`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Evidence:
        """The evidence that `to_dict` was called on, before or after a trip through JSON."""
        return records.restore(cls, values)

    def output(self, name: str) -> Output | None:
        """The output of that name."""
        return next((output for output in self.outputs if output.name == name), None)
