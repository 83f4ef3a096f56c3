"""What was typed after ``exitsearch policy``, read into a request."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, cast

from policies.certificates.claims import require_delta
from policies.errors import ExitSearchError
from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request, RequestError
from policies.rules import RULES, require_rule
from policies.tables.latency import DOCUMENT_BUDGET_MS
from policies.tasks import load_table
from search.policy_request import PolicyRequest


PRESETS: dict[str, dict[str, Any]] = {
    "f1-under-budget": {"quality": "macro_f1", "objective": "latency", "budget": DOCUMENT_BUDGET_MS},
}
"""Options by preset; what is typed goes before. ``f1-under-budget``: best macro-F1 with at most 4 ms on average."""

_DEFAULTS: dict[str, Any] = {"quality": "accuracy", "objective": "depth", "budget": None}
_ASKED = ("target", "max_drop", "max_drop_greedy", "quality", "objective", "budget")
_CALIBRATIONS = ("lbfgs", "grid")


def read_request(
    search: Path,
    *,
    rules: Sequence[str],
    bounds: Sequence[str],
    latency_ms: str | None,
    preset: str | None,
    evaluations: int | None,
    seconds: float | None,
    shared_thresholds: bool,
    calibration: str,
    delta: float,
    **options: Any,
) -> PolicyRequest:
    """Read what was typed.

    Args:
        search: File of the search table.
        rules: Names; ``all`` stands for every rule that can be used on the table.
        bounds: Texts ``name=value``.
        latency_ms: Numbers between commas.
        preset: Name of a preset.
        evaluations: Most passes over the samples per rule.
        seconds: Most time per rule.
        shared_thresholds: Whether all exits share their thresholds.
        calibration: How temperatures are found.
        delta: Of the certificate.
        **options: The other fields of the request and of what is asked, None where a preset may fill them in.

    Raises:
        ExitSearchError: With one line for the first thing that is wrong.
    """
    if preset is not None and preset not in PRESETS:
        raise ExitSearchError(f"--preset must be one of {', '.join(PRESETS)} but is {preset!r}")
    if calibration not in _CALIBRATIONS:
        raise ExitSearchError(f"--calibration must be one of {', '.join(_CALIBRATIONS)} but is {calibration!r}")
    require_delta(delta)
    filled = {**_DEFAULTS, **PRESETS.get(preset or "", {})}
    options = {key: filled[key] if value is None and key in filled else value for key, value in options.items()}
    asked = {key: options.pop(key) for key in _ASKED}
    return PolicyRequest(
        search=search,
        asked=_asked(
            bounds=dict(_bound(text) for text in bounds),
            latency_ms=tuple(_number("--latency-ms", part) for part in latency_ms.split(",")) if latency_ms else (),
            delta=delta,
            **asked,
        ),
        rules=_rules(rules, search),
        settings=EvolveSettings(max_evaluations=evaluations, max_seconds=seconds, shared_thresholds=shared_thresholds),
        calibration=cast(Literal["lbfgs", "grid"], calibration),
        **options,
    )


def _asked(**asked: Any) -> Request:
    """What is asked for; what cannot be is told by the names of the options."""
    if all(asked[key] is None for key in ("target", "max_drop", "max_drop_greedy", "budget")):
        raise ExitSearchError(
            "a search needs --target, --max-drop, --max-drop-greedy or --budget but none was given; try --target 0.94"
        )
    try:
        return Request(**asked)
    except RequestError as error:
        raise ExitSearchError(f"--{error.key.replace('_', '-')} {error.rule}") from None


def _rules(names: Sequence[str], search: Path) -> tuple[str, ...]:
    if "all" in names:
        others = sorted({*names} - {"all"})
        if others:
            raise ExitSearchError(f"--rule all holds every rule, {others[0]!r} too; leave one of the two out")
        table = load_table(search)
        return tuple(name for name, rule in RULES.items() if not rule.why_not(table))
    for name in names:
        require_rule(name)
    return tuple(dict.fromkeys(names))


def _bound(text: str) -> tuple[str, float]:
    name, separator, value = text.partition("=")
    if not separator:
        raise ExitSearchError(f"--bound must be NAME=VALUE, such as macro_f1=0.9, but is {text!r}")
    return name, _number(f"--bound {name}", value)


def _number(option: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ExitSearchError(f"{option} must be a number but {text!r} was given") from None
