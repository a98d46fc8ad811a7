"""A model that learns in training mode and is constant, or wrong, in inference mode."""

from __future__ import annotations

import math

from meancollapse.judge.causes.case import Case
from meancollapse.judge.finding import PROOF, ROOT, Finding

# R² in training mode beyond that in inference mode.
GAP = 0.1


def explain(case: Case) -> Finding | None:
    """Predictions of the same rows in both modes, and batches too small for batch statistics."""
    norm = next((s for s in case.layers if s.kind == "BatchNormalization"), None)
    batch = case.examination.batch_rows
    if norm is not None and batch == 1:
        return Finding(
            "train_inference_gap",
            PROOF,
            norm.name,
            f"batches have one row, and BatchNormalization '{norm.name}' takes a batch's mean off: "
            "in training its output is the same for every row",
            "use batches of 16 rows or more, or LayerNormalization",
            "model.fit(x, y, batch_size=32)",
        )
    running = case.stream.r2 if case.stream is not None else None
    momentum = case.evidence.ema_momentum
    if momentum is not None and running is not None and running > max(0.0, case.look.r2) + GAP:
        memory = f"about {1 / (1 - momentum):,.0f} steps" if momentum < 1 else "every step"
        return Finding(
            "train_inference_gap",
            PROOF,
            None,
            f"in training the predictions explained the targets (R² {running:.2f}); then `fit` put "
            f"the optimizer's averaged weights in place (R² {case.look.r2:.2g}), which with "
            f"ema_momentum={momentum:g} remember {memory}, and the run made {case.evidence.steps}",
            "average over a tenth of the run at most, or set use_ema=False",
            "keras.optimizers.Adam(use_ema=True, ema_momentum=0.95)",
        )
    known = [r for r in (running, case.examination.training_skill) if r is not None]
    measured = [r for r in known if math.isfinite(r)]
    now = max(0.0, case.look.r2)
    if not measured or max(measured) < now + GAP:
        return None
    culprit = norm or next((s for s in case.layers if "Dropout" in s.kind), None)
    name = f"{culprit.kind} '{culprit.name}'" if culprit is not None else "a layer"
    return Finding(
        "train_inference_gap",
        ROOT + 0.1,
        culprit.name if culprit is not None else None,
        f"in training mode the predictions explain the targets (R² {max(measured):.2f}), in "
        f"inference mode not (R² {case.look.r2:.2g}); {name} acts differently in the two",
        "lower BatchNormalization's momentum or train longer, so that its running statistics "
        "arrive; check that training and inference see data of the same scale",
        "keras.layers.BatchNormalization(momentum=0.9)",
    )
