"""The tools of a repair: a model changed, tried out, and put back bit for bit."""
