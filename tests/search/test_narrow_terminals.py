"""What every command prints has the same figures in a pipe and in narrow terminals as in a very wide one."""

from collections import Counter
import io
import json
import re

from optuna.trial import TrialState
import pytest
from rich.console import Console

from policies.certificates.claims import Claim
from policies.goals.request import Request
from policies.policy import Policy
from search.cli.certification.bootstraps import Bootstraps
from search.cli.certification.certifying import certify_command
from search.cli.certification.input_files import InputFiles
from search.cli.compare import compare_command
from search.cli.reports.report import report_command
from search.reporting.seeds import seed_table, show_seeds
from search.reporting.terminal import print_summary
from search.run_folder.result_files import ResultFiles
from search.run_folder.summary import Summary
from search.trials.records import TrialRecord
from search.tuning.progress import TrialProgress
from tests.search.reporting.test_seeds import SEEDS, SHOWN, TASK, outcome
from tests.search.summaries import LONG, N_EXITS, made_up_summary
from tests.tables import make_table


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for seed in range(4):
        run = folder / f"{LONG}-{seed}"
        run.mkdir()
        (run / "summary.json").write_text(json.dumps(made_up_summary(seed)))
    table = make_table(400, N_EXITS)
    table.save(folder / "table.npz")
    Policy("confidence", (0.9,) * (N_EXITS - 1), (1.0,) * N_EXITS).save(folder / "policy.json", search_hash="0" * 64)
    return folder


def certify(place, console):
    claim = Claim(target=0.5, max_drop=0.5, class_floor=0.3, exit_floor=0.2)
    files = InputFiles(place / "policy.json", place / "table.npz")
    certify_command(files, claim, delta=0.05, bootstraps=Bootstraps(has_f1=True), out=None, console=console)


def compare(place, console):
    one, two = (",".join(str(place / f"{LONG}-{seed}") for seed in pair) for pair in ((0, 1), (2, 3)))
    compare_command(one, two, metrics=None, split="test", seed=0, console=console)


def report(place, console):
    report_command([place / f"{LONG}-0", place / f"{LONG}-1"], compare=False, split="test", console=console)


def report_side_by_side(place, console):
    report_command([place / f"{LONG}-0", place / f"{LONG}-1"], compare=True, split="test", console=console)


def seeds(place, console):
    trials = [outcome(n, (0.51, 0.72), label=LONG) for n in (1, 2)]
    show_seeds(seed_table(trials, SEEDS, task=TASK, n_exits=2), SHOWN).print_on(console)


def sweep(place, console):
    print_summary(
        console, Summary.model_validate(made_up_summary(0)), ResultFiles(place), tracking_uri="http://127.0.0.1:5000"
    )


def trials(place, console):
    with TrialProgress(console, n_trials=2, search_target=Request(target=0.91234)) as progress:
        result = {"accuracy": 0.87654, "mean_depth": 1.23456, "violation": 0.0358}
        progress.trial_ended(TrialRecord("trial-0001", 0, {}, result=result, state=TrialState.COMPLETE))


COMMANDS = (certify, compare, report, report_side_by_side, seeds, sweep, trials)


def numbers(command, place, *, width, is_terminal=True):
    # Too low for a picture, whose scale has as many figures as fit.
    size = {"width": width, "height": 12}
    console = Console(file=io.StringIO(), force_terminal=is_terminal, color_system=None, **size)
    command(place, console)
    # Names that hold a number may be folded; they hold no point.
    return Counter(re.findall(r"[-+±]?\d*\.\d+", console.file.getvalue()))


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
def test_figures_are_whole_in_a_pipe_and_at_80_and_60_columns(command, place):
    expected = numbers(command, place, width=1000)
    assert len(expected) >= 3
    assert numbers(command, place, width=80, is_terminal=False) == expected
    assert numbers(command, place, width=80) == expected
    assert numbers(command, place, width=60) == expected
