from types import SimpleNamespace

from search.trials import best_trials, collect_trials, trial_counts


def result(trial_id, *, error=None, **metrics):
    checkpoint = SimpleNamespace(path=f"/checkpoints/{trial_id}")
    return SimpleNamespace(
        metrics={"trial_id": trial_id, **metrics}, config={}, path=f"/{trial_id}", checkpoint=checkpoint, error=error
    )


def trained(trial_id, depth, *, epoch=10, done=True):
    metrics = {"accuracy": 0.96, "mean_depth": depth, "depth_at_target": depth, "epoch": epoch, "done": done}
    return result(trial_id, **metrics)


def test_a_trial_that_has_not_reported_yet_has_neither_ended_nor_failed():
    (waiting,) = collect_trials([result("a", config={}, pid=1)], epochs=10)
    assert not waiting.has_ended
    assert not waiting.failure
    (running,) = collect_trials([trained("a", 1.5, epoch=3, done=False)], epochs=10)
    assert not running.has_ended


def test_ends_are_told_apart():
    diverged = result("c", accuracy=float("nan"), mean_depth=1.0, epoch=2, done=True, failure="the loss is nan")
    died = result("d", error=RuntimeError("no memory"))
    outcomes = collect_trials([trained("a", 1.5), trained("b", 1.2, epoch=4), diverged, died], epochs=10)
    assert all(trial.has_ended for trial in outcomes)
    assert [trial.failure for trial in outcomes] == ["", "", "the loss is nan", "no memory"]
    assert trial_counts(outcomes) == {"started": 4, "completed": 1, "failed": 2, "pruned": 1}


def test_best_trials_are_fully_trained_and_ties_keep_their_order():
    outcomes = collect_trials(
        [trained("z", 1.5), trained("stopped", 1.0, epoch=4), trained("a", 1.5), trained("m", 1.2)], epochs=10
    )
    assert [trial.trial_id for trial in best_trials(outcomes, 2)] == ["m", "z"]
