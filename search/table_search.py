"""From exit tables to a policy, a certificate and a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
import time

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from policies.evolution.islands import one_after_the_other
from policies.selection.answered import answered_tables
from policies.selection.networks import NetworkPolicies, search_network
from policies.selection.plan import plan_for
from policies.selection.policy_search import PolicySearch
from policies.selection.references import goal_on
from policies.selection.search_target import table_target
from policies.selection.select import select_policy
from policies.tables.base import ExitTable
from search.cluster.connection import connected
from search.config.resources import ResourcesSection
from search.console_table import print_line
from search.errors import SweepError, SweepInterruptedError
from search.figures.front import FrontFigure
from search.finalists.islands import RayIslands
from search.page.page import add_page
from search.reporting.files import write_results
from search.reporting.policy_summary import summarise_policies
from search.reporting.terminal import print_policies
from search.run_folder.new_folder import writing
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary, TableSearch


def search_tables(
    how: PolicySearch,
    tables: Mapping[str, ExitTable],
    places: Mapping[str, Path],
    files: ResultFiles,
    console: Console,
    *,
    options: Sequence[str] = (),
    shows_all: bool = False,
) -> Summary:
    """Search, choose, certify, and only then look at ``test``; write everything and print the main figures.

    Args:
        how: What policies are searched for, and how.
        tables: Exit tables of one network, by their splits: ``search``, and ``certify`` and ``test`` where they are
            given.
        places: Files that the tables were read from, by split.
        files: Files of the results, in their folder.
        console: Console that the figures are printed on.
        options: What was typed for ``how``, word by word, to be kept with the result.
        shows_all: Whether every baseline is printed, and figures on ``search``.

    Returns:
        The summary, as in ``summary.json``.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    started = time.monotonic()
    tables = answered_tables(tables, how, method=how.calibration, seed=how.seed)
    search, certify = tables["search"], tables.get("certify")
    target = table_target(how.asked, search, certify)
    # What cannot be asked of this table is told before anything is searched.
    goal_on(how.asked, search)
    plan = plan_for(target)
    for line in () if plan is None else plan.lines:
        print_line(console, f"Plan               {line}")
    if target.too_few:
        console.print(f"Note: {target.too_few}", soft_wrap=True, highlight=False)
    network = _search(places["search"].stem, search, certify, how, console)
    selection = select_policy([network], target, front_size=how.settings.front_size, seed=how.seed)
    found, answered = summarise_policies(
        selection,
        target,
        tables,
        tables_of=lambda _: tables,
        search_of=lambda _: search,
        seed=how.seed,
        further_baselines=how.baselines,
    )
    of_search = {
        "name": files.path.name,
        "tables": {name: str(places[name]) for name in tables},
        "table_search": TableSearch(seed=how.seed, options=[*options]),
        "seconds": time.monotonic() - started,
    }
    summary = found.model_copy(update=of_search)
    title = f"{places['search'].name}: {how.asked.axes}"
    facts = {"workload": search.meta["workload"]} if "workload" in search.meta else {}
    with writing(files.path, option="--out"):
        write_results(files, selection, summary, answered, FrontFigure.of(title, summary, selection), **facts)
    for note in (*network.notes, *add_page(files)):
        console.print(f"Note: {note}", soft_wrap=True, highlight=False)
    print_policies(console, summary, files, shows_all=shows_all)
    return summary


def _search(
    name: str, search: ExitTable, certify: ExitTable | None, how: PolicySearch, console: Console
) -> NetworkPolicies:
    try:
        return _search_with_progress(name, search, certify, how, console)
    except KeyboardInterrupt:
        raise SweepInterruptedError("the search was interrupted; nothing was written") from None


def _search_with_progress(
    name: str, search: ExitTable, certify: ExitTable | None, how: PolicySearch, console: Console
) -> NetworkPolicies:
    with _progress(how, console) as on_generation:
        if how.islands == 1:
            return search_network(
                name, search, certify, how, run_epoch=one_after_the_other, on_generation=on_generation
            )
        with _islands():
            return search_network(name, search, certify, how, run_epoch=RayIslands(), on_generation=on_generation)


@contextmanager
def _islands() -> Iterator[None]:
    """Ray for the islands; where it does not start there is a way without it."""
    with ExitStack() as cluster:
        try:
            cluster.enter_context(connected(ResourcesSection(), None))
        except SweepError as error:
            raise SweepError(f"{error}; or search without Ray, with --islands 1") from None
        yield


@contextmanager
def _progress(how: PolicySearch, console: Console) -> Iterator[Callable[[str], None]]:
    """A live bar where there is a terminal; told each generation."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        n_levels = len(dict.fromkeys(how.levels))
        task = bar.add_task("policies", total=len(how.rules) * n_levels * how.settings.generations)
        turns: list[str] = []
        done = 0

        def on_generation(rule: str) -> None:
            nonlocal done
            done = done + 1 if turns[-1:] == [rule] else 1
            turns.extend([rule] if done == 1 else [])
            # A rule may end early: each turn before counts in full.
            before = (len(turns) - 1) * how.settings.generations
            bar.update(task, completed=before + done, description=f"policies: {rule}")

        yield on_generation
