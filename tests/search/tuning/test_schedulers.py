from ray.tune.schedulers import FIFOScheduler

from search.config.files import load_sweep
from search.tuning.halving import AsyncHalving
from search.tuning.schedulers import build_scheduler


FIRST = "search.first_trials=[{name: plain}, {name: study, is_baseline: true}, {name: other, is_baseline: true}]"


def test_baselines_are_never_stopped():
    scheduler = build_scheduler(load_sweep("digits", [FIRST, "search.scheduler=mo-asha"]))
    assert scheduler.state()["exempt"] == ["trial-0002", "trial-0003"]


def test_rungs_begin_where_the_sweep_file_says():
    given = ["search.scheduler=asha", "search.grace_epochs=4", "search.reduction=3", "training.epochs=40"]
    scheduler = build_scheduler(load_sweep("digits", given))
    assert isinstance(scheduler, AsyncHalving)
    assert scheduler.rungs == (4, 12, 36)
    assert scheduler.state()["exempt"] == []


def test_none_trains_every_trial_to_its_end():
    assert type(build_scheduler(load_sweep("digits", ["search.scheduler=none"]))) is FIFOScheduler
