"""Run by test_two_replicas.py in a process of its own: losses and metrics on two logical CPUs.

Prints JSON: what two replicas give, and the same from one, computed on the halves by hand.
"""

import json
import sys

import tensorflow as tf

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)

import keras  # noqa: E402
import loss_cases as cases  # noqa: E402
import numpy as np  # noqa: E402

from meancollapse import metrics  # noqa: E402

ROWS = 16
STRATEGY = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
X = np.random.default_rng(0).uniform(0.1, 1, (ROWS, 2)).astype("float32")


def network(name):
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Input((2,)), keras.layers.Dense(cases.outputs(name), "softplus")]
    return keras.Sequential(layers)


def one_step(name, strategy, slices):
    """Loss and weights after one SGD step; without a strategy, the mean over slices by hand."""
    y = cases.targets(name, ROWS)[:, None]
    if strategy:
        with strategy.scope():
            model = network(name)
            model.compile(keras.optimizers.SGD(0.01), cases.ALL[name]())
        history = model.fit(X, y, batch_size=ROWS, shuffle=False, verbose=0)
        return history.history["loss"][0], [w.tolist() for w in model.get_weights()]
    model, loss = network(name), cases.ALL[name]()
    with tf.GradientTape() as tape:
        value = tf.add_n([loss(y[s], model(X[s])) for s in slices]) / len(slices)
    grads = tape.gradient(value, model.trainable_variables)
    for variable, grad in zip(model.trainable_variables, grads, strict=True):
        variable.assign_sub(0.01 * grad)
    return float(value), [w.tolist() for w in model.get_weights()]


def loss_values(name, halves):
    """Sum over the replicas, which is what the gradient is taken of, and the mean by hand."""
    loss, y, p = cases.ALL[name](), cases.targets(name, ROWS)[:, None], network(name)(X)

    def replica():
        own = halves[tf.distribute.get_replica_context().replica_id_in_sync_group]
        return loss(y[own], p[own])

    values = STRATEGY.experimental_local_results(STRATEGY.run(replica))
    return float(sum(values)), float(np.mean([loss(y[s], p[s]) for s in halves]))


def metric_values(strategy):
    """Metrics of a fixed model over two batches, at a target offset of 1e6."""
    y = 1e6 + 8 * X[:, :1]
    make = [m(name=n) for n, m in METRICS.items()] if not strategy else None
    if strategy:
        with strategy.scope():
            make = [m(name=n) for n, m in METRICS.items()]
            model = identity()
            model.compile(loss="mse", metrics=make)
        return model.evaluate(X, y, batch_size=8, verbose=0, return_dict=True)
    for metric in make:
        metric.update_state(y, identity().predict(X, verbose=0))
    return {m.name: float(m.result()) for m in make}


METRICS = {
    "spread": metrics.PredictionSpread,
    "skill": metrics.SkillScore,
    "information": metrics.Information,
    "concordance": metrics.Concordance,
}


def identity():
    dense = keras.layers.Dense(1, kernel_initializer="ones", bias_initializer=offset)
    return keras.Sequential([keras.layers.Input((2,)), dense])


def offset(shape, dtype=None):
    return keras.ops.full(shape, 1e6, dtype=dtype)


def main():
    halves = [slice(0, ROWS // 2), slice(ROWS // 2, ROWS)]
    result = {
        "losses": {name: loss_values(name, halves) for name in cases.ALL},
        "steps": {
            name: [one_step(name, STRATEGY, halves), one_step(name, None, halves)]
            for name in ("log_scaled", "concordance", "combined")
        },
        "metrics": [metric_values(STRATEGY), metric_values(None)],
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
