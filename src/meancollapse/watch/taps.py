"""Taps: what one training or validation step shows from inside, while it is traced.

For the time of a `fit` three methods are shadowed on the instances: the optimizer's `apply` and the
model's `compute_metrics` and `compute_loss`. They pass straight through unless a measured step is
being traced on the same thread; then what they see is turned into a few numbers, which leave the
step beside its logs.
"""

from __future__ import annotations

import contextlib
import inspect
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import keras

from meancollapse.backend import contents, framework, internals, random_streams, replay, stepping
from meancollapse.look import heads, quiet
from meancollapse.watch import streams

LOGS, SERIES, UNITS, ROWS = "logs", "series", "units", "rows"
GRADIENTS = "Gradients"


class Transformer(Protocol):
    """What a step may be given to change its updates with; this room only hands it on."""

    def output(self, name: str, prediction: Any) -> Any:
        """A prediction as it is, of which the loss sends more or less back into the model."""

    def fits(self, variables: Sequence[Any]) -> bool:
        """Whether it was made for these variables."""

    def standardised(self, values: Sequence[Any]) -> list[Any]:
        """The values that the optimizer is shown in place of the variables'."""

    def gradients(self, grads: Sequence[Any], optimizer_scale: Any) -> list[Any]:
        """The gradients that the optimizer is given."""

    def raw(self, before: Sequence[Any], after: Sequence[Any]) -> list[Any]:
        """The variables' values, for what the optimizer made of those it was shown."""


class Taps:
    """Shadows methods of model and optimizer and builds measured steps.

    Args:
        model: A compiled model.
        on_error: Called with what could not be measured, in words, and the exception; the step
            itself goes on.
    """

    def __init__(self, model: keras.Model, on_error: Callable[[str, Exception], None]):
        self.model = model
        self.on_error = on_error
        self.layouts: dict[tuple[str, int], streams.Layout] = {}
        self.row_structures: dict[str, Any] = {}
        # Whether the user's step has a state that a second compiled function would not share.
        self.has_hidden_state = False
        # Whether the user's own step has raised something: that is to be seen, whatever it is.
        self.users_step_raised = False
        self._active = threading.local()
        self._shadows: list[internals.Shadow] = []

    def install(self) -> None:
        """Shadow the methods on the model's and the optimizer's instance."""
        model, optimizer = self.model, self.model.optimizer
        self._shadow(model, "compute_loss", self._compute_loss)
        self._shadow(model, "compute_metrics", self._compute_metrics)
        if optimizer is not None:
            method = internals.apply_method()
            if hasattr(optimizer, method):
                is_pure = method == "stateless_apply"
                self._shadow(optimizer, method, self._stateless_apply if is_pure else self._apply)

    def _shadow(self, target: Any, attribute: str, wrap: Callable[..., Any]) -> None:
        value = wrap(getattr(target, attribute))
        self._shadows.append(internals.Shadow(target, attribute, value))

    def remove(self) -> None:
        """Give the instances back what they had."""
        while self._shadows:
            self._shadows.pop().remove()

    def measured_step(self, phase: str, dial: Transformer | None = None) -> Any:
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
        with_rows = not replay.takes_batches_on_host(self.model)

        def step(*args: Any) -> Any:
            record = streams.Record()
            self._active.record = record
            try:
                with self._noticing_hidden_state():
                    result = original(*args)
            except BaseException:
                self.users_step_raised = True
                raise
            finally:
                self._active.record = None
            logs, *state = result if framework.name() == "jax" else (result,)
            outputs = {LOGS: logs, **self._pack(phase, record)}
            if with_rows:
                outputs[ROWS] = self._rows(phase, args[-1])
            return (outputs, *state) if state else outputs

        if dial is not None:
            return self._dialled(step, dial)
        return internals.build_step_function(self.model, phase, step)

    def plain_step(self, dial: Transformer | None) -> Any:
        """The model's own training step, compiled anew, with a dial in its tap if there is one."""
        if dial is not None:
            return self._dialled(self.model.train_step, dial)
        return internals.build_step_function(self.model, "train", self.model.train_step)

    def _dialled(self, step: Any, dial: Transformer) -> Any:
        def with_dial(*args: Any) -> Any:
            self._active.dial = dial
            try:
                return step(*args)
            finally:
                self._active.dial = None

        return stepping.build_dialled_function(self.model, with_dial, dial)

    @contextlib.contextmanager
    def _noticing_hidden_state(self) -> Iterator[None]:
        """Notice what tracing the user's step changes or leaves in the compiled function.

        A random number of NumPy's, a counter in Python: both are built into what is traced, and
        another trace gets others.
        """
        if self.has_hidden_state or not framework.is_traced():
            yield
            return
        before = self._marks()
        yield
        if before != self._marks() or self._observe(
            "Its random numbers", random_streams.draws_inside
        ):
            self.has_hidden_state = True

    def _marks(self) -> Any:
        return self._observe(
            "Its state", lambda: (quiet.stream_marks(), quiet.Belongings(self.model).marks())
        )

    def _pack(self, phase: str, record: streams.Record) -> dict[str, Any]:
        packed = self._observe("The steps", record.pack)
        if packed is None:
            return {}
        layout, series, units = packed
        self.layouts[phase, layout.length] = layout
        return {SERIES: series, UNITS: units}

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

    def _observe(self, what: str, observation: Callable[..., Any], *args: Any) -> Any:
        """Measure, but never let a failure to measure reach the training step."""
        try:
            with framework.without_gradient():
                return observation(*args)
        except Exception as error:
            self.on_error(f"{what} cannot be measured inside the training step", error)
            return None

    def _record(self) -> streams.Record | None:
        return getattr(self._active, "record", None)

    def _dial(self) -> Transformer | None:
        return getattr(self._active, "dial", None)

    def _compute_loss(self, original: Callable[..., Any]) -> Callable[..., Any]:
        signature = Signature(original, ("x", "y", "y_pred", "sample_weight"))

        def compute_loss(*args: Any, **kwargs: Any) -> Any:
            record, dial = self._record(), self._dial()
            if record is None and dial is None:
                return original(*args, **kwargs)
            y_pred = signature.named(args, kwargs).get("y_pred")
            if record is not None and y_pred is not None:
                self._observe("Padding", record.padding, self.model, y_pred)
            if dial is not None and y_pred is not None:
                turned = heads.each_output(self.model, y_pred, dial.output)
                args, kwargs = signature.replaced(args, kwargs, y_pred, turned)
            return original(*args, **kwargs)

        return compute_loss

    def _compute_metrics(self, original: Callable[..., Any]) -> Callable[..., Any]:
        signature = Signature(original, ("x", "y", "y_pred", "sample_weight"))

        def compute_metrics(*args: Any, **kwargs: Any) -> Any:
            record = self._record()
            if record is not None:
                given = signature.named(args, kwargs)
                self._observe("The inputs", record.inputs, given.get("x"))
                if "y_pred" in given:
                    seen = (given.get(name) for name in ("y", "y_pred", "sample_weight"))
                    self._observe("The outputs", record.outputs, self.model, *seen)
            return original(*args, **kwargs)

        return compute_metrics

    def _apply(self, original: Callable[..., Any]) -> Callable[..., Any]:
        optimizer = self.model.optimizer

        def apply(grads: Any, trainable_variables: Any = None, *args: Any, **kwargs: Any) -> Any:
            record, dial = self._record(), self._dial()
            if record is not None and record.has_gradients:
                record = None
            given = () if trainable_variables is None and not args else (trainable_variables,)
            if record is None and dial is None:
                return original(grads, *given, *args, **kwargs)
            # `apply_gradients` passes iterators that can be read only once.
            grads = list(grads)
            variables = list(trainable_variables or self.model.trainable_variables)
            given = given and (None if trainable_variables is None else variables,)
            scale = self._observe(GRADIENTS, framework.loss_scale, optimizer, None)
            before = self._observe(GRADIENTS, contents.copies, variables)
            if dial is None or before is None or not dial.fits(variables):
                result = original(grads, *given, *args, **kwargs)
            else:
                turned = dial.standardised(before)
                _put_changed(variables, before, turned)
                result = original(dial.gradients(grads, scale), variables, *args, **kwargs)
                made = contents.copies(variables)
                _put_changed(variables, made, dial.raw(turned, made))
            if record is None or before is None:
                return result
            after = self._observe(GRADIENTS, contents.copies, variables)
            self._observe(GRADIENTS, record.gradients, variables, grads, scale, before, after)
            return result

        return apply

    def _stateless_apply(self, original: Callable[..., Any]) -> Callable[..., Any]:
        optimizer = self.model.optimizer

        def stateless_apply(
            optimizer_variables: Any,
            grads: Any,
            trainable_variables: Any,
            *args: Any,
            **kwargs: Any,
        ) -> Any:
            record, dial = self._record(), self._dial()
            variables = self._observe(
                GRADIENTS, internals.updated, self.model, optimizer, trainable_variables
            )
            if dial is None or variables is None or not dial.fits(variables):
                result = original(optimizer_variables, grads, trainable_variables, *args, **kwargs)
            else:
                scale = framework.loss_scale(optimizer, optimizer_variables)
                before = dial.standardised(trainable_variables)
                turned = dial.gradients(grads, scale)
                after, *rest = original(optimizer_variables, turned, before, *args, **kwargs)
                result = (dial.raw(before, after), *rest)
            if record is not None and not record.has_gradients and variables is not None:
                scale = self._observe(
                    GRADIENTS, framework.loss_scale, optimizer, optimizer_variables
                )
                self._observe(
                    GRADIENTS,
                    record.gradients,
                    variables,
                    grads,
                    scale,
                    trainable_variables,
                    result[0],
                )
            return result

        return stateless_apply


class Signature:
    """How a method of the user's is called, whatever its arguments are.

    Args:
        method: A bound method.
        usual: Names of Keras' own arguments, in order; they count where the method takes anything.
    """

    def __init__(self, method: Callable[..., Any], usual: tuple[str, ...]):
        self._usual = usual
        try:
            self._signature: inspect.Signature | None = inspect.signature(method)
        except (TypeError, ValueError):
            self._signature = None

    def named(self, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
        """The arguments of one call by name."""
        names: list[str] = []
        if self._signature is not None:
            for parameter in self._signature.parameters.values():
                if parameter.kind is parameter.VAR_POSITIONAL:
                    names += list(self._usual[len(names) :])
                if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
                    names.append(parameter.name)
        return {**dict(zip(names, args, strict=False)), **kwargs}

    def replaced(
        self, args: tuple, kwargs: dict[str, Any], before: Any, after: Any
    ) -> tuple[tuple, dict[str, Any]]:
        """The arguments with one object in the place of another."""
        return (
            tuple(after if each is before else each for each in args),
            {name: after if each is before else each for name, each in kwargs.items()},
        )


def _put_changed(variables: list[Any], before: list[Any], after: list[Any]) -> None:
    """Assign what the dial has turned; every assignment more makes tracing longer."""
    changed = [i for i, value in enumerate(after) if value is not before[i]]
    contents.put([variables[i] for i in changed], [after[i] for i in changed])
