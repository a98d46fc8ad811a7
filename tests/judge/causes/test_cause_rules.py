"""Causes on evidence made by hand: one fact changed at a time, no model, no Keras."""

from __future__ import annotations

import dataclasses
import math

import pytest
from hand_made import (
    INPUT,
    LAYERS,
    LOST,
    PARAMETERS,
    STREAM,
    evidence,
    findings,
    layer,
    variable,
    with_layer,
    with_parameter,
)

from meancollapse.judge.evidence import Output, Stream
from meancollapse.judge.finding import PROOF, ROOT


def ids(found):
    return [finding.cause for finding in found]


def dropout(name, rate):
    return layer(name, kind="Dropout", activation="linear", rate=rate, has_weights=False)


def behind(position, new):
    """The layers with one more."""
    return dict(layers=(*LAYERS[:position], new, *LAYERS[position:]))


def test_where_nothing_is_wrong_nothing_is_accused():
    assert findings() == []


def test_where_a_layer_loses_the_target_and_nothing_is_wrong_nothing_is_accused():
    assert findings(look=LOST, examination=with_layer("middle", readability=0.0)) == []


@pytest.mark.parametrize("optimizer, rate", [("Adam", 1e-3), ("SGD", 0.01), ("Lion", 1e-4)])
def test_the_rate_keras_starts_with_is_not_too_high(optimizer, rate):
    found = findings(examination=dict(optimizer=optimizer), learning_rate=rate)
    assert "learning_rate_too_high" not in ids(found)


# --- proofs --------------------------------------------------------------------------------------


def test_batches_of_one_row_under_batch_normalization():
    norm = layer("norm", kind="BatchNormalization", activation="linear")
    found = findings(examination=behind(1, norm) | dict(batch_rows=1))
    assert (found[0].cause, found[0].layer) == ("train_inference_gap", "norm")
    assert found[0].strength >= PROOF
    assert "one row" in found[0].evidence
    assert findings(examination=behind(1, norm) | dict(batch_rows=32)) == []


@pytest.mark.parametrize("low, high", [(math.nan, math.nan), (0.0, math.inf)])
def test_targets_that_are_not_numbers(low, high):
    found = findings(look=dict(target_range=(low, high)))
    assert (found[0].cause, found[0].layer) == ("invalid_target", "out")


def test_a_loss_that_does_not_ask_for_the_targets():
    head = dict(kind="categorical", activation="softmax", units=3, mode_share=0.4)
    found = findings(head=head | dict(perfect_loss=1.1), look=dict(constant_loss=1.1))
    assert found[0].cause == "invalid_target"
    assert "predicting the targets exactly would cost 1.1" in found[0].evidence
    assert findings(head=head | dict(perfect_loss=0.1), look=dict(constant_loss=1.1)) == []


def test_targets_below_zero_under_a_loss_of_logarithms():
    head = dict(loss="mean_squared_logarithmic_error", target_mean=-4.0, lowest=-math.inf)
    found = findings(head=head, look=dict(target_range=(-7.0, -1.0)))
    assert found[0].cause == "invalid_target"
    assert "from -7 to -1" in found[0].evidence


def test_one_constant_column_is_no_constant_input():
    some = dataclasses.replace(INPUT, constant_columns=9)
    assert findings(inputs=(some,)) == []
    found = findings(inputs=(dataclasses.replace(INPUT, constant_columns=10),))
    assert found[0].cause == "constant_input"


def test_of_two_inputs_one_may_be_constant():
    constant = dataclasses.replace(INPUT, constant_columns=10)
    assert findings(inputs=(INPUT, constant)) == []


def test_a_product_of_inputs_that_have_faded_is_not_to_blame():
    dot = layer(
        "dot",
        kind="Dot",
        activation="linear",
        units=1,
        constant_units=1,
        has_weights=False,
        readability=0.0,
        std=0.0,
    )
    lost = dict(layers=(("hidden", 0.5), ("dot", 0.0), ("out", 0.0)))
    found = findings(look=lost, examination=behind(2, dot))
    assert (found[0].cause, found[0].layer) == ("constant_input", "dot")
    faded = dataclasses.replace(dot, input_std=2e-21)
    assert "constant_input" not in ids(findings(look=lost, examination=behind(2, faded)))


def test_weights_that_decay_has_worn_to_zero_are_no_constant_initialization():
    changes = dict(identical_units=16, scale=0.0)
    lost = with_layer("middle", readability=0.0)
    began_equal = with_parameter("middle", starts_identical=True, **changes)
    (found, *_) = findings(look=LOST, examination=lost | began_equal)
    assert (found.cause, found.layer) == ("constant_initialization", "middle")
    assert "all 16 units" in found.evidence
    began_random = with_parameter("middle", starts_identical=False, **changes)
    found = findings(look=LOST, examination=lost | began_random | dict(weight_decay=0.004))
    assert "constant_initialization" not in ids(found)


def test_a_head_of_zeros_learns_like_any_other():
    zeros = with_parameter("out", units=3, identical_units=3, scale=0.0, starts_identical=True)
    assert findings(examination=zeros) == []


# --- roots ---------------------------------------------------------------------------------------


def test_a_frozen_layer_that_loses_the_target():
    frozen = with_parameter("middle", is_trainable=False)
    lost = with_layer("middle", readability=0.0, at_start=0.0, at_start_scaled=0.0)
    found = findings(look=LOST, examination=lost | frozen)
    assert (found[0].cause, found[0].layer) == ("no_gradient", "middle")
    assert "'middle/kernel' is frozen" in found[0].evidence


def test_a_frozen_layer_that_passes_the_target_on_is_not_accused():
    assert findings(examination=with_parameter("hidden", is_trainable=False)) == []


def test_weights_that_are_not_connected_with_the_loss():
    nothing = dict(at_start=0.0, at_start_scaled=0.0, readability=0.0)
    found = findings(
        look=LOST,
        examination=with_layer("middle", **nothing),
        disconnected=("hidden/kernel",),
        variables=(variable("out", units=1),),
    )
    assert (found[0].cause, found[0].layer) == ("no_gradient", "hidden")
    assert "1 weight arrays" in found[0].evidence


def test_a_loss_that_is_flat_where_the_output_is():
    silent = tuple(variable(p.layer, gradient_norm=0.0, update_ratio=0.0) for p in PARAMETERS)
    found = findings(variables=silent, grad_norm=0.0)
    assert (found[0].cause, found[0].layer) == ("no_gradient", "out")
    assert "exploding_gradient" not in ids(found)


def test_dropout_of_nearly_everything():
    found = findings(examination=behind(2, dropout("drop", 0.95)))
    assert (found[0].cause, found[0].layer) == ("over_regularization", "drop")
    assert "drops 95%" in found[0].evidence
    assert findings(examination=behind(2, dropout("drop", 0.5))) == []


def test_noise_louder_than_the_signal():
    loud = layer("noise", kind="GaussianNoise", rate=1.0, input_std=0.05, has_weights=False)
    (found,) = findings(examination=behind(0, loud))
    assert (found.cause, found.layer) == ("over_regularization", "noise")
    assert "noise of std 1 to values of std 0.05" in found.evidence
    quiet = dataclasses.replace(loud, rate=0.01)
    assert findings(examination=behind(0, quiet)) == []


def test_weight_decay_that_leaves_no_weights():
    shrunk = with_parameter("hidden", scale=1e-6)
    (found, *_) = findings(examination=shrunk | dict(weight_decay=50.0))
    assert found.cause == "over_regularization"
    assert "weight decay of 50" in found.evidence
    assert findings(examination=dict(weight_decay=0.004)) == []


def test_an_output_drowned_by_others_in_larger_units():
    found = findings(examination=dict(total_loss=1e7))
    assert (found[0].cause, found[0].layer) == ("unscaled_target", "out")
    assert "1 of 1e+07" in found[0].evidence
    assert findings(examination=dict(total_loss=10.0)) == []


@pytest.mark.parametrize(
    "kind, activation, constant",
    [("sparse", "softmax", (0.98, 0.02)), ("binary", "sigmoid", (0.02,))],
)
def test_a_class_so_frequent_that_a_constant_is_nearly_right(kind, activation, constant):
    head = dict(kind=kind, activation=activation, units=len(constant), perfect_loss=math.nan)
    found = findings(head=head, look=dict(constant=constant, top_class=0, top_class_share=1.0))
    assert found[0].cause == "imbalanced_target"
    assert "98.0% of the targets" in found[0].evidence
    even = tuple(0.5 for _ in constant)
    assert findings(head=head, look=dict(constant=even)) == []


def test_absolute_errors_of_targets_that_are_mostly_one_value():
    look = dict(constant=(0.0,))
    (found,) = findings(head=dict(loss="mean_absolute_error", mode_share=0.7), look=look)
    assert (found.cause, found.layer) == ("imbalanced_target", "out")
    assert "70% of the rows" in found.evidence
    assert findings(head=dict(loss="mean_squared_error", mode_share=0.7), look=look) == []
    assert findings(head=dict(loss="mean_absolute_error", mode_share=0.3), look=look) == []


def test_a_rate_that_was_raised_on_a_network_that_had_learned():
    good = Stream(1000, 0.9, 0.8, 0.9, 0.8, True, True)
    before = evidence(epoch=8, steps=288, outputs=(Output("out", False, good, None, None),))
    dead = with_layer("middle", readability=0.0, constant_units=16)
    found = findings(look=LOST, examination=dead, earlier=(before,), learning_rate=5e-3)
    assert found[0].cause == "learning_rate_too_high"
    assert found[0].strength > ROOT
    assert "had skill in earlier epochs" in found[0].evidence


@pytest.mark.parametrize(
    "changes, says, code",
    [
        (dict(bias=-4.6, input_std=1.0, input_mean=0.0), "biases are -4.6", "bias_initializer"),
        (dict(threshold=6.0, kind="ReLU", has_weights=False), "threshold of 6", "max_value=6"),
        (dict(bias=-4.6, input_std=50.0, input_mean=0.0), "weights already", "leaky_relu"),
    ],
)
def test_units_that_are_off_from_the_start(changes, says, code):
    dead = dict(
        readability=0.0, constant_units=16, dead_units=16, constant_at_start=16, at_start=0.0
    )
    layers = with_layer("hidden", activation="relu", **dead, **changes)
    found = findings(look=LOST, examination=layers)
    named = next(f for f in found if f.cause == "dead_relu")
    assert says in named.evidence
    assert code in named.code
    assert ("biases" in named.remedy) == ("bias_init" in code)


def test_gradients_clipped_to_nothing():
    slow = tuple(variable(p.layer, update_ratio=1e-9) for p in PARAMETERS)
    (found, *_) = findings(variables=slow, examination=dict(clip=1e-8))
    assert found.cause == "learning_rate_too_low"
    assert "gradients are clipped to 1e-08" in found.evidence
    assert found.remedy == "clip less"
    tiny_head = (
        *slow[:-1],
        variable("out", update_ratio=4e-3),
        variable("other", update_ratio=4e-3),
    )
    (found, *_) = findings(variables=tiny_head, examination=dict(clip=1e-4))
    assert (found.cause, found.strength > ROOT) == ("learning_rate_too_low", True)


def test_steps_divided_by_a_large_epsilon():
    slow = tuple(variable(p.layer, update_ratio=1e-7) for p in PARAMETERS)
    (found, *_) = findings(variables=slow, examination=dict(epsilon=1.0))
    assert found.cause == "learning_rate_too_low"
    assert "divided by at least 1, Adam's epsilon" in found.evidence
    assert found.code == "keras.optimizers.Adam(learning_rate=1e-3, epsilon=1e-7)"
    (found, *_) = findings(variables=slow, examination=dict(epsilon=1e-7))
    assert "epsilon" not in found.evidence + found.remedy + found.code


@pytest.mark.parametrize("rate, has_fallen", [(1e-9, True), (1e-2, False)])
def test_a_rate_that_has_fallen_to_nothing(rate, has_fallen):
    fast, slow = (
        tuple(variable(p.layer, update_ratio=u) for p in PARAMETERS) for u in (1e-3, 1e-9)
    )
    before = evidence(epoch=0, steps=300, variables=fast, learning_rate=1e-2)
    found = findings(earlier=(before,), variables=slow, learning_rate=rate)
    named = [f for f in found if f.cause == "learning_rate_too_low"]
    assert [f.strength > ROOT for f in named] == [has_fallen]
    assert ("has fallen from 0.01 to 1e-09" in named[0].evidence) == has_fallen
    assert "together by at most 0.3" in named[0].evidence  # 300 steps of 1e-3


def test_a_head_that_gives_no_probabilities():
    head = dict(kind="binary", loss="binary_crossentropy", activation="tanh", lowest=-1.0)
    found = findings(head=head, look=dict(constant=(0.5,), target_range=(0.0, 1.0)))
    assert (found[0].cause, found[0].layer) == ("output_activation", "out")
    assert "'tanh'" in found[0].evidence
    logits = findings(head=head | dict(from_logits=True), look=dict(constant=(0.5,)))
    assert "output_activation" not in ids(logits)


def test_a_few_targets_out_of_reach_are_no_collapse():
    head = dict(activation="relu", lowest=0.0, outside=0.02, reachable=0.99)
    assert findings(head=head) == []


def test_a_network_that_learns_in_training_mode_only():
    good = dataclasses.replace(STREAM, r2=0.8)
    norm = layer("norm", kind="BatchNormalization", activation="linear")
    found = findings(stream=good, examination=behind(1, norm))
    assert (found[0].cause, found[0].layer) == ("train_inference_gap", "norm")
    assert "R² 0.80" in found[0].evidence


def test_weights_averaged_for_longer_than_the_run():
    trained = dataclasses.replace(STREAM, r2=0.8)
    found = findings(stream=trained, ema_momentum=0.9999, steps=500)
    assert (found[0].cause, found[0].layer, found[0].strength) == (
        "train_inference_gap",
        None,
        PROOF,
    )
    assert "remember about 10,000 steps, and the run made 500" in found[0].evidence
    assert findings(ema_momentum=0.9999) == []  # not trained either: no averages are to blame


def test_a_cheap_penalty_that_took_all_the_weights_away():
    gone = with_parameter("hidden", scale=1e-19)
    cheap = dict(penalty_at_start=0.05, penalty=0.0)  # a perfect prediction gains 1
    found = next(f for f in findings(examination=gone | cheap) if f.cause == "over_regularization")
    assert "down to" in found.evidence and "e-19" in found.evidence
    assert "over_regularization" not in ids(findings(examination=gone))
    assert findings(examination=cheap) == []


# --- mechanisms ----------------------------------------------------------------------------------


def test_half_dead_layers_are_usual():
    some = with_layer("hidden", dead_units=8, constant_units=8)
    assert "dead_relu" not in ids(findings(examination=some))
    most = with_layer("hidden", dead_units=12, constant_units=12)
    found = next(f for f in findings(examination=most) if f.cause == "dead_relu")
    assert "12 of 16 units of 'hidden'" in found.evidence


def test_units_that_lived_at_first_are_not_said_to_have_begun_dead():
    dead = with_layer("hidden", dead_units=16, constant_units=16, constant_at_start=0)
    found = next(f for f in findings(examination=dead) if f.cause == "dead_relu")
    assert "first weights" not in found.evidence


def test_units_dead_from_the_start_are_the_root():
    dead = dict(dead_units=16, constant_units=16, constant_at_start=16)
    nothing = dict(readability=0.0, at_start=0.0, at_start_scaled=0.0, std=0.0, std_at_start=0.0)
    look = dict(layers=(("hidden", 0.0), ("middle", 0.0), ("out", 0.0)))
    found = findings(look=look, examination=with_layer("hidden", **dead, **nothing))
    assert (found[0].cause, found[0].layer) == ("dead_relu", "hidden")
    assert "all 16 units" in found[0].evidence


def test_a_recurrent_layer_that_forgets():
    nothing = dict(readability=0.0, at_start=0.0, at_start_scaled=0.0, std=1e-7, std_at_start=1e-7)
    lstm = dataclasses.replace(LAYERS[1], kind="LSTM", **nothing)
    known = dict(layers=(LAYERS[0], lstm, LAYERS[2]))
    found = next(
        f for f in findings(look=LOST, examination=known) if f.cause == "vanishing_gradient"
    )
    assert found.layer == "middle"
    assert found.evidence.startswith("what is read early is forgotten by the last step")
    assert "mask the padding" in found.remedy and "mask_zero=True" in found.code
    dense = dict(layers=(LAYERS[0], dataclasses.replace(lstm, kind="Dense"), LAYERS[2]))
    found = next(
        f for f in findings(look=LOST, examination=dense) if f.cause == "vanishing_gradient"
    )
    assert "over 3 layers" in found.evidence and "mask" not in found.remedy


def test_units_saturated_from_the_start_are_no_vanishing_gradient():
    flat = dict(saturated=1.0, constant_units=16, constant_at_start=16)
    nothing = dict(readability=0.0, at_start=0.0, at_start_scaled=0.0, std=0.0, std_at_start=0.0)
    found = findings(look=LOST, examination=with_layer("middle", **flat, **nothing))
    assert (found[0].cause, found[0].layer) == ("saturated_activation", "middle"), ids(found)
    assert "100% of the values" in found[0].evidence


def test_weights_that_began_too_large_and_blew_up_at_the_default_rate():
    dead = with_layer("middle", readability=0.0, constant_units=16, high=1e11)
    grown = with_parameter("hidden", initial_scale=2.0, scale=1e9)
    found = findings(
        look=LOST,
        examination=dead | grown | dict(optimizer="SGD"),
        earlier=(evidence(epoch=0, steps=32, grad_norm=1e11, learning_rate=0.01),),
        learning_rate=0.01,
        variables=tuple(variable(p.layer, update_ratio=40.0) for p in PARAMETERS),
    )
    assert found[0].cause == "exploding_gradient", [(f.cause, f.strength) for f in found]
    assert "1e+11" in found[0].evidence


def test_a_gradient_that_fades_away_as_the_network_learns_is_no_explosion():
    before = evidence(epoch=0, steps=32, grad_norm=6.0)
    assert "exploding_gradient" not in ids(findings(earlier=(before,), grad_norm=0.01))


# --- numbers that are not finite -----------------------------------------------------------------


def test_nan_among_the_inputs_is_not_blamed_on_the_learning_rate():
    broken = dataclasses.replace(INPUT, finite=False)
    found = findings("non_finite", inputs=(broken,), learning_rate=0.01, loss=math.nan)
    assert found[0].cause == "non_finite"
    assert "learning_rate_too_high" not in ids(found)


def test_a_network_that_overflowed_has_no_findings_about_its_layers():
    nan = with_layer("hidden", low=math.nan, high=math.nan, dead_units=16, constant_units=16)
    found = findings("non_finite", examination=nan, loss=math.nan)
    assert (found[0].cause, found[0].layer) == ("non_finite", "hidden")
    assert not {"dead_relu", "vanishing_gradient", "no_signal"} & set(ids(found))
