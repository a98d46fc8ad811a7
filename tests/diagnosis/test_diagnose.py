"""`mc.diagnose`: right about data and model, quiet where nothing is wrong, and leaves no trace."""

import json

import keras
import numpy as np
import pytest
from nets import class_data, mlp, regression_data, weights_of

import meancollapse as mc


def causes(model, *data, **options):
    return mc.diagnose(model, *data, verbose=0, train=False, **options).causes


def results(diagnosis):
    return {check.name: check.result for check in diagnosis.checks}


def test_nothing_is_found_wrong_with_a_sound_model_before_and_after_training():
    x, y = regression_data(400)
    model = mlp()
    before = mc.diagnose(model, x, y, verbose=0)
    assert before.findings == ()
    assert results(before)["learns 32 rows by heart"] == "ok"
    model.fit(x, y, epochs=10, verbose=0)
    after = mc.diagnose(model, x, y, verbose=0, train=False)
    assert after.findings == ()
    assert after.evidence.outputs[0].look.skill > 0.5
    assert "problem" not in results(after).values()


def test_the_model_is_untouched():
    x, y = regression_data(100)
    model = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(8, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1),
        ]
    )
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(x, y, epochs=1, verbose=0)
    attributes = set(vars(model))
    before = weights_of(model) + [np.array(v) for v in model.optimizer.variables]
    seeds = [np.array(v) for v in model.non_trainable_variables]
    mc.diagnose(model, x, y, verbose=0)
    after = weights_of(model) + [np.array(v) for v in model.optimizer.variables]
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old, new)
    for old, new in zip(seeds, model.non_trainable_variables, strict=True):
        np.testing.assert_array_equal(old, np.array(new))
    assert set(vars(model)) == attributes


def test_misaligned_rows_are_named_with_their_shift():
    x, y = regression_data(400)
    diagnosis = mc.diagnose(mlp(), x, np.roll(y, 2, axis=0), verbose=0, train=False)
    assert diagnosis.cause == "no_signal"
    assert "misaligned by 2 rows" in diagnosis.findings[0][1].evidence
    # The line of code given puts the rows together again.
    code = diagnosis.findings[0][1].code
    found = {"x": x, "y": np.roll(y, 2, axis=0)}
    exec(code, found)
    assert causes(mlp(), found["x"], found["y"]) == ()


def test_shuffled_targets_carry_no_signal():
    x, y = regression_data(400)
    shuffled = np.random.default_rng(3).permutation(y)
    assert causes(mlp(), x, shuffled)[0] == "no_signal"


def test_a_series_that_resembles_its_neighbours_is_not_called_misaligned():
    t = np.arange(600)[:, None] / 8
    x = np.concatenate([np.sin(t), np.cos(t)], axis=1).astype("float32")
    y = np.sin(t + 0.7).astype("float32")
    model = keras.Sequential(
        [keras.Input((2,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1)]
    )
    model.compile("adam", "mse")
    diagnosis = mc.diagnose(model, x, y, verbose=0, train=False)
    assert "no_signal" not in diagnosis.causes
    assert results(diagnosis)["alignment"] == "ok"


@pytest.mark.parametrize(
    ("cause", "change"),
    [
        ("constant_input", lambda x, y: (0 * x + 3, y)),
        ("invalid_target", lambda x, y: (x, np.where(np.arange(len(y))[:, None] == 5, np.nan, y))),
        ("unscaled_target", lambda x, y: (x, 500 * y + 10_000)),
    ],
    ids=["constant_input", "nan_target", "unscaled_target"],
)
def test_faults_of_the_data_are_named(cause, change):
    x, y = change(*regression_data(300))
    assert cause in causes(mlp(), x, y)
    assert causes(mlp(), *regression_data(300)) == ()


def test_a_head_that_cannot_reach_the_targets_is_named_before_training():
    x, y = regression_data(300)
    assert causes(mlp(activation="softmax"), x, y)[0] == "output_activation"
    assert causes(mlp(activation="sigmoid"), x, 50 + 10 * y)[0] == "output_activation"
    assert causes(mlp(activation="sigmoid", loss="binary_crossentropy"), x, y > 0) == ()


def test_equal_inputs_with_different_targets_are_counted():
    x, y = regression_data(200)
    x[100:] = x[:100]
    y[100:] = -y[:100]
    diagnosis = mc.diagnose(mlp(), x, y, verbose=0, train=False)
    check = next(c for c in diagnosis.checks if c.name == "repeated inputs")
    assert check.result == "problem"
    assert check.words.startswith("200 of 200 rows")
    y[100:] = y[:100]
    assert results(mc.diagnose(mlp(), x, y, verbose=0, train=False))["repeated inputs"] == "ok"


def test_a_trained_model_worse_than_a_ridge_is_told_so():
    x, y = regression_data(300)
    model = mlp(optimizer=keras.optimizers.SGD(1e-6))
    model.fit(x, y, epochs=1, verbose=0)
    diagnosis = mc.diagnose(model, x, y, verbose=0, train=False)
    assert results(diagnosis)["reference"] == "problem"


def test_large_data_is_sampled_and_the_report_says_so(capsys):
    x, y = regression_data(5000)
    diagnosis = mc.diagnose(mlp(), x, y, max_rows=200, train=False)
    assert (diagnosis.rows, diagnosis.total_rows) == (200, 5000)
    assert "200 rows of 5000" in capsys.readouterr().out


def test_the_report_is_short_and_leads_with_what_matters():
    x, y = regression_data(300)
    report = str(mc.diagnose(mlp(activation="softmax"), x, y, verbose=0, train=False))
    lines = report.splitlines()
    assert len(lines) < 45
    assert max(map(len, lines)) <= 110
    assert lines[2].startswith("  output_activation, certain")
    assert report.index("output_activation") < report.index("Checked")


def test_classes_several_outputs_and_data_sets():
    x, labels = class_data(300)
    model = mlp(3, "softmax", loss="sparse_categorical_crossentropy")
    assert causes(model, x, labels) == ()
    inputs = keras.Input((10,))
    hidden = keras.layers.Dense(16, "relu")(inputs)
    good = keras.layers.Dense(1, name="good")(hidden)
    bad = keras.layers.Dense(1, "relu", name="bad")(hidden)
    two = keras.Model(inputs, {"good": good, "bad": bad})
    two.compile("adam", {"good": "mse", "bad": "mse"})
    x, y = regression_data(300)
    found = mc.diagnose(two, x, {"good": y, "bad": y - 9}, verbose=0, train=False)
    assert found.findings[0][0] == "bad"
    assert found.cause == "output_activation"
    batches = [(x[:150], y[:150]), (x[150:], y[150:])]
    assert mc.diagnose(mlp(), batches_of(batches), verbose=0, train=False).rows == 300


def batches_of(batches):
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return len(batches)

        def __getitem__(self, index):
            return batches[index]

    return Batches()


def test_a_saved_model_can_be_diagnosed(tmp_path):
    x, y = regression_data(200)
    model = mlp(activation="softmax")
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert causes(loaded, x, y)[0] == "output_activation"


def test_the_result_is_plain_data():
    x, y = regression_data(200)
    found = json.loads(json.dumps(mc.diagnose(mlp(), x, y, verbose=0, train=False).to_dict()))
    assert found["rows"] == 200
    assert found["cause"] is None
    assert {check["name"] for check in found["checks"]} >= {"inputs scale", "signal", "predictions"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((mlp, regression_data()[0], None), "`y` is missing"),
        ((mlp, regression_data()[0], regression_data(100)[1]), "same number of rows"),
        ((lambda: keras.Sequential([keras.layers.Dense(1)]), *regression_data()), "compile"),
        ((lambda: "model", *regression_data()), "keras.Model"),
    ],
    ids=["no_targets", "lengths", "not_compiled", "no_model"],
)
def test_wrong_arguments_are_explained(arguments, words):
    make, x, y = arguments
    with pytest.raises(ValueError, match=words):
        mc.diagnose(make(), x, y)


@pytest.mark.parametrize("scale", [1.0, 1000.0])
@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_targets_drawn_apart_from_the_inputs_are_no_fault_of_the_network(activation, scale):
    """The three examples of the document the project began with: X and y are both random."""
    rng = np.random.default_rng(0)
    x, y = scale * rng.random((100, 1)), rng.random((100, 1))
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(10, activation), keras.layers.Dense(1)]
    )
    model.compile("adam", "mse")
    assert causes(model, x, y)[0] == "no_signal"


@pytest.mark.tensorflow_only  # which alone has tensors of words
def test_words_are_inputs_too():
    y = np.random.default_rng(0).integers(0, 2, (128, 1)).astype("float32")
    inputs = keras.Input((1,), dtype="string")
    ids = keras.layers.StringLookup(vocabulary=["good", "bad"])(inputs)
    hidden = keras.layers.Flatten()(keras.layers.Embedding(4, 4, name="table")(ids))
    head = keras.layers.Dense(1, activation="sigmoid", kernel_initializer="zeros", name="head")
    outputs = head(hidden)
    model = keras.Model(inputs, outputs)
    model.compile("sgd", "binary_crossentropy")
    found = mc.diagnose(model, np.where(y > 0, "good", "bad"), y, train=False, verbose=0)
    layers = dict(found.evidence.outputs[0].look.layers)
    assert layers["table"] > 0.9 > 0.1 > layers["head"]
