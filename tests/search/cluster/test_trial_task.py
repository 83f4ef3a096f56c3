"""Tasks of networks that are trained before and after the trials."""

import time

import ray

from search.cluster.trial_task import stop_tasks, trial_task
from search.config.resources import ResourcesSection


def write_until_told(folder):
    """Go on for ever, and for a moment after being told to end."""
    (folder / "begun").touch()
    try:
        while True:
            time.sleep(0.01)
    finally:
        time.sleep(1.0)
        (folder / "ended").touch()


def test_tasks_that_are_stopped_have_ended(ray_session, tmp_path):
    answer = trial_task(write_until_told, ResourcesSection()).remote(tmp_path)
    while not (tmp_path / "begun").exists():
        time.sleep(0.01)
    stop_tasks([answer])
    assert (tmp_path / "ended").exists()
    assert ray.wait([answer], timeout=0)[0] == [answer]


def test_nothing_to_stop_is_nothing(ray_session):
    stop_tasks([])
