"""What the rows and columns of the table of policies mean: a line each, short enough for 80 columns."""

from __future__ import annotations

from collections.abc import Iterable

from policies.errors import ExitSearchError
from policies.tasks import get_task
from search.reporting.explained import FALLBACK_IN_SHORT, ORACLE, explained, is_published, policy_title


_SOURCES = "published ... = chosen by hand-tuned rules of others, sources in docs/sources.md"
_COLUMNS = (
    "depth = exits computed for a sample, on average",
    "cost = computation for a sample, full network = 1",
)


def legend_of(names: Iterable[str], *, fallback: bool, oracle_of: str = "") -> tuple[str, ...]:
    """A line for each row, in the order of the table, and one for each column.

    Args:
        names: Keys of the rows, as :func:`~search.reporting.explained.explained` takes them.
        fallback: Whether the table has a row of a grid that had nothing within its limits.
        oracle_of: Name of the kind of answers, where the table has a row for who knows the truth; else empty.
    """
    names = tuple(names)
    lines = [f"{policy_title(name)} = {explained(name).short}" for name in names]
    if any(map(is_published, names)):
        lines.append(_SOURCES)
    if fallback:
        lines.append(f"(fallback) = {FALLBACK_IN_SHORT}")
    if oracle_of:
        lines.append(f"{ORACLE} = {_oracle(oracle_of)}")
    return (*lines, *_COLUMNS)


def _oracle(task: str) -> str:
    """What is known of who knows the truth; in general words where a user's own kind of answers is not at hand."""
    try:
        return get_task(task).oracle_name
    except ExitSearchError:
        return explained(ORACLE).short
