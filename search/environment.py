"""What a sweep ran on, so that it can be run again."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import distributions
import platform
import subprocess
from typing import Any

from search.config import SweepConfig
from trainables.data import Splits


def describe_environment(config: SweepConfig, splits: Splits, teacher_hashes: Mapping[str, str]) -> dict[str, Any]:
    """Python, machine, packages with versions, seeds, hashes of splits and teachers, split sizes, git commit."""
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
        "split_sizes": {name: len(splits[name].ids) for name in splits.hashes},
        "packages": dict(sorted(packages.items(), key=lambda item: item[0].lower())),
    }


def _git_commit() -> str | None:
    try:
        command = ["git", "rev-parse", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
