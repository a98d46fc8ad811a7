import json
import math
import warnings

import keras
import pytest
import told
from nets import dead_mlp, mlp, regression_data, watched

import meancollapse as mc
from meancollapse.report.journal import Journal
from meancollapse.report.report import Report


def written(report, path):
    journal = Journal(path, report.model)
    for evidence in report.history:
        journal.add(evidence, [v for v in report.verdicts if v.epoch == evidence.epoch])
    return path


@pytest.mark.parametrize("name", ["collapsed", "rescued", "two_outputs", "unjudged"])
def test_a_log_gives_the_report_back(name, tmp_path):
    report = told.ALL[name]()
    again = Report.from_log(written(report, tmp_path / "run.jsonl"))
    assert again.history == report.history
    assert again.verdicts == report.verdicts
    assert again.model == report.model


def test_nan_and_inf_survive_the_log(tmp_path):
    again = Report.from_log(written(told.non_finite(), tmp_path / "run.jsonl"))
    assert math.isnan(again.history[0].outputs[0].look.skill)
    assert "turned into NaN or Inf in epoch 1" in str(again)


def test_a_torn_last_line_is_left_out(tmp_path):
    path = written(told.collapsed(), tmp_path / "run.jsonl")
    path.write_text(path.read_text()[:-100])
    again = Report.from_log(path)
    assert [evidence.epoch for evidence in again.history] == [0, 1, 2]
    assert "collapsed in epoch 3" in str(again)


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "other.jsonl"
    path.write_text('{"loss": 1}\n')
    with pytest.raises(ValueError, match="not a log of meancollapse"):
        Report.from_log(path)


@pytest.mark.parametrize("name", told.ALL)
def test_to_dict_is_strict_json(name):
    report = told.ALL[name]()
    again = json.loads(json.dumps(report.to_dict(), allow_nan=False))
    assert len(again["history"]) == len(report.history)
    assert [v["state"] for v in again["verdicts"]] == [v.state for v in report.verdicts]


def test_there_is_no_report_before_the_first_epoch():
    with pytest.raises(RuntimeError, match="WarnOnCollapse has measured no epoch yet"):
        mc.WarnOnCollapse().report()
    with pytest.raises(RuntimeError, match="GradientMonitor has measured no epoch yet"):
        mc.GradientMonitor().report()


def test_the_report_of_a_dead_network_names_its_layer(tmp_path):
    path = tmp_path / "runs" / "dead.jsonl"
    model = dead_mlp()
    callback, _ = watched(
        model, *regression_data(), epochs=6, callback=mc.WarnOnCollapse(log_path=path)
    )
    report, dead = callback.report(), model.layers[0].name
    assert [shot.output for shot in report.snapshots] == [model.layers[-1].name]
    for text in (str(report), str(Report.from_log(path))):
        assert "collapsed in epoch" in text
        assert f"lost in layer '{dead}'" in " ".join(text.split())
        marked = [line.split()[0] for line in text.splitlines() if line.endswith("<- here")]
        assert marked == [dead]


def test_a_gradient_monitor_reports_too():
    monitor = mc.GradientMonitor()
    mlp().fit(*regression_data(), epochs=2, verbose=0, callbacks=[monitor])
    assert "Gradients of 2 epochs" in str(monitor.report())


class Crash(keras.callbacks.Callback):
    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 3:
            raise RuntimeError("power cut")


def test_a_fit_that_breaks_off_keeps_its_record(tmp_path):
    path = tmp_path / "run.jsonl"
    watch = mc.WarnOnCollapse(log_path=path)
    with pytest.raises(RuntimeError, match="power cut"):
        mlp().fit(*regression_data(), epochs=9, verbose=0, callbacks=[watch, Crash()])
    again = Report.from_log(path)
    assert [evidence.epoch for evidence in again.history] == [0, 1, 2]
    assert again.history == tuple(watch.history)


@pytest.mark.parametrize("breaks", ["at once", "in the second epoch"])
def test_a_log_that_cannot_be_written_is_said_and_watching_goes_on(tmp_path, monkeypatch, breaks):
    path = tmp_path / "file" / "run.jsonl"
    if breaks == "at once":
        (tmp_path / "file").write_text("not a folder")
    else:
        add, calls = Journal.add, []

        def full_disk(self, *args):
            calls.append(args)
            if len(calls) > 1:
                raise OSError("No space left on device")
            add(self, *args)

        monkeypatch.setattr(Journal, "add", full_disk)
    watcher = mc.WarnOnCollapse(log_path=path)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        mlp().fit(*regression_data(), epochs=4, verbose=0, callbacks=[watcher])
    told = [str(w.message) for w in caught if isinstance(w.message, mc.MonitorWarning)]
    assert len(told) == 1
    assert str(path) in told[0]
    assert len(watcher.verdicts) == 4
