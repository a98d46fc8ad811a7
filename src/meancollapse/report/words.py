"""Words a report explains itself with: every cause in a phrase, every quantity in a sentence."""

from __future__ import annotations

from meancollapse.judge.finding import PROOF, ROOT

# What each cause is, for a reader who has never seen its id.
CAUSES = {
    "broadcast_loss": "targets and predictions differ in shape, so the loss compares all with all",
    "constant_initialization": "weights that all began alike, so all units do the same",
    "constant_input": "the inputs, or what is made of them, do not vary",
    "dead_relu": "units that are zero for every row and get no gradient to come back",
    "exploding_gradient": "gradients or weights blew up",
    "imbalanced_target": "one value or class is so frequent that always predicting it pays",
    "invalid_target": "targets that the loss cannot use",
    "learning_rate_too_high": "steps so large that they destroyed what the network passed on",
    "learning_rate_too_low": "steps so small that nothing has moved",
    "no_gradient": "weights that are frozen, cut off, or under a loss without slope",
    "no_signal": "the target cannot be read from the input",
    "non_finite": "a number became NaN or Inf, and spread to all others",
    "output_activation": "the activation of the output cannot give the targets",
    "over_regularization": "penalty, weight decay, dropout or noise outweighs the data",
    "saturated_activation": "units at the flat ends of their activation, where no gradient passes",
    "train_inference_gap": "it learns in training mode, but is constant in inference mode",
    "unscaled_input": "inputs of a size the first layer cannot work with",
    "unscaled_target": "targets so large or far from zero that the steps do not reach them",
    "vanishing_gradient": "the signal fades from layer to layer",
}

GLOSSARY = (
    (
        "readability",
        "How much of the target can be read from a layer: the R² of a ridge regression on what the "
        "layer gives, on rows the regression was not fitted on. 1 is everything, 0 nothing. Look "
        "where it falls and does not come back; a dip before a rise is only something a straight "
        "line cannot read there.",
    ),
    (
        "spread",
        "Standard deviation of the predictions divided by that of the targets. 1 is as varied as "
        "the truth, 0 is a constant. Of a well-fitted model, spread² is about R².",
    ),
    (
        "skill",
        "1 − loss ÷ the loss of the best constant prediction. 1 is perfect, 0 is no better than "
        "always predicting the same value, below 0 is worse than that.",
    ),
    (
        "gradient norm",
        "Length of the gradient of a layer's weights, root mean square over the epoch's steps. "
        "Exactly 0 means that the layer can no longer change.",
    ),
    (
        "update ratio",
        "Size of one step divided by the size of the weights it changes. About 0.001 is usual; 0.1 "
        "rewrites the layer in ten steps, 0.000001 hardly moves it.",
    ),
    (
        "dead, saturated",
        "A dead unit is exactly zero for every row looked at. A saturated one is at the flat end "
        "of its activation. Hardly any gradient passes either.",
    ),
)


def certainty(strength: float) -> str:
    """How sure a finding of that strength is."""
    return "certain" if strength >= PROOF else "probable" if strength >= ROOT else "possible"


def sentence(text: str) -> str:
    """The text with a capital and a full stop."""
    text = text.strip()
    end = "" if text.endswith((".", "?", "!")) else "."
    return text[:1].upper() + text[1:] + end
