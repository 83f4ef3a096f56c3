"""``exitsearch policy``: the best exit policy of a network, from its exit tables alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Annotated, Any

from rich.console import Console
import typer

from policies.errors import ExitSearchError, ExitTableError
from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.rules import RULES, require_rule
from policies.selection.policy_search import PolicySearch
from policies.tables.base import ExitTable
from policies.tables.exit_times import ExitTimes
from policies.tables.identity import require_disjoint
from policies.tables.latency import checked_latency, with_latency
from policies.tables.network import NetworkIdentity, differences, with_known_cost
from policies.tasks import load_table
from search.cli.exit_code import ExitCode
from search.cli.options.fields import given_fields, given_words, named_as_options, takes_fields
from search.cli.options.given import refuse_without, was_given
from search.cli.options.shown import ShowsAll
from search.console_table import print_line
from search.errors import ConfigError, RunFolderError
from search.loading import tell_loading
from search.run_folder.new_folder import new_folder
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary


_FILES = "Tables and results"
_LIMITS = ("preset", "target", "max_drop", "max_relative_drop", "max_drop_greedy", "budget")
_ALL = "all"


@takes_fields(
    *(PolicySearch, EvolveSettings),
    panel="How it is searched",
    leave_out=("asked", "settings"),
    notes={"rules": f"'{_ALL}' is every rule that fits the table."},
)
@takes_fields(Request, panel="What is asked for")
def policy(
    context: typer.Context,
    search: Annotated[Path, typer.Argument(metavar="SEARCH.npz", help="Exit table that policies are chosen on.")],
    certify: Annotated[
        Path | None, typer.Option(metavar="TABLE.npz", help="Exit table that certifies.", rich_help_panel=_FILES)
    ] = None,
    test: Annotated[
        Path | None, typer.Option(metavar="TABLE.npz", help="Exit table that is only reported.", rich_help_panel=_FILES)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="New folder for the results; runs/policy-1, -2, ... where left out.", rich_help_panel=_FILES),
    ] = None,
    latency_from: Annotated[
        Path | None,
        typer.Option(
            metavar="TIMES.json",
            help="Milliseconds up to each exit as a device takes them, from `exitsearch bench --times`, in place of "
            "--latency-ms. With `--objective latency` the mean time on that device is minimised.",
            rich_help_panel=_FILES,
        ),
    ] = None,
    shows_all: ShowsAll = False,
    **fields: Any,
) -> None:
    """Find the best exit policy of a network from its exit tables, certify it and report it.

    No training: the logits of any framework do. To write a table:

        import numpy as np

        np.savez("search.npz",

                 logits=logits,  # (samples, exits, classes), before any softmax

                 labels=labels,  # (samples,), from 0

                 cost=flops,  # (exits,): compute up to each exit

                 ids=names)  # (samples,), unique: no two tables may share any

    Without cost, stages count alike; without ids, samples that tables share may not be found. Optional: groups
    (samples,), origins; parents and order (samples,), what samples are parts of and their places in it; stop_prob
    (samples, exits); meta, JSON text with class_names. Of sets of labels, labels are 0 or 1, (samples, labels), and
    meta has "task": "multi-label" and label_names.

    Results: `summary.json`, `policy.json`, `certificate.json`, `pareto_front.csv`, `.png`, `.html`, `reliability.png`.

    Exit status: 0 a feasible (with --certify: certified) policy was found; 3 none; 2 wrong input.

    For example:

    - `exitsearch policy search.npz --certify certify.npz --test test.npz --target 0.94`

    - `exitsearch policy search.npz --max-drop 0.01 --objective cost --rule confidence --rule ensemble`

    - `exitsearch policy search.npz --preset f1-under-budget --latency-ms 1.2,2.0,3.3 --budget 2.0`

    - `exitsearch policy search.npz --target 0.94 --objective latency --latency-from times.json`
    """
    if certify is None:
        for name in ("delta", "by"):
            refuse_without(context, name, reason="for the certificate of --certify, which is not given", needs="add it")
    if not any(was_given(context, name) for name in _LIMITS):
        raise ConfigError(
            "a search needs --target, --max-drop, --max-relative-drop, --max-drop-greedy or --budget but none was "
            "given; try --target 0.94"
        )
    times = None if latency_from is None else ExitTimes.load(latency_from)
    if times is not None and was_given(context, "latency_ms"):
        raise ConfigError("--latency-ms and --latency-from both give the times up to each exit; leave one of them out")
    with named_as_options(Request, PolicySearch, EvolveSettings):
        wanted = given_fields(context, fields, Request)
        asked = Request(**(wanted if times is None else {**wanted, "latency_ms": times.latency_ms}))
        settings = EvolveSettings(**given_fields(context, fields, EvolveSettings))
        how = PolicySearch(asked=asked, settings=settings, **given_fields(context, fields, PolicySearch))
    if "rules" in how.model_fields_set:
        how = how.model_copy(update={"rules": _rules(how.rules, search)})
    given = {"search": search, "certify": certify, "test": test}
    files = {name: path for name, path in given.items() if path is not None}
    options = [*given_words(context, fields, Request, PolicySearch, EvolveSettings)]
    options += [] if latency_from is None else ["--latency-from", str(latency_from)]
    summary = policy_command(how, files, out=out, console=Console(), times=times, options=options, shows_all=shows_all)
    raise typer.Exit(ExitCode.of_search(summary))


def policy_command(
    how: PolicySearch,
    files: Mapping[str, Path],
    *,
    out: Path | None,
    console: Console,
    times: ExitTimes | None = None,
    options: Sequence[str] = (),
    shows_all: bool = False,
) -> Summary:
    """Read the tables, and search, choose, certify and report on them in a new folder.

    Args:
        how: What policies are searched for, and how.
        files: The tables of one network by their splits: ``search``, and ``certify`` and ``test`` where they are given.
        out: Folder for the results; a numbered one below ``runs`` where None.
        console: Console that the result is printed on.
        times: Where the times are from that are asked with; None where no file has them.
        options: What was typed on what is asked for and how it is searched, word by word, to be kept with the result.
        shows_all: Whether every baseline is printed, and figures on ``search``.

    Returns:
        The summary, as in ``summary.json``.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    tables = _load_tables(files, how.asked, times)
    how = how.of_task(tables["search"].task)
    if "certify" in files and how.asked.claim is None:
        raise ExitSearchError(
            "--certify needs something that can be certified: a --target for accuracy, --max-drop, --bound "
            "worst_class_recall=VALUE, for a detector --bound image_f1=VALUE, or for sets of labels --bound "
            "label_micro_f1=VALUE; there is no certificate for macro-F1, mAP, drops of F1, a budget or a drop against "
            "the greedy policy alone; leave --certify out"
        )
    if times is not None:
        print_line(console, f"Times up to each exit: {times.source}")
    with new_folder(_place(out), what="--out") as path:
        tell_loading("numba")
        # Here, since the import takes seconds, and all that can be checked before is.
        from search.table_search import search_tables

        return search_tables(how, tables, files, ResultFiles(path), console, options=options, shows_all=shows_all)


def _rules(names: tuple[str, ...], search: Path) -> tuple[str, ...]:
    """The rules by name, with every rule that fits the table for ``all``."""
    if _ALL in names:
        others = sorted({*names} - {_ALL})
        if others:
            raise ConfigError(f"--rule all holds every rule, {others[0]!r} too; leave one of the two out")
        table = load_table(search)
        return tuple(name for name, rule in RULES.items() if not rule.why_not(table))
    for name in names:
        require_rule(name)
    return names


def _load_tables(files: Mapping[str, Path], asked: Request, times: ExitTimes | None) -> dict[str, ExitTable]:
    """The tables that were given; they must be of one network, of that of the times too, and share no samples."""
    tables = {name: load_table(path) for name, path in files.items()}
    search = tables["search"]
    for name, table in tables.items():
        names = str(files[name]), str(files["search"])
        found = differences(NetworkIdentity.of(table), NetworkIdentity.of(search), names=names)
        if found:
            raise ExitTableError(f"all tables must be of one network but {'; '.join(found)}")
    if times is not None:
        times.require_network(NetworkIdentity.of(search), names=("--latency-from", str(files["search"])))
    require_disjoint(tables)
    tables = with_known_cost(tables)
    if asked.latency_ms:
        latency_ms = checked_latency(asked.latency_ms, search.n_exits)
        tables = {name: with_latency(table, latency_ms) for name, table in tables.items()}
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
