"""Rounds of ``label_cost_rounds.py`` with several revisions of the package, each in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
import json
import os
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
import threading
from typing import Any

from label_cost_rounds import Case
import pandas as pd
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


THIS_TREE = "this tree"
_ONE_THREAD = {"OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"}


def this_tree() -> Path:
    """The checkout that this file is in."""
    return Path(__file__).resolve().parents[1]


def short_name(revision: str) -> str:
    """The short hash of a revision."""
    return _git("rev-parse", "--short", f"{revision}^{{commit}}")


@contextmanager
def checkout_of(revision: str) -> Iterator[Path]:
    """A checkout of a revision that is removed again."""
    with TemporaryDirectory() as made:
        folder = Path(made, "tree")
        _git("worktree", "add", "--quiet", "--detach", str(folder), revision)
        try:
            yield folder
        finally:
            _git("worktree", "remove", "--force", str(folder))


def _git(*arguments: str) -> str:
    command = ["git", "-C", str(this_tree()), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()  # noqa: S603 - a person's own revision


class Results:
    """The rounds that were played, in a file of JSON lines, a line for each case.

    Args:
        path: Where they are kept; a line that was cut off is removed.
    """

    def __init__(self, path: Path) -> None:
        self._path, self._lock = path, threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]
        if whole != text:
            path.write_text(whole, encoding="utf-8")
        self._lines: list[dict[str, Any]] = [json.loads(line) for line in whole.splitlines()]

    def missing(self, which: str, cases: Sequence[Case]) -> list[Case]:
        """The cases that a revision has not played."""
        played = [line["case"] for line in self._lines if line["which"] == which]
        return [case for case in cases if asdict(case) not in played]

    def add(self, which: str, case: Case, rows: list[dict[str, Any]]) -> None:
        """Keep the rounds of a case."""
        line = {"which": which, "case": asdict(case), "rows": rows}
        with self._lock, self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            self._lines.append(line)

    def frame(self, which: Sequence[str], cases: Sequence[Case]) -> pd.DataFrame:
        """A row for every round of some cases and revisions: number of samples by number, revisions in their order."""
        wanted = [asdict(case) for case in cases]
        lines = [line for line in self._lines if line["which"] in which and line["case"] in wanted]
        lines.sort(key=lambda line: (line["case"]["n"], which.index(line["which"])))
        return pd.DataFrame([{"which": line["which"], **row} for line in lines for row in line["rows"]])


def play_all(
    checkouts: Mapping[str, Path], tables: Path, cases: Sequence[Case], results: Results, *, jobs: int = 1
) -> None:
    """Play what is missing.

    Args:
        checkouts: The revisions by their names.
        tables: Folder of the networks' tables.
        cases: What is to be played.
        results: Where it is kept.
        jobs: How many revisions are measured at once.
    """
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def play_one(which: str) -> None:
            missing = results.missing(which, cases)
            task = progress.add_task(which, total=len(cases), completed=len(cases) - len(missing))
            for case, rows in _play(checkouts[which], tables, missing):
                results.add(which, case, rows)
                progress.advance(task)

        with ThreadPoolExecutor(max_workers=jobs) as pool:
            list(pool.map(play_one, checkouts))


def _play(checkout: Path, tables: Path, cases: Sequence[Case]) -> Iterator[tuple[Case, list[dict[str, Any]]]]:
    """The rounds of each case with the package of a checkout."""
    if not cases:
        return
    script = Path(__file__).with_name("label_cost_rounds.py")
    command = [sys.executable, str(script), "--tables", str(tables), "--checkout", str(checkout)]
    environment = {**os.environ, **_ONE_THREAD, "PYTHONPATH": str(checkout)}
    with subprocess.Popen(  # noqa: S603 - the script beside this
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=checkout
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        for case in cases:
            print(json.dumps(asdict(case)), file=process.stdin, flush=True)
            answer = process.stdout.readline()
            if not answer:
                raise SystemExit(f"{case} of {checkout} could not be played; what is printed above says why")
            yield case, json.loads(answer)
