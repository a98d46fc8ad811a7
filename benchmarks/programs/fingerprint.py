"""Hashes of what the programs build: they say whether a change of their code changed a program.

    python -m benchmarks.programs.fingerprint FILE [--seeds 0 1] [--only ID ...]

Writes one JSON line per program, variant and seed: hashes of the initial weights, the model, the
rows, the targets, the labels, the optimizer, the losses, the arguments of `fit`, and the state in
which the builder leaves its random generator. Lines already in FILE are kept, so write two files,
before and after a change, and compare them with `diff`.
"""

from __future__ import annotations

import argparse
import codecs
import hashlib
import json
import marshal
import tempfile
import types
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from . import catalogue
from .registry import Build

DEPTH = 6  # of objects inside objects


def words(value: Any, depth: int = 0) -> Any:
    """Anything as numbers, texts, lists and dicts; arrays as the hash of their bytes."""
    if isinstance(value, str):
        return "a temporary place" if value.startswith(tempfile.gettempdir()) else value
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, np.ndarray | np.generic):
        array = np.ascontiguousarray(value)
        return [str(array.dtype), array.shape, hashlib.sha256(array.tobytes()).hexdigest()]
    if isinstance(value, keras.Variable) or keras.ops.is_tensor(value):
        return words(keras.ops.convert_to_numpy(value))
    if isinstance(value, Mapping):
        return of_mapping(value, depth)
    if isinstance(value, list | tuple | set):
        return [words(part, depth + 1) for part in value]
    return of_object(value, depth)


def of_mapping(value: Mapping, depth: int) -> Any:
    """A configuration without the modules its classes are in; a serialized lambda by its code."""
    if set(value) == {"value"} and isinstance(value["value"], tuple):
        code, *rest = value["value"]
        code = marshal.loads(codecs.decode(code.encode(), "base64")).co_code.hex()
        return [code, words(rest, depth + 1)]
    skipped = ("module", "registered_name")
    return {str(key): words(part, depth + 1) for key, part in value.items() if key not in skipped}


def of_object(value: Any, depth: int) -> Any:
    """A function by its code, a data set by its first batches, an object by its attributes."""
    if isinstance(value, types.FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()] if depth < DEPTH else []
        code = value.__code__
        constants = [c for c in code.co_consts if not isinstance(c, types.CodeType)]
        return [code.co_code.hex(), words(constants, depth + 1), words(cells, depth + 1)]
    name = type(value).__name__
    if hasattr(value, "element_spec"):  # a tf.data.Dataset
        first = [keras.tree.map_structure(np.asarray, batch) for batch in value.take(3)]
        return [name, str(value.element_spec), words(first, depth + 1)]
    if isinstance(value, types.GeneratorType):
        return [name, words(value.gi_frame.f_locals, depth + 1)]
    if depth >= DEPTH or isinstance(value, type) or not hasattr(value, "__dict__"):
        return name
    if isinstance(value, keras.Layer):
        return [name, value.name, words(value.get_weights())]
    inside = {key: part for key, part in vars(value).items() if not key.startswith("_")}
    return [name, words(inside, depth + 1)]


def configuration(thing: Any) -> Any:
    """Class and configuration of a Keras object, or what can be said of it without one."""
    if isinstance(thing, Mapping):
        return {str(key): configuration(part) for key, part in thing.items()}
    if isinstance(thing, list | tuple):
        return [configuration(part) for part in thing]
    try:
        return [type(thing).__name__, words(thing.get_config())]
    except Exception:  # no get_config, or one that is not implemented
        return words(thing)


def layers_of(model: keras.Model) -> list[Any]:
    """All layers, nested ones too, with names, kinds and the names of their weights."""
    inside = model._flatten_layers(include_self=False)
    return [
        [type(layer).__name__, layer.name, layer.trainable, [w.path for w in layer.weights]]
        for layer in inside
    ]


def fingerprint(build: Build, fixed: bool, seed: int) -> dict[str, str]:
    """Hashes of one variant of a program."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    rng = np.random.default_rng(seed)
    model, x, y, arguments, *labels = build(rng, fixed)
    compiled = getattr(model, "_compile_config", None)
    parts = {
        "weights": words([w.numpy() for w in model.weights]),
        "layers": layers_of(model),
        "model": configuration(model),
        "x": words(x),
        "y": words(y),
        "labels": words(labels),
        "optimizer": configuration(model.optimizer),
        "loss": configuration(model.loss),
        "compile": words(compiled.config) if compiled else None,
        "fit": words(arguments),
        "generator": words(rng),
    }
    texts = {key: json.dumps(part, default=repr) for key, part in parts.items()}
    return {key: hashlib.sha256(t.encode()).hexdigest()[:16] for key, t in texts.items()}


def write(builders: Mapping[str, Build], file: Path, seeds: list[int]) -> None:
    """Append the lines that `file` does not have yet."""
    lines = file.read_text().splitlines() if file.exists() else []
    done = {tuple(json.loads(line)[:3]) for line in lines}
    for id, build in builders.items():
        healthy = id.startswith(("OK-", "NOISE-"))
        for fixed in [False] if healthy else [False, True]:
            for seed in seeds:
                if (id, fixed, seed) in done:
                    continue
                line = json.dumps([id, fixed, seed, fingerprint(build, fixed, seed)])
                with file.open("a") as out:
                    out.write(line + "\n")


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--only", nargs="*", help="programs whose id contains one of these")
    options = parser.parse_args()
    programs = catalogue()
    chosen = {
        id: p.build
        for id, p in programs.items()
        if not options.only or any(part in id for part in options.only)
    }
    write(chosen, options.file, options.seeds)


if __name__ == "__main__":
    main()
