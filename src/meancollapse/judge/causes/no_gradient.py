"""Variables that training cannot move: frozen, cut off, or under a loss without slope."""

from __future__ import annotations

from meancollapse.judge import verdict
from meancollapse.judge.causes.case import LOST, MOST, Case
from meancollapse.judge.evidence import Layer
from meancollapse.judge.finding import MECHANISM, PROOF, ROOT, Finding
from meancollapse.judge.skill import at_input


def explain(case: Case) -> Finding | None:
    """Frozen or disconnected weights where the target is lost, or no gradient at all."""
    parameters = case.examination.parameters
    if parameters and not any(p.is_trainable for p in parameters):
        return _finding(
            PROOF + 0.02,
            None,
            f"none of the {len(parameters)} weight arrays is trainable",
            "unfreeze the layers that must learn, then compile again",
            "model.trainable = True; model.compile(...)",
        )
    if _input_is_not_connected(case):
        return _finding(
            ROOT + 0.05,
            case.layers[0].name,
            f"the target can be read from the {len(case.evidence.inputs)} inputs together (R² "
            f"{at_input(case.look) or 0:.2f}), but from no layer, not even with the first "
            "weights: the input that holds it does not reach this output",
            "check which input goes where in the model",
            "model.summary()",
        )
    suspect = _decisive_layer(case)
    if suspect is not None:
        frozen = [p.path for p in case.parameters_of(suspect) if not p.is_trainable]
        if frozen:
            return _finding(
                ROOT + 0.12,
                suspect.name,
                f"'{frozen[0]}' is frozen, and it is there that the target is lost",
                "let this layer train, then compile again",
                f'model.get_layer("{suspect.name}").trainable = True; model.compile(...)',
            )
    cut = [path for path in case.evidence.disconnected if _is_weight(case, path)]
    if cut:
        return _finding(
            ROOT + 0.1 if not case.began_readable else MECHANISM,
            cut[0].split("/")[-2] if "/" in cut[0] else None,
            f"{len(cut)} weight arrays, '{cut[0]}' the first, are not connected with the loss and "
            "get no gradient",
            "look for stop_gradient, rounding, argmax, NumPy operations or a detached branch "
            "between these layers and the loss",
            "",
        )
    if verdict.is_frozen(case.evidence) and not _is_dead(case):
        return _finding(
            ROOT,
            case.examination.head.layer,
            "no weight got any gradient in a whole epoch, although the layers vary with the input: "
            "the loss is flat where the output is",
            "use a loss with a slope everywhere (one that clips or rounds the predictions has "
            "none), or start the output where it has one",
            "",
        )
    return None


def _input_is_not_connected(case: Case) -> bool:
    readable = at_input(case.look) or 0.0
    if len(case.evidence.inputs) < 2 or readable < verdict.RISE / LOST:
        return False
    ran = [layer for layer in case.layers if layer.has_weights]
    values = [v for s in ran for v in (s.readability, s.at_start, s.at_start_scaled)]
    return (
        bool(ran)
        and max(v or 0.0 for v in values) < LOST * readable
        and not any(layer.constant_units >= MOST * layer.units for layer in ran[:-1])
    )


def _decisive_layer(case: Case) -> Layer | None:
    """The layer that loses the target, or the head where the target arrives unused."""
    if case.blocking is not None:
        return case.blocking
    head = case.examination.head.layer
    return next((layer for layer in case.layers if layer.name == head), None)


def _is_weight(case: Case, path: str) -> bool:
    return any(p.path == path for p in case.examination.parameters)


def _is_dead(case: Case) -> bool:
    """Dead or saturated units explain a zero gradient by themselves."""
    return any(
        layer.constant_units >= MOST * layer.units or (layer.saturated or 0) >= MOST
        for layer in case.layers
    )


def _finding(strength: float, layer: str | None, evidence: str, remedy: str, code: str) -> Finding:
    return Finding("no_gradient", strength, layer, evidence, remedy, code)
