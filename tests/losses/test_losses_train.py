"""Each loss trains a small healthy model to 0.9 of the R2 that MSE reaches; tests of claims."""

import functools

import keras
import loss_cases as cases
import numpy as np
import pytest

from meancollapse import losses

RNG = np.random.default_rng(0)
X = RNG.normal(size=(512, 4)).astype("float32")
SIGNAL = np.tanh(X[:, 0]) + 0.5 * X[:, 1] * X[:, 2]
Y = ((SIGNAL + 0.1 * RNG.normal(size=512)) / SIGNAL.std()).astype("float32")

CLAIMS = {
    "concordance": (losses.ConcordanceLoss, None),
    "pearson": (losses.PearsonLoss, None),
    "spread_hinge": (lambda: losses.SpreadHinge(reachable_r2=0.9), None),
    "balanced": (losses.BalancedMSE, None),
    "beta_nll": (losses.BetaNLL, lambda: losses.MeanVarianceHead(1)),
    "symlog": (losses.SymlogError, None),
    "hl_gauss": (lambda: losses.HLGauss.covering(Y, bins=41), lambda: keras.layers.Dense(41)),
    "combined": (
        lambda: losses.CombinedLoss(
            {"mse": keras.losses.MeanSquaredError(), "ccc": losses.ConcordanceLoss()}
        ),
        None,
    ),
}


def train(loss, head=None, x=X, y=Y, epochs=25):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(48, "relu"), head() if head else keras.layers.Dense(1)]
    model = keras.Sequential([keras.layers.Input(x.shape[1:]), *layers])
    model.compile(keras.optimizers.Adam(1e-2), loss=loss)
    model.fit(x, y[:, None], epochs=epochs, batch_size=64, verbose=0, shuffle=False)
    return model.predict(x, verbose=0)


@functools.cache
def r2_of_mse():
    return cases.r2(Y, train("mse"))


def read(name, loss, outputs):
    if name == "symlog":
        return cases.to_numpy(losses.symexp(outputs))
    if name == "hl_gauss":
        return cases.to_numpy(loss.decoder()(outputs))
    return outputs[:, :1]


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", CLAIMS)
def test_healthy_model_reaches_nine_tenths_of_mse(name):
    make, head = CLAIMS[name]
    loss = make()
    assert r2_of_mse() > 0.8
    assert cases.r2(Y, read(name, loss, train(loss, head))) > 0.9 * r2_of_mse()


def test_log_scaled_error_beats_mse_in_relative_error_over_four_decades():
    y = (10 ** (-2 + 4 / (1 + np.exp(-SIGNAL)))).astype("float32")

    def relative_error(loss):
        p = train(loss, lambda: keras.layers.Dense(1, "softplus"), y=y)[:, 0]
        return np.median(np.abs(p - y) / y)

    assert relative_error(losses.MeanSquaredLogScaledError()) < 0.5 * relative_error("mse")


def test_log_scaled_error_trains_a_linear_output_on_targets_between_zero_and_one():
    """Zeros, negative outputs: the literal formula is NaN from the first batch on."""
    y = np.clip(0.5 + 0.3 * SIGNAL, 0, 1).astype("float32")
    assert (y == 0).any()
    p = train(losses.MeanSquaredLogScaledError(floor=1e-2), y=y)
    assert cases.r2(y, p) > 0.5


def test_logit_adjustment_recovers_the_rare_class_in_training_and_after_it():
    rng = np.random.default_rng(1)
    labels = (rng.random(1500) < 0.05).astype("int32")
    x = (rng.normal(size=(1500, 2)) + 1.2 * labels[:, None]).astype("float32")
    counts = np.bincount(labels)

    def logits(loss):
        keras.utils.set_random_seed(0)
        model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(2)])
        model.compile(keras.optimizers.Adam(5e-2), loss=loss)
        model.fit(x, labels, epochs=6, batch_size=128, verbose=0)
        return model.predict(x, verbose=0)

    def balanced_accuracy(scores):
        hit = cases.to_numpy(scores).argmax(axis=1) == labels
        return np.mean([hit[labels == k].mean() for k in (0, 1)])

    plain = logits(keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    trained = logits(losses.LogitAdjustedCrossentropy(counts))
    after = losses.adjust_logits(plain, counts)
    assert balanced_accuracy(trained) > balanced_accuracy(plain) + 0.05
    assert balanced_accuracy(after) > balanced_accuracy(plain) + 0.05
