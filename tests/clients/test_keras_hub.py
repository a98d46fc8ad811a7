"""Keras Hub: tasks with small backbones, random weights and no preprocessor."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import twins

keras_hub = pytest.importorskip("keras_hub")

ROWS, LENGTH, WORDS = 512, 8, 16


def sentences():
    """Random words, among them one of the two that decide the class."""
    rng = np.random.default_rng(0)
    words = rng.integers(3, WORDS, (ROWS, LENGTH))
    labels = rng.integers(0, 2, ROWS)
    words[np.arange(ROWS), rng.integers(1, LENGTH, ROWS)] = 1 + labels
    words[:, 0] = 0  # [CLS]
    x = {
        "token_ids": words.astype("int32"),
        "segment_ids": np.zeros((ROWS, LENGTH), "int32"),
        "padding_mask": np.ones((ROWS, LENGTH), "int32"),
    }
    return x, labels


def stories():
    """After a word comes always the same one, nine times in ten."""
    rng = np.random.default_rng(0)
    follower = rng.permutation(WORDS)
    words = rng.integers(0, WORDS, (ROWS, LENGTH + 1))
    for place in range(LENGTH):
        is_known = rng.random(ROWS) < 0.9
        words[is_known, place + 1] = follower[words[is_known, place]]
    x = {
        "token_ids": words[:, :-1].astype("int32"),
        "padding_mask": np.ones((ROWS, LENGTH), "int32"),
    }
    return x, words[:, 1:].astype("int32")


def pictures():
    """Noise with a bright quarter: which of the four is the class."""
    rng = np.random.default_rng(0)
    images = rng.normal(size=(ROWS, 16, 16, 3)).astype("float32")
    labels = rng.integers(0, 4, ROWS)
    for image, label in zip(images, labels, strict=True):
        down, right = 8 * (label // 2), 8 * (label % 2)
        image[down : down + 8, right : right + 8] += 2
    return images, labels


def bert():
    backbone = keras_hub.models.BertBackbone(
        vocabulary_size=WORDS,
        num_layers=2,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=LENGTH,
    )
    return keras_hub.models.BertTextClassifier(backbone, num_classes=2, preprocessor=None)


def gpt2():
    backbone = keras_hub.models.GPT2Backbone(
        vocabulary_size=WORDS,
        num_layers=1,
        num_heads=2,
        hidden_dim=16,
        intermediate_dim=32,
        max_sequence_length=LENGTH,
    )
    return keras_hub.models.GPT2CausalLM(backbone, preprocessor=None)


def resnet():
    backbone = keras_hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[3],
        stackwise_num_filters=[64],  # Keras Hub wants no less
        stackwise_num_blocks=[1],
        stackwise_num_strides=[1],
        block_type="basic_block",
        image_shape=(16, 16, 3),
    )
    return keras_hub.models.ResNetImageClassifier(backbone, num_classes=4, preprocessor=None)


def dead_resnet():
    """Its first normalization puts every unit far below zero, where ReLU lets nothing through."""
    model = resnet()
    stem = next(
        layer
        for layer in model.backbone.layers
        if isinstance(layer, keras.layers.BatchNormalization)
    )
    stem.beta.assign(stem.beta - 100)
    return model


def program(build, data, rate, epochs):
    def train(callbacks):
        model = build()
        model.compile(keras.optimizers.Adam(rate))  # loss and metrics are the task's own
        x, y = data()
        history = model.fit(
            x,
            y,
            epochs=epochs,
            batch_size=32,
            verbose=0,
            validation_split=0.25,
            callbacks=callbacks,
        )
        return model, history.history

    return train


HEALTHY = {
    "bert": program(bert, sentences, 0.01, 5),
    "gpt2": program(gpt2, stories, 0.01, 5),
    "resnet": program(resnet, pictures, 0.003, 4),
}
ILL = {
    "bert": (program(bert, sentences, 1.0, 9), "learning_rate_too_high"),
    "gpt2": (program(gpt2, stories, 3.0, 9), "learning_rate_too_high"),
    "resnet": (program(dead_resnet, pictures, 0.003, 9), "dead_relu"),
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_task_is_watched_in_silence(name):
    plain, run = twins.alone(HEALTHY[name]), twins.watched(HEALTHY[name])
    assert plain.logs["val_sparse_categorical_accuracy"][-1] > 0.85
    twins.assert_same(run, plain)
    twins.assert_quiet(run)
    twins.assert_healthy(run)


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_task_is_not_treated(name):
    run = twins.rescued(HEALTHY[name])
    twins.assert_same(run, twins.alone(HEALTHY[name]))
    twins.assert_quiet(run)
    assert run.callback.rescues == []


@pytest.mark.parametrize("name", ILL)
def test_a_collapsed_task_is_told_of(name):
    train, cause = ILL[name]
    run = twins.watched(train)
    assert run.logs["val_sparse_categorical_accuracy"][-1] < 0.6
    twins.assert_told(run, "collapsed", cause)
