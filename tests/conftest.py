"""One backend per process: KERAS_BACKEND chooses it (see the Makefile)."""

import gc
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("WANDB_MODE", "offline")
if os.environ.get("KERAS_BACKEND") == "jax":
    # Most of the time goes into compiling tiny models: compile them quickly, and each only once.
    os.environ.setdefault("XLA_FLAGS", "--xla_backend_optimization_level=0")
    cache = Path(__file__).parent.parent / "build" / "jax-cache"
    os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(cache))
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
if os.environ.get("KERAS_BACKEND") == "torch":
    import torch  # noqa: F401  before anything that may import TensorFlow

import keras
import pytest

# Tracing makes hundreds of thousands of objects that live on; looking through them is in vain.
gc.set_threshold(50_000, 20, 100)

BACKEND = keras.config.backend()
if BACKEND == "tensorflow":
    import tensorflow as tf

    # As above: polishing the graph of a tiny model takes longer than running it.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def pytest_collection_modifyitems(config, items):
    """TensorFlow runs everything; other backends what can turn out differently there.

    Of a test marked `sampled(n)` they run every n-th case. What is marked `policy` is decided on
    plain numbers; JAX, which compiles longest, leaves it to the others.
    """
    if BACKEND == "tensorflow":
        return
    count: dict[str, int] = {}
    left_out = []
    for item in items:
        of_jax = BACKEND == "jax" and "policy" in item.keywords
        if of_jax or "tensorflow_only" in item.keywords:
            left_out.append(item)
            continue
        mark = item.get_closest_marker("sampled")
        if mark is not None:
            name = item.nodeid.partition("[")[0]
            count[name] = count.get(name, -1) + 1
            if count[name] % mark.args[0]:
                left_out.append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same weights."""
    keras.utils.set_random_seed(0)
