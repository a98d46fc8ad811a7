"""The only room that writes to a model: what can be done to it in the middle of its `fit`."""
