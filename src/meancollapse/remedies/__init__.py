"""Remedies: what can be done to a collapsed network in the middle of its `fit`."""
