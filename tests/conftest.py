"""One backend per process: KERAS_BACKEND chooses it (see the Makefile)."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
if os.environ.get("KERAS_BACKEND") == "torch":
    import torch  # noqa: F401  before anything that may import TensorFlow

import keras
import pytest

BACKEND = keras.config.backend()


def pytest_collection_modifyitems(items):
    if BACKEND != "tensorflow":
        for item in items:
            if "tensorflow_only" in item.keywords:
                item.add_marker(pytest.mark.skip(reason="uses TensorFlow itself"))


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same weights."""
    keras.utils.set_random_seed(0)
