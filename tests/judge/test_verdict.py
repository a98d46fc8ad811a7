"""The judgement on evidence made by hand: no model, no Keras."""

import dataclasses

import pytest

import meancollapse as mc
from meancollapse.judge.evidence import Evidence, Look, Output, Stream, Variable
from meancollapse.judge.place import place
from meancollapse.judge.verdict import is_early, needs_help, state
from meancollapse.report import text
from meancollapse.watch.schedule import LookSchedule

DEAD_STREAM = Stream(1000, 0.01, -0.01, 0.0, 0.0, True, True)
GOOD_STREAM = Stream(1000, 0.9, 0.8, 0.9, 0.8, True, True)
CONSTANT = Look(
    rows=1000,
    spread=0.01,
    skill=-0.01,
    r2=-0.01,
    explained=0.0,
    loss=1.0,
    constant_loss=1.0,
    constant=(0.0,),
    prediction_mean=(0.0,),
    information=0.0,
    is_constant=False,
    top_class=None,
    top_class_share=None,
    target_varies=True,
    target_range=(-2.0, 2.0),
    target_is_valid=True,
    input_readability=0.8,
    input_p_value=0.01,
    layers=(("a", 0.5), ("b", 0.0), ("c", 0.0), ("out", 0.0)),
    readability=0.0,
    finite=True,
)
GOOD = dataclasses.replace(CONSTANT, spread=0.9, skill=0.8, r2=0.8, explained=0.8, readability=0.8)
ALIVE = Variable("a/kernel", True, 0.3, 1e-3, 3.0, 16, 0)
SILENT = dataclasses.replace(ALIVE, gradient_norm=0.0, silent_units=16)


def epoch(number, look, stream=DEAD_STREAM, steps=50, epochs=20, variables=(ALIVE,), **changes):
    """Epoch `number` (from 0) of a run of `epochs` epochs of `steps` steps."""
    done = steps * (number + 1)
    evidence = Evidence(
        epoch=number,
        steps=done,
        planned_steps=steps * epochs,
        is_last=number + 1 == epochs,
        has_modes=False,
        slow_start=False,
        loss=1.0,
        grad_norm=0.3,
        skipped_steps=0,
        measured_steps=steps,
        variables=variables,
        disconnected=(),
        inputs=(),
        outputs=(Output("y", False, stream, None, look),),
    )
    return dataclasses.replace(evidence, **changes)


def run(looks, **options):
    """States after every epoch of a run with these looks."""
    history = [epoch(number, look, **options) for number, look in enumerate(looks)]
    return [state(history[: n + 1], "y") for n in range(len(history))]


def with_(look=CONSTANT, **changes):
    return dataclasses.replace(look, **changes)


def test_a_constant_output_is_given_200_steps():
    assert run([CONSTANT] * 6) == ["undecided"] * 3 + ["collapsed"] * 3


def test_a_target_that_no_straight_line_reads_is_worth_a_longer_wait():
    def early(count, look, **options):
        return is_early([epoch(n, look, **options) for n in range(count)], "y")

    curved = with_(input_linear=0.02)
    assert [early(count, curved, epochs=40) for count in (5, 19, 20)] == [True, True, False]
    assert not early(5, with_(input_linear=0.5), epochs=40)
    assert not early(5, curved, epochs=5)  # the run is over
    assert not early(5, curved, epochs=40, variables=(SILENT,))
    assert not early(5, with_(curved, is_constant=True), epochs=40)
    assert not early(5, with_(curved, input_p_value=0.5), epochs=40)


def test_a_faint_copy_of_a_target_unread_at_the_input_is_called_after_the_long_patience():
    faint = with_(input_readability=0.0, input_p_value=0.3, readability=0.4, spread=0.03)
    states = run([faint] * 20, epochs=40)
    assert states.index("collapsed") == 19
    grows = [with_(faint, spread=0.02 * 1.05**n) for n in range(20)]
    assert "collapsed" not in run(grows, epochs=40)
    chance = with_(faint, readability=0.02)
    assert "collapsed" not in run([chance] * 20, epochs=40)


def test_patience_begins_when_the_output_has_come_to_the_best_constant():
    halving = [with_(skill=-16 * 0.5**n, r2=-16 * 0.5**n) for n in range(9)]  # -16 ... -0.0625
    states = run([*halving, *[CONSTANT] * 6], epochs=30)
    assert states.index("collapsed") in (12, 13)  # 200 steps of 50 later, not 200 after the start
    assert "collapsed" in run([with_(skill=-16.0, r2=-16.0)] * 6)[:5]  # it does not come nearer


def test_patience_for_an_output_on_its_way_to_the_best_constant_is_finite():
    slow = [with_(skill=-1e6 * 0.8**n, r2=-1e6 * 0.8**n) for n in range(30)]
    states = run(slow, epochs=60)
    assert states.index("collapsed") == 23  # 200 + 1,000 steps


def test_a_recurrent_model_is_given_five_times_as_long():
    states = run([CONSTANT] * 20, slow_start=True, epochs=40)
    assert states.index("collapsed") == 19


def test_what_has_learned_and_fades_does_not_start_slowly():
    def collapsed_at(spreads, first=GOOD):
        looks = [first, *[with_(spread=spread) for spread in spreads]]
        return run(looks, slow_start=True, epochs=40).index("collapsed")

    fading = [0.01 * 0.3**n for n in range(20)]
    assert collapsed_at(fading) == 4  # 200 steps after it last had skill
    assert collapsed_at([0.01] * 20) == 20
    assert collapsed_at(fading, first=CONSTANT) == 19  # it never had any


def test_an_output_with_a_trace_of_skill_is_given_as_long():
    trace = with_(skill=0.007, r2=0.007, explained=0.007)
    assert "collapsed" not in run([trace] * 12)


def test_a_trace_of_skill_is_not_waited_for_at_a_rate_of_nothing():
    """As `ReduceLROnPlateau` leaves it, with little patience."""
    trace = with_(skill=0.007, r2=0.007, explained=0.007)

    def states(rates):
        history = [epoch(n, trace, learning_rate=rate) for n, rate in enumerate(rates)]
        return [state(history[: n + 1], "y") for n in range(len(history))]

    assert "collapsed" in states([0.003 * 0.1**n for n in range(12)])
    assert "collapsed" not in states([0.003 * 0.8**n for n in range(12)])
    assert "collapsed" not in states([1e-9 * 2.0**n for n in range(12)])  # a warm-up


def test_a_good_stream_needs_no_look():
    assert run([None] * 3, stream=GOOD_STREAM) == ["healthy"] * 3


def test_skill_in_training_mode_does_not_hide_a_constant_in_inference_mode():
    assert run([CONSTANT] * 5, stream=GOOD_STREAM)[-1] == "collapsed"


def test_no_weight_gets_a_gradient_so_nothing_can_change():
    assert run([CONSTANT], variables=(SILENT,)) == ["collapsed"]


def test_one_number_for_every_input_in_two_looks():
    one = with_(is_constant=True, spread=0.0)
    assert run([one] * 2) == ["undecided", "collapsed"]
    assert run([one] * 2, steps=5) == ["undecided", "undecided"]


def test_what_was_learned_and_lost_in_averaged_weights_is_a_collapse():
    learned = [epoch(n, None, GOOD_STREAM, epochs=3) for n in range(3)]
    averaged = epoch(2, CONSTANT, GOOD_STREAM, epochs=3, ema_momentum=0.9999)
    assert state([*learned[:2], averaged], "y") == "collapsed"
    assert (
        state([*learned[:2], epoch(2, CONSTANT, epochs=3, ema_momentum=0.99)], "y") != "collapsed"
    )
    assert state([*learned[:2], epoch(2, GOOD, epochs=3, ema_momentum=0.99)], "y") == "healthy"


def test_rising_hidden_layers_are_a_plateau():
    rising = [
        with_(layers=(("a", 0.5), ("b", 0.02 * n), ("c", 0.02 * n), ("out", 0.0)))
        for n in range(10)
    ]
    assert set(run(rising)[4:]) == {"plateau"}


def test_hidden_layers_that_only_fluctuate_are_not_a_plateau():
    values = [0.13, 0.05, 0.12, 0.08, 0.03, 0.15, 0.1, 0.18, 0.07, 0.12]
    noisy = [with_(layers=(("a", v), ("b", v), ("c", v), ("out", 0.0))) for v in values]
    assert run(noisy)[-1] == "collapsed"


def test_skill_that_will_be_there_before_the_run_ends_is_a_plateau():
    slow = [with_(spread=0.05, explained=0.001 * n, skill=0.001 * n - 0.01) for n in range(10)]
    assert run(slow, epochs=200)[-1] == "plateau"
    assert run(slow, epochs=12)[-1] == "collapsed"


def test_skill_that_grows_at_a_growing_pace_is_a_plateau():
    # What a network on XOR explained, look after look, before it learned everything.
    seen = [1.34e-3, 1.68e-3, 1.75e-3, 1.78e-3, 1.81e-3, 1.86e-3, 1.92e-3, 2.0e-3, 2.11e-3]
    layers = (("a", 0.0), ("b", 0.0), ("out", 0.0))
    slow = [with_(spread=0.04, explained=v, skill=0.7 * v, layers=layers) for v in seen]
    assert run(slow, steps=32, epochs=40)[6:] == ["plateau"] * 3
    assert run(slow, steps=32, epochs=9)[-1] == "collapsed"  # the run is over
    steady = [with_(look, explained=1e-3 + 1e-5 * n) for n, look in enumerate(slow)]
    assert run(steady, steps=32, epochs=40)[-1] == "collapsed"
    slowing = [with_(look, explained=2e-3 - 1e-3 * 0.5**n) for n, look in enumerate(slow)]
    assert run(slowing, steps=32, epochs=40)[-1] == "collapsed"
    without = [with_(look, skill=-0.01) for look in slow]
    assert run(without, steps=32, epochs=40)[-1] == "collapsed"


def test_what_varies_alone_is_no_progress_if_skill_stays_away():
    # A network that follows its target faintly, half a deviation beside it, for good.
    beside = [
        with_(spread=0.06, explained=0.1 + 0.001 * n, skill=-0.2, r2=-0.2, readability=0.7)
        for n in range(12)
    ]
    assert run(beside, epochs=24)[-1] == "collapsed"
    closer = [
        with_(look, skill=-0.9 + 0.07 * n, r2=-0.9 + 0.07 * n) for n, look in enumerate(beside)
    ]
    assert run(closer, epochs=24)[-1] == "plateau"


def test_a_bias_that_moves_to_the_mean_is_no_progress():
    moving = [with_(is_constant=True, spread=0.0, skill=n / 10 - 4) for n in range(10)]
    assert run(moving)[-1] == "collapsed"


def test_a_short_run_is_judged_at_its_end():
    assert run([CONSTANT] * 4, steps=25, epochs=4)[-1] == "collapsed"
    assert run([CONSTANT] * 4, steps=24, epochs=4)[-1] == "undecided"


def test_little_is_asked_where_little_can_be_read():
    modest = with_(skill=0.02, r2=0.02, explained=0.02, spread=0.08, readability=0.02, layers=())
    assert run([with_(modest, input_readability=0.04)] * 8)[-1] == "healthy"
    assert run([with_(modest, input_readability=0.8)] * 20, epochs=20)[-1] == "collapsed"


def test_a_signal_too_small_for_the_sample_shows_in_the_stream():
    seen = Stream(20_000, 0.12, 0.015, 0.12, 0.0, True, True)
    weak = with_(
        skill=0.015, r2=0.015, spread=0.12, input_readability=0.0, input_p_value=0.4, layers=()
    )
    assert run([weak] * 20, stream=seen)[-1] == "healthy"


def test_what_only_layers_or_the_output_show_is_worth_a_try_and_no_alarm():
    inside = with_(input_readability=0.0, input_p_value=0.6, layers=(("a", 0.2), ("out", 0.0)))
    faint = with_(inside, layers=(("out", 0.2),), readability=0.2)
    for look in (inside, faint):
        history = [epoch(n, look, epochs=8) for n in range(8)]
        assert {state(history[: n + 1], "y") for n in range(8)} == {"undecided"}
        assert [needs_help(history[:n], "y") for n in (7, 8)] == [False, True]
        few = [epoch(n, with_(look, rows=100), epochs=8) for n in range(8)]
        assert not needs_help(few, "y")  # 0.2 of 100 rows may be luck


def test_what_no_ridge_reads_but_no_shuffling_either_is_given_long():
    odd = with_(input_readability=0.0, input_p_value=0.01, layers=(("a", 0.0), ("out", 0.0)))
    states = run([odd] * 24, epochs=40)
    assert states.index("collapsed") == 19  # 1,000 steps
    assert run([odd] * 8, epochs=8)[-1] == "collapsed"  # the run is over
    assert run([with_(odd, input_p_value=0.02)] * 8, epochs=8)[-1] == "no_signal"


def test_an_output_that_varies_for_nothing_is_no_collapse_but_found_out_in_the_long_run():
    noise = with_(spread=0.2, skill=-0.1, r2=-0.1, readability=0.02)  # of 0.8 in the input
    assert set(run([noise] * 24, epochs=40)) == {"undecided"}

    def found_out(look, epochs, number):
        history = [epoch(n, look, epochs=epochs) for n in range(number)]
        return needs_help(history, "y")

    assert [found_out(noise, 40, number) for number in (19, 20)] == [False, True]  # 1,000 steps
    assert [found_out(noise, 8, number) for number in (7, 8)] == [False, True]  # its end
    follows = with_(noise, readability=0.3)
    assert [found_out(follows, 40, number) for number in (20, 39, 40)] == [False, False, True]
    assert not found_out(CONSTANT, 40, 20)  # that is what warnings are for
    assert not found_out(with_(skill=0.5, r2=0.5), 8, 8)
    assert not found_out(noise, 3, 3)  # 150 steps are no time
    assert not needs_help([epoch(0, noise, steps=500, epochs=1)], "y")  # one of many fits, perhaps


def test_an_output_that_has_faded_to_one_number_is_worth_a_try():
    noise = with_(input_readability=0.0, input_p_value=0.6, layers=(("out", 0.0),))
    fading = [with_(noise, spread=10.0 ** (-3 - 2 * n)) for n in range(8)]
    history = [epoch(n, look) for n, look in enumerate(fading)]
    assert [needs_help(history[:n], "y") for n in (3, 4, 5)] == [False, True, True]
    assert set(run(fading)) == {"undecided"}  # of noise a constant is the right thing to say
    rising = [epoch(n, look) for n, look in enumerate(fading[::-1])]
    assert not any(needs_help(rising[:n], "y") for n in range(1, 9))
    faint = [epoch(n, with_(noise, spread=1e-8)) for n in range(8)]
    assert not any(needs_help(faint[:n], "y") for n in range(1, 9))


NOTHING = with_(input_readability=0.0, input_p_value=0.6, layers=(("a", 0.0), ("out", 0.0)))


def test_nothing_readable_is_said_at_the_end_of_the_run():
    states = run([NOTHING] * 20)
    assert states[-1] == "no_signal"
    assert set(states[:-1]) == {"undecided"}


def test_nothing_readable_from_few_rows_proves_nothing():
    assert run([with_(NOTHING, rows=60)] * 20)[-1] == "undecided"


def test_nothing_readable_is_not_said_against_a_correlated_output():
    stream = dataclasses.replace(DEAD_STREAM, correlation=0.3)
    assert run([NOTHING] * 20, stream=stream)[-1] == "undecided"


def test_targets_that_are_all_alike():
    alike = with_(target_varies=False, spread=float("nan"))
    same = dataclasses.replace(DEAD_STREAM, target_varies=False)
    assert run([alike] * 3, stream=same)[-1] == "no_signal"
    # In the sample only: rows sorted by class, say.
    assert run([alike] * 8, stream=DEAD_STREAM)[-1] == "undecided"


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number(loss):
    assert run([CONSTANT], loss=loss) == ["non_finite"]


def test_predictions_that_are_no_numbers():
    assert run([None], stream=dataclasses.replace(DEAD_STREAM, finite=False)) == ["non_finite"]
    assert run([with_(finite=False)]) == ["non_finite"]


def test_skipped_steps_alone_are_no_alarm():
    assert run([None], stream=GOOD_STREAM, skipped_steps=3) == ["healthy"]


def test_classes_one_answer_for_all():
    one_class = with_(
        spread=0.3, top_class=2, top_class_share=1.0, readability=0.01, is_constant=False
    )
    assert run([one_class] * 5)[-1] == "collapsed"
    informed = with_(one_class, skill=0.2, r2=0.2)
    assert run([informed] * 5)[-1] == "healthy"


def test_a_fall_after_health_is_seen_and_recovery_too():
    history = [epoch(n, None, GOOD_STREAM) for n in range(3)]
    history += [epoch(n, CONSTANT) for n in range(3, 9)]
    history += [epoch(9, None, GOOD_STREAM)]
    states = [state(history[: n + 1], "y") for n in range(10)]
    assert states[:3] == ["healthy"] * 3
    assert states[8] == "collapsed"
    assert states[9] == "healthy"


@pytest.mark.parametrize(
    ("layers", "kind", "layer"),
    [
        ((("a", 0.7), ("b", 0.0), ("out", 0.0)), "lost", "b"),
        ((("a", 0.0), ("b", 0.0), ("out", 0.0)), "lost", "a"),
        ((("a", 0.7), ("b", 0.6), ("out", 0.0)), "unused", "b"),
        ((("a", 0.7), ("b", 0.6), ("out", 0.5)), "unused", "b"),
    ],
)
def test_the_place_where_the_target_is_lost(layers, kind, layer):
    found = place(with_(layers=layers))
    assert (found.kind, found.layer) == (kind, layer)


def test_no_place_where_nothing_could_be_read():
    assert place(NOTHING).kind == "absent"
    assert place(with_(layers=())) is None


def test_looks_are_taken_only_while_something_is_unexplained():
    schedule = LookSchedule()
    good = epoch(0, None, GOOD_STREAM)
    assert not schedule.is_due(good)
    assert schedule.is_due(epoch(0, None))
    schedule.note(epoch(0, CONSTANT, steps=5))
    assert not schedule.is_due(epoch(1, None, steps=5))
    assert schedule.is_due(epoch(4, None, steps=5))
    assert schedule.is_due(epoch(1, None, steps=5, epochs=2))


def test_batch_normalisation_is_checked_in_inference_mode_now_and_then():
    schedule = LookSchedule()
    due = [schedule.is_due(epoch(n, None, GOOD_STREAM, has_modes=True)) for n in range(20)]
    assert [n for n, is_due in enumerate(due) if is_due] == [0, 1, 3, 7, 15, 19]
    schedule.note(epoch(3, CONSTANT, GOOD_STREAM, has_modes=True))
    assert schedule.is_due(epoch(4, None, GOOD_STREAM, has_modes=True))


def test_layers_that_are_readable_already_are_not_waited_for():
    better = [
        with_(layers=(("a", 0.7), ("b", 0.6 + 0.02 * n), ("c", 0.6 + 0.02 * n), ("out", 0.3)))
        for n in range(10)
    ]
    assert run(better)[-1] == "collapsed"


def test_one_row_is_not_taken_for_targets_that_are_all_alike():
    same = dataclasses.replace(DEAD_STREAM, target_varies=False)
    assert run([with_(target_varies=False, rows=1)] * 4, stream=same, epochs=4)[-1] == "undecided"


@pytest.mark.parametrize(("straight", "first"), [(0.02, 19), (0.5, 3)])
def test_without_a_cause_what_no_straight_line_reads_is_warned_of_late(
    straight, first, monkeypatch
):
    monkeypatch.setattr(mc.WarnOnCollapse, "_attach", lambda self, attached: None)
    callback = mc.WarnOnCollapse()
    callback.on_train_begin()
    look = with_(input_linear=straight, layers=(("a", 0.0), ("b", 0.0), ("out", 0.0)))
    with pytest.warns(mc.CollapseWarning) as caught:
        for number in range(30):
            callback.history.append(epoch(number, look, epochs=40))
            callback._judge()
    assert len(caught) == 1
    states = [found.state for found in callback.verdicts]
    assert states == ["undecided"] * first + ["collapsed"] * (30 - first)
    assert ("straight line" in callback.verdicts[-1].message) == (straight == 0.02)


def test_the_place_is_not_told_where_layers_are_read_by_too_little():
    silent = with_(layers=(("a", 0.0), ("b", 0.01), ("out", 0.0)))
    assert place(silent).layer == "a"
    assert place(with_(silent, input_as_layers=0.01)) is None
    seen = with_(silent, input_as_layers=0.2)
    assert (place(seen).kind, place(seen).layer, place(seen).before) == ("lost", "a", 0.2)
    unreadable = with_(silent, input_as_layers=0.01, input_p_value=0.5)
    assert place(unreadable).kind == "absent"

    found = text.verdict(
        [epoch(n, with_(silent, input_as_layers=0.01)) for n in range(6)], "y", "collapsed"
    )
    assert "readable at the input (held-out R² 0.80" in found.message
    assert "it cannot be measured where" in found.message
