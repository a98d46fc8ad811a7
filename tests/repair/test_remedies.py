"""Remedies as pure functions of plain values."""

import math

import keras
import numpy as np
import pytest

from meancollapse.look import activations as measured
from meancollapse.look.heads import Head
from meancollapse.repair import plan
from meancollapse.repair.patient import Patient
from meancollapse.repair.rehearse import PLANS, Budget, plan_for
from meancollapse.repair.remedies import (
    activations,
    fresh_optimizer,
    head,
    input_scale,
    learning_rate,
    reinitialise,
)
from meancollapse.repair.remedies.activations import SwapActivations
from meancollapse.repair.remedies.clipping import CLIP, ClipGradients
from meancollapse.repair.remedies.fresh_optimizer import FreshOptimizer
from meancollapse.repair.remedies.head import HeadOnTargets
from meancollapse.repair.remedies.held_rate import HeldRate
from meancollapse.repair.remedies.learning_rate import LearningRate
from meancollapse.repair.remedies.regularization import EaseRegularization
from meancollapse.repair.remedies.reinitialise import Reinitialise
from meancollapse.repair.treatment import KEEP, Treatment, fresh_start


def patient(**changes):
    known = dict(
        causes=(),
        rate=1e-3,
        rates=(5e-3, 1e-3),
        lower_rates=(1e-4, 2e-5),
        is_too_fast=False,
        finite=True,
        had_skill=False,
        loses=None,
        is_unused=False,
        has_dead_units=False,
        layers=("a", "b", "c"),
        well_scaled=False,
        regularized=False,
        unsettled=False,
        drops=False,
        swaps=(("a", "leaky_relu"),),
        head_swaps=(("c", "linear"),),
    )
    return Patient(**{**known, **changes})


@pytest.mark.parametrize("shape", [(8, 3), (3, 8), (3, 3, 4, 5)])
def test_orthogonal_kernels_are_orthonormal(shape):
    flat = reinitialise.orthogonal(shape, np.random.default_rng(0)).reshape(-1, shape[-1])
    gram = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


def test_the_first_weights_are_tried_first_after_a_rate_far_too_high():
    usual, too_high = plan.treatments(patient()), plan.treatments(patient(is_too_fast=True))
    assert usual[0].weights == "reinitialise"
    assert [t.weights for t in too_high[:3]] == ["first", "first", "reinitialise"]
    assert [t.rate for t in too_high[:2]] == [1e-4, 2e-5]
    assert {t.weights for t in usual} == {t.weights for t in too_high}


def test_gain_gives_unit_variance_and_ignores_units_that_do_not_vary():
    pre = np.random.default_rng(0).normal(size=(500, 3)) * [2.0, 2.0, 0.0] + 5
    assert (pre * reinitialise.gain(pre))[:, :2].std(0) == pytest.approx([1, 1], rel=0.1)
    assert reinitialise.gain(np.full((10, 2), 7.0)) == 1.0


def test_every_unit_is_centred_inside_its_data():
    pre = np.random.default_rng(0).normal(size=(500, 16)) + np.arange(16) * 100
    centres = reinitialise.centres(pre, np.random.default_rng(1))
    on = (pre > centres).mean(0)
    assert on.min() > 0.15
    assert on.max() < 0.85
    assert on.std() > 0.1


class Theatre:
    """As much of a `Surgery` as weights need."""

    @staticmethod
    def value(variable):
        return np.array(keras.ops.convert_to_numpy(variable), np.float64)

    @staticmethod
    def set(variable, value):
        variable.assign(value)


@pytest.mark.parametrize("kind", [keras.layers.LSTM, keras.layers.GRU])
def test_recurrent_layers_begin_with_a_memory_as_long_as_their_input(kind):
    keras.utils.set_random_seed(0)
    layer, empty = kind(16), np.zeros((1, 80, 1), "float32")
    first = empty.copy()
    first[0, 0, 0] = 3.0

    def traces():
        apart = keras.ops.convert_to_numpy(layer(first)) - keras.ops.convert_to_numpy(layer(empty))
        return np.abs(apart[0])

    before = traces().max()
    reinitialise._remember(Theatre(), layer, 80)
    assert traces().max() > 50 * before
    bias = Theatre.value(layer.cell.bias)
    keeps = bias[16:32] if kind is keras.layers.LSTM else bias[0, :16]
    memory = 1 + np.exp(keeps)  # steps
    assert memory[0] < 4 and memory[-1] == pytest.approx(80) and (np.diff(memory) > 0).all()


def test_a_recurrent_layer_on_few_steps_begins_as_usual():
    layer = keras.layers.LSTM(4)
    layer.build((None, 3, 2))
    reinitialise._remember(Theatre(), layer, 3)
    np.testing.assert_array_equal(Theatre.value(layer.cell.bias), [0] * 4 + [1] * 4 + [0] * 8)


def test_inputs_are_standardised_by_powers_of_two():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3)) * [1e-5, 1.0, 1e4] + [0, 0, 1e6]
    mean, scale = input_scale.columns(x)
    assert np.abs((x - mean).mean(0)).max() < 1e-6
    assert ((x * scale).std(0) > 0.6).all()
    assert ((x * scale).std(0) < 1.5).all()
    assert (np.log2(scale) % 1 == 0).all()


def test_a_column_that_never_varies_is_not_blown_up():
    x = np.c_[np.full(100, 3.0), np.random.default_rng(0).normal(size=100)]
    assert input_scale.columns(x)[1].tolist() == [1.0, 1.0]


def test_pixels_between_0_and_1_are_left_alone():
    assert not input_scale.is_off(np.array([0.3]), np.array([0.25]))
    assert input_scale.is_off(np.array([100.0]), np.array([1.0]))
    assert input_scale.is_off(np.array([0.0]), np.array([1e-5]))


@pytest.mark.parametrize(
    ("activation", "target", "inverse"),
    [
        ("linear", 7.0, lambda z: z),
        ("sigmoid", 0.2, lambda z: 1 / (1 + math.exp(-z))),
        ("tanh", -0.5, math.tanh),
        ("softplus", 3.0, lambda z: math.log1p(math.exp(z))),
        ("exponential", 5.0, math.exp),
        ("relu", 4.0, lambda z: max(z, 0)),
    ],
)
def test_heads_are_centred_where_their_activation_gives_the_mean(activation, target, inverse):
    assert inverse(head.centre(activation, target)) == pytest.approx(target)


def test_the_users_learning_rate_is_among_those_tried_if_it_is_plausible():
    assert 3e-4 in learning_rate.ladder("Adam", 3e-4)
    rates = learning_rate.ladder("Adam", 1.0)
    assert max(rates) < 0.1
    assert all(0.5 >= a / b or a / b >= 2 for a in rates for b in rates if a != b)


def swaps(treatment):
    found = treatment.find(SwapActivations)
    return () if found is None else found.swaps


def test_new_weights_are_tried_first_and_activations_only_with_leave():
    first = plan.treatments(patient())[0]
    assert first == fresh_start(5e-3)
    assert not any(swaps(t) for t in plan.treatments(patient()))
    swapped = plan.treatments(patient(), allow_activation_changes=True)
    assert all(("c", "linear") in swaps(t) for t in swapped)
    assert any(("a", "leaky_relu") in swaps(t) for t in swapped[:2])
    assert not all(("a", "leaky_relu") in swaps(t) for t in swapped[:2])


def test_on_well_scaled_data_the_step_the_model_has_is_tried_first():
    *own, third = plan.treatments(patient(well_scaled=True))[:3]
    assert not any(t.needs_a_step for t in own)
    assert own == [
        Treatment(Reinitialise(), HeadOnTargets(), FreshOptimizer(), LearningRate(rate))
        for rate in patient().rates[:2]
    ]
    assert third == plan.treatments(patient())[0]
    for known in (dict(regularized=True), dict(well_scaled=False)):
        first = plan.treatments(patient(**{"well_scaled": True} | known))[0]
        assert first.find(ClipGradients).norm == CLIP


def eases(treatment):
    return treatment.find(EaseRegularization) is not None


def test_dropout_as_usual_is_eased_in_trial_only():
    tried = plan.treatments(patient(drops=True))
    assert [eases(t) for t in tried[:3]] == [False, True, True]
    assert tried[1] == tried[0].having(EaseRegularization())
    assert not any(eases(t) for t in plan.treatments(patient()))
    assert all(eases(t) for t in plan.treatments(patient(drops=True, regularized=True)))


def test_the_order_remedies_are_given_in_means_nothing():
    parts = fresh_start(1e-3).remedies
    assert Treatment(*reversed(parts)) == fresh_start(1e-3)
    assert Treatment(*parts).having(LearningRate(1.0)).rate == 1.0
    assert len(Treatment(*parts).having(LearningRate(1.0)).remedies) == len(parts)


def test_a_network_that_had_skill_goes_back_to_it_first():
    first = plan.treatments(patient(had_skill=True, rate=1.0))[0]
    assert first.weights == "rewind"
    assert first.rate < 0.01


def test_nan_weights_are_never_kept():
    kept = [t.weights for t in plan.treatments(patient(finite=False, is_unused=True))]
    assert KEEP not in kept


@pytest.mark.parametrize(
    ("kind", "activation", "targets", "wanted"),
    [
        ("regression", "relu", [-1.0, 2.0], "linear"),
        ("regression", "relu", [0.0, 2.0], None),
        ("regression", "sigmoid", [0.0, 100.0], "linear"),
        ("regression", lambda x: 5 * keras.ops.tanh(x), [0.0, 100.0], "linear"),
        ("regression", lambda x: 5 * keras.ops.tanh(x), [0.0, 4.0], None),
        ("regression", "softmax", [0.0, 1.0], "sigmoid"),
        ("binary", "relu", [0.0, 1.0], "sigmoid"),
        ("binary", "sigmoid", [0.0, 1.0], None),
        ("sparse", "sigmoid", [0.0, 1.0], "softmax"),
    ],
)
def test_a_head_gets_the_activation_its_loss_needs(kind, activation, targets, wanted):
    head, end = Head("out", None, kind), keras.layers.Dense(1, activation=activation)
    assert activations.head_activation(head, end, 1, np.array(targets)) == wanted


@pytest.mark.parametrize(
    ("activation", "wanted"),
    [
        ("relu", "leaky_relu"),
        (lambda x: keras.ops.relu(x - 3), "leaky_relu"),
        ("hard_sigmoid", "relu"),
        ("softmax", "relu"),
        (lambda x: keras.ops.sin(x), "relu"),
        (lambda x: keras.ops.exp(2 * x), "relu"),
        ("gelu", None),
        ("elu", None),
        ("leaky_relu", None),
        ("linear", None),
        (lambda x: keras.ops.square(x), None),
    ],
)
def test_hidden_activations_that_die_saturate_or_explode_can_be_swapped(activation, wanted):
    layers = keras.layers
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3, activation, name="hidden")])
    assert dict(activations.hidden_swaps(model, [])).get("hidden") == wanted


@pytest.mark.parametrize(
    ("layer", "low", "high"),
    [
        (keras.layers.ReLU(max_value=1.0), 0.0, 1.0),
        (keras.layers.ReLU(negative_slope=0.1), -math.inf, math.inf),
        (keras.layers.Dense(1, "selu"), -1.7581, math.inf),
        (keras.layers.Dense(1, "softplus"), 0.0, math.inf),
        (keras.layers.Dense(1, "softsign"), -1.0, 1.0),
        (keras.layers.Softmax(), 0.0, 1.0),
        (keras.layers.Dense(1, "log_softmax"), -math.inf, 0.0),
        (keras.layers.Dense(1), -math.inf, math.inf),
        (keras.layers.Flatten(), -math.inf, math.inf),
    ],
)
def test_the_range_of_an_activation(layer, low, high):
    assert measured.bounds(layer) == pytest.approx((low, high), abs=1e-3)


def test_a_relu_layer_becomes_linear_by_its_own_attributes():
    layer = keras.layers.ReLU(max_value=1.0, threshold=0.5)
    assert measured.name(layer) == "capped_relu"
    for attribute, value in measured.replacement(layer, "linear").items():
        setattr(layer, attribute, value)
    again = keras.layers.ReLU.from_config(layer.get_config())
    numbers = np.array([[-7.0, 0.25, 9.0]], "float32")
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(again(numbers)), numbers)
    assert measured.name(again) == "linear"
    assert measured.replacement(keras.layers.Softmax(), "linear") is None


def test_a_held_rate_lets_decay_pass_and_the_old_rate_not():
    optimizer = keras.optimizers.SGD(0.01)
    held = HeldRate(optimizer, ill=10.0)
    for given, kept, told in [(0.005, 0.005, False), (10.0, 0.005, True), (3.0, 0.005, True)]:
        optimizer.learning_rate = given
        assert (held.put_back() is not None) == told
        assert float(optimizer.learning_rate) == pytest.approx(kept)
    optimizer.learning_rate = 0.0
    assert held.put_back() is None
    optimizer.learning_rate = 0.002
    assert held.put_back() is None
    assert float(optimizer.learning_rate) == pytest.approx(0.002)
    raised = HeldRate(keras.optimizers.SGD(0.01), ill=1e-6)
    raised._leaves[0].learning_rate = 1e-6
    assert raised.put_back() == pytest.approx((1e-6, 0.01))
    for given, kept in [(0.006, 0.006), (0.004, 0.004), (0.0004, 0.004), (0.001, 0.004)]:
        raised._leaves[0].learning_rate = given
        raised.put_back()
        assert float(raised._leaves[0].learning_rate) == pytest.approx(kept)
    assert HeldRate(keras.optimizers.SGD(0.01), ill=0.012).put_back() is None


@pytest.mark.parametrize("name", ["Adagrad", "Ftrl", "Nadam", "Adam", "RMSprop", "Adafactor"])
def test_a_fresh_optimizer_is_like_a_new_one(name):
    given = dict(initial_accumulator_value=0.3) if name in ("Adagrad", "Ftrl") else {}
    variable = keras.Variable(np.ones((3, 2), "float32"))
    used, new = (
        getattr(keras.optimizers, name)(0.1, gradient_accumulation_steps=2, **given) for _ in "ab"
    )
    for optimizer in (used, new):
        optimizer.build([variable])
    for _ in range(3):
        used.apply([keras.ops.ones((3, 2))])
    fresh_optimizer.apply(used)
    for a, b in zip(used.variables, new.variables, strict=True):
        found, expected = (keras.ops.convert_to_numpy(v.value) for v in (a, b))
        np.testing.assert_array_equal(found, expected, err_msg=a.name)


def test_the_activation_of_a_recurrent_layer_is_its_cells():
    layer = keras.layers.LSTM(1)
    for attribute, value in measured.replacement(layer, "linear").items():
        setattr(measured.holder(layer), attribute, value)
    assert keras.layers.LSTM.from_config(layer.get_config()).activation is keras.activations.linear


def test_less_time_means_a_smaller_plan():
    assert plan_for(Budget(1e-4, 6.0, 0.0)) is PLANS[0]
    assert plan_for(Budget(0.05, 6.0, 0.0)) in PLANS[1:-1]
    assert plan_for(Budget(100.0, 6.0, 0.0)) is PLANS[-1]


def test_a_treatment_is_described_in_words():
    words = (
        fresh_start(0.005)
        .having(Reinitialise("dense_1", fold_inputs=True), EaseRegularization())
        .describe()
    )
    for part in ("dense_1", "inputs", "targets", "0.005", "regularization", "clips"):
        assert part in words
