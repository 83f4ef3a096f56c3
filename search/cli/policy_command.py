"""``exitsearch policy``: the tables that were named, checked, and what a search of them finds."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import Any

from rich.console import Console

from policies.errors import ExitTableError
from policies.tables.base import ExitTable
from policies.tables.identity import require_disjoint
from policies.tables.latency import checked_latency, with_latency
from policies.tables.network import NetworkFacts, differences, with_known_cost
from policies.tasks import load_table
from search.errors import RunFolderError
from search.loading import tell_loading
from search.policy_request import PolicyRequest
from search.run_folder.new_folder import new_folder
from search.run_folder.result_files import ResultFiles


def policy_command(request: PolicyRequest, console: Console) -> dict[str, Any]:
    """Read the tables, and search, choose, certify and report on them in a new folder.

    Returns:
        The summary, as in ``summary.json``.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    tables = _load_tables(request)
    with new_folder(_place(request.out), what="--out") as path:
        tell_loading("numba")
        # Here, since the import takes seconds, and all that can be checked before is.
        from search.table_search import search_tables

        return search_tables(request, tables, ResultFiles(path), console)


def _load_tables(request: PolicyRequest) -> dict[str, ExitTable]:
    """The tables that were given; they must be of one network and share no samples."""
    given = {"search": request.search, "certify": request.certify, "test": request.test}
    tables = {name: load_table(path) for name, path in given.items() if path is not None}
    search = tables["search"]
    for name, table in tables.items():
        names = str(given[name]), str(given["search"])
        found = differences(NetworkFacts.of(table), NetworkFacts.of(search), names=names)
        if found:
            raise ExitTableError(f"all tables must be of one network but {'; '.join(found)}")
    require_disjoint(tables)
    tables = with_known_cost(tables)
    if request.asked.latency_ms:
        times = checked_latency(request.asked.latency_ms, search.n_exits)
        tables = {name: with_latency(table, times) for name, table in tables.items()}
    return tables


def _place(out: Path | None) -> Path:
    """The folder for the results: new, or empty.

    Raises:
        RunFolderError: If it holds something.
    """
    if out is None:
        return next(folder for n in count(1) if not (folder := Path("runs") / f"policy-{n}").exists())
    if out.is_dir() and any(out.iterdir()):
        raise RunFolderError(f"--out must be a new or an empty folder but {out} holds files; give another")
    return out
