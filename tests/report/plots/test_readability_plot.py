import numpy as np
import pytest
from matplotlib.colors import same_color
from matplotlib.figure import Figure
from reports import epoch, line, look, output, report, rescued, snapshot, texts, verdict

from meancollapse import plots
from meancollapse.report.plots import style


def stops(ax):
    return [tick.get_text() for tick in ax.get_xticklabels()]


def test_a_line_runs_from_the_input_through_the_layers_to_the_output():
    seen = look(0.9, 0.7, 0.2, readability=0.1)
    ax = plots.readability(report(epoch(1, output(seen))))
    assert stops(ax) == ["input", "a", "b", "output"]
    x, y = line(ax, "epoch 1").get_data()
    assert list(x) == [0, 1, 2, 3]
    assert list(y) == [0.9, 0.7, 0.2, 0.1]


def test_every_look_and_the_snapshot_has_a_line_the_later_the_stronger():
    seen = [epoch(n, output(look(0.9, 0.1 * n))) for n in (1, 2, 4)]
    ax = plots.readability(report(*seen, snapshots=[snapshot(look(0.9, 0.8))]))
    drawn = [line(ax, label) for label in ("epoch 1", "epoch 2", "epoch 4", "now")]
    opacity = [found.get_alpha() for found in drawn]
    width = [found.get_linewidth() for found in drawn]
    assert opacity == sorted(set(opacity)) and opacity[-1] == 1
    assert width == sorted(set(width))


def test_lines_before_and_after_a_repair_differ_in_hue_and_in_name():
    ax = plots.readability(rescued())
    assert same_color(line(ax, "epoch 2").get_color(), style.ILL)
    assert same_color(line(ax, "now").get_color(), style.WELL)
    assert "epoch 2\nbefore the repair" in texts(ax)
    assert "now\nafter the repair" in texts(ax)


def test_a_repair_taken_back_is_no_repair():
    back = "took back the rescue of epoch 1, which did not help"
    ill = output(look(0.9, 0.0, 0.0))
    ax = plots.readability(
        report(
            epoch(1, ill, actions=("re-initialised the weights",)),
            epoch(2, ill, actions=(back,)),
            verdicts=[verdict(1, "collapsed"), verdict(2, "collapsed")],
            snapshots=[snapshot(look(0.9, 0.0, 0.0))],
        )
    )
    assert same_color(line(ax, "now").get_color(), style.ILL)
    assert "epoch 1 to now" in texts(ax)


def test_the_layer_that_loses_the_target_is_marked_and_named_with_numbers():
    ax = plots.readability(rescued())
    assert "lost in 'b'\nR² 0.70 → 0.00" in texts(ax)
    colors = [tick.get_color() for tick in ax.get_xticklabels()]
    assert [same_color(color, style.ILL) for color in colors] == [False, False, True, False, False]


def test_a_target_that_arrives_unused_is_said_to():
    seen = epoch(1, output(look(0.9, 0.8, 0.7, 0.6, readability=0.0)))
    ax = plots.readability(report(seen, verdicts=[verdict(1, "collapsed")]))
    assert "arrives in 'b' (R² 0.70),\nbut the output does not use it" in texts(ax)


def test_a_target_that_cannot_be_read_at_all_is_said_not_to_be():
    seen = epoch(1, output(look(0.01, 0.0, 0.0)))
    ax = plots.readability(report(seen, verdicts=[verdict(1, "no_signal")]))
    assert "the target cannot be read, not even at the input" in texts(ax)


def test_a_network_that_was_never_ill_has_no_layer_marked():
    ax = plots.readability(report(epoch(1, output(look(0.9, 0.5, 0.0, 0.0)))))
    assert not [text for text in texts(ax) if "lost" in text]


def test_the_remark_stays_clear_of_the_lines():
    ax = plots.readability(rescued())
    remark = next(text for text in ax.texts if text.get_text().startswith("lost"))
    ax.figure.savefig("/dev/null", format="png")
    box = remark.get_window_extent().transformed(ax.transData.inverted())
    for label in ("epoch 2", "now"):
        x, y = line(ax, label).get_data()
        heights = np.interp(np.linspace(box.x0, box.x1, 20), x, y)
        assert ((heights < box.y0) | (heights > box.y1)).all(), label


def test_an_unmeasured_input_and_missing_layers_leave_gaps_in_place():
    first = look(None, 0.5, 0.4, names="ac", readability=0.3)
    ax = plots.readability(
        report(epoch(1, output(first)), epoch(2, output(look(0.9, 0.8, 0.7, 0.6))))
    )
    assert stops(ax) == ["input", "a", "b", "c", "output"]
    assert list(line(ax, "epoch 1").get_xdata()) == [1, 3, 4]
    assert list(line(ax, "epoch 1").get_ydata()) == [0.5, 0.4, 0.3]


def test_without_any_look_it_says_why():
    healthy = report(epoch(1, output()), verdicts=[verdict(1, "healthy")])
    assert texts(plots.readability(healthy)) == ["never looked at: the output had skill"]
    assert texts(plots.readability(report(epoch(1, output())))) == ["never looked at"]
    assert texts(plots.readability(report())) == ["no output was measured"]


def test_many_layers_are_thinned_but_ends_and_the_marked_layer_stay():
    names = [f"layer_{i}" for i in range(40)]
    values = [0.9] * 23 + [0.0] * 17
    seen = epoch(1, output(look(0.9, *values, names=names)))
    ax = plots.readability(report(seen, verdicts=[verdict(1, "collapsed")]))
    shown = [text for text in stops(ax) if text]
    assert len(shown) <= style.MAX_TICKS + 2
    assert {"input", "layer_23", "output"} <= set(shown)


def test_it_draws_on_the_axes_it_is_given():
    ax = Figure().subplots()
    assert plots.readability(rescued(), ax=ax) is ax
    assert line(ax, "now") is not None


def test_the_output_that_fares_worst_is_drawn_unless_another_is_asked_for():
    sound, ill = output(look(0.9, 0.8), "sound"), output(look(0.9, 0.1), "ill")
    both = report(
        epoch(1, sound, ill),
        verdicts=[verdict(1, "healthy", "sound"), verdict(1, "collapsed", "ill")],
    )
    assert list(line(plots.readability(both), "epoch 1").get_ydata()) == [0.9, 0.1, 0.1]
    asked = plots.readability(both, "sound")
    assert list(line(asked, "epoch 1").get_ydata()) == [0.9, 0.8, 0.8]
    assert asked.get_title(loc="left").endswith("(output\N{NO-BREAK SPACE}'sound')")


def test_among_equal_verdicts_the_least_skill_is_the_worst():
    seen = [output(look(0.9, 0.5, skill=s), name) for name, s in (("p", 0.4), ("q", 0.1))]
    both = report(epoch(1, *seen), verdicts=[verdict(1, "healthy", n) for n in "pq"])
    assert "'q'" in plots.readability(both).get_title(loc="left")


def test_an_unknown_output_is_refused_with_the_names_there_are():
    with pytest.raises(ValueError, match=r"no output named 'z'. The outputs are: y"):
        plots.readability(rescued(), "z")


@pytest.mark.parametrize(
    ("heights", "placed"),
    [
        ([0.5, 0.52, 0.9], [0.46, 0.56, 0.9]),
        ([0.02, 0.0], [0.1, 0.0]),
        ([0.99, 1.0], [0.9, 1.0]),
        ([], []),
    ],
)
def test_names_of_lines_that_end_close_together_keep_apart(heights, placed):
    assert style.apart(heights, 0.1, 0, 1) == pytest.approx(placed)
