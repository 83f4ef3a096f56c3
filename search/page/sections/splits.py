"""Splits: how large, which samples, what they can prove, and how alike they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from policies.qualities import in_words
from search.page.blocks import heading, html_table, paragraph, text_cell
from search.page.run import FinishedRun
from search.page.section import Section
from search.page.wording import sentence
from search.run_folder.summary import SharingSummary


_ROLES = {
    "train": "trains the networks",
    "search": "chooses trials, thresholds and temperatures",
    "certify": "certifies the selected policy, once",
    "test": "tells what came of it; nothing is chosen on it",
}
_LETTERS = 12


def splits(run: FinishedRun) -> Section:
    """Sizes and digests of the splits, the plan of the certificate and its search target, and what differs."""
    summary = run.summary
    html = [_table(run), *([] if summary.sharing is None else _sharing(summary.sharing))]
    if summary.plan:
        aimed = [] if summary.search_target is None else [f"search target: {summary.search_target.sentence}"]
        aimed += [] if summary.worst_value is None else [f"worst value: {summary.worst_value.sentence}"]
        lines = Markup("").join(Markup("<li>{}</li>").format(in_words(line)) for line in (*summary.plan, *aimed))
        html += [heading("What certify can prove"), Markup("<ul>{}</ul>").format(lines)]
    if summary.splits is not None:
        html += [heading("How alike search and certify are"), paragraph(sentence(in_words(summary.splits.sentence)))]
        html.append(_differences(summary.splits.differences))
    return Section("splits", "Splits", Markup("").join(html))


def _sharing(found: SharingSummary) -> list[Markup]:
    """Which shares were proposed, and what others would have allowed."""
    headings = (
        "certify",
        "train",
        "units of certify",
        "provable at best",
        f"aim at power {found.power:g}",
        "half lost",
    )
    rows = [
        (
            f"{one.fractions['certify']:.2f}{' (chosen)' if one.fractions == found.fractions else ''}",
            f"{one.fractions['train']:.2f}",
            f"{one.n_certify:,}",
            ", ".join(_number(value) for value in one.provable),
            ", ".join(_number(value) for value in one.aims) or "-",
            f"{one.chance:.2f}",
        )
        for one in found.divisions
    ]
    told = [sentence(f"proposed: {found.sentence}"), sentence(f"claimed: {in_words('; '.join(found.parts))}")]
    told.append("half lost: how probably a policy is certified that loses half of what may be lost.")
    return [heading("How the data were shared out"), paragraph(" ".join(told)), html_table(headings, rows)]


def _table(run: FinishedRun) -> Markup:
    counted = {name: own["n_samples"] for name, own in run.summary.selected.by_split.items() if "n_samples" in own}
    return splits_table(run.environment, counted, run.summary.tables)


def splits_table(found: Mapping[str, Any], counted: Mapping[str, int], tables: Mapping[str, str]) -> Markup:
    """Sizes and digests of the splits.

    Args:
        found: What ``environment.json`` holds.
        counted: Sizes by split, where that does not tell them.
        tables: Files of tables by split; empty of a sweep.
    """
    sizes = found.get("split_sizes", {}) or counted
    samples, data = found.get("split_hashes", {}), found.get("data_hashes", {})
    names = [name for name in _ROLES if name in {*sizes, *samples, *data, *tables}]
    headings = ["split", "samples", "what it is for"]
    columns = {"samples' digest": samples, "data's digest": data, "table": tables}
    kept = {title: own for title, own in columns.items() if own}
    rows = [
        (
            name,
            f"{sizes[name]:,}" if name in sizes else "-",
            text_cell(_ROLES[name]),
            *(_short(t, own, name) for t, own in kept.items()),
        )
        for name in names
    ]
    return html_table([*headings, *kept], rows)


def _short(title: str, values: Mapping[str, str], name: str) -> Markup | str:
    """A digest's first letters, which the whole is shown of where a pointer rests on them; a path as it is."""
    value = values.get(name, "-")
    if title == "table":
        return value
    return Markup('<code title="{}">{}</code>').format(value, value[:_LETTERS])


def _differences(found: list[dict[str, object]]) -> Markup:
    if not found:
        return Markup("")
    rows = [(one["name"], *(_number(one.get(key)) for key in ("search", "certify", "p_value"))) for one in found]
    return html_table(("compared", "search", "certify", "p-value"), rows)


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, int | float) else "-"
