"""The sweep: Ray Tune and Optuna outside, policies inside, tracking and reporting around it."""
