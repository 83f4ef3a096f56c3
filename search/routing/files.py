"""The phases as files: one row for each phase, and each routing as a policy like any other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from search.routing.phases import RoutedPhase, RoutedSweep, RoutingOptions
from search.run_folder.new_folder import new_folder, writing
from search.run_folder.result_files import write_csv
from trainables.export.model_file import save_model


CSV = "routing.csv"


def folder_of(run: Path, options: RoutingOptions) -> Path:
    """Where the files of a way to train are: one folder for each, so that they can be compared."""
    folder = run / "routing"
    if options.is_matched:
        return folder / "new-heads" if options.has_new_heads else folder
    return folder / "unmatched"


def write_phases(
    routed: RoutedSweep, phases: Sequence[RoutedPhase], options: RoutingOptions, *, keeps_networks: bool = False
) -> Path:
    """Write ``routing.csv`` and, for each phase, its policy with the curve of its training; all of them or none.

    Args:
        routed: The sweep, in whose folder they are written.
        phases: What each phase came to.
        options: How they were trained.
        keeps_networks: Whether the retrained detector of each phase is written too, which alone its policy is for.

    Returns:
        The folder that they are in.

    Raises:
        RunFolderError: If the folder cannot be written to.
    """
    # Here, since the import takes seconds.
    import pandas as pd

    folder = folder_of(routed.sweep.folder.path, options)
    with new_folder(folder, what="the folder of the routings"), writing(folder / CSV, option="RUN"):
        for one in phases:
            _write_policy(folder / f"{one.phase.name}.json", routed, one)
            if keeps_networks:
                save_model(folder / f"{one.phase.name}.safetensors", one.trained.model, routed.network.config)
        write_csv(folder / CSV, pd.DataFrame([_row(one, options) for one in phases]))
    return folder


def _write_policy(path: Path, routed: RoutedSweep, one: RoutedPhase) -> None:
    facts = {
        "workload": routed.sweep.config.workload,
        "phase": one.phase.name,
        "curve": [asdict(epoch) for epoch in one.trained.curve],
    }
    one.policy.save(path, **facts)


def _row(one: RoutedPhase, options: RoutingOptions) -> dict[str, Any]:
    router, noted = one.trained.router, one.phase.noted
    return {
        "phase": one.phase.name,
        "goal": one.phase.goal,
        "routing": router.settings.thresholds.value,
        **asdict(options),
        **_by_depth("start", router.settings.starts(router.n_exits - 1)),
        **_by_depth("threshold", [row[0] for row in one.policy.thresholds]),
        **_by_depth("temperature", one.temperatures),
        **_by_depth("training_confidence", one.trained.curve[-1].confidences),
        **_by_depth("confidence", one.confidences),
        **_by_depth("share", one.spent["exit_mix"]),
        **_by_depth("map_50", one.exit_qualities),
        "map_50": one.quality,
        "full_map_50": one.exit_qualities[-1],
        "mean_cost": one.spent["mean_cost"],
        "mean_latency_ms": one.spent.get("mean_latency_ms"),
        "alarms": " | ".join(alarm.text for alarm in one.alarms),
        **_by_depth("noted_share", noted.exit_mix),
        **_by_depth("noted_confidence", noted.confidences),
        **_by_depth("noted_temperature", noted.temperatures),
        "noted_latency_ms": noted.latency_ms,
        "noted": noted.what_happened,
    }


def _by_depth(name: str, values: Iterable[float]) -> dict[str, float]:
    return {f"{name}_{depth}": float(value) for depth, value in enumerate(values, start=1)}
