"""The examination: what the causes of a collapse are drawn from. Part of the evidence."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Layer:
    """One layer in inference mode, on up to 256 rows of the sample.

    Attributes:
        name: Name of the layer.
        kind: Name of its class, such as `"Dense"`.
        activation: Name of its activation (`"relu"`, `"sigmoid"`, ...); `"linear"` without one.
        units: Size of the last axis of its output.
        dead_units: Units that are exactly zero in every row and position.
        constant_units: Units that are the same number in every row, zero or not.
        saturated: Share of the output within 1 % of the flat ends of a bounded activation;
            `None` for other activations.
        low: Smallest value of the output.
        high: Largest value of the output.
        std: Std of the output over rows, root mean square over units.
        input_std: Std over rows of what the layer is given, likewise; `None` if unknown.
        input_mean: Root mean square of the means of what the layer is given; `None` if unknown.
        rate: Share of values a dropout layer drops, std of a noise layer; `None` for others.
        has_weights: Whether it has any variables of its own.
        readability: Held-out R² of the target from its output.
        at_start: The same with the weights the initializers give.
        constant_at_start: Units that are the same number in every row with those weights.
        std_at_start: Std of the output over rows with those weights.
        at_start_scaled: Readability at the start, with the numeric inputs standardised as well.
        gain: Largest absolute entry of a normalization's scale (gamma); `None` for others.
        bias: Mean of its bias; `None` without one.
        threshold: What the input of a `ReLU` layer must exceed to pass; `None` for others.
    """

    name: str
    kind: str
    activation: str
    units: int
    dead_units: int
    constant_units: int
    saturated: float | None
    low: float
    high: float
    std: float
    input_std: float | None
    input_mean: float | None
    rate: float | None
    has_weights: bool
    readability: float | None
    at_start: float | None
    constant_at_start: int | None
    std_at_start: float | None
    at_start_scaled: float | None
    gain: float | None = None
    bias: float | None = None
    threshold: float | None = None


@dataclass(frozen=True)
class Parameter:
    """One weight array with at least two axes, trainable or not.

    Attributes:
        path: The variable's path, such as `"dense/kernel"`.
        layer: Name of the layer that holds it.
        is_trainable: Whether training may change it.
        scale: Root mean square of its entries.
        initial_scale: The same as its initializer makes it; `None` if it has none.
        usual_scale: The same for Glorot initialization: √(2 ÷ (fan in + fan out)).
        units: Size of its last axis.
        identical_units: Units whose incoming weights equal those of the first unit exactly
            (rows of an embedding that equal the first row).
        starts_identical: Whether the initializer makes all of them alike; `None` if unknown.
        constraint: Class name of the constraint put on it, such as `"MaxNorm"`, or `None`.
    """

    path: str
    layer: str
    is_trainable: bool
    scale: float
    initial_scale: float | None
    usual_scale: float
    units: int
    identical_units: int
    starts_identical: bool | None
    constraint: str | None


@dataclass(frozen=True)
class Head:
    """What one output can produce, beside what it is asked for.

    Attributes:
        layer: Name of the last layer with an activation on the way to this output.
        activation: Name of that activation.
        units: Numbers (or classes) per position.
        loss: Name of the loss.
        kind: `"regression"`, `"binary"`, `"categorical"` or `"sparse"`.
        from_logits: Whether the loss expects logits.
        lowest: Smallest number the activation can give; `-inf` without bound.
        highest: Largest number the activation can give; `inf` without bound.
        outside: Share of the targets beyond what the activation can give.
        reachable: R² of the targets clipped to what the activation can give; 1 if all are in reach.
        target_mean: Mean of the targets.
        target_std: Std of the targets over rows, root mean square over columns.
        target_shape: Shape of one batch of targets, the first axis being rows (0).
        output_shape: Shape of one batch of predictions, likewise.
        mode_share: Share of rows that hold the most frequent target, in the column where it is
            largest.
        perfect_loss: The compiled loss of predicting exactly the targets, shapes as they are.
        aligned_loss: The same with targets reshaped like the predictions; `None` if they are.
        mixed_loss: The loss of predicting the targets of other rows, shapes as they are.
        has_own_step: Whether the model computes its loss in a `train_step` of its own.
        is_comparable: Whether targets and predictions have columns in common.
    """

    layer: str | None
    activation: str
    units: int
    loss: str
    kind: str
    from_logits: bool
    lowest: float
    highest: float
    outside: float
    reachable: float
    target_mean: float
    target_std: float
    target_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    mode_share: float
    perfect_loss: float
    aligned_loss: float | None
    mixed_loss: float
    has_own_step: bool
    is_comparable: bool = True


@dataclass(frozen=True)
class Examination:
    """One ill output and the network before it, examined once on the sample.

    Attributes:
        layers: Every layer on the way to this output, in the order they ran.
        parameters: Every weight array with at least two axes.
        head: What the output can produce and what is asked for.
        training_skill: R² of the predictions in training mode on the sample; `None` if the model
            acts the same in both modes.
        penalty: Regularization and other added losses on the sample, now.
        penalty_at_start: The same with the weights the initializers give.
        total_loss: The sum of the losses of all outputs on the sample.
        batch_rows: Rows of one training batch; `None` if unknown.
        optimizer: Class name of the optimizer.
        learning_rate: Its learning rate, now.
        weight_decay: Its weight decay; `None` without one.
        clip: Smallest limit put on gradients (norm, global norm or value); `None` without one.
        epsilon: What the optimizer adds to what it divides by; `None` where it does not tell.
    """

    layers: tuple[Layer, ...]
    parameters: tuple[Parameter, ...]
    head: Head
    training_skill: float | None
    penalty: float
    penalty_at_start: float
    total_loss: float
    batch_rows: int | None
    optimizer: str
    learning_rate: float | None
    weight_decay: float | None
    clip: float | None
    epsilon: float | None = None
