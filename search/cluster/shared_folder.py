"""Refusing to run where nodes do not share the folder that trials write to."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from search.errors import SweepError


def require_shared(folder: Path) -> None:
    """Ask every node of the cluster whether it sees the folder.

    A trial that loses its node goes on elsewhere from its checkpoint, so all must see the same files.

    Raises:
        SweepError: With the addresses of the nodes that do not.
    """
    nodes = [node for node in ray.nodes() if node["Alive"]]
    if len(nodes) < 2:
        return
    mark = folder / f".seen-{uuid4().hex}"
    mark.touch()
    try:
        remote = ray.remote(num_cpus=0)(_sees)
        answers = [
            remote.options(scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)).remote(mark)
            for node in nodes
        ]
        blind = [node["NodeManagerAddress"] for node, sees in zip(nodes, ray.get(answers), strict=True) if not sees]
    finally:
        mark.unlink()
    if blind:
        raise SweepError(
            f"{folder} must be on storage that every node sees at that path but {', '.join(blind)} "
            f"{'does' if len(blind) == 1 else 'do'} not; set runs_dir to a shared folder"
        )


def _sees(mark: Path) -> bool:
    return mark.exists()
