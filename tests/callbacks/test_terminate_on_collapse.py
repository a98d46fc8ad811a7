import keras
from nets import dead_mlp, mlp, regression_data, watched

import meancollapse as mc


def test_stops_a_collapsed_run_and_warns():
    callback, warned = watched(
        dead_mlp(), *regression_data(), epochs=50, callback=mc.TerminateOnCollapse()
    )
    assert len(callback.history) < 6
    assert callback.stopped_epoch == warned[0].verdict.epoch == len(callback.history) - 1


def test_lets_a_healthy_run_end():
    callback, warned = watched(
        mlp(), *regression_data(), epochs=8, callback=mc.TerminateOnCollapse()
    )
    assert len(callback.history) == 8
    assert callback.stopped_epoch is None
    assert warned == []


def test_state_is_reset_across_fit_calls():
    callback = mc.TerminateOnCollapse()
    watched(dead_mlp(), *regression_data(), epochs=10, callback=callback)
    watched(mlp(), *regression_data(), epochs=3, callback=callback)
    assert callback.stopped_epoch is None
    assert [v.epoch for v in callback.verdicts] == [0, 1, 2]


def test_a_run_stopped_early_by_others_is_judged_at_its_end():
    class StopAfterFour(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = epoch == 3

    callback = mc.WarnOnCollapse()
    x, y = regression_data()
    mlp().fit(x, y, epochs=30, verbose=0, callbacks=[callback, StopAfterFour()])
    assert [e.is_last for e in callback.history] == [False, False, False, True]
    assert [v.epoch for v in callback.verdicts] == [0, 1, 2, 3]
