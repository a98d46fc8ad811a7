"""The ground floor: all use of Keras internals, and every difference between backends."""
