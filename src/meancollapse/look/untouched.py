"""A model tried out and put back bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import keras

from meancollapse.backend import contents
from meancollapse.look import quiet


@contextmanager
def untouched(model: keras.Model) -> Iterator[None]:
    """Whatever is trained inside the block, all is as before after it.

    Weights, optimizer, metrics, random seeds and the compiled step come back. An optimizer that
    has never trained is built and stays so.
    """
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
    function = model.train_function
    variables = [*model.variables, *model.optimizer.variables, *model.metrics_variables]
    variables += quiet.variables_apart(model)
    variables = list({id(variable): variable for variable in variables}.values())
    before = contents.snapshot(variables)
    with quiet.preserved(model):
        try:
            yield
        finally:
            contents.assign(variables, before)
            model.train_function = function
