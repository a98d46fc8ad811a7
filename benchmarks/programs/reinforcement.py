"""Values and policies of agents; healthy ones as well."""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers

from .registry import TRUTH, program
from .tools import col, f32, seq


# DS-62167: a six-cell board with 8 = player and 5 = goal, tried rates 0.01 / 0.1 / 1.0; after a few
# thousand replays the network gives the same pair of Q values for every board.
@program("dqn-board-rate", "regression", "mse", where="model", came_in="3a")
def dqn_board_rate(r, fixed):
    pairs = [(p, g) for p in range(6) for g in range(6) if p != g]
    x, q = [], []
    for p, g in pairs:
        board = np.zeros(6)
        board[p], board[g] = 8, 5
        away = 0.8 ** abs(p - g)
        left = away if g < p else (-1.0 if p == 0 else 0.64 * away)
        right = away if g > p else (-1.0 if p == 5 else 0.64 * away)
        x.append(board)
        q.append((left, right))
    rows = r.integers(0, len(pairs), 1280)
    x, y = f32(x)[rows], f32(q)[rows]
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(24, activation="relu"),
            layers.Dense(24, activation="relu"),
            layers.Dense(2, activation="linear"),
        ]
    )
    model.compile(loss="mse", optimizer=optimizers.Adam(0.003 if fixed else 1.0))
    return model, x, y, dict(batch_size=64, epochs=25)


# Behaviour cloning: the 0.01 gain that reinforcement-learning code gives the last layer of a policy
# was given to all of its layers.
@program("policy-orthogonal-gain", "multiclass", "scce", where="model", came_in="4a")
def policy_orthogonal_gain(r, fixed):
    x = r.normal(size=(1500, 8))
    k = np.argmax(np.tanh(x @ r.normal(size=(8, 16))) @ r.normal(size=(16, 4)), 1)
    gain = 2**0.5 if fixed else 0.01
    w = [initializers.Orthogonal(gain, seed=s) for s in range(4)]
    m = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(64, activation="tanh", kernel_initializer=w[0]),
            layers.Dense(64, activation="tanh", kernel_initializer=w[1]),
            layers.Dense(64, activation="tanh", kernel_initializer=w[2]),
            layers.Dense(4, activation="softmax", kernel_initializer=w[3]),
        ]
    )
    m.compile(optimizers.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, f32(x), k, dict(epochs=20, batch_size=32)


@program("dqn-flappy-adam-1e-6", "regression", "mse", where="model", came_in="5b")
def dqn_flappy_adam_1e_6(r, fixed):
    """Flappy-bird DQN tutorial: Adam(lr=1e-6), every state gets the same Q values."""
    n = 1000
    X = np.zeros((n, 12, 12, 2))
    b, g = r.integers(0, 12, n), r.integers(2, 10, n)
    X[np.arange(n), b, 2, 0] = 1
    X[:, :, 8, 1] = 1
    X[np.arange(n), g, 8, 1] = 0
    X[np.arange(n), g - 1, 8, 1] = 0
    q = 8 - 2.0 * np.abs(b - g)
    Q = np.c_[q + 1.5 * (b < g), q + 1.5 * (b > g)] + 0.3 * r.normal(size=(n, 2))
    m = seq(
        (12, 12, 2),
        layers.Conv2D(8, 4, strides=2, activation="relu"),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dense(2),
    )
    m.compile(optimizers.Adam(1e-6 if not fixed else 1e-3), "mse")
    return m, f32(X), f32(Q), dict(epochs=20, batch_size=32)


@program("value-net-clipnorm", "regression", "mse", where="model", came_in="5b")
def value_net_clipnorm(r, fixed):
    """Mountain-car value regression: SGD clipped to a norm of 0.001 'for stability' never leaves
    its start."""
    n = 2000
    s = r.uniform([-1.2, -0.07], [0.6, 0.07], (n, 2))
    v = -100 + 60 * s[:, 0] * np.sign(s[:, 1]) + 500 * np.abs(s[:, 1]) + 3 * r.normal(size=n)
    m = seq(
        (2,),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(1),
    )
    m.compile(optimizers.SGD(1e-3, momentum=0.9, clipnorm=0.001 if not fixed else 50.0), "mse")
    return m, f32(s * [1, 14]), col(v), dict(epochs=25, batch_size=32)


# https://datascience.stackexchange.com/questions/62167 "Deep Q network disregards input": a board
# of six cells with 8 for the player and 5 for the goal, rates of 0.01, 0.1 and 1.0. Repaired with
# 0.001 (the Q values here are those of the solved game).
@program("u10-q-network-one-line-board", "regression", "mse", where="model", came_in="10a")
def u10_q_network_one_line_board(rng, fixed):
    n, cells = 3000, 6
    player = rng.integers(0, cells, n)
    goal = (player + rng.integers(1, cells, n)) % cells
    board = np.zeros((n, cells))
    board[np.arange(n), player] = 8
    board[np.arange(n), goal] = 5
    q = []
    for move in (-1, 1):
        to = player + move
        wall = (to < 0) | (to >= cells)
        q.append(np.where(wall, -1, 0.8 ** np.abs(goal - to)))
    model = keras.Sequential(
        [
            keras.Input((cells,)),
            layers.Dense(24, activation="relu"),
            layers.Dense(24, activation="relu"),
            layers.Dense(2),
        ]
    )
    model.compile(optimizers.Adam(0.001 if fixed else 1.0), "mse")
    return model, f32(board), f32(np.stack(q, 1)), dict(batch_size=16, epochs=15)


class Policy(keras.Model):
    """REINFORCE for a contextual bandit: one action is drawn per row, only its reward is used."""

    def __init__(self, actions):
        super().__init__()
        self.body = layers.Dense(48, activation="tanh")
        self.head = layers.Dense(actions, kernel_initializer="zeros")
        self.random = keras.random.SeedGenerator(11)

    def call(self, x):
        return self.head(self.body(x))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        drawn = keras.random.categorical(ops.stop_gradient(y_pred), 1, seed=self.random)
        pick = ops.one_hot(ops.reshape(drawn, (-1,)), y_pred.shape[-1])
        reward = ops.sum(pick * y, axis=-1)
        logp = ops.sum(pick * ops.log_softmax(y_pred, axis=-1), axis=-1)
        return -ops.mean((reward - ops.mean(reward)) * logp)


# Policy gradients with a reward one time in ten; the loss value wanders about nought throughout.
@program("OK-u12-bandit-reinforce", "multiclass", "custom", came_in="12b")
def bandit(rng, fixed):
    centre = rng.normal(0, 1, (10, 12))
    best = rng.integers(0, 10, 2500)
    x = centre[best] + rng.normal(0, 0.7, (2500, 12))
    reward = (rng.random((2500, 10)) < 0.04).astype("float32")
    reward[np.arange(2500), best] = rng.random(2500) < 0.9
    TRUTH["OK-u12-bandit-reinforce"] = best
    model = Policy(10)
    model.compile(optimizers.Adam(5e-4))
    return model, f32(x), f32(reward), {"epochs": 40, "batch_size": 50}
