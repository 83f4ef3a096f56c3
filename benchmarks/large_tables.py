"""How long does a policy search take on a table of ImageNet's size, and how much memory does it need?

The table is made up: 50,000 samples, 5 exits, 1,000 classes, float16 (500 MB), with exits that get better with depth as
those of trained networks do. What is measured is the library call that ``exitsearch policy`` makes, temperatures and
search, with the default rules and with the confidence rule alone; each in a process of its own, on one thread, from
the file. Memory is the largest resident size above what was there before the table was read, table included.
Usage: ``python benchmarks/large_tables.py [--samples N] [--exits E] [--classes C] [--rules RULE ...]``; without
``--rules`` both are measured.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass
import json
import os
from pathlib import Path
import resource
import subprocess
import sys
from tempfile import TemporaryDirectory
import time

import numpy as np
from rich.console import Console
from rich.table import Table

from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.metrics.exits import exit_accuracies
from policies.rules import DEFAULT_RULES
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.references import goal_on
from policies.tables.classification import ClassificationTable


ALLOWED_DROP = 0.01
_N_FEATURES = 64
_CLARITY = (3.4, 4.6)
_OVERCONFIDENCE = 1.3
_SHARED_NOISE = 0.7
_BLOCK = 1000
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Measurement:
    """What one search took.

    Attributes:
        rules: Names of the rules.
        table_bytes: Size of the logits.
        peak_bytes: Largest resident size above what was there before the table was read.
        loading_seconds: Wall time of reading and checking the file.
        seconds: Wall time of temperatures and search.
        cpu_seconds: Processor time of the same.
        front_size: Policies of the front.
        accuracy: Of the policy of least depth that meets the target.
        mean_depth: Of the same.
    """

    rules: tuple[str, ...]
    table_bytes: int
    peak_bytes: int
    loading_seconds: float
    seconds: float
    cpu_seconds: float
    front_size: int
    accuracy: float
    mean_depth: float


def large_table(n_samples: int, n_exits: int, n_classes: int, *, seed: int = 0) -> ClassificationTable:
    """A made-up float16 table like that of ``benchmarks/tables.py``, made in blocks so that nothing larger is held.

    At 1,000 classes the first of five exits is right on about 57 %, the last on about 80 %.

    Args:
        n_samples: ``N``.
        n_exits: ``E``.
        n_classes: ``C``.
        seed: Same seed, same table.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n_samples)
    prototypes = rng.normal(size=(n_classes, _N_FEATURES)).astype(np.float32)
    prototypes /= np.linalg.norm(prototypes, axis=1, keepdims=True)
    logits = np.empty((n_samples, n_exits, n_classes), dtype=np.float16)
    for start in range(0, n_samples, _BLOCK):
        own = labels[start : start + _BLOCK]
        ease = np.minimum(rng.lognormal(0.0, 0.5, len(own)), 3.0).astype(np.float32)
        noise = rng.normal(size=(len(own), _N_FEATURES)).astype(np.float32)
        for k, clearness in enumerate(np.linspace(*_CLARITY, n_exits, dtype=np.float32)):
            if k:
                fresh = rng.normal(size=noise.shape).astype(np.float32)
                noise = _SHARED_NOISE * noise + np.sqrt(1 - np.float32(_SHARED_NOISE) ** 2) * fresh
            clarity = (ease * clearness)[:, None]
            seen = clarity * prototypes[own] + noise
            logits[start : start + _BLOCK, k] = _OVERCONFIDENCE * clarity * (seen @ prototypes.T)
    return ClassificationTable(
        logits=logits,
        labels=labels,
        cost=np.linspace(1 / n_exits, 1.0, n_exits),
        ids=np.array([f"made-up-{i}" for i in range(n_samples)]),
        meta={"workload": "made up", "seed": seed},
    )


def measure(path: Path, rules: tuple[str, ...], settings: EvolveSettings | None = None) -> Measurement:
    """Read a table and search it, in this process; its largest resident size must not have been larger before."""
    _warm_up(rules)
    before = _resident_bytes()
    started = time.perf_counter()
    table = ClassificationTable.load(path)
    loaded, cpu = time.perf_counter(), time.process_time()
    asked = Request(max_drop=ALLOWED_DROP)
    found = search_network(
        "made up", table, None, PolicySearch(asked=asked, rules=rules, settings=settings or EvolveSettings())
    )
    ended, cpu_ended = time.perf_counter(), time.process_time()
    best = found.front.best(goal_on(asked, table)).figures
    return Measurement(
        rules=rules,
        table_bytes=table.logits.nbytes,
        peak_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before,
        loading_seconds=loaded - started,
        seconds=ended - loaded,
        cpu_seconds=cpu_ended - cpu,
        front_size=len(found.front),
        accuracy=best["accuracy"],
        mean_depth=best["mean_depth"],
    )


def _warm_up(rules: tuple[str, ...]) -> None:
    """Import and compile what the first search of a process imports and compiles."""
    table = large_table(200, 3, 8)
    search_network(
        "small",
        table,
        None,
        PolicySearch(asked=Request(target=0.5), rules=rules, settings=EvolveSettings(population=8, generations=1)),
    )


def _resident_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


def measure_apart(path: Path, rules: tuple[str, ...]) -> Measurement:
    """The same in a process of its own, on one thread."""
    command = [sys.executable, __file__, "--measure", str(path), "--rules", *rules]
    done = subprocess.run(command, env={**os.environ, **_ONE_THREAD}, check=True, capture_output=True, text=True)  # noqa: S603 - this file itself
    found = json.loads(done.stdout)
    return Measurement(**{**found, "rules": tuple(found["rules"])})


def show(console: Console, title: str, measured: list[Measurement]) -> None:
    """One line per search."""
    table = Table(title=title)
    for column in ("rules", "read, s", "search, s", "CPU, s", "peak, MB", "of the table", "accuracy", "depth", "front"):
        table.add_column(column, justify="left" if column == "rules" else "right")
    for one in measured:
        table.add_row(
            ", ".join(one.rules),
            f"{one.loading_seconds:.1f}",
            f"{one.seconds:.1f}",
            f"{one.cpu_seconds:.1f}",
            f"{one.peak_bytes / 1e6:,.0f}",
            f"{one.peak_bytes / one.table_bytes:.2f}",
            f"{one.accuracy:.4f}",
            f"{one.mean_depth:.3f}",
            str(one.front_size),
        )
    console.print(table)


def main() -> None:
    """Make the table, measure, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--exits", type=int, default=5)
    parser.add_argument("--classes", type=int, default=1_000)
    parser.add_argument("--rules", nargs="+", help="search these rules together")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(asdict(measure(arguments.measure, tuple(arguments.rules)))))
        return
    console = Console(width=120)
    both = (("confidence",), DEFAULT_RULES)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "search.npz"
        table = large_table(arguments.samples, arguments.exits, arguments.classes)
        accuracies = "  ".join(f"{accuracy:.4f}" for accuracy in exit_accuracies(table))
        console.print(f"Accuracy of each exit: {accuracies}", highlight=False)
        table.save(path)
        size = table.logits.nbytes
        del table
        measured = [measure_apart(path, rules) for rules in ([tuple(arguments.rules)] if arguments.rules else both)]
    shape = f"{arguments.samples:,} x {arguments.exits} x {arguments.classes:,}"
    show(console, f"{shape} float16, {size / 1e6:,.0f} MB, target: full network less {ALLOWED_DROP:g}", measured)


if __name__ == "__main__":
    main()
