"""What a sweep ran on, so that it can be run again."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import distributions
import platform
import subprocess
from typing import Any

from search.config.sweep import SweepConfig
from trainables.data import Splits
from trainables.trials.imported_weights import file_hash


def describe_environment(config: SweepConfig, splits: Splits, teacher_hashes: Mapping[str, str]) -> dict[str, Any]:
    """Python, machine, packages with versions, seeds, hashes of splits and files, split sizes, git commit."""
    packages = {entry.metadata["Name"]: entry.version for entry in distributions() if entry.metadata["Name"]}
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.machine(),
        "git_commit": _git_commit(),
        "seeds": {"sweep": config.seed, "splits": config.splits.seed},
        "split_hashes": splits.hashes,
        "data_hashes": splits.data_hashes,
        "teacher_hashes": dict(teacher_hashes),
        "weights_hashes": weights_hashes(config),
        "split_sizes": {name: len(splits[name].ids) for name in splits.hashes},
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def weights_hashes(config: SweepConfig) -> dict[str, str]:
    """SHA-256 of the file of weights that trials start from, by its key; empty where there is none."""
    weights = config.training.weights
    return {} if weights is None else {"training.weights": file_hash(weights)}


def _git_commit() -> str | None:
    try:
        command = ["git", "rev-parse", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
