"""Inputs that do not vary, or that something makes constant before the first weights."""

from __future__ import annotations

import itertools

from meancollapse.judge.causes.case import NORMALIZING, Case
from meancollapse.judge.finding import PROOF, Finding

# Inputs of less than this std have faded already: their product is nothing whatever the layer does.
FADED = 1e-6


def explain(case: Case) -> Finding | None:
    """Every column of every input is one number, or preprocessing inside the model makes it so."""
    inputs = case.evidence.inputs
    if inputs and all(i.constant_columns == i.columns for i in inputs):
        return Finding(
            cause="constant_input",
            strength=1.0,
            layer=None,
            evidence=(
                f"all {sum(i.columns for i in inputs)} measured input columns are the same number "
                f"in all {inputs[0].rows} rows (mean {inputs[0].mean:.4g})"
            ),
            remedy=(
                "look at what reaches the model: integer division, a wrong column, an empty "
                "lookup table and a generator that repeats one batch all end like this"
            ),
            code="print(x[:3], x.std(axis=0))",
        )
    # What stands behind the layer that loses the target is given next to nothing; but a layer that
    # lets little through is easily taken for it, where a later one ends everything.
    alive = itertools.takewhile(lambda x: x.constant_units < x.units, case.layers)
    for layer in case.layers[: max(len(case.way), len(list(alive)) + 1)]:
        emptied = layer.constant_units == layer.units and (layer.input_std or 0) > FADED
        normalizes = layer.kind in NORMALIZING and layer.gain != 0
        empties = normalizes or (not layer.has_weights and layer.activation == "linear")
        if emptied and empties:
            return Finding(
                cause="constant_input",
                strength=PROOF,
                layer=layer.name,
                evidence=(
                    f"{layer.kind} '{layer.name}' turns inputs of std {layer.input_std:.3g} into "
                    "one and the same number, so what follows sees a constant input"
                ),
                remedy=(
                    "check this layer's arguments: the axis, mean and variance of a normalization "
                    "(over the rows, not over an axis of length one), the mask or factor of a "
                    "product"
                ),
                code=f'print(model.get_layer("{layer.name}")(x[:3]))',
            )
    return None
