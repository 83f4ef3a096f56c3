"""MLflow's page opened on the front: the views of a sweep and of its experiment, and the addresses that open them.

MLflow's own button "share view" keeps a view in an experiment tag, and its page shows what the address names. Nobody
documents the form; a page that does not know it, or does not have the key, shows the experiment as it always does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
import json
import re
from typing import Any
from urllib.parse import urlsplit

from policies.qualities import QUALITIES
from search.run_folder.journal import Event
from search.tracking.naming import mlflow_key


LOOPBACK = "http://127.0.0.1:5000"
"""Where ``mlflow ui`` serves unless it is told otherwise."""
VIEW_TAG = "mlflow.sharedViewState."
EXPERIMENT_KEY = "exitsearchfront"
FRONT_DEPTH = "front_mean_depth"
"""What the mean depth of front policies is called once more, so that a chart by it has no other runs."""

_LONGEST = 4900
_MOST_EXITS = 6
_MOST_PARAMS = 6
_MOST_RUNS = 200
_LINE = {
    "type": "LINE",
    "xAxisKey": "step",
    "useGlobalXaxisKey": False,
    "lineSmoothness": 0,
    "useGlobalLineSmoothing": False,
    "displayPoints": True,
    "runsCountToCompare": _MOST_RUNS,
    "yAxisKey": "metric",
    "scaleType": "linear",
    "xAxisScaleType": "linear",
    "yAxisExpressions": [],
    "selectedXAxisMetricKey": "",
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What the charts of a view are about.

    Attributes:
        quality: Name of the quality that the front is drawn over.
        n_exits: Number of exits; 0 before the first figures are there, and where networks differ.
        n_epochs: The last epoch of any trial; 0 before the first.
        params: Parameters that all trials draw, those first that matter.
    """

    quality: str = "accuracy"
    n_exits: int = 0
    n_epochs: int = 0
    params: Sequence[str] = ()


def sweep_key(sweep_id: str) -> str:
    """The key of a sweep's view."""
    return f"exitsearch{sweep_id}"


def sweep_view(shown: Shown, sweep_id: str) -> str:
    """The view of one sweep, as the value of its tag: below 5,000 characters."""
    return _fitting(shown, f"tags.`exitsearch.sweep_id` = '{sweep_id}'")


def experiment_view(shown: Shown) -> str:
    """The view of all sweeps of an experiment, as the value of its tag: below 5,000 characters."""
    return _fitting(shown, "tags.`exitsearch.kind` != 'sweep'")


def sweep_address(server: str, experiment_id: str, sweep_id: str) -> str:
    """The address of a sweep's view on a server; relative to its page where the server is empty."""
    return _address(server, experiment_id, sweep_key(sweep_id))


def view_lines(uri: str, experiment_id: str, sweep_id: str) -> list[tuple[str, str]]:
    """What to open for a sweep's front and for those of all sweeps of the experiment, each with a label.

    Args:
        uri: Tracking URI of the store. One that is no server's is served by ``mlflow ui``, on loopback.
        experiment_id: Identity of the experiment in the store; empty where it is not known, which gives no lines.
        sweep_id: Identity of the sweep.
    """
    if not experiment_id:
        return []
    server = _server(uri)
    keys = (("Front in MLflow", sweep_key(sweep_id)), ("All sweeps", EXPERIMENT_KEY))
    return [(label, _address(server, experiment_id, key)) for label, key in keys]


def _server(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"}:
        return LOOPBACK
    # Who opens it is asked for user and password by the server itself.
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl().rstrip("/")


def _address(server: str, experiment_id: str, key: str) -> str:
    prefix = f"{server}/" if server else ""
    return f"{prefix}#/experiments/{experiment_id}/runs?compareRunsMode=CHART&viewStateShareKey={key}"


def shown_in(events: Sequence[Event]) -> Shown:
    """What the charts of a sweep are about, as far as its journal has come."""
    policies = [event["metrics"] for event in events if event["event"] == "policy"]
    reports = [event["metrics"] for event in events if event["event"] == "reported"]
    drawn = [event["params"] for event in events if event["event"] == "suggested"]
    quality = quality_of(policies[-1] if policies else reports[-1] if reports else {})
    # Of thousands of reports most have the same names.
    names = {name for metrics in reports for name in metrics}
    depths = [re.fullmatch(rf"{re.escape(quality)}_exit_(\d+)", name) for name in names]
    return Shown(
        quality=quality,
        n_exits=max((int(depth[1]) for depth in depths if depth), default=0),
        n_epochs=max((int(metrics.get("epoch", 0)) for metrics in reports), default=0),
        params=_varied(drawn) if policies else (),
    )


def quality_of(metrics: Mapping[str, float]) -> str:
    """The quality that a front with these figures is drawn over."""
    return next((name for name in ("accuracy", *QUALITIES) if name in metrics), "accuracy")


def _varied(drawn: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Parameters that each trial has, since a trial without one is not in the chart, and that differ."""
    return tuple(
        name
        for name in (drawn[0] if drawn else {})
        if all(name in params for params in drawn) and len({str(params[name]) for params in drawn}) > 1
    )


def _fitting(shown: Shown, runs: str) -> str:
    """The view with as many charts, and then with as many parameters, as the tag has room for."""
    params = shown.params[:_MOST_PARAMS]
    sizes = [(n_charts, len(params)) for n_charts in range(_MOST_EXITS, -1, -1)]
    sizes += [(0, n_params) for n_params in range(len(params) - 1, -1, -1)]
    for n_charts, n_params in sizes:
        text = json.dumps(_view(replace(shown, params=params[:n_params]), runs, n_charts), separators=(",", ":"))
        if len(text) < _LONGEST:
            break
    return text


def _view(shown: Shown, runs: str, n_charts: int) -> dict[str, Any]:
    sections = {
        "front": ("Pareto front", 1, 520, [_front(shown.quality)]),
        "trials": ("Trials over epochs", 2, 360, _over_epochs(shown)),
        "exits": ("Each exit over epochs", 2, 300, _of_exits(shown, n_charts)),
        "params": ("Parameters of the trials", 1, 420, _of_params(shown)),
    }
    return {
        "searchFilter": runs,
        # By a metric, since by date the page nests runs below a closed parent, and its charts stay empty.
        "orderByKey": f"metrics.`{FRONT_DEPTH}`",
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [
            "metrics.`mean_depth`",
            f"metrics.`{shown.quality}`",
            *(f"tags.`{name}`" for name in ("rule", "certified", "network")),
        ],
        **{key: {} for key in ("runsExpanded", "runsVisibilityMap", "groupsExpanded")},
        **{key: [] for key in ("runsPinned", "runsHidden")},
        "runsHiddenMode": "SHOWALL",
        "compareRunCharts": [
            {**chart, "uuid": f"{section}{number}", "metricSectionId": section, "deleted": False, "isGenerated": False}
            for section, (_, _, _, charts) in sections.items()
            for number, chart in enumerate(charts)
        ],
        "compareRunSections": [
            _section(identity, name, columns, height)
            for identity, (name, columns, height, charts) in sections.items()
            if charts
        ],
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": True,
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "autoRefreshEnabled": True,
    }


def _section(identity: str, name: str, columns: int, height: int) -> dict[str, Any]:
    marks = {"isReordered": True, "deleted": False, "isGenerated": False}
    return {"uuid": identity, "name": name, "display": True, "columns": columns, "cardHeight": height, **marks}


def _front(quality: str) -> dict[str, Any]:
    # The page makes the title of both keys. A `dataAccessKey` beside them would give other keys, but of the one across
    # it shows the figure for both, as somebody rests the pointer on a policy.
    axes = {axis: {"key": key, "type": "METRIC"} for axis, key in (("xaxis", FRONT_DEPTH), ("yaxis", quality))}
    return {"type": "SCATTER", "displayName": "Front", "runsCountToCompare": _MOST_RUNS, **axes}


def _over_epochs(shown: Shown) -> list[dict[str, Any]]:
    return [_line(name, shown.n_epochs) for name in (shown.quality, "mean_depth")]


def _of_exits(shown: Shown, most: int) -> list[dict[str, Any]]:
    """Charts of as many exits as there is room for, spread evenly, the last one among them."""
    n_charts = min(shown.n_exits, most)
    exits: Iterable[int] = (-(-shown.n_exits * part // n_charts) for part in range(1, n_charts + 1))
    return [_line(f"{shown.quality}_exit_{depth}", shown.n_epochs) for depth in exits]


def _line(metric: str, n_epochs: int) -> dict[str, Any]:
    # Policies have their figures at step 0, left of the first epoch.
    steps = {"xMin": 0.5, "xMax": n_epochs + 0.5} if n_epochs else {}
    return {**_LINE, "range": steps, "metricKey": metric, "dataAccessKey": metric, "selectedMetricKeys": [metric]}


def _of_params(shown: Shown) -> list[dict[str, Any]]:
    if not shown.params:
        return []
    return [
        {
            "type": "PARALLEL",
            "selectedParams": [mlflow_key(name) for name in shown.params],
            "selectedMetrics": ["mean_depth", shown.quality],
            "showAllRuns": False,
            "runsCountToCompare": _MOST_RUNS,
        }
    ]
