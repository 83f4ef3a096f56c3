"""Sweeps for tests."""

# The default preset, made small: what is tested is that everything happens, not how well it does.
SMALL = (
    "training.epochs=3",
    "search.trials=3",
    "search.startup_trials=2",
    "policy.best_trials=2",
    "policy.generations=3",
    "policy.population=16",
    "policy.max_levels=32",
    "target=0.5",
    # A trial's process loads libraries for ten times as long as it trains.
    "resources.concurrent=1",
)
# For tests of trials beside each other: as many as there are processors.
AT_ONCE = "resources.concurrent=null"
