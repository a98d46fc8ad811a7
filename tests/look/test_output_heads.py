"""Any head as columns of targets beside columns of predictions."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

from meancollapse.look import heads

rng = np.random.default_rng(0)


def paired(loss, y, p, names=None):
    model = SimpleNamespace(loss=loss, output_names=names)
    return heads.pair(model, y, p)


def columns(loss, y, p):
    ((head, target, prediction),) = paired(loss, y, p)
    return head, *(
        np.asarray(keras.ops.convert_to_numpy(c)) for c in heads.columns(head, target, prediction)
    )


def test_class_numbers_become_one_column_per_class():
    p = rng.dirichlet(np.ones(4), 5).astype("float32")
    head, y_columns, p_columns = columns(
        "sparse_categorical_crossentropy", np.array([0, 3, 1, 1, 2]), p
    )
    assert head.kind == "sparse"
    assert (y_columns.argmax(1) == [0, 3, 1, 1, 2]).all()
    np.testing.assert_allclose(p_columns, p, rtol=1e-6)


def test_logits_become_probabilities():
    logits = rng.normal(size=(6, 3)).astype("float32")
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    _, _, p = columns(loss, np.eye(3, dtype="float32")[[0, 1, 2, 0, 1, 2]], logits)
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(p, expected, rtol=1e-5)
    loss = keras.losses.BinaryCrossentropy(from_logits=True)
    _, _, p = columns(loss, np.ones((6, 1), "float32"), logits[:, :1])
    np.testing.assert_allclose(p, 1 / (1 + np.exp(-logits[:, :1])), rtol=1e-5)


def test_a_custom_class_loss_on_logits_is_recognised_by_its_integer_targets():
    logits = 5 * rng.normal(size=(6, 3)).astype("float32")
    head, y, p = columns(lambda y, p: p, np.array([0, 1, 2, 0, 1, 2]), logits)
    assert head.kind == "sparse"
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-5)


def test_thousands_of_classes_are_folded_without_losing_mass():
    p = rng.dirichlet(np.ones(1000), 5).astype("float32")
    _, y, folded = columns("sparse_categorical_crossentropy", np.array([0, 999, 64, 3, 5]), p)
    assert folded.shape == y.shape == (5, 64)
    np.testing.assert_allclose(folded.sum(1), 1, rtol=1e-4)
    assert (y.argmax(1) == np.array([0, 999, 64, 3, 5]) % 64).all()
    np.testing.assert_allclose(folded[:, 3], p[:, 3::64].sum(1), rtol=1e-4)


@pytest.mark.parametrize("shape", [(8,), (8, 1)])
def test_missing_last_axes_never_broadcast(shape):
    y = rng.normal(size=8).astype("float32")
    _, y_columns, p_columns = columns("mse", y.reshape(shape), y.reshape(8, 1))
    assert y_columns.shape == p_columns.shape == (8, 1)


def test_wide_outputs_are_thinned():
    y = rng.normal(size=(4, 28, 28, 1)).astype("float32")
    _, y_columns, p_columns = columns("mse", y, y)
    assert y_columns.shape[1] <= 256
    np.testing.assert_array_equal(y_columns, p_columns)


def test_mean_and_variance_heads_share_their_target():
    head, y, p = columns(lambda y, p: p, np.ones((4, 1), "float32"), np.zeros((4, 2), "float32"))
    assert head.one_target
    assert y.shape == p.shape == (4, 2)


def test_outputs_are_matched_by_name_and_by_place():
    a, b = np.zeros((4, 1), "float32"), np.zeros((4, 2), "float32")
    by_name = paired({"a": "mse", "b": "mae"}, {"b": b, "a": a}, {"a": a, "b": b})
    by_place = paired(["mse", "mae"], [a, b], [a, b], ["a", "b"])
    for pairs in (by_name, by_place):
        assert [(h.name, h.loss_name, t.shape[1]) for h, t, _ in pairs] == [
            ("a", "mean_squared_error", 1),
            ("b", "mean_absolute_error", 2),
        ]


def test_outputs_without_a_target_are_left_out():
    a = np.zeros((4, 1), "float32")
    assert paired({"a": "mse"}, {"a": a}, {"a": a, "b": a})[0][0].name == "a"
    assert paired("mse", None, a) == []


def test_an_output_without_a_loss_is_left_out_where_others_have_one():
    a = np.zeros((4, 1), "float32")
    both = {"a": a, "b": a}
    for loss in ({"a": "mse", "b": None}, {"a": "mse"}, ["mse", None]):
        assert [h.name for h, *_ in paired(loss, both, both, ["a", "b"])] == ["a"]
    varied = {name: np.arange(4.0).reshape(4, 1) for name in both}
    assert [h.name for h, *_ in paired(None, varied, both)] == ["a", "b"]


def width(loss, target, prediction):
    zeros = [np.zeros((4, *shape), "float32") for shape in (target, prediction)]
    ((head, *_),) = paired(loss, *zeros)
    return head


@pytest.mark.parametrize(
    ("target", "prediction", "expected"),
    [
        ((1,), (3,), "one target"),
        ((3,), (3,), "one to one"),
        ((), (1,), "one to one"),
        ((2,), (1,), "nothing in common"),
        ((18,), (16, 6), "nothing in common"),
    ],
)
def test_what_target_and_prediction_have_in_common(target, prediction, expected):
    head = width(lambda y, p: p, target, prediction)
    found = "one to one" if head.is_one_to_one else "nothing in common"
    assert ("one target" if head.one_target else found) == expected


def test_tokens_of_another_length_than_the_output_are_no_class_numbers():
    tokens, scores = np.ones((4, 3), "int32"), np.zeros((4, 16, 6), "float32")
    head, y, p = columns(lambda y, p: p, tokens, scores)
    assert (head.kind, head.is_comparable) == ("regression", False)
    assert y.shape == p.shape
    head, *_ = columns(lambda y, p: p, np.ones((4, 16), "int32"), scores)
    assert head.kind == "sparse"


def test_without_a_loss_an_embedding_is_not_held_against_class_numbers():
    embedding = np.zeros((4, 8), "float32")
    assert paired(None, np.arange(4.0) + 7, embedding) == []
    assert paired(None, np.zeros((4, 8)), embedding) == []
    assert paired(None, np.array([0, 9, 1, 2]), embedding) == []
    assert len(paired(None, np.array([0, 7, 1, 2]), embedding)) == 1
