"""Which `fit` is running, and whether it still is.

A callback is told when a `fit` begins and when it ends well. When somebody's callback raises, or
the data, or the user presses Ctrl-C, nobody tells it anything. What always ends with a `fit` is the
list of callbacks that Keras keeps in it.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import keras

HOOKS = [
    f"on_{when}"
    for when in (
        *("epoch_begin", "epoch_end", "train_batch_begin", "train_batch_end"),
        *("test_begin", "test_end", "test_batch_begin", "test_batch_end"),
    )
]


class Fit:
    """One running `fit`, or one loop of the user's own with a `CallbackList`.

    Made inside `on_train_begin`, while Keras' list of callbacks is calling.
    """

    def __init__(self) -> None:
        self._list: weakref.ref[Any] | None = None
        self._frame: tuple[int, Any] | None = None
        # Names of the list's methods that are covered; the list itself is not to be kept alive.
        self._hooks: list[str] = []
        frames, caller = _callers(), None
        for frame in frames:
            caller = frame.f_locals.get("self")
            if isinstance(caller, keras.callbacks.CallbackList):
                self._list = weakref.ref(caller)
                break
        for frame in frames:
            # Of a loop of the user's own nobody knows which function will go on with it.
            is_keras = frame.f_globals.get("__name__", "").startswith("keras.")
            values = frame.f_locals.values() if is_keras else ()
            if frame.f_locals.get("self") is not caller and any(v is caller for v in values):
                self._frame = id(frame), frame.f_code
                break

    @property
    def callbacks(self) -> list[Any]:
        """All callbacks of this `fit`, in the order in which they are called."""
        held = None if self._list is None else self._list()
        return [] if held is None else list(held.callbacks)

    def is_same(self, other: Fit) -> bool:
        """Whether two callbacks are in the same `fit`."""
        if self._list is None or other._list is None:
            return self._list is other._list
        return self._list() is other._list() and self._frame == other._frame

    def is_running(self) -> bool:
        """Whether the code that asks was called by this `fit`, as far as that can be known."""
        if self._list is None:
            return True
        if self._list() is None:
            return False
        if self._frame is None:
            return True
        return any((id(frame), frame.f_code) == self._frame for frame in _callers())

    def when_over(self, action: Callable[[], Any]) -> None:
        """Call something as soon as the `fit` is gone, however it ended.

        When a callback raises, at once; else when Keras lets go of the list.
        """
        held = None if self._list is None else self._list()
        if held is None:
            return
        weakref.finalize(held, action).atexit = False
        for name in HOOKS:
            if name not in vars(held):
                hook = _reporting(weakref.ref(held), getattr(type(held), name), action)
                vars(held)[name] = hook
                self._hooks.append(name)

    def leave(self) -> None:
        """The list is as it was, but for the order of callbacks."""
        held = None if self._list is None else self._list()
        while self._hooks:
            name = self._hooks.pop()
            if held is not None:
                vars(held).pop(name, None)

    def put_first(self, kind: type) -> None:
        """Have the callbacks of a kind called before the others, from the next call on.

        What they add to the logs is then there for loggers and `EarlyStopping`, wherever they stand
        in the user's list.
        """
        held = None if self._list is None else self._list()
        if held is None:
            return
        ours = [callback for callback in held.callbacks if isinstance(callback, kind)]
        others = [callback for callback in held.callbacks if not isinstance(callback, kind)]
        # A new list, as Keras is going through the old one.
        held.callbacks = [*ours, *others]


def _reporting(
    reference: weakref.ref[Any], hook: Callable[..., Any], action: Callable[[], Any]
) -> Callable[..., Any]:
    """A hook of the list that tells when something leaves it; it must not keep the list alive."""

    def reporting(*args: Any, **kwargs: Any) -> Any:
        try:
            return hook(reference(), *args, **kwargs)
        except BaseException:
            action()
            raise

    return reporting


def _callers() -> Iterator[FrameType]:
    """The frames that led here, innermost first."""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        yield frame
        frame = frame.f_back
