"""With us in the list nobody's script runs differently, whatever is in it."""

import random
import time
import warnings

import keras
import numpy as np
import pytest
from conftest import BACKEND
from situations import SITUATIONS

import meancollapse as mc

EPOCHS = 3
OF_KERAS = {"_eval_epoch_iterator", "stop_evaluating", "stop_predicting", "history"}


def trained(name, callbacks):
    """Everything that a script could see of its training."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    model, fit = SITUATIONS[name]()
    own = fit.pop("callbacks", [])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        began = time.perf_counter()
        history = model.fit(**{"epochs": EPOCHS, "verbose": 0, **fit}, callbacks=[*callbacks, *own])
        seconds = time.perf_counter() - began
    variables = [*model.variables, *model.optimizer.variables]
    return dict(
        weights=[keras.ops.convert_to_numpy(v.value) for v in variables],
        logs={key: list(values) for key, values in history.history.items()},
        drawn=(random.random(), float(np.random.random())),
        left=[set(vars(each)) - OF_KERAS for each in (model, model.optimizer, *model.layers)],
        function=getattr(model.train_function, "__module__", None),
        warned=[w.message for w in caught],
        seconds=seconds,
    )


@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", sorted(SITUATIONS))
def test_nothing_runs_differently(name):
    plain = trained(name, [])
    callbacks = [mc.WarnOnCollapse(), mc.RescueOnCollapse(verbose=0)]
    ours = trained(name, callbacks)
    for a, b in zip(ours["weights"], plain["weights"], strict=True):
        if BACKEND == "jax":  # two programs of XLA may round differently
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        else:
            np.testing.assert_array_equal(a, b)
    if BACKEND != "jax":
        for key, values in plain["logs"].items():
            np.testing.assert_array_equal(ours["logs"][key], values)
    assert set(ours["logs"]) - set(plain["logs"]) <= {"spread", "grad_norm", "val_spread"}
    assert ours["drawn"] == plain["drawn"]
    assert ours["left"] == plain["left"]
    assert ours["function"] == plain["function"]
    said = [str(w) for w in ours["warned"] if isinstance(w, mc.MonitorWarning)]
    assert not [w for w in said if "of its own" in w or "report this" in w], said
    assert not [w for w in ours["warned"] if isinstance(w, mc.CollapseWarning)]
    known = {(type(w), str(w)[:60]) for w in plain["warned"]}
    mine = (mc.MonitorWarning, mc.CollapseWarning)
    others = [w for w in ours["warned"] if not isinstance(w, mine)]
    assert not [w for w in others if (type(w), str(w)[:60]) not in known]
    assert [len(each.history) for each in callbacks] == [EPOCHS, EPOCHS]
    assert ours["seconds"] < 20 + 10 * plain["seconds"]
