"""The sweep: Ray Tune and Optuna outside, policies inside, tracking and reporting around it."""

from search.cluster.ray_settings import set_defaults


# Before any module of this package imports Ray.
set_defaults()
