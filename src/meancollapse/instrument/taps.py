"""Taps: what one training or validation step shows from inside, while it is traced.

For the time of a `fit` three methods are shadowed on the instances: the optimizer's `apply` and the
model's `compute_metrics` and `compute_loss`. They pass straight through unless a measured step is
being traced on the same thread; then what they see is turned into a few numbers, which leave the
step beside its logs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import keras

from meancollapse.instrument import backends, heads, stepping, streams
from meancollapse.instrument.dial import Dial

LOGS, SERIES, UNITS, ROWS = "logs", "series", "units", "rows"


class Taps:
    """Shadows methods of model and optimizer and builds measured steps.

    Args:
        model: A compiled model.
        on_error: Called with an exception raised while measuring; the step itself goes on.
    """

    def __init__(self, model: keras.Model, on_error: Callable[[Exception], None]):
        self.model = model
        self.on_error = on_error
        self.layouts: dict[str, streams.Layout] = {}
        self.row_structures: dict[str, Any] = {}
        self._active = threading.local()

    def install(self) -> None:
        """Shadow the methods on the model's and the optimizer's instance."""
        optimizer = self.model.optimizer
        backends.override(self.model, "compute_loss", self._compute_loss())
        backends.override(self.model, "compute_metrics", self._compute_metrics())
        if optimizer is not None:
            method = backends.apply_method()
            wrap = self._stateless_apply if method == "stateless_apply" else self._apply
            backends.override(optimizer, method, wrap(getattr(optimizer, method)))
            self._optimizer = optimizer

    def remove(self) -> None:
        """Give the instances their classes' methods back."""
        backends.restore(self.model, "compute_loss")
        backends.restore(self.model, "compute_metrics")
        if getattr(self, "_optimizer", None) is not None:
            backends.restore(self._optimizer, backends.apply_method())

    def measured_step(self, phase: str, dial: Dial | None = None) -> Any:
        """A compiled step function that also returns what the taps saw.

        Args:
            phase: `"train"` or `"test"`.
            dial: What is to be changed about the updates, if anything.

        Returns:
            A function like `model.train_function`, whose logs are a dict with the keys `LOGS`
            (the step's own), `SERIES` and `UNITS` (flat float32 tensors) and, where the step draws
            its own batches, `ROWS` (the batch's tensors; see `batch_of`).
        """
        original = getattr(self.model, f"{phase}_step")
        with_rows = not backends.takes_batches_on_host(self.model)

        def step(*args: Any) -> Any:
            record = streams.Record()
            self._active.record = record
            try:
                result = original(*args)
            finally:
                self._active.record = None
            logs, *state = result if backends.name() == "jax" else (result,)
            outputs = {LOGS: logs, **self._pack(phase, record)}
            if with_rows:
                outputs[ROWS] = self._rows(phase, args[-1])
            return (outputs, *state) if state else outputs

        if dial is not None:
            return self._dialled(step, dial)
        return backends.build_step_function(self.model, phase, step)

    def plain_step(self, dial: Dial | None) -> Any:
        """The model's own training step, compiled anew, with a dial in its tap if there is one."""
        if dial is not None:
            return self._dialled(self.model.train_step, dial)
        return backends.build_step_function(self.model, "train", self.model.train_step)

    def _dialled(self, step: Any, dial: Dial) -> Any:
        def with_dial(*args: Any) -> Any:
            self._active.dial = dial
            try:
                return step(*args)
            finally:
                self._active.dial = None

        return stepping.build_dialled_function(self.model, with_dial, dial)

    def _pack(self, phase: str, record: streams.Record) -> dict[str, Any]:
        try:
            with backends.without_gradient():
                self.layouts[phase], series, units = record.pack()
            return {SERIES: series, UNITS: units}
        except Exception as error:
            self.on_error(error)
            return {}

    def _rows(self, phase: str, batch: Any) -> dict[str, Any]:
        """The tensors of a batch by number: a step may return neither `None` nor a list."""
        present = keras.tree.map_structure(lambda leaf: leaf is not None, batch)
        self.row_structures[phase] = present
        leaves = [leaf for leaf in keras.tree.flatten(batch) if leaf is not None]
        return {f"{number:04}": leaf for number, leaf in enumerate(leaves)}

    def batch_of(self, phase: str, rows: dict[str, Any]) -> Any:
        """The batch that a step of this phase returned as `ROWS`."""
        leaves = iter(rows[number] for number in sorted(rows))
        return keras.tree.map_structure(
            lambda present: next(leaves) if present else None, self.row_structures[phase]
        )

    def _observe(self, observation: Callable[..., Any], *args: Any) -> Any:
        """Measure, but never let a failure to measure reach the training step."""
        try:
            with backends.without_gradient():
                return observation(*args)
        except Exception as error:
            self.on_error(error)
            return None

    def _record(self) -> streams.Record | None:
        return getattr(self._active, "record", None)

    def _dial(self) -> Dial | None:
        return getattr(self._active, "dial", None)

    def _compute_loss(self) -> Callable[..., Any]:
        original = self.model.compute_loss

        def compute_loss(
            x: Any = None, y: Any = None, y_pred: Any = None, *args: Any, **kwargs: Any
        ) -> Any:
            record, dial = self._record(), self._dial()
            if record is not None and y_pred is not None:
                self._observe(record.padding, self.model, y_pred)
            if dial is not None and y_pred is not None:
                y_pred = heads.each_output(self.model, y_pred, dial.output)
            return original(x, y, y_pred, *args, **kwargs)

        return compute_loss

    def _compute_metrics(self) -> Callable[..., Any]:
        original = self.model.compute_metrics

        def compute_metrics(x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> Any:
            record = self._record()
            if record is not None:
                self._observe(record.inputs, x)
                self._observe(record.outputs, self.model, y, y_pred, sample_weight)
            return original(x, y, y_pred, sample_weight=sample_weight)

        return compute_metrics

    def _apply(self, original: Callable[..., Any]) -> Callable[..., Any]:
        optimizer = self.model.optimizer

        def apply(grads: Any, trainable_variables: Any = None) -> Any:
            record, dial = self._record(), self._dial()
            if record is not None and record.has_gradients:
                record = None
            if record is None and dial is None:
                return original(grads, trainable_variables)
            # `apply_gradients` passes iterators that can be read only once.
            grads = list(grads)
            variables = list(trainable_variables or self.model.trainable_variables)
            scale = self._observe(backends.loss_scale, optimizer, None)
            before = self._observe(backends.copies, variables)
            if dial is None or before is None or not dial.fits(variables):
                result = original(
                    grads, trainable_variables if trainable_variables is None else variables
                )
            else:
                turned = dial.standardised(before)
                _put_changed(variables, before, turned)
                result = original(dial.gradients(grads, scale), variables)
                made = backends.copies(variables)
                _put_changed(variables, made, dial.raw(turned, made))
            if record is None:
                return result
            after = self._observe(backends.copies, variables)
            self._observe(record.gradients, variables, grads, scale, before, after)
            return result

        return apply

    def _stateless_apply(self, original: Callable[..., Any]) -> Callable[..., Any]:
        optimizer = self.model.optimizer

        def stateless_apply(optimizer_variables: Any, grads: Any, trainable_variables: Any) -> Any:
            record, dial = self._record(), self._dial()
            variables = list(self.model.trainable_variables)
            if dial is None or not dial.fits(variables):
                result = original(optimizer_variables, grads, trainable_variables)
            else:
                scale = backends.loss_scale(optimizer, optimizer_variables)
                before = dial.standardised(trainable_variables)
                turned = dial.gradients(grads, scale)
                after, *rest = original(optimizer_variables, turned, before)
                result = (dial.raw(before, after), *rest)
            if record is not None and not record.has_gradients:
                scale = self._observe(backends.loss_scale, optimizer, optimizer_variables)
                self._observe(
                    record.gradients, variables, grads, scale, trainable_variables, result[0]
                )
            return result

        return stateless_apply


def _put_changed(variables: list[Any], before: list[Any], after: list[Any]) -> None:
    """Assign what the dial has turned; every assignment more makes tracing longer."""
    changed = [i for i, value in enumerate(after) if value is not before[i]]
    backends.put([variables[i] for i in changed], [after[i] for i in changed])
