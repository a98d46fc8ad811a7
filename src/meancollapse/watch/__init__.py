"""A running `fit`, read only: taps, the measured step, streams, the sample, when to look."""
