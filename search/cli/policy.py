"""``exitsearch policy``, as it is typed."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Annotated

from rich.console import Console
import typer

from search.cli.exit_code import ExitCode
from search.cli.given_options import refuse_without


# The options of one command by what they are for.
_asked = partial(typer.Option, rich_help_panel="What is asked for")
_how = partial(typer.Option, rich_help_panel="How it is searched")
_file = partial(typer.Option, rich_help_panel="Tables and results")


def policy(
    context: typer.Context,
    search: Annotated[Path, typer.Argument(metavar="SEARCH.npz", help="Exit table that policies are chosen on.")],
    certify: Annotated[Path | None, _file(metavar="TABLE.npz", help="Exit table that certifies.")] = None,
    test: Annotated[Path | None, _file(metavar="TABLE.npz", help="Exit table that is only reported.")] = None,
    target: Annotated[float | None, _asked(help="Least accuracy (or other --quality), such as 0.94.")] = None,
    max_drop: Annotated[float | None, _asked(help="Largest accuracy lost against the full network.")] = None,
    max_drop_greedy: Annotated[
        float | None,
        _asked(help="Largest accuracy lost against the greedy shared threshold."),
    ] = None,
    rule: Annotated[
        list[str] | None,
        _how("--rule", help="A rule to search; may be repeated. 'all' for all that fit."),
    ] = None,
    quality: Annotated[str | None, _asked(help="What is maximised: accuracy or macro_f1.")] = None,
    objective: Annotated[str | None, _asked(help="What is minimised: depth, cost or latency.")] = None,
    budget: Annotated[
        float | None,
        _asked(help="Largest mean objective; the best quality within it is then chosen."),
    ] = None,
    bound: Annotated[
        list[str] | None,
        _asked(
            "--bound",
            metavar="NAME=VALUE",
            help="A further constraint: macro_f1, worst_class_recall, top5_accuracy (least values), "
            "flip_rate_to_exit (largest). May be repeated.",
        ),
    ] = None,
    latency_ms: Annotated[
        str | None,
        _asked(help="Measured milliseconds up to each exit, such as 1.2,2.0,3.3."),
    ] = None,
    preset: Annotated[str | None, _asked(help="Defaults for the options above: f1-under-budget.")] = None,
    delta: Annotated[float, _asked(help="Largest probability of a wrong certificate.")] = 0.05,
    seed: Annotated[int, _how(min=0, help="Same seed, same front.")] = 0,
    evaluations: Annotated[int | None, _how(min=1, help="Most passes over the samples per rule.")] = None,
    seconds: Annotated[
        float | None,
        _how(help="Most seconds per rule; such a run cannot be repeated."),
    ] = None,
    shared_thresholds: Annotated[bool, _how("--shared-thresholds", help="The same thresholds for all exits.")] = False,
    islands: Annotated[int, _how(min=1, help="Populations that evolve apart, as Ray tasks.")] = 1,
    calibration: Annotated[str, _how(help="How temperatures are found: lbfgs or grid.")] = "lbfgs",
    out: Annotated[
        Path | None,
        _file(help="New folder for the results; runs/policy-1, -2, ... where left out."),
    ] = None,
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
    (samples,), origins; stop_prob (samples, exits); meta, JSON text with class_names.

    Results: `summary.json`, `policy.json`, `certificate.json`, `pareto_front.csv`, `.png`, `.html`, `reliability.png`.

    Exit status: 0 a feasible (with --certify: certified) policy was found; 3 none; 2 wrong input.

    For example:

    - `exitsearch policy search.npz --certify certify.npz --test test.npz --target 0.94`

    - `exitsearch policy search.npz --max-drop 0.01 --objective cost --rule confidence --rule ensemble`

    - `exitsearch policy search.npz --preset f1-under-budget --latency-ms 1.2,2.0,3.3 --budget 2.0`
    """
    from search.cli.policy_command import policy_command
    from search.cli.policy_options import read_request

    if certify is None:
        refuse_without(context, "delta", reason="for the certificate of --certify, which is not given", needs="add it")
    request = read_request(
        search,
        certify=certify,
        test=test,
        target=target,
        max_drop=max_drop,
        max_drop_greedy=max_drop_greedy,
        rules=rule or [],
        quality=quality,
        objective=objective,
        budget=budget,
        bounds=bound or [],
        latency_ms=latency_ms,
        preset=preset,
        delta=delta,
        seed=seed,
        evaluations=evaluations,
        seconds=seconds,
        shared_thresholds=shared_thresholds,
        islands=islands,
        calibration=calibration,
        out=out,
    )
    raise typer.Exit(ExitCode.of_search(policy_command(request, Console())))
