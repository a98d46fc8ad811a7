import pytest
from reports import epoch, line, look, output, report, snapshot, texts

from meancollapse import plots
from meancollapse.report.plots.predictions import class_shares


def shown(shot):
    return plots.predictions(report(epoch(1, output()), snapshots=[shot]))


def numbers(true, predicted, **values):
    seen = look(0.9, 0.5, **values)
    return snapshot(seen, true=tuple(true), predicted=tuple(predicted))


def test_points_are_predicted_against_true_in_a_square_with_equal_limits():
    ax = shown(numbers([(0.0,), (10.0,)], [(4.0,), (6.0,)]))
    assert [list(v) for v in line(ax, "column 0").get_data()] == [[0, 10], [4, 6]]
    assert ax.get_xlim() == ax.get_ylim() == pytest.approx((-0.4, 10.4))
    assert ax.get_aspect() == 1


def test_the_identity_and_the_targets_mean_are_drawn():
    ax = shown(numbers([(0.0,), (1.0,), (5.0,)], [(2.0,)] * 3))
    x, y = line(ax, "perfect").get_data()
    assert list(x) == list(y) == list(ax.get_xlim())
    assert list(line(ax, "mean").get_ydata()) == [2, 2]
    assert "targets'\nmean" in texts(ax)


def test_the_title_has_spread_r2_and_the_rows_source():
    ax = shown(numbers([(0.0,), (1.0,)], [(0.0,), (1.0,)], spread=0.984, r2=0.9712))
    words = " ".join(ax.get_title(loc="left").split())
    assert words == "Predicted and true, 2 validation rows spread 0.98, R² 0.97"


def test_columns_differ_in_mark_and_hue():
    ax = shown(numbers([(0.0, 5.0), (1.0, 6.0)], [(0.0, 5.0), (1.0, 6.0)]))
    first, second = line(ax, "column 0"), line(ax, "column 1")
    assert list(second.get_xdata()) == [5, 6]
    assert first.get_marker() != second.get_marker()
    assert first.get_color() != second.get_color()
    assert {"● column 0", "▲ column 1"} <= set(texts(ax))


def test_numbers_that_are_not_finite_do_not_break_the_limits():
    ax = shown(numbers([(0.0,), (1.0,)], [(float("nan"),), (float("inf"),)]))
    assert ax.get_xlim() == pytest.approx((-0.04, 1.04))


def classes(true, predicted):
    rows = [tuple((float(n),) for n in numbers) for numbers in (true, predicted)]
    return snapshot(look(0.9, 0.5), true=rows[0], predicted=rows[1], is_classification=True)


def test_classes_are_bars_of_their_share_among_predictions_and_targets():
    ax = shown(classes([0, 1, 2, 2], [2, 2, 2, 2]))
    bars = {group.get_label(): [bar.get_height() for bar in group] for group in ax.containers}
    assert bars == {"true": [0.25, 0.25, 0.5], "predicted": [0, 0, 1]}
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["0", "1", "2"]
    assert "50% right" in ax.get_title(loc="left")


def test_rare_classes_are_summed_into_one_bar():
    true = [n for n in range(20) for _ in range(20 - n)]
    names, shares, predicted = class_shares(classes(true, [0] * len(true)))
    assert names == [str(n) for n in range(11)] + ["rest"]
    assert shares[0] == pytest.approx(20 / 210)
    assert shares[-1] == pytest.approx(sum(range(1, 10)) / 210)
    assert predicted == [1.0] + [0.0] * 11


def test_without_a_snapshot_it_says_so():
    assert texts(plots.predictions(report(epoch(1, output())))) == ["no rows were kept"]
