"""BayesFlow: posteriors learned by its workflow, with a training step of its own and no targets."""

from __future__ import annotations

import numpy as np
import pytest
import twins
from conftest import BACKEND

bf = pytest.importorskip("bayesflow")
if BACKEND == "torch":
    import torch

    torch.set_grad_enabled(True)  # BayesFlow switches it off for all that is trained after it


@pytest.fixture(autouse=True)
def gradients_are_switched_off():
    """As where BayesFlow is used alone."""
    if BACKEND != "torch":
        yield
        return
    with torch.no_grad():
        yield


def simulations():
    """Locations, and what was observed at each."""
    rng = np.random.default_rng(0)
    location = rng.normal(size=(512, 2))
    observed = location[:, None, :] + 0.3 * rng.normal(size=(512, 6, 2))
    data = {"location": location, "observed": observed, "mean": observed.mean(axis=1)}
    return {name: values.astype("float32") for name, values in data.items()}


def failed_simulations():
    """One of them is no number."""
    data = simulations()
    data["mean"][200] = np.nan
    return data


def coupling_flow():
    """A normalizing flow, on what a network for sets has made of the observations."""
    return {
        "inference_network": bf.networks.CouplingFlow(depth=1, subnet_kwargs={"widths": (16,)}),
        "summary_network": bf.networks.DeepSet(
            summary_dim=4,
            depth=1,
            mlp_widths_equivariant=(16,),
            mlp_widths_invariant_inner=(16,),
            mlp_widths_invariant_outer=(16,),
            mlp_widths_invariant_last=(16,),
        ),
        "summary_variables": ["observed"],
    }


def flow_matching():
    """A free-form flow, on the mean of the observations."""
    network = bf.networks.FlowMatching(subnet_kwargs={"widths": (32, 32)})
    return {"inference_network": network, "inference_conditions": ["mean"]}


def program(networks, data):
    def train(callbacks):
        parts = networks()
        asked = ["location", *parts.get("summary_variables", parts.get("inference_conditions"))]
        workflow = bf.BasicWorkflow(
            **parts, inference_variables=["location"], initial_learning_rate=0.01
        )
        simulated = data()
        history = workflow.fit_offline(
            {name: simulated[name][128:] for name in asked},
            validation_data={name: simulated[name][:128] for name in asked},
            epochs=6,
            batch_size=32,
            verbose=0,
            callbacks=callbacks,
        )
        return workflow.approximator, history.history

    return train


HEALTHY = {
    "coupling flow": (program(coupling_flow, simulations), 1.0),
    "flow matching": (program(flow_matching, simulations), 1.6),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_workflow_is_watched_in_silence(name):
    train, loss = HEALTHY[name]
    plain, run = twins.alone(train), twins.watched(train)
    assert plain.logs["val_loss"][-1] < loss
    twins.assert_same(run, plain)
    twins.assert_quiet(run)


def test_a_healthy_workflow_is_not_treated():
    train, _ = HEALTHY["coupling flow"]
    run = twins.rescued(train)
    twins.assert_same(run, twins.alone(train))
    twins.assert_quiet(run)
    assert run.callback.rescues == []


def test_a_loss_that_is_no_number_is_told_of():
    run = twins.watched(program(flow_matching, failed_simulations))
    twins.assert_told(run, "non_finite", None)
