"""No NaN and no Inf, in value or gradient, for any input up to 1e16 in size.

Beyond that the squares come near the largest float32 (3.4e38), as they do in Keras' own MSE.
"""

import keras
import loss_cases as cases
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

BUDGET = settings(max_examples=20, deadline=None, derandomize=True)
# The gradient of the likelihood divides the square by the squared smallest variance, 1e-12.
LARGEST = {"beta_nll": 1e12}
SPECIAL = [0.0, -0.0, 1.0, -1.0, 1e-9, -1e-9, 1e-4, -1e-4, 1e-30, 1e6, -1e6]


def rows(largest, count, width=1):
    largest = float(np.float32(largest))
    number = st.one_of(
        st.sampled_from([*SPECIAL, largest, -largest]),
        st.floats(-largest, largest, width=32, allow_subnormal=False),
        st.floats(-2, 2, width=32, allow_subnormal=False),
    )
    return st.lists(number, min_size=count * width, max_size=count * width).map(
        lambda x: np.array(x, "float32").reshape(count, width)
    )


@pytest.mark.parametrize("name", cases.ALL)
def test_value_and_gradient_are_finite(name):
    loss, width = cases.ALL[name](), cases.outputs(name)
    largest = LARGEST.get(name, 1e16)

    @BUDGET
    @given(data=st.data(), count=st.sampled_from([1, 8]))
    def check(data, count):
        p = data.draw(rows(largest, count, width))
        if name == "logit_adjusted":
            y = np.arange(count, dtype="float32")[:, None] % 3
        else:
            y = data.draw(rows(largest, count))
        value, gradient = cases.value_and_gradient(loss, y, p)
        assert np.isfinite(value)
        assert np.isfinite(gradient).all()

    check()


@pytest.mark.parametrize("name", cases.REGRESSION)
@pytest.mark.parametrize("y", [np.zeros(8), np.full(8, 1e6), np.arange(8.0)], ids=str)
def test_collapsed_predictions_give_a_finite_gradient(name, y):
    loss = cases.REGRESSION[name]()
    p = np.full((8, 1), y.mean(), "float32")
    assert np.isfinite(cases.gradient(lambda p: loss(y, p), p)).all()


@pytest.mark.parametrize("name", ["concordance", "balanced", "pearson_alone"])
def test_perfect_predictions_of_a_constant_target_are_no_nan(name):
    y = np.full(8, 3.0, "float32")
    result = cases.REGRESSION[name]()(y, keras.ops.array(y[:, None]))
    assert np.isfinite(cases.to_numpy(result))
