"""The formulas in float64 NumPy, written from the papers and not from our code."""

from __future__ import annotations

import numpy as np
from scipy.special import log_softmax, logsumexp
from scipy.stats import norm


def log_scaled(y, p, alpha=5.0, epsilon=1e-9):
    return np.mean((y - p) ** 2) + alpha * np.mean((np.log(y + epsilon) - np.log(p + epsilon)) ** 2)


def concordance(y, p):
    covariance = np.mean((y - y.mean()) * (p - p.mean()))
    return 1 - 2 * covariance / (y.var() + p.var() + (y.mean() - p.mean()) ** 2)


def pearson(y, p):
    return 1 - np.corrcoef(y, p)[0, 1]


def pearson_added(y, p, weight=0.5):
    return np.mean((y - p) ** 2) + weight * y.var() * pearson(y, p)


def hinge(y, p, reachable_r2=0.9):
    return max(0.0, np.sqrt(reachable_r2) - np.sqrt(p.var() / y.var() + 1e-4))


def hinge_added(y, p, weight=0.5):
    return np.mean((y - p) ** 2) + weight * y.var() * hinge(y, p)


def balanced(y, p, sigma):
    logits = -((p[:, None] - y[None, :]) ** 2) / (2 * sigma**2)
    return 2 * sigma**2 * np.mean(logsumexp(logits, axis=1) - np.diag(logits))


def beta_nll(y, mean, variance, beta):
    return np.mean(0.5 * ((y - mean) ** 2 / variance + np.log(variance)) * variance**beta)


def symlog_error(y, p):
    return np.mean((np.sign(y) * np.log(1 + np.abs(y)) - p) ** 2)


def hl_gauss_targets(y, low, high, bins, ratio=0.75):
    edges = np.linspace(low, high, bins + 1)
    cdf = norm.cdf(edges, loc=np.asarray(y)[:, None], scale=ratio * (high - low) / bins)
    mass = np.diff(cdf, axis=1)
    return mass / mass.sum(axis=1, keepdims=True)


def hl_gauss(y, logits, low, high, ratio=0.75):
    target = hl_gauss_targets(y, low, high, logits.shape[1], ratio)
    return -np.mean(np.sum(target * log_softmax(logits, axis=1), axis=1))


def logit_adjusted(labels, logits, counts, tau=1.0):
    adjusted = logits + tau * np.log(np.asarray(counts) / np.sum(counts))
    return -np.mean(log_softmax(adjusted, axis=1)[np.arange(len(labels)), labels])
