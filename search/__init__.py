"""The sweep: Ray Tune and Optuna outside, policies inside, tracking and reporting around it."""

import os

from search.cluster.ray_settings import set_defaults


# Before any module of this package imports Ray.
set_defaults()
# Before any module of this package imports MLflow, which then tells its makers how it is used.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
