"""Reading cluster.yaml: its blocks of machines, and a copy that fits the machines of a test."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import re
import sys
from typing import Any

import yaml

from tests.cluster.machines import KEY, SHARED, Machine


ROOT = Path(__file__).parents[2]
FILE = ROOT / "cluster.yaml"
MACHINES = ("on premises", "AWS", "Google Cloud")
COMMANDS = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
)
_SHARED_IN_FILE = "/mnt/exitsearch"


def variant(machines: str) -> dict[str, Any]:
    """The file as it reads once a person has chosen one block of machines, taken its "# " off and the others out."""
    intro, *parts = re.split(r"^# ==== (.+) ====$", FILE.read_text(), flags=re.MULTILINE)
    blocks = dict(zip(parts[::2], parts[1::2], strict=True))
    _, _, lines = blocks[f"Machines: {machines}"].partition("\n\n")
    if not re.search(r"^\w", lines, flags=re.MULTILINE):
        lines = re.sub(r"^# ?", "", lines, flags=re.MULTILINE)
    text = "\n".join([intro, lines, blocks["Whatever the machines"]])
    return dict(yaml.safe_load(text))


def commands(config: dict[str, Any]) -> list[str]:
    """Everything that the file runs on a node."""
    return [command for key in COMMANDS for command in config.get(key, [])]


def setup_without_installation(config: dict[str, Any], shared: Path) -> list[str]:
    """The setup commands but those that install packages, for another shared folder."""
    kept = [line for line in config["setup_commands"] if "pip install" not in line and "-m venv" not in line]
    return [line.replace(_SHARED_IN_FILE, str(shared)) for line in kept]


def fitted(head: Machine, workers: Sequence[Machine]) -> str:
    """The file for a test's machines: their addresses and key, this environment instead of 6 GB, one small CPU each.

    The modules are those that ``ray up`` brings: in the search path they come before those of this repository.
    """
    config = variant("on premises")
    config["provider"] |= {"head_ip": head.address, "worker_ips": [worker.address for worker in workers]}
    config["auth"] = {"ssh_user": "root", "ssh_private_key": str(KEY)}
    config["setup_commands"] = [
        f"ln -sfn {sys.prefix} ~/exitsearch/.venv",
        *setup_without_installation(config, SHARED),
        "echo 'export PYTHONPATH=~/exitsearch RAY_USAGE_STATS_ENABLED=0' >> ~/exitsearch/env.sh",
    ]
    for key in ("head_start_ray_commands", "worker_start_ray_commands"):
        small = "ray start --num-cpus=1 --object-store-memory=100000000 "
        config[key] = [command.replace("ray start ", small) for command in config[key]]
    return str(yaml.safe_dump(config, sort_keys=False))
