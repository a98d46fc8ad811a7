"""Scripts as people write them: each builds a compiled model and what it is fitted with.

They are healthy or collapsed; what matters here is that nothing of them runs differently beside us.
"""

from __future__ import annotations

import types

import keras
import numpy as np
from conftest import BACKEND
from keras import layers, ops

TENSORFLOW = BACKEND == "tensorflow"
JAX = BACKEND == "jax"
if TENSORFLOW:
    import tensorflow as tf

ROWS = 256
SITUATIONS = {}


def situation(build):
    SITUATIONS[build.__name__] = build
    return build


def data(seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS, 8)).astype("float32")
    return x, (x[:, :1] + 0.5 * x[:, 1:2] ** 2).astype("float32")


def noise():
    """Targets that no network will follow, so that it is looked at in every epoch."""
    return np.random.default_rng(5).normal(size=(ROWS, 1)).astype("float32")


def mlp(loss="mse", extra=(), outputs=1, optimizer=None, **settings):
    model = keras.Sequential(
        [keras.Input((8,)), layers.Dense(16, activation="relu"), *extra, layers.Dense(outputs)]
    )
    model.compile(optimizer or keras.optimizers.SGD(0.01), loss, **settings)
    return model


class Net(keras.Model):
    """A subclassed model, for steps of one's own."""

    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(16, activation="relu")
        self.head = layers.Dense(1)

    def call(self, x, training=False):
        return self.head(self.hidden(x))


# --- signatures ----------------------------------------------------------------------------------


@situation
def compute_loss_with_any_arguments():
    class Model(Net):
        def compute_loss(self, *args, **kwargs):
            return super().compute_loss(*args, **kwargs)

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            return {**super().compute_metrics(x, y, y_pred, sample_weight), "m": ops.mean(y_pred)}

    model = Model()
    model.compile("adam", "mse")
    x, y = data()
    return model, dict(x=x, y=y, validation_data=(x, y))


@situation
def compute_loss_without_training():
    class Model(Net):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return ops.mean(ops.abs(y - y_pred))

    model = Model()
    model.compile("adam")
    x, y = data()
    return model, dict(x=x, y=y)


@situation
def make_train_function_without_force():
    class Model(Net):
        def make_train_function(self):
            return super().make_train_function()

    model = Model()
    model.compile("adam", "mse")
    x, y = data()
    return model, dict(x=x, y=y)


@situation
def train_function_set_by_hand():
    """Trains nothing and says so: whatever it is, it is the user's."""
    model = mlp()
    if JAX:
        model.train_function = lambda state, source: ({"loss": float(len(next(source)))}, state)
    else:
        model.train_function = lambda source: {"loss": float(len(next(iter(source))))}
    x, y = data()
    return model, dict(x=x, y=y)


if TENSORFLOW:

    class OwnStep(Net):
        def loss_of(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = self.compute_loss(y, self(x, training=True))
            variables = self.trainable_variables
            pairs = zip(tape.gradient(loss, variables), variables, strict=True)
            self.optimizer.apply_gradients(pairs)
            return loss

        def compute_loss(self, y, y_pred):
            return ops.mean((y - y_pred) ** 2)

        def train_step(self, data):
            return {"loss": self.loss_of(data)}

    @situation
    def compute_loss_of_two_arguments():
        model = OwnStep()
        model.compile("adam")
        x, y = data()
        return model, dict(x=x, y=y)

    @situation
    def compute_metrics_of_one_argument():
        class Model(OwnStep):
            def compute_metrics(self, loss):
                return {"loss": loss}

            def train_step(self, data):
                return self.compute_metrics(self.loss_of(data))

        model = Model()
        model.compile("adam")
        x, y = data()
        return model, dict(x=x, y=y)

    @situation
    def optimizer_given_another_argument():
        class Scaled(keras.optimizers.SGD):
            def apply(self, grads, trainable_variables=None, scale=1.0):
                return super().apply([g * scale for g in grads], trainable_variables)

        class Model(OwnStep):
            def train_step(self, data):
                x, y = data
                with tf.GradientTape() as tape:
                    loss = ops.mean((y - self(x, training=True)) ** 2)
                variables = self.trainable_variables
                self.optimizer.apply(tape.gradient(loss, variables), variables, scale=0.5)
                return {"loss": loss}

        model = Model()
        model.compile(Scaled(0.01))
        x, y = data()
        return model, dict(x=x, y=y)


if JAX:

    @situation
    def optimizer_of_the_head_alone():
        import jax

        class Model(Net):
            def train_step(self, state, data):
                trainable, others, slots, metrics = state
                x, y = data
                body, head = list(trainable[:2]), list(trainable[2:])

                def loss_of(head):
                    p, new = self.stateless_call(body + head, others, x, training=True)
                    return ops.mean((p - y) ** 2), new

                (loss, others), grads = jax.value_and_grad(loss_of, has_aux=True)(head)
                head, slots = self.optimizer.stateless_apply(slots, grads, head)
                return {"loss": loss}, (body + list(head), others, slots, metrics)

        model = Model()
        x, y = data()
        model(x[:1])
        model.compile(keras.optimizers.Adam(0.01))
        model.optimizer.build(model.head.trainable_variables)
        model.optimizer.build = lambda variables: None
        return model, dict(x=x, y=y)


# --- state and randomness of the user's own ------------------------------------------------------


@situation
def loss_that_counts():
    class Annealed(keras.losses.Loss):
        def __init__(self):
            super().__init__(name="annealed")
            self.steps = keras.Variable(0.0, trainable=False, name="steps")
            self.seen = []
            self.calls = 0

        def call(self, y, p):
            self.calls += 1
            if not JAX:
                self.steps.assign_add(1.0)
            return ops.mean((y - p) ** 2, -1) * ops.minimum((self.steps + 1) / 50.0, 1.0)

    x, _ = data()
    return mlp(Annealed(), run_eagerly=BACKEND == "torch"), dict(x=x, y=noise())


@situation
def layer_with_a_list_a_generator_and_a_counter():
    class Noise(layers.Layer):
        def __init__(self):
            super().__init__()
            self.rng = np.random.default_rng(0)
            self.steps = 0
            self.seen = []

        def call(self, z):
            self.steps += 1
            self.seen.append(self.steps)
            drawn = self.rng.normal(size=(1, 16)) + np.random.normal(size=(1, 16))
            return z + ops.convert_to_tensor(drawn.astype("float32")) * (1 + 0.01 * self.steps)

    x, _ = data()
    return mlp(extra=[Noise()], run_eagerly=True), dict(x=x, y=noise())


@situation
def numpy_noise_while_tracing_with_many_steps():
    """More steps than are measured: two functions would be traced with two noises."""

    class Noise(layers.Layer):
        def call(self, z):
            return z + ops.convert_to_tensor(np.random.normal(size=(1, 16)).astype("float32"))

    x, y = data()
    return mlp(extra=[Noise()]), dict(x=x, y=y, batch_size=4)


if not JAX:

    @situation
    def loss_with_unseeded_noise():
        def noisy(y, p):
            return ops.mean((y + 0.1 * keras.random.normal(ops.shape(y)) - p) ** 2, -1)

        x, _ = data()
        return mlp(noisy), dict(x=x, y=noise())


if TENSORFLOW:

    class Drawn(layers.Layer):
        def call(self, z):
            return z + 0.5 * tf.random.normal(tf.shape(z))

    @situation
    def tensorflow_noise_in_a_compiled_step_with_many_steps():
        x, y = data()
        return mlp(extra=[Drawn()], jit_compile=False), dict(x=x, y=y, batch_size=4)

    @situation
    def tensorflow_noise_in_eager_steps():
        x, _ = data()
        return mlp(extra=[Drawn()], run_eagerly=True), dict(x=x, y=noise())

    @situation
    def variables_of_tensorflow_in_loss_and_layer():
        class Scale(keras.losses.Loss):
            def __init__(self):
                super().__init__(name="scale")
                self.mean = tf.Variable(1.0, trainable=False)

            def call(self, y, p):
                error = ops.mean((y - p) ** 2, -1)
                self.mean.assign(0.9 * self.mean + 0.1 * tf.reduce_mean(error))
                return error / tf.stop_gradient(self.mean)

        class Counter(layers.Layer):
            def __init__(self):
                super().__init__()
                self.n = tf.Variable(0.0, trainable=False)

            def call(self, z):
                self.n.assign_add(1.0)
                return z * (1 + 0.01 * self.n)

        x, _ = data()
        return mlp(Scale(), extra=[Counter()]), dict(x=x, y=noise())

    @situation
    def loss_by_map_fn():
        """Row by row: asked eagerly of a thousand rows dozens of times it would take minutes."""

        def slow(y, p):
            return tf.map_fn(
                lambda pair: tf.reduce_mean((pair[0] - pair[1]) ** 2), (y, p), tf.float32
            )

        x, _ = data()
        return mlp(slow, jit_compile=False), dict(x=x, y=noise())


# --- overrides on instances ----------------------------------------------------------------------


@situation
def methods_set_on_the_instances():
    model = mlp()
    own = model.compute_loss
    model.compute_loss = lambda *args, **kwargs: 2 * own(*args, **kwargs)
    step = type(model).train_step
    model.train_step = types.MethodType(lambda self, *args: step(self, *args), model)
    hidden = model.layers[0].call
    model.layers[0].call = lambda *args, **kwargs: ops.tanh(hidden(*args, **kwargs))
    name = "stateless_apply" if JAX else "apply"
    apply = getattr(model.optimizer, name)
    setattr(model.optimizer, name, lambda *args, **kwargs: apply(*args, **kwargs))
    x, _ = data()
    return model, dict(x=x, y=noise())


# --- batches -------------------------------------------------------------------------------------


@situation
def weights_that_cancel():
    x, y = data()
    return mlp(), dict(x=x, y=y, sample_weight=np.where(np.arange(ROWS) % 2, 1.0, -1.0))


@situation
def two_views_of_every_row():
    """Twice as many predictions as targets."""

    class Twice(layers.Layer):
        def call(self, z):
            return ops.concatenate([z, z + 0.1], axis=0)

        def compute_output_shape(self, shape):
            return (None, *shape[1:])

    def agree(y, p):
        a, b = ops.split(p, 2)
        return ops.mean((a - y) ** 2 + (b - y) ** 2, -1)

    x, y = data()
    return mlp(agree, extra=[Twice()]), dict(x=x, y=y)


@situation
def quantiles_of_counts():
    """Integer targets, several columns, and no class numbers."""

    def pinball(y, p):
        q = ops.convert_to_tensor(np.array([[0.1, 0.5, 0.9]], "float32"))
        error = ops.cast(y, "float32") - p
        return ops.mean(ops.maximum(q * error, (q - 1) * error), -1)

    x, y = data()
    counts = np.floor(np.exp(y)).astype("int32")
    return mlp(pinball, outputs=3), dict(x=x, y=counts)


@situation
def a_dict_of_inputs_and_three_heads():
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    h = layers.Dense(16, activation="relu")(layers.Concatenate()([a, b]))
    heads = {name: layers.Dense(1, name=name)(h) for name in ("used", "off", "zeros")}
    model = keras.Model({"a": a, "b": b}, heads)
    weights = {"used": 1.0, "off": 0.0, "zeros": 1.0}
    model.compile("adam", dict.fromkeys(heads, "mse"), loss_weights=weights)
    x, y = data()
    targets = {"used": y, "off": y, "zeros": np.zeros_like(y)}
    return model, dict(x={"a": x[:, :4], "b": x[:, 4:]}, y=targets)


@situation
def a_domain_head_behind_a_reversed_gradient():
    class Reverse(layers.Layer):
        def call(self, z):
            return 2 * ops.stop_gradient(z) - z

    i = keras.Input((8,))
    h = layers.Dense(16, activation="relu")(i)
    domain = layers.Dense(1, activation="sigmoid", name="domain")(Reverse()(h))
    model = keras.Model(i, {"y": layers.Dense(1, name="y")(h), "domain": domain})
    model.compile("adam", {"y": "mse", "domain": "binary_crossentropy"})
    x, y = data()
    x[:, 2] += 2.0 * (np.arange(ROWS) % 2)
    return model, dict(x=x, y={"y": y, "domain": (np.arange(ROWS) % 2)[:, None].astype("float32")})


class Batches(keras.utils.PyDataset):
    """Batches of 32 rows, the last as `last` says."""

    def __init__(self, change):
        super().__init__()
        self.change = change

    def __len__(self):
        return 4

    def __getitem__(self, index):
        x, y = data()
        rows = slice(32 * index, 32 * index + 32)
        return self.change(index, x[rows], y[rows])


@situation
def batches_of_their_own_length():
    def cut(index, x, y):
        return np.repeat(x[:, : 5 + index, None], 2, 2), y

    i = keras.Input((None, 2))
    model = keras.Model(i, layers.Dense(1)(layers.GlobalAveragePooling1D()(layers.Dense(8)(i))))
    model.compile("sgd", "mse")
    return model, dict(x=Batches(cut), shuffle=False)


if TENSORFLOW:

    @situation
    def batches_of_four_parts():
        class Model(Net):
            def train_step(self, data):
                x, y, _, _ = data
                return super().train_step((x, y))

        model = Model()
        model.compile("adam", "mse")
        x, y = data()
        return model, dict(x=tf.data.Dataset.from_tensor_slices((x, y, y, y)).batch(32))

    @situation
    def an_empty_last_batch():
        cut = Batches(lambda i, x, y: (x[: 32 * (i < 3)], y[: 32 * (i < 3)]))
        return mlp(), dict(x=cut, shuffle=False)

    @situation
    def data_whose_end_nobody_knows():
        x, y = data()
        rows = tf.data.Dataset.from_generator(
            lambda: zip(x, y, strict=True),
            output_signature=(tf.TensorSpec((8,), tf.float32), tf.TensorSpec((1,), tf.float32)),
        )
        return mlp(optimizer=keras.optimizers.Adam(0.01), jit_compile=False), dict(x=rows.batch(24))

    @situation
    def a_step_that_copes_only_without_more_outputs():
        """XLA refuses whatever depends on a length that nobody knows; the plain step does not."""

        def cropped(y, p):
            return ops.mean((y[:, :1] - p) ** 2, -1)

        x, y = data()
        return mlp(cropped), dict(x=x, y=np.repeat(y, 3, 1))


# --- other things in the list --------------------------------------------------------------------


@situation
def callbacks_that_change_weights_and_rate():
    class Change(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3 and not JAX:
                self.model.layers[0].kernel.assign(self.model.layers[0].kernel * 0.99)

        def on_epoch_begin(self, epoch, logs=None):
            self.model.optimizer.learning_rate = 0.01 / (epoch + 1)

    x, y = data()
    return mlp(), dict(x=x, y=y, callbacks=[Change()])
