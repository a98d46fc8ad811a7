"""What kind of network this is, as far as waiting and looking depend on it."""

from __future__ import annotations

import keras

from meancollapse.backend import internals

# Layers whose networks are known to sit at the mean for long before they learn.
SLOW_LAYERS = (
    keras.layers.RNN,
    keras.layers.ConvLSTM1D,
    keras.layers.ConvLSTM2D,
    keras.layers.MultiHeadAttention,
    keras.layers.Attention,
)
# Layers whose training-mode output can differ from `predict`'s in more than noise.
MODE_LAYERS = (keras.layers.BatchNormalization,)


def starts_slowly(model: keras.Model) -> bool:
    """Whether the model has recurrent or attention layers."""
    return any(isinstance(layer, SLOW_LAYERS) for layer in internals.all_layers(model))


def has_modes(model: keras.Model) -> bool:
    """Whether layers act differently in training and inference, in more than noise."""
    return any(
        isinstance(layer, MODE_LAYERS)
        # A layer of the user's own may do anything in training mode.
        or (internals.takes_training(layer) and not type(layer).__module__.startswith("keras."))
        for layer in internals.all_layers(model)
    )


def masks(model: keras.Model) -> bool:
    """Whether positions may be padding, which Keras leaves out of the loss."""
    return any(
        isinstance(layer, keras.layers.Masking) or getattr(layer, "mask_zero", False)
        for layer in internals.all_layers(model)
    )
