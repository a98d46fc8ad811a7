import math

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from reports import activity, epoch, look, output, report, texts, variable

from meancollapse import plots
from meancollapse.report.plots import grid, style
from meancollapse.report.plots.units import shares


def image(ax, label):
    return next(found for found in ax.images if found.get_label() == label)


def cells(ax, label):
    """Where an image has a colour."""
    return np.argwhere(~np.ma.getmaskarray(image(ax, label).get_array())).tolist()


def rows(ax):
    return [tick.get_text() for tick in ax.get_yticklabels()]


def two_layers():
    return report(
        epoch(
            1,
            variables=(
                variable("net/a/kernel", gradient_norm=3.0, update_ratio=1e-2),
                variable("net/a/bias", gradient_norm=4.0, update_ratio=5.0),
                variable("net/b/kernel", gradient_norm=0.0, update_ratio=0.0),
            ),
        ),
        epoch(
            2,
            variables=(
                variable("net/a/kernel", gradient_norm=math.inf),
                variable("net/a/recurrent_kernel", update_ratio=3e-3),
            ),
        ),
    )


def test_gradients_of_a_layers_variables_are_added_in_squares():
    ax = plots.gradients(two_layers())
    values = ax.images[0].get_array()
    assert rows(ax) == ["a", "b"]
    assert values[0, 0] == 5.0
    assert values.mask.tolist() == [[False, True], [True, True]]


def test_zero_missing_and_infinite_gradients_have_colours_of_their_own():
    ax = plots.gradients(two_layers())
    assert cells(ax, grid.ZERO) == [[1, 0]]
    assert cells(ax, grid.MISSING) == [[1, 1]]
    assert cells(ax, grid.BROKEN) == [[0, 1]]
    shades = {image(ax, name).cmap(1.0)[:3] for name in (grid.ZERO, grid.MISSING, grid.BROKEN)}
    assert shades == {to_rgb(color) for color in grid.MARKS.values()}
    assert set(texts(ax)) == {f"■ {name}" for name in (grid.ZERO, grid.MISSING, grid.BROKEN)}


def test_updates_are_the_median_over_a_layers_weights_without_biases():
    ax = plots.updates(two_layers())
    assert ax.images[0].get_array()[0].tolist() == [1e-2, pytest.approx(2e-3)]
    assert cells(ax, grid.ZERO) == [[1, 0]]


def test_the_middle_colour_of_updates_is_a_thousandth():
    norm = plots.updates(two_layers()).images[0].norm
    assert norm(1e-3) == pytest.approx(0.5)
    assert norm(1e-2) > 0.5 > norm(1e-4)


def test_epochs_count_from_one_also_in_a_fit_that_goes_on():
    history = [epoch(n, variables=(variable("a/kernel"),)) for n in (5, 6, 7)]
    assert plots.gradients(report(*history)).images[0].get_extent()[:2] == [4.5, 7.5]


def test_layers_stand_in_the_order_in_which_they_ran():
    listed = (variable("net/last/kernel"), variable("net/block/first/kernel"))
    seen = output(look(0.9, 0.5, 0.4, names=("first", "last")))
    assert rows(plots.gradients(report(epoch(1, variables=listed)))) == ["last", "block/first"]
    ran = report(epoch(1, seen, variables=listed))
    assert rows(plots.gradients(ran)) == ["block/first", "last"]


def test_a_disconnected_layer_has_a_row():
    lone = epoch(1, variables=(variable("a/kernel"),), disconnected=("b/kernel", "b/bias"))
    ax = plots.gradients(report(lone))
    assert rows(ax) == ["a", "b"]
    assert cells(ax, grid.MISSING) == [[1, 0]]


def test_names_lose_the_models_name_and_an_overlong_beginning():
    assert grid.short(["net/a", "net/block/b"]) == ["a", "block/b"]
    assert grid.short(["encoder_block_one/attention/query", "a"]) == ["…k_one/attention/query", "a"]


def test_units_are_dead_when_no_variable_of_theirs_got_a_gradient():
    history = epoch(
        1,
        output(),
        variables=(
            variable("a/kernel", silent_units=4),
            variable("a/bias", silent_units=1),
            variable("b/kernel", silent_units=2),
        ),
    )
    layers, dead, saturated = shares((history,), "y")
    assert layers == ["a", "b"]
    assert dead.tolist() == [[0.25], [0.5]]
    assert np.isnan(saturated).all()


def test_dead_and_saturated_units_take_the_hue_of_the_larger_share():
    active = (activity("a", 0.75, None), activity("b", 0.0, 0.6))
    seen = output(look(0.9, 0.0, 0.0, activity=active))
    listed = (variable("a/kernel", silent_units=2), variable("b/kernel"))
    ax = plots.units(report(epoch(1, seen, variables=listed), epoch(2, variables=listed)))
    assert cells(ax, "zero or no gradient") == [[0, 0], [0, 1]]
    assert image(ax, "zero or no gradient").get_array()[0].tolist() == [0.75, 0.5]
    assert cells(ax, "saturated") == [[1, 0]]
    assert {"75%", "50%", "60%", "■ zero or no gradient", "■ saturated"} == set(texts(ax))


def test_a_network_at_work_says_that_no_unit_is_out():
    ax = plots.units(report(epoch(1, output(), variables=(variable("a/kernel"),))))
    assert "none" in texts(ax)


@pytest.mark.parametrize("draw", [plots.gradients, plots.updates, plots.units])
def test_a_run_without_variables_says_so(draw):
    (words,) = texts(draw(report(epoch(1))))
    assert words.startswith("no ")


def test_data_colours_can_be_read_on_white_and_on_near_black():
    def luminance(color):
        linear = [
            c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)
        ]
        return np.dot([0.2126, 0.7152, 0.0722], linear)

    def contrast(one, other):
        dark, light = sorted([luminance(one), luminance(other)])
        return (light + 0.05) / (dark + 0.05)

    data = (style.ILL, style.WELL, style.GREEN, style.VIOLET, style.ORANGE, style.UNKNOWN)
    for color in data:
        assert contrast(color, "#ffffff") >= 3 and contrast(color, "#14171a") >= 3, color
    assert not {style.INK, style.FAINT} & set(data)
