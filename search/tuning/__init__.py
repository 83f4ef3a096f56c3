"""Ray Tune and Optuna: which trials are made, which go on, and who is told."""
