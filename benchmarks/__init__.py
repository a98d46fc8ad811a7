"""Programs that collapse, healthy controls, and the questions that are asked of them."""
