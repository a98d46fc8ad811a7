"""A model seen on some rows, read only: its layers, heads and losses, and the quiet room."""
