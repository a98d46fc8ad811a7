import keras
import numpy as np
import pytest

from meancollapse import losses

X = np.random.default_rng(0).normal(size=(64, 3)).astype("float32")
Y = X @ np.array([1.0, -2.0, 0.5], "float32")[:, None]


def compiled(weights=None, **kwargs):
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    terms = {"mse": "MeanSquaredError", "mae": keras.losses.MeanAbsoluteError()}
    model.compile("sgd", loss=losses.CombinedLoss(terms, weights), **kwargs)
    return model


def loss_of(model):
    return model.evaluate(X, Y, verbose=0, batch_size=64)


def test_value_is_the_weighted_sum_of_the_terms():
    mse, mae = loss_of(compiled({"mae": 0})), loss_of(compiled({"mse": 0}))
    assert loss_of(compiled({"mse": 2, "mae": 3})) == pytest.approx(2 * mse + 3 * mae, rel=1e-5)


def test_new_weights_take_effect_in_a_step_already_compiled():
    model = compiled({"mae": 0})
    loss_of(model)
    losses.set_term_weights(model, {"mse": 0, "mae": 1})
    assert loss_of(model) == pytest.approx(loss_of(compiled({"mse": 0})), rel=1e-6)


def test_callback_changes_the_weights_of_a_running_fit():
    """From epoch 1 on every weight is 0, so training and validation stand still."""
    model = compiled()
    kernels = []

    def begin(epoch, logs):
        kernels.append(model.get_weights()[0])
        if epoch == 1:
            losses.set_term_weights(model, {"mse": 0, "mae": 0})

    callback = keras.callbacks.LambdaCallback(on_epoch_begin=begin)
    history = model.fit(
        X, Y, epochs=3, verbose=0, batch_size=32, callbacks=[callback], validation_data=(X, Y)
    )
    assert history.history["loss"][0] > 0
    assert history.history["loss"][1:] == [0, 0]
    assert history.history["val_loss"][1:] == [0, 0]
    assert np.abs(kernels[1] - kernels[0]).max() > 0
    np.testing.assert_array_equal(kernels[2], kernels[1])
    np.testing.assert_array_equal(model.get_weights()[0], kernels[1])


def test_new_weights_take_effect_in_the_next_fit():
    model = compiled({"mae": 0})
    model.fit(X, Y, verbose=0)
    losses.set_term_weights(model, {"mse": 0})
    assert model.fit(X, Y, verbose=0).history["loss"] == [0]


def test_sample_weights_reach_every_term():
    loss = compiled().loss
    weight = np.zeros(64, "float32")
    assert float(keras.ops.convert_to_numpy(loss(Y, np.zeros((64, 1)), weight))) == 0


def test_saved_weights_come_back(tmp_path):
    model = compiled()
    losses.set_term_weights(model, {"mae": 0.25})
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.loss.weights == {"mse": 1.0, "mae": 0.25}


def test_model_variables_stay_what_they_were():
    model = compiled()
    model.fit(X, Y, verbose=0)
    assert [v.path for v in model.variables] == [v.path for v in model.layers[0].variables]


@pytest.mark.parametrize(
    "terms, weights, message",
    [
        ({}, None, "at least one loss"),
        ({"a": "mse"}, None, "must be a keras.losses.Loss or the class name"),
        ({"a": "MeanSquaredError"}, {"b": 1}, "No term is called"),
        ({"a": "MeanSquaredError"}, {"a": -1}, "must be a finite number >= 0"),
    ],
)
def test_invalid_arguments_raise(terms, weights, message):
    with pytest.raises(ValueError, match=message):
        losses.CombinedLoss(terms, weights)


def test_model_without_a_combined_loss_is_refused():
    model = keras.Sequential([keras.layers.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", loss="mse")
    with pytest.raises(ValueError, match="Expected one CombinedLoss"):
        losses.set_term_weights(model, {"mse": 0})
