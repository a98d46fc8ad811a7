import dataclasses

import pytest
from reports import epoch, line, look, output, report, stream, texts, verdict

from meancollapse import plots
from meancollapse.report.plots import timeline


def run():
    return report(
        epoch(1, output(look(0.9, skill=-3.0), train=stream(0.8), validation=stream(0.7))),
        epoch(
            2,
            output(look(0.9, skill=0.1), train=stream(0.1), validation=stream(0.0)),
            actions=("re-initialised the weights",),
            learning_rate=0.1,
        ),
        epoch(3, output(train=stream(0.9, 0.8), validation=stream(0.9, 0.7)), learning_rate=0.001),
        verdicts=[verdict(1, "undecided"), verdict(2, "collapsed"), verdict(3, "healthy")],
    )


def test_spread_of_training_and_validation_are_drawn_by_epoch():
    ax = plots.learning(run())
    assert [list(v) for v in line(ax, "spread").get_data()] == [[1, 2, 3], [0.8, 0.1, 0.9]]
    assert list(line(ax, "val_spread").get_ydata()) == [0.7, 0.0, 0.9]
    assert {"spread (dashed)", "val_spread", "skill"} <= set(texts(ax))


def test_skill_is_that_of_the_look_and_elsewhere_the_r2_of_the_validation_rows():
    ax = plots.learning(run())
    assert list(line(ax, "skill").get_ydata()) == [-3.0, 0.1, 0.7]
    assert list(line(ax, "● skill on the sample").get_xdata()) == [1, 2]
    assert list(line(ax, "○ R² of the epoch's rows").get_xdata()) == [3]


def test_without_validation_the_training_rows_stand_in():
    ax = plots.learning(report(epoch(1, output(train=stream(0.5, 0.25)))))
    assert list(line(ax, "skill").get_ydata()) == [0.25]
    assert "val_spread" not in texts(ax)


def test_the_lines_of_the_constant_and_of_the_targets_are_named():
    ax = plots.learning(run())
    named = dict(zip(ax.get_yticks(), [t.get_text() for t in ax.get_yticklabels()], strict=True))
    assert "best constant" in named[0]
    assert "as varied as" in named[1]


def test_what_lies_off_the_scale_is_a_triangle_at_the_edge():
    ax = plots.learning(run())
    low = ax.get_ylim()[0]
    assert low > -1
    edge = [found for found in ax.lines if found.get_marker() == "v"]
    assert [(list(found.get_xdata()), list(found.get_ydata())) for found in edge] == [([1], [low])]


def test_alarms_repairs_and_jumps_of_the_learning_rate_are_marked_where_they_happened():
    ax = plots.learning(run())
    upright = [f.get_xdata()[0] for f in ax.lines if list(f.get_ydata()) == [0, 1]]
    assert sorted(upright) == [2, 2, 3]
    assert {"collapsed", "repair", "lr 0.1 → 0.001"} <= set(texts(ax))


def test_an_alarm_is_marked_when_entered_and_not_every_epoch():
    states = ["collapsed", "collapsed", "healthy", "collapsed", "non_finite"]
    history = [epoch(n, output(train=stream(0.0))) for n in range(1, 6)]
    ill = report(*history, verdicts=[verdict(n + 1, s) for n, s in enumerate(states)])
    assert [(m.epoch, m.text) for m in timeline.alarms(ill, "y")] == [
        (1, "collapsed"),
        (4, "collapsed"),
        (5, "non finite"),
    ]


@pytest.mark.parametrize(
    ("action", "text"),
    [
        ("none of 3 remedies rehearsed raised the skill; nothing was changed", "no repair found"),
        ("took back the rescue of epoch 4, which did not help", "repair taken back"),
        ("set the learning rate from 0.1 to 0.01: too high", "lr change"),
        ("re-initialised the weights from the data", "repair"),
    ],
)
def test_actions_are_named_in_short(action, text):
    done = report(epoch(4, output(train=stream(0.0)), actions=(action,)))
    assert timeline.repairs(done) == [timeline.Moment(4, timeline.REPAIR, text)]


def test_a_slow_schedule_is_no_event():
    history = [
        dataclasses.replace(e, learning_rate=0.1 * 0.9**i)
        for i, e in enumerate(epoch(n, output(train=stream(0.5))) for n in range(1, 9))
    ]
    assert timeline.rate_changes(report(*history)) == []


def test_numbers_that_are_not_finite_are_left_out():
    bad = output(train=stream(float("nan"), float("inf")))
    ax = plots.learning(report(epoch(1, output(train=stream(0.5, 0.2))), epoch(2, bad)))
    assert list(line(ax, "spread").get_xdata()) == [1]
    assert list(line(ax, "skill").get_ydata()) == [0.2]


def test_a_run_without_outputs_says_so():
    assert texts(plots.learning(report(epoch(1)))) == ["no output was measured"]
