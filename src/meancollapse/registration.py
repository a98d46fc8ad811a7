"""Keras is told of our losses and metrics as soon as it is there, whichever is imported first.

It loads a saved model only if it knows the classes in it. A script that imports this library before
`tensorflow` would otherwise have to ask for something of ours before it can load its own model.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

ROOMS = ("meancollapse.losses", "meancollapse.metrics")


def when_keras_is_there() -> None:
    """Register our classes with Keras: now, if it has been imported, or else once it is."""
    if "keras" in sys.modules:
        _register()
    elif not any(isinstance(finder, _Watch) for finder in sys.meta_path):
        sys.meta_path.insert(0, _Watch())


def _register() -> None:
    for room in ROOMS:
        importlib.import_module(room)


class _Watch:
    """Stands first among those asked for modules, until somebody asks for Keras."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _ThenRegister(spec.loader)
        return spec


class _ThenRegister(Loader):
    """A loader that registers our classes once the module is complete, and is gone then."""

    def __init__(self, loader: Any):
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        found: ModuleType | None = self._loader.create_module(spec)
        return found

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        # Nothing of ours may keep Keras from being imported.
        with contextlib.suppress(Exception):
            _register()
