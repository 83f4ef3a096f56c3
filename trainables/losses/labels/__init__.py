"""What networks that answer with sets of labels minimise: every label is a question of its own, answered yes or no."""
