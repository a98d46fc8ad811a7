"""Which causes a careful expert would accept for each collapsing program.

Written without looking at the rules in ``src/meancollapse/causes``, for judging them.

``ACCEPTABLE[id]`` lists cause ids: first the root cause as published (or as constructed), then ids
that explain the run as well. An id is accepted if repairing that alone repairs the run, or if it
is literally the mechanism that makes the output constant. "Alone:" in a comment refers to fits
with one repair at a time (seeds 0 and 1); "state:" to the layers of the trained model.

``OUTPUT[id]`` names the ill output of a model with several, where it matters which one it is.
``DATA_FAULTS`` are the ids whose fault lies in the rows, the targets or the loss, not the model.
"""

from __future__ import annotations

# --- benchmarks/cases.py -------------------------------------------------------------------------

CASES: dict[str, tuple[str, ...]] = {
    # ReLU head, targets below zero. State: the head itself is the dead unit.
    "SO-48251943": ("output_activation", "dead_relu"),
    # Softmax on one unit is exactly 1.
    "SO-31880720": ("output_activation",),
    # Raw ASCII codes around 67. State: 9 to 11 of 12 first ReLUs dead.
    "SO-39525358": ("unscaled_input", "dead_relu"),
    # Three sigmoid layers from tiny weights under plain SGD. Alone: Adam 0.01 learns.
    "SO-39217567": ("vanishing_gradient", "learning_rate_too_low"),
    # Class numbers divided by 255 and read as integers: all rows become class 0.
    "SO-59325381": ("invalid_target",),
    # Sigmoid head under categorical cross-entropy; learns in Keras 3 on seeds 0 to 2.
    "SO-59278771": ("output_activation", "unscaled_input"),
    # x up to 100 under sigmoids (as published), y up to 1e8. Alone: scaling y repairs, x does not.
    "SO-52800582": ("unscaled_input", "unscaled_target"),
    # Raw columns up to 120,000 put every tanh in its flat ends; learns on seeds 0 to 2.
    "SO-34673164": ("unscaled_input", "saturated_activation", "learning_rate_too_high"),
    # Sigmoid head for targets up to 103: head at its upper end. Alone: linear head repairs.
    "SO-48221692": ("output_activation", "unscaled_target", "saturated_activation"),
    # Softmax on one unit behind a sigmoid fed with 5,000..40,000: each alone gives a constant.
    "SO-45442843": ("output_activation", "unscaled_input", "saturated_activation"),
    # All kernels zero; the ReLUs get no gradient because of that.
    "TDC-regr_zero_init": ("constant_initialization",),
    # Adam at 1e-5. Alone: scaled targets do not repair it.
    "TDC-regr_low_lr": ("learning_rate_too_low",),
    # Adam at 1. State: the second ReLU layer is dead entirely.
    "TDC-regr_high_lr": ("learning_rate_too_high", "dead_relu"),
    # Loss subclass, targets (N,) against outputs (N, 1).
    "TDC-regr_broadcast_subclass": ("broadcast_loss",),
    # Ten sigmoid layers. They sit in the middle, not in their flat ends.
    "AT-circle_vanish_sigmoid10": ("vanishing_gradient",),
    # Fifteen narrow ReLU layers from small weights: the signal fades and units die on the way.
    "AT-circle_dying_relu": ("dead_relu", "vanishing_gradient"),
    # Eight exponential layers: NaN.
    "AT-circle_explode_exp": ("exploding_gradient", "non_finite"),
    # CNN, Adam at 0.1. State: two of three layers dead.
    "seed-box-lr": ("learning_rate_too_high", "dead_relu"),
    # x up to 1,000 into sigmoids.
    "seed-unscaled-sigmoid": ("unscaled_input", "saturated_activation"),
    # Targets independent of the inputs.
    "seed-noise": ("no_signal",),
    "OK-purenoise": ("no_signal",),
}

# --- benchmarks/programs.py ----------------------------------------------------------------------

PROGRAMS: dict[str, tuple[str, ...]] = {
    # Softmax on one unit is exactly 1 while targets reach 35,000.
    "SO-33969059": ("output_activation",),
    # Softmax on one unit.
    "SO-34311586": ("output_activation",),
    # ReLU head above 1 under cross-entropy: clipped, no gradient. Alone: head or scaling repairs.
    "SO-44066044": ("output_activation", "unscaled_input"),
    # Softmax on one unit behind an LSTM.
    "SO-46620813": ("output_activation",),
    # SGD 0.1 on targets up to 125: loss 1e8 in epoch 1, then all ReLUs dead. Alone: rate or target.
    "SO-48934338": (
        "learning_rate_too_high",
        "dead_relu",
        "unscaled_target",
        "exploding_gradient",
    ),
    # ReLU head under cross-entropy, x up to 100,000. Alone: scaling repairs one seed of two.
    "WEB-threshold-relu": ("output_activation", "unscaled_input"),
    # Softmax on one unit behind embedding and LSTM.
    "WEB-imdb-lstm-softmax": ("output_activation",),
    # Softmax on one unit behind a CNN.
    "WEB-conv1d-softmax": ("output_activation",),
    # Raw columns: 64 and 88 % of the ReLUs dead, softmax at 0 or 1. Alone: only scaling repairs.
    "GH-keras-5992": ("unscaled_input", "dead_relu", "saturated_activation"),
    # Raw pixels and Adam 0.1: all convolutions dead. Alone: the rate ends the constant.
    "GH-keras-2139": ("learning_rate_too_high", "dead_relu", "unscaled_input"),
    # Adam 0.03: whole convolution layers dead. Alone: scaled targets do not repair it.
    "GH-keras-8562": ("learning_rate_too_high", "dead_relu"),
    # Raw targets: loss 2.7e11 in epoch 1 kills the layer of three. Alone: target, or rate 1e-4.
    "GH-keras-13891": (
        "dead_relu",
        "unscaled_target",
        "learning_rate_too_high",
        "exploding_gradient",
    ),
    # Levels around 300 in and out: output near 2 (skill -111), LSTM gates at their ends.
    "GH-keras-1727": ("unscaled_target", "unscaled_input", "saturated_activation"),
    # Sigmoid head for a sine, and x up to 199: both are needed for a repair.
    "DS-19365": ("output_activation", "unscaled_input", "saturated_activation"),
    # The frozen embedding table is all zeros.
    "sim-frozen-zero-embedding": ("no_gradient", "constant_initialization"),
    # Token ids up to 20,000 as plain numbers into LSTM gates.
    "sim-token-ids-as-numbers": ("unscaled_input", "saturated_activation"),
    # Prices of 5,000 in and out: the GRU stands at +-1, the output crawls from 0. Both are needed.
    "sim-gru-raw-prices": ("unscaled_target", "unscaled_input", "saturated_activation"),
    # LayerNormalization over one feature: what follows sees only zeros, nothing before it learns.
    "sim-layernorm-one-feature": ("constant_input", "no_gradient"),
    # All pixels are 0.
    "sim-integer-division": ("constant_input",),
    # Labels 1 and 2 under binary cross-entropy.
    "sim-labels-1-2": ("invalid_target",),
    # Label smoothing of 1 makes all targets uniform.
    "sim-label-smoothing-1": ("invalid_target", "over_regularization"),
    # 70 % zeros under the absolute error: the median is the optimum.
    "sim-mae-mostly-zero": ("imbalanced_target",),
    # One row per batch: BatchNormalization gives a constant in training, something else after.
    "sim-batchnorm-batch-1": ("train_inference_gap",),
    # KL weight 5.
    "sim-vae-kl": ("over_regularization",),
    # Other output 10,000 times larger: the small output's tanh is driven to its end.
    "sim-two-outputs-scale": ("unscaled_target", "saturated_activation"),
    # ReLU head, targets around -5.
    "sim-two-outputs-relu-head": ("output_activation", "dead_relu"),
    # Dropout 0.98, three times. State: all units alive.
    "sim-dropout-98": ("over_regularization",),
    # Weight decay 50.
    "sim-weight-decay-50": ("over_regularization",),
    # L1 of 1 on all kernels.
    "sim-gru-l1": ("over_regularization",),
    # Twenty ReLU layers of three units: dead layers, and nothing passes either way.
    "sim-deep-narrow-relu": ("dead_relu", "vanishing_gradient"),
    # tanh head for targets of 20..350, at its end. Alone: head, or targets divided by 400.
    "sim-tanh-head": ("output_activation", "unscaled_target", "saturated_activation"),
    # Adam 0.3 on an attention model.
    "sim-attention-rate": ("learning_rate_too_high", "dead_relu"),
    # Recurrent weights near zero forget the first value. Alone: a higher rate does not help.
    "sim-simplernn-forgets": ("vanishing_gradient",),
    # Gradients clipped to 1e-5: no movement. Alone: a rate of 1,000 repairs.
    "sim-clipnorm-tiny": ("learning_rate_too_low",),
    # compute_loss with targets (N,) against outputs (N, 1).
    "sim-broadcast-compute-loss": ("broadcast_loss",),
    # The schedule jumps to 10. State: all ReLUs dead.
    "sim-late-rate-jump": ("learning_rate_too_high", "dead_relu"),
    # Kernels of ones and columns up to 4,000 under sigmoids. Alone: either repairs.
    "sim-ones-init-saturated": (
        "saturated_activation",
        "unscaled_input",
        "constant_initialization",
    ),
    # Seven sigmoid layers before the head. Alone: a higher rate does not help.
    "sim-deep-sigmoid-cnn": ("vanishing_gradient",),
    # Ten sigmoid layers under SGD. Alone: a rate of 2 does not help.
    "AT-blob-sigmoid-sgd": ("vanishing_gradient",),
    # Prices of 500,000, output still near 1,000. Alone: scaled targets, or Adam at 0.1.
    "WEB-house-prices": ("unscaled_target", "learning_rate_too_low"),
    # All kernels zero.
    "WEB-zero-init": ("constant_initialization",),
    # Head of zeros, frozen.
    "sim-frozen-head": ("no_gradient", "constant_initialization"),
    # Every token is the same id.
    "sim-all-out-of-vocabulary": ("constant_input",),
    # Noise layer 100 times larger than the inputs. Alone: inputs of size 1 repair.
    "sim-gaussian-noise": ("over_regularization", "unscaled_input"),
    # Adam 0.5. State: all ReLUs dead.
    "sim-cnn-adam-half": ("learning_rate_too_high", "dead_relu"),
    # Adam 1 kills the trunk under all three outputs.
    "sim-three-outputs-dead-trunk": ("learning_rate_too_high", "dead_relu"),
    # Nothing to learn.
    "NOISE-regression": ("no_signal",),
    "NOISE-binary": ("no_signal",),
    "NOISE-shuffled-rows": ("no_signal",),
    "NOISE-returns": ("no_signal",),
    "NOISE-tokens": ("no_signal",),
    "NOISE-images": ("no_signal",),
}

# --- benchmarks/programs_by_cause.py -------------------------------------------------------------

BY_CAUSE: dict[str, tuple[str, ...]] = {
    # Biases of -20: every unit below zero from the start.
    "relu-negative-biases": ("dead_relu",),
    # Non-negative weights on negative inputs.
    "relu-nonneg-decibels": ("dead_relu",),
    # Nothing exceeds the threshold of 3.
    "relu-threshold-3": ("dead_relu",),
    # Weights in 0..1: the second layer is exactly 1 everywhere.
    "sigmoid-positive-weights": ("saturated_activation",),
    # Gates of e-40, twice: nothing passes forward or back.
    "sigmoid-closed-gates": ("saturated_activation", "vanishing_gradient"),
    # Head started at sigmoid(357): exactly 1, and squared error has no gradient there.
    "sigmoid-bias-of-counts": ("saturated_activation",),
    # Weights of 0.02 in eight layers: the signal shrinks tenfold a layer.
    "deep-tanh-small-weights": ("vanishing_gradient",),
    # Eleven sigmoid layers.
    "deep-sigmoid-autoencoder": ("vanishing_gradient",),
    # Six factors of 0.001 without skips.
    "deep-no-skips": ("vanishing_gradient",),
    # NaN. Alone: a rate of 1e-5 does not help.
    "explode-normal-weights": ("exploding_gradient", "non_finite"),
    # Loss of 1e3 or more in epoch 1, then dead units.
    "explode-two-layers": ("exploding_gradient", "dead_relu", "learning_rate_too_high"),
    # 1.6 to the power of 40: NaN. Alone: clipping ends the NaN; a rate of 1e-6 does not.
    "explode-relu-rnn": ("exploding_gradient", "non_finite"),
    # A loss weight of 10,000 is a rate of 100 under SGD: NaN.
    "explode-loss-weight": ("exploding_gradient", "learning_rate_too_high", "non_finite"),
    # Adam at 1.
    "rate-1-text": ("learning_rate_too_high", "dead_relu"),
    # Adam at 3.
    "rate-3-lstm": ("learning_rate_too_high", "dead_relu"),
    # The rate grows to 100.
    "rate-grows-two-inputs": ("learning_rate_too_high", "dead_relu"),
    # Adadelta at 0.001.
    "rate-adadelta-default": ("learning_rate_too_low",),
    # Adam at 1e-7.
    "rate-1e-7-transformer": ("learning_rate_too_low",),
    # The rate is zero after a dozen steps.
    "rate-halved-each-step": ("learning_rate_too_low",),
    # The rate reaches 1e-6 by the end.
    "rate-endless-warmup": ("learning_rate_too_low",),
    # A column around 2,000 holds each tanh at one end.
    "input-year-column": ("unscaled_input", "saturated_activation"),
    # A column around 1.6e9 holds each tanh at one end.
    "input-timestamps": ("unscaled_input", "saturated_activation"),
    # Inputs of 1e-6: only the biases learn, and they push the ReLUs below zero. Adam does not help.
    "input-microampere": ("unscaled_input", "dead_relu"),
    # Inputs of 101,325 hold the GRU at its ends.
    "input-pascal-gru": ("unscaled_input", "saturated_activation"),
    # Images all zero.
    "constant-unfilled-array": ("constant_input",),
    # Every token is padding.
    "constant-only-padding": ("constant_input",),
    # The only feature is 1 in all rows.
    "constant-row-scaling": ("constant_input",),
    # The mask input is all zero, which cuts the words off as well.
    "constant-zero-mask": ("constant_input", "no_gradient"),
    # Prices of 200,000 under a loss with a bounded gradient. Alone: Adam at 0.3 repairs too.
    "target-huber-prices": ("unscaled_target", "learning_rate_too_low"),
    # Sales of 50,000 from an LSTM of 24 units in -1..1, all driven to their ends.
    "target-lstm-sales": ("unscaled_target", "saturated_activation"),
    # 3e6 from 32 tanh units, all driven to their ends.
    "target-revenue-and-churn": ("unscaled_target", "saturated_activation"),
    # Absolute error, 90 % in one class.
    "imbalance-mae-one-hot": ("imbalanced_target",),
    # Absolute error, 75 % zeros: the median is the optimum.
    "imbalance-dry-days": ("imbalanced_target",),
    # The weights make class 0 count 10,000 times as much.
    "imbalance-class-weights": ("imbalanced_target",),
    # Absolute error, 96 % background.
    "imbalance-mae-pixels": ("imbalanced_target",),
    # One class only.
    "labels-all-zero": ("invalid_target", "imbalanced_target"),
    # One class only.
    "labels-argmax-axis": ("invalid_target", "imbalanced_target"),
    # One-hot rows without a one: the loss is 0.
    "labels-empty-one-hot": ("invalid_target",),
    # One value only.
    "labels-integer-division": ("invalid_target", "imbalanced_target"),
    # Sigmoid for 290: the head at 1. Alone: targets in 0..1 repair.
    "head-sigmoid-kelvin": ("output_activation", "unscaled_target", "saturated_activation"),
    # Softmax over one channel is exactly 1.
    "head-softmax-one-channel": ("output_activation",),
    # Head capped at 1 for targets of 10 and more. Alone: targets in 0..1 repair.
    "head-capped-relu": ("output_activation", "unscaled_target", "saturated_activation"),
    # Softmax on one unit in one of two outputs.
    "head-softmax-second-output": ("output_activation",),
    # All kernels zero, hand-written layers.
    "zeros-custom-layers": ("constant_initialization",),
    # All kernels zero.
    "zeros-lstm": ("constant_initialization",),
    # All weights set to zero.
    "zeros-reset-weights": ("constant_initialization",),
    # L2 of 10.
    "penalty-embedding-l2": ("over_regularization",),
    # Activity penalty of 1: every unit of the code is off.
    "penalty-sparse-code": ("over_regularization", "dead_relu"),
    # Kernels held at a norm of 0.001.
    "penalty-max-norm": ("over_regularization",),
    # Dropout of 0.995, twice.
    "penalty-dropout-text": ("over_regularization",),
    # Loss subclass, targets (N,), outputs (N, 1).
    "broadcast-mae-lstm": ("broadcast_loss",),
    # Loss subclass, targets (N, 1), outputs (N,).
    "broadcast-flat-output": ("broadcast_loss",),
    # Loss subclass, labels (N,), outputs (N, 1).
    "broadcast-own-crossentropy": ("broadcast_loss",),
    # The same in one of two outputs.
    "broadcast-one-of-two": ("broadcast_loss",),
    # Rounding lets no gradient through.
    "blocked-rounding": ("no_gradient",),
    # The informative input leads nowhere.
    "blocked-wrong-branch": ("no_gradient",),
    # Only a shift is trainable.
    "blocked-only-bias": ("no_gradient",),
    # Moving mean near 0 for columns of 4,000. Alone: scaled inputs repair.
    "gap-batchnorm-momentum": (
        "train_inference_gap",
        "unscaled_input",
        "saturated_activation",
    ),
    # Zeros at inference.
    "gap-own-dropout": ("train_inference_gap",),
    # Moving moments never updated. Alone: scaled inputs repair.
    "gap-own-batchnorm": ("train_inference_gap", "unscaled_input", "saturated_activation"),
    # Rows of the images do not belong to the targets.
    "unpaired-images-angles": ("no_signal",),
    # Targets of the next row.
    "unpaired-off-by-one": ("no_signal",),
    # Word ids differ from text to text.
    "unpaired-salted-hashes": ("no_signal",),
    # Labels of one output shuffled.
    "unpaired-one-of-two": ("no_signal",),
    # NaN in the inputs, so in the weights. The compiled ReLU of NaN is 0: the loss stays finite.
    "nan-missing-value": ("non_finite",),
    # Square root of 0: its gradient is infinite.
    "nan-siamese-distance": ("non_finite", "exploding_gradient"),
    # log(0): raw columns put the sigmoid at 0 or 1. Alone: scaling repairs, a guard does not.
    "nan-log-of-zero": ("non_finite", "unscaled_input", "saturated_activation"),
    # Raw columns, raw targets, SGD. Alone: a rate of 1e-8; both scalings are needed together.
    "nan-raw-sgd": (
        "non_finite",
        "exploding_gradient",
        "learning_rate_too_high",
        "unscaled_input",
        "unscaled_target",
    ),
}

ACCEPTABLE: dict[str, tuple[str, ...]] = CASES | PROGRAMS | BY_CAUSE

OUTPUT: dict[str, str] = {
    "sim-two-outputs-scale": "share",  # drowned by "price"
    "sim-two-outputs-relu-head": "loss_eur",  # "late" learns
    "target-revenue-and-churn": "revenue",  # "churn" learns
    "head-softmax-second-output": "passed",  # "grade" learns
    "broadcast-one-of-two": "price",  # "band" learns
    "unpaired-one-of-two": "topic",  # "length" learns
}

DATA_CAUSES = ("no_signal", "constant_input", "invalid_target", "broadcast_loss")

# In sim-layernorm-one-feature the rows are fine: a layer of the model makes them constant.
DATA_FAULTS: set[str] = {
    name for name, causes in ACCEPTABLE.items() if causes[0] in DATA_CAUSES
} - {"sim-layernorm-one-feature"}
