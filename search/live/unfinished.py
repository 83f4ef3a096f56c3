"""The page of a sweep without a result: how far it came, why it ended there, and how to go on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
import shlex

from markupsafe import Markup
from optuna.trial import TrialState

from policies.files.atomic import write_text
from policies.registry import number_of
from search.live.running_run import Phase, RunningRun
from search.live.saying import state_lines
from search.live.sections import running, trials
from search.page.blocks import card, command
from search.page.page import rendered
from search.page.section import Section
from search.page.sections.environment import facts, sweep_again
from search.page.sections.splits import splits_table
from search.page.sections.trials import failures
from search.page.trial_figures import KINDS, kind_of
from search.run_folder.folder import RunFolder
from trainables.models.exits.tracing import first_line


_VERDICT = Markup('<p class="state {state}">{sentence}</p><div class="cards">{cards}</div><dl>{lines}</dl>{why}')
_LINE = Markup("<dt>{}</dt><dd>{}</dd>")
_NOT_BEGUN = "not begun"
_ENDS = {
    Phase.STOPPED: "it was interrupted",
    Phase.LOST: "nobody runs it any more, though it was not stopped: its process or machine was ended",
    Phase.RUNNING: "it still runs",
}
_DID = {
    **{"failed": "failed", "stopped early": "stopped early"},
    **{"not ended": "did not end", _NOT_BEGUN: "did not begin"},
}


def write_unfinished(path: Path, place: Path) -> None:
    """Write the page of a sweep that has no result.

    Args:
        path: Folder of the sweep; it is only read.
        place: File that the page is written to.

    Raises:
        RunFolderError: If it is no folder of a sweep, or its files are damaged.
        ConfigError: If it is a sweep of another version.
        OSError: If the page cannot be written.
    """
    run = RunningRun.open(path)
    run.update()
    # As the user calls it, so that commands are short.
    folder = RunFolder(path) if path.name else run.folder
    found = [verdict(run, folder), running(run), trials(run), *_about(folder)]
    sections = [section for section in found if section is not None]
    has_plotly = any(section.figures for section in sections)
    write_text(place, rendered(run.folder.name, sections, has_plotly=has_plotly))


def leave_page(folder: RunFolder) -> tuple[str, ...]:
    """Write that page into the folder of a sweep that ends without a result.

    Returns:
        Why there is none, in one line: what ended the sweep is more important.
    """
    try:
        write_unfinished(folder.path, folder.report_html)
    except Exception as error:
        return (f"there is no {folder.report_html.name}: {first_line(error)}",)
    return ()


def verdict(run: RunningRun, folder: RunFolder) -> Section:
    """Say in one sentence what there is, then why it is not more, and how to go on.

    Args:
        run: The sweep.
        folder: Its folder, as commands name it.
    """
    told, text = how_to_go_on(run, folder)
    lines = [*_facts(run), ("How to go on", Markup("{}{}").format(told, command(text)))]
    html = _VERDICT.format(
        state="open" if _can_go_on(run) else "bad",
        sentence=headline(run),
        cards=Markup("").join(card(f"{count:,}", kind) for kind, count in _counts(run).items()),
        lines=Markup("").join(_LINE.format(*line) for line in lines),
        why=failures(run.trials.finished),
    )
    return Section("verdict", "Verdict", html)


def headline(run: RunningRun) -> str:
    """What there is instead of a result."""
    n_trials, n_complete = run.config.search.trials, _n_complete(run)
    if n_complete:
        trials = number_of(n_trials, "trial")
        return f"There is no policy yet: {n_complete} of {trials} were trained to their end."
    so = "there is no policy yet" if run.phase is Phase.RUNNING else "there is no policy"
    ends = {_DID[kind]: n for kind, n in _counts(run).items() if kind in _DID}
    if len(ends) > 1:
        told = f"of {n_trials}, {', '.join(f'{n} {did}' for did, n in ends.items())}"
    else:
        told = f"{'the only one' if n_trials == 1 else f'all {n_trials}'} {''.join(ends)}"
    return f"No trial has finished, so {so}: {told}."


def how_to_go_on(run: RunningRun, folder: RunFolder) -> tuple[str, str]:
    """What to do next in words, and the command for it.

    Args:
        run: The sweep.
        folder: Its folder, as the command names it.
    """
    n_open = run.config.search.trials - len(run.trials.finished)
    if run.phase is Phase.RUNNING:
        return "Wait for it; this shows it while it runs:", shlex.join(("exitsearch", "watch", str(folder.path)))
    if not _can_go_on(run):
        why = "it comes to the same again" if n_open else "all its trials have ended, and none can be used"
        return f"Resuming it changes nothing: {why}. Put right what failed, and start anew:", sweep_again(folder)
    words = ("exitsearch", "run", str(folder.sweep_file), "--resume", "--name", run.folder.name)
    are = "is" if n_open == 1 else "are"
    left = f"{number_of(n_open, 'trial')} {are} left, and those that were begun go on"
    left = left if n_open else "all trials have ended"
    return f"Resume it: {left}, then policies are searched.", shlex.join(words)


def _facts(run: RunningRun) -> Iterator[tuple[str, str]]:
    """Why it ended, what was asked for, and when."""
    found = dict(state_lines(run))
    yield "Why it ended" if run.phase is not Phase.RUNNING else "State", found.pop("why", _ENDS.get(run.phase, ""))
    found.pop("failed", "")
    yield from ((name.capitalize(), text) for name, text in found.items())


def _counts(run: RunningRun) -> dict[str, int]:
    """How many trials were asked for, and how many ended in each way or did not."""
    kinds = Counter(kind_of(trial) for trial in run.trials.trials.values())
    counts = {"trials": run.config.search.trials} | {kind: kinds[kind] for kind in KINDS if kinds[kind]}
    n_left = run.config.search.trials - len(run.trials.trials)
    return counts | ({_NOT_BEGUN: n_left} if n_left > 0 else {})


def _can_go_on(run: RunningRun) -> bool:
    """Whether it runs, or resuming it may give a result."""
    is_open = len(run.trials.finished) < run.config.search.trials
    return run.phase is not Phase.FAILED and (is_open or _n_complete(run) > 0)


def _n_complete(run: RunningRun) -> int:
    return sum(trial.state is TrialState.COMPLETE for trial in run.trials.finished)


def _about(folder: RunFolder) -> Iterator[Section]:
    """Splits and environment; nothing of a sweep that did not come so far as to write them down."""
    found = folder.read_environment()
    if found.get("split_sizes") or found.get("data_hashes"):
        yield Section("splits", "Splits", splits_table(found, {}, {}))
    if found:
        yield Section("environment", "Environment", facts(found))
