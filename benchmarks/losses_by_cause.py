"""Which loss helps against which cause of collapse? Measures, and writes the comparison page.

    KERAS_BACKEND=tensorflow python benchmarks/losses_by_cause.py  # all causes, 3 seeds
    KERAS_BACKEND=tensorflow python benchmarks/losses_by_cause.py --seeds 1 --dry-run

Each cell trains one small network from scratch and scores it on rows it has not seen: spread
(std of the predictions over std of the targets) and R2, averaged over the seeds. Losses that need
another head (beta-NLL, HL-Gauss) or another target space (symlog) get theirs and are decoded
before scoring. Two more tables answer narrower questions: positive targets over four decades, and
where the noise level of BalancedMSE comes from.
"""

from __future__ import annotations

import argparse
import functools
import os
import pathlib
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if os.environ.get("KERAS_BACKEND") == "torch":
    import torch  # noqa: F401  before anything that may import TensorFlow

import keras
import numpy as np

from meancollapse import losses

PAGE = pathlib.Path(__file__).resolve().parents[1] / "docs" / "losses" / "comparison.md"
ROWS, BATCH, BINS, WIDTH = 1024, 64, 51, 5
# Compiling with XLA takes longer than these small networks train; JAX knows no other way.
JIT = keras.backend.backend() == "jax"
STEPS = 1 if keras.backend.backend() == "torch" else 16


def healthy(rng, n):
    x = rng.uniform(-1, 1, (n, 5))
    y = np.sin(3 * x[:, 0]) + 2 * x[:, 1] * x[:, 2] + x[:, 3] + 0.2 * rng.normal(size=n)
    return x, y


def high_frequency(rng, n):
    x = rng.uniform(-1.7, 1.7, (n, 1))
    return x, np.sin(20 * x[:, 0])


def zero_inflated(rng, n):
    x = rng.normal(size=(n, 5))
    return x, np.where(rng.random(n) < 0.3, np.exp(0.7 * (x[:, 0] + 0.5 * rng.normal(size=n))), 0)


def skewed(rng, n):
    y = rng.exponential(size=n)
    return np.stack([y + 0.7 * rng.normal(size=n), rng.normal(size=n)], axis=1), y


def no_signal(rng, n):
    return rng.normal(size=(n, 5)), rng.normal(size=n)


CAUSES = {
    "healthy": healthy,
    "dead ReLU": healthy,
    "high frequency": high_frequency,
    "zero-inflated": zero_inflated,
    "skewed target": skewed,
    "no signal": no_signal,
}


def plain():
    return keras.layers.Dense(1)


def positive():
    return keras.layers.Dense(1, "softplus")


def bins():
    return keras.layers.Dense(BINS)


def mean_and_variance():
    return losses.MeanVarianceHead(1)


def mse_and_concordance():
    terms = {"mse": "MeanSquaredError", "ccc": losses.ConcordanceLoss()}
    return losses.CombinedLoss(terms, {"ccc": 0.5})


# name: (loss, head)
LOSSES = {
    "MSE": (keras.losses.MeanSquaredError, plain),
    "MAE": (keras.losses.MeanAbsoluteError, plain),
    "ConcordanceLoss": (losses.ConcordanceLoss, plain),
    "MSE + 0.5 ConcordanceLoss": (mse_and_concordance, plain),
    "PearsonLoss": (losses.PearsonLoss, plain),
    "PearsonLoss(additive=False)": (lambda: losses.PearsonLoss(additive=False), plain),
    "SpreadHinge(0.9, weight=2)": (lambda: losses.SpreadHinge(0.9, weight=2.0), plain),
    "BalancedMSE": (losses.BalancedMSE, plain),
    "BetaNLL": (losses.BetaNLL, mean_and_variance),
    "SymlogError": (losses.SymlogError, plain),
    "HLGauss(-4, 12)": (lambda: losses.HLGauss(-4.0, 12.0), bins),
}


def network(width_in, head, dead=False, activation="relu"):
    bias = keras.initializers.Constant(-20.0) if dead else "zeros"
    hidden = [
        keras.layers.Dense(32, activation),
        keras.layers.Dense(32, activation, bias_initializer=bias),
    ]
    return keras.Sequential([keras.layers.Input((width_in,)), *hidden, head()])


def read(loss, outputs):
    """Predictions in units of the target, from the outputs of a model trained with `loss`."""
    if isinstance(loss, losses.SymlogError):
        outputs = losses.symexp(outputs)
    if isinstance(loss, losses.HLGauss):
        outputs = loss.decoder()(outputs)
    return np.asarray(keras.ops.convert_to_numpy(outputs), "float64")[:, 0]


@functools.cache
def compiled(make_loss, head):
    """A compiled model and its untouched optimizer state: tracing takes longer than training."""
    model = network(WIDTH, head)
    model.compile(
        keras.optimizers.Adam(3e-3), make_loss(), jit_compile=JIT, steps_per_execution=STEPS
    )
    model.optimizer.build(model.trainable_variables)
    return model, [keras.ops.convert_to_numpy(v) for v in model.optimizer.variables]


def train(make_loss, head, data, seed, epochs, dead=False):
    """Train on the first half of the rows from fresh weights; predict the other half."""
    x, y = data
    model, optimizer_state = compiled(make_loss, head)
    keras.utils.set_random_seed(seed)
    model.set_weights(network(WIDTH, head, dead).get_weights())
    for variable, value in zip(model.optimizer.variables, optimizer_state, strict=True):
        variable.assign(value)
    model.fit(x[:ROWS], y[:ROWS, None], batch_size=BATCH, epochs=epochs, verbose=0)
    return read(model.loss, model.predict(x[ROWS:], batch_size=ROWS, verbose=0))


def pad(x):
    """Every task has `WIDTH` inputs, so that one compiled model serves all; zeros say nothing."""
    return np.pad(x, [(0, 0), (0, WIDTH - x.shape[1])]).astype("float32")


def fit(cause, make_loss, head, seed, epochs):
    """Predictions and targets on fresh rows, both standardised by the training targets."""
    x, y = CAUSES[cause](np.random.default_rng(seed), 2 * ROWS)
    y = ((y - y[:ROWS].mean()) / y[:ROWS].std()).astype("float32")
    p = train(make_loss, head, (pad(x), y), seed, epochs, dead=cause == "dead ReLU")
    return p, y[ROWS:].astype("float64")


def scores(p, y):
    """Spread, R2, and mean absolute error on the tenth of the rows with the largest targets."""
    tail = y >= np.quantile(y, 0.9)
    return p.std() / y.std(), 1 - np.mean((y - p) ** 2) / y.var(), np.abs(y - p)[tail].mean()


def cell(cause, make_loss, head, seeds, epochs):
    every = [scores(*fit(cause, make_loss, head, s, epochs)) for s in range(seeds)]
    return np.mean(every, axis=0)


POSITIVE = {
    "MSE": keras.losses.MeanSquaredError,
    "MeanSquaredLogarithmicError (Keras)": keras.losses.MeanSquaredLogarithmicError,
    "MeanSquaredLogScaledError": losses.MeanSquaredLogScaledError,
    'MeanSquaredLogScaledError(epsilon="auto")': lambda: losses.MeanSquaredLogScaledError(
        epsilon="auto"
    ),
    "SymlogError": losses.SymlogError,
}


def positive_targets(lowest, highest, seeds, epochs):
    """Median relative error and R2 for targets spread evenly in their logarithm or, from 0, not."""

    def one(make_loss, seed):
        x, y = healthy(np.random.default_rng(seed), 2 * ROWS)
        share = 1 / (1 + np.exp(-y))
        y = highest * (share if lowest == 0 else (lowest / highest) ** (1 - share))
        p = train(make_loss, positive, (pad(x), y.astype("float32")), seed, epochs)
        y = y[ROWS:]
        return np.median(np.abs(p - y) / y), 1 - np.mean((y - p) ** 2) / y.var()

    return {
        name: np.mean([one(make, seed) for seed in range(seeds)], axis=0)
        for name, make in POSITIVE.items()
    }


def best_constants():
    """Best constant of the seed loss on [0, 1] targets, found on a grid."""
    rng = np.random.default_rng(0)
    uniform = rng.uniform(size=2000)
    samples = {
        "uniform on [0, 1]": uniform,
        "the same, 10 % zeros": np.where(rng.random(2000) < 0.1, 0, uniform),
    }
    return {name: best_constant_row(y) for name, y in samples.items()}


def best_constant_row(y):
    grid = np.geomspace(1e-3, 1, 600)
    literal = [cost_literal(y, c) for c in grid]
    loss = losses.MeanSquaredLogScaledError()
    safe = [float(keras.ops.convert_to_numpy(loss(y, np.full((len(y), 1), c)))) for c in grid]
    return y.mean(), grid[np.argmin(literal)], grid[np.argmin(safe)]


def cost_literal(y, c, alpha=5.0, epsilon=1e-9):
    return np.mean((y - c) ** 2 + alpha * (np.log(y + epsilon) - np.log(c + epsilon)) ** 2)


class RunningSigma(keras.losses.Loss):
    """BalancedMSE whose sigma^2 is a running mean of the batch MSE; TensorFlow and torch only.

    On JAX the assignment has no effect, which is why the library does not do this.
    """

    def __init__(self, momentum=0.9):
        super().__init__(name="running_sigma")
        self.momentum = momentum
        self.variance = keras.Variable(1.0, trainable=False, dtype="float32")

    def call(self, y_true, y_pred):
        mse = keras.ops.stop_gradient(keras.ops.mean(keras.ops.square(y_true - y_pred)))
        self.variance.assign(self.momentum * self.variance + (1 - self.momentum) * mse)
        sigma = keras.ops.sqrt(keras.ops.convert_to_tensor(self.variance))
        return losses.balanced_mse(y_true, y_pred, sigma)


def sigma_rows(seeds, epochs):
    """Spread and R2 on two tasks for the ways to choose sigma."""
    choices = {
        "sigma = 1": lambda: losses.BalancedMSE(sigma=1.0),
        "sigma = 0.3": lambda: losses.BalancedMSE(sigma=0.3),
        "sigma^2 = MSE of the batch, at most var(y) / 4 (default)": losses.BalancedMSE,
    }
    if keras.backend.backend() != "jax":
        choices["sigma^2 = MSE of the batch, no limit"] = lambda: RunningSigma(momentum=0.0)
        choices["sigma^2 = running mean, momentum 0.9, no limit"] = RunningSigma
    return {
        name: [cell(task, make, plain, seeds, epochs) for task in ("healthy", "skewed target")]
        for name, make in choices.items()
    }


def short(value):
    """Two digits; a blow-up needs no more."""
    return f"{value:.2f}" if abs(value) < 99 else ("> 99" if value > 0 else "< -99")


def pair(scores):
    return f"{short(scores[0])} / {short(scores[1])}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def page(results, four, unit, constants, sigmas, seeds, epochs, seconds):
    causes = list(results)
    grid = table(
        ["loss", *causes],
        [[name, *(pair(results[c][name]) for c in causes)] for name in LOSSES],
    )
    relative = table(
        ["loss", "median relative error", "R2"],
        [[name, f"{v[0]:.3f}", f"{v[1]:.2f}"] for name, v in four.items()],
    )
    interval = table(
        ["loss", "median relative error", "R2"],
        [[name, f"{v[0]:.3f}", f"{v[1]:.3f}"] for name, v in unit.items()],
    )
    constant = table(
        ["targets", "mean (best for MSE)", "best for the literal formula", "best for ours"],
        [[name, *(f"{v:.3f}" for v in row)] for name, row in constants.items()],
    )
    sigma = table(
        ["noise level", "healthy", "skewed target"],
        [[name, *map(pair, v)] for name, v in sigmas.items()],
    )
    tail = ""
    if "skewed target" in results:
        rows = results["skewed target"]
        tail = table(
            ["loss", "R2", "mean absolute error, largest tenth of the targets"],
            [[name, short(rows[name][1]), short(rows[name][2])] for name in LOSSES],
        )
    return TEMPLATE.format(
        keras=keras.__version__,
        backend=keras.backend.backend(),
        seeds=seeds,
        epochs=epochs,
        steps=epochs * ROWS // BATCH,
        rows=ROWS,
        batch=BATCH,
        seconds=round(seconds),
        grid=grid,
        relative=relative,
        interval=interval,
        constant=constant,
        sigma=sigma,
        tail=tail,
    )


TEMPLATE = """# Losses compared

Written by `benchmarks/losses_by_cause.py`; do not edit. Keras {keras} on {backend}, CPU, float32.
Each number is a mean over {seeds} seeds. Network: two ReLU layers of 32 units, Adam 3e-3, batches
of {batch} from {rows} rows, {epochs} epochs ({steps} steps); scored on {rows} rows not trained on.
Other networks, data and learning rates will give other numbers. The run took {seconds} s.

## Loss by cause: spread / R2

{grid}

Spread is std of the predictions over std of the targets; R2 is 0 for the best constant. Targets are
standardised. *dead ReLU*: the second layer's biases start at -20. *high frequency*: sin(20 x).
*zero-inflated*: 70 % zeros, the rest log-normal and partly predictable. *skewed target*:
exponential, seen through noise. *no signal*: targets independent of the inputs.

## Skewed target: what BalancedMSE buys and costs

{tail}

## Positive targets over four decades (0.01 to 100), softplus output

{relative}

SymlogError learns the symlog of the target and is read with `symexp`.

## Targets between 0 and 1, softplus output

{interval}

## The best constant of the log-scaled error

{constant}

It is no defence against predicting a constant: the constant only moves.

## Where the noise level of BalancedMSE comes from: spread / R2

{sigma}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--causes", nargs="+", default=list(CAUSES), choices=list(CAUSES))
    parser.add_argument("--dry-run", action="store_true", help="print the page, do not write it")
    options = parser.parse_args()
    start = time.time()
    results = {}
    for cause in options.causes:
        results[cause] = {
            name: cell(cause, *parts, options.seeds, options.epochs)
            for name, parts in LOSSES.items()
        }
        print(f"{time.time() - start:6.0f} s  {cause}", flush=True)
    text = page(
        results,
        positive_targets(1e-2, 1e2, options.seeds, options.epochs),
        positive_targets(0.0, 1.0, options.seeds, options.epochs),
        best_constants(),
        sigma_rows(options.seeds, options.epochs),
        options.seeds,
        options.epochs,
        time.time() - start,
    )
    if options.dry_run:
        print(text)
    else:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text)
        print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
