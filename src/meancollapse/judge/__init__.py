"""The judgement, on NumPy alone: what was measured, and what is to be thought of it."""
