"""Sets of labels from what a network says about each label."""
