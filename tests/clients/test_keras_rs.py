"""Keras Recommenders: retrieval with two towers, and rankers with listwise and pairwise losses."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import twins

keras_rs = pytest.importorskip("keras_rs")

USERS, MOVIES, TASTES = 40, 32, 4
ROWS, LENGTH = 768, 5


def taste(number):
    """Users and movies of the same taste belong together."""
    return number % TASTES


def ratings():
    """Who has seen what, and how good it was found: better if it is to one's taste."""
    rng = np.random.default_rng(0)
    users, movies = rng.integers(0, USERS, ROWS), rng.integers(0, MOVIES, ROWS)
    grades = 0.2 + 0.6 * (taste(users) == taste(movies)) + 0.1 * rng.normal(size=ROWS)
    return users.astype("int32"), {
        "movie_id": movies.astype("int32"),
        "rating": grades.astype("float32"),
    }


def visits():
    """Users, each with a movie to their taste."""
    rng = np.random.default_rng(0)
    users = rng.integers(0, USERS, ROWS)
    movies = rng.integers(0, MOVIES // TASTES, ROWS) * TASTES + taste(users)
    return users.astype("int32"), movies.astype("int32")


class Retrieval(keras.Model):
    """Two towers whose loss is computed in the model; inference has an output more."""

    def __init__(self):
        super().__init__()
        self.users = keras.layers.Embedding(USERS, 8)
        self.movies = keras.layers.Embedding(MOVIES, 8)
        self.retrieval = keras_rs.layers.BruteForceRetrieval(k=4, return_scores=False)

    def build(self, input_shape):
        self.users.build(input_shape)
        self.movies.build(input_shape)
        self.retrieval.candidate_embeddings = self.movies.embeddings
        self.retrieval.build(input_shape)
        super().build(input_shape)

    def call(self, inputs, training=False):
        found = {"user_embeddings": self.users(inputs)}
        if not training:
            found["predictions"] = self.retrieval(found["user_embeddings"])
        return found


class RatedRetrieval(Retrieval):
    """The inner product of user and movie is the rating."""

    def compute_loss(self, x, y, y_pred, sample_weight, training=True):
        scores = keras.ops.sum(y_pred["user_embeddings"] * self.movies(y["movie_id"]), axis=1)
        return keras.ops.mean((scores - y["rating"]) ** 2)


class VisitedRetrieval(Retrieval):
    """Everybody's own movie is to be told from the other movies of the batch."""

    def compute_loss(self, x, y, y_pred, sample_weight, training=True):
        users, movies = y_pred["user_embeddings"], self.movies(y)
        scores = keras.ops.matmul(users, keras.ops.transpose(movies))
        own = keras.ops.eye(keras.ops.shape(users)[0])
        losses = keras.losses.categorical_crossentropy(own, scores, from_logits=True)
        return keras.ops.mean(losses)


def rated_retrieval(callbacks):
    model = RatedRetrieval()
    model.compile(keras.optimizers.Adam(0.03))
    users, grades = ratings()
    return model, fit(model, users, grades, callbacks, 8)


def visited_retrieval(callbacks):
    model = VisitedRetrieval()
    model.compile(keras.optimizers.AdamW(0.03))
    return model, fit(model, *visits(), callbacks, 6)


def lists():
    """Lists of movies with a user's grades from 0 to 1."""
    rng = np.random.default_rng(0)
    users, movies = rng.integers(0, USERS, ROWS), rng.integers(0, MOVIES, (ROWS, LENGTH))
    is_liked = taste(users)[:, None] == taste(movies)
    grades = np.clip(0.25 * (movies % 3) + 0.5 * is_liked, 0, 1)
    x = {"user_id": users.astype("int32"), "movie_id": movies.astype("int32")}
    return x, grades.astype("float32")


class Ranker(keras.Model):
    """A score for every movie of a list.

    Args:
        bias: Initial bias of the hidden units: far below zero they are dead.
    """

    def __init__(self, bias):
        super().__init__()
        self.users = keras.layers.Embedding(USERS, 8)
        self.movies = keras.layers.Embedding(MOVIES, 8)
        hidden = keras.layers.Dense(
            16, activation="relu", bias_initializer=keras.initializers.Constant(bias)
        )
        self.scores = keras.Sequential([hidden, keras.layers.Dense(1)])

    def call(self, inputs):
        users = keras.ops.expand_dims(self.users(inputs["user_id"]), 1)
        users = keras.ops.repeat(users, LENGTH, axis=1)
        both = keras.ops.concatenate([users, self.movies(inputs["movie_id"])], axis=-1)
        return keras.ops.squeeze(self.scores(both), axis=-1)


def ranker(loss, epochs=7, bias=0.0):
    def train(callbacks):
        model = Ranker(bias)
        ndcg = keras_rs.metrics.NDCG(k=LENGTH, name="ndcg")
        model.compile(keras.optimizers.Adam(0.03), loss(), metrics=[ndcg])
        return model, fit(model, *lists(), callbacks, epochs)

    return train


def fit(model, x, y, callbacks, epochs):
    history = model.fit(
        x, y, epochs=epochs, batch_size=32, verbose=0, validation_split=0.25, callbacks=callbacks
    )
    return history.history


RETRIEVALS = {"rated": (rated_retrieval, 0.1), "visited": (visited_retrieval, 2.3)}
RANKERS = {
    "ListMLE": ranker(keras_rs.losses.ListMLELoss),
    "PairwiseHinge": ranker(keras_rs.losses.PairwiseHingeLoss),
    "PairwiseLogistic": ranker(keras_rs.losses.PairwiseLogisticLoss),
}
ILL = {
    "ListMLE": ranker(keras_rs.losses.ListMLELoss, epochs=9, bias=-100.0),
    "PairwiseHinge": ranker(keras_rs.losses.PairwiseHingeLoss, epochs=9, bias=-100.0),
}


@pytest.mark.parametrize("name", RETRIEVALS)
def test_retrieval_is_watched_in_silence(name):
    train, loss = RETRIEVALS[name]
    plain, run = twins.alone(train), twins.watched(train)
    assert plain.logs["val_loss"][-1] < loss
    twins.assert_same(run, plain)
    twins.assert_quiet(run)


@pytest.mark.parametrize("name", RETRIEVALS)
def test_retrieval_is_not_treated(name):
    train, _ = RETRIEVALS[name]
    run = twins.rescued(train)
    twins.assert_same(run, twins.alone(train))
    twins.assert_quiet(run)
    assert run.callback.rescues == []


@pytest.mark.parametrize("name", RANKERS)
def test_a_ranker_is_watched_in_silence(name):
    plain, run = twins.alone(RANKERS[name]), twins.watched(RANKERS[name])
    assert plain.logs["val_ndcg"][-1] > 0.97
    twins.assert_same(run, plain)
    twins.assert_quiet(run)
    twins.assert_healthy(run)


@pytest.mark.parametrize("name", RANKERS)
def test_a_ranker_is_not_treated(name):
    run = twins.rescued(RANKERS[name])
    twins.assert_same(run, twins.alone(RANKERS[name]))
    twins.assert_quiet(run)
    assert run.callback.rescues == []


@pytest.mark.parametrize("name", ILL)
def test_a_collapsed_ranker_is_told_of(name):
    twins.assert_told(twins.watched(ILL[name]), "collapsed", "dead_relu")
