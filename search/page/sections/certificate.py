"""The certificate: what each part of the claim came to, how it was tested, and which policies were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
from typing import Any

from markupsafe import Markup

from policies.qualities import in_words
from policies.registry import number_of
from search.page.blocks import heading, html_table, paragraph, text_cell
from search.page.run import FinishedRun
from search.page.section import Section
from search.page.wording import sentence
from search.run_folder.summary import Summary


_MOST_PARTS = 30
_SIGNS = {">=": "≥", "<=": "≤"}
_TWO_SEQUENCES = (
    "Two sequences of policies share delta. Both start at the full network, which is tested at all of it; one leads to "
    "a plain policy, the other to the most wanted one of the front, over milder forms of these, most of which are not "
    "on the front. Each is tested at its share until one of its policies fails; where all of one pass, its share goes "
    "to the other."
)
_ONE_SEQUENCE = "Policies are tested one after the other, the safest first, until one fails, each at all of delta."


def certificate(run: FinishedRun) -> Section | None:
    """What was tested on ``certify`` and what came of it; None where nothing was claimed."""
    file = run.folder.certificate_file
    if not file.is_file():
        return None
    found = json.loads(file.read_text())
    html = [
        paragraph(_sentence(run.summary, found)),
        _parts(found.get("parts", []), str(found["unit"])),
        _notes(found.get("notes", [])),
        *_steps(found.get("sequence", []), float(found["delta"])),
    ]
    return Section("certificate", "Certificate", Markup("").join(html))


def _sentence(summary: Summary, found: Mapping[str, Any]) -> str:
    """What the figures below are of, and at what level."""
    level = found.get("level", found["delta"])
    told = f"claimed: {summary.verdict.claim}. Tested on {number_of(found['n'], found['unit'])} of certify, bounds at "
    return sentence(f"{told}level {level:g} ({found['method']})")


def _parts(parts: Sequence[Mapping[str, Any]], unit: str) -> Markup:
    """A row for each part; those about values of a column below those about all, the least certain first."""
    ordered = sorted(parts, key=lambda part: (part.get("subgroup") is not None, -_rank(part)))
    rows = [
        (
            text_cell(in_words(part["name"])),
            f"{_SIGNS[part['relation']]} {part['required']:g}",
            "-" if part["observed"] is None else f"{part['observed']:.4f}",
            f"{part['bound']:.4f}",
            f"{part['n']:,}",
            f"{part['p_value']:.2g}",
            "yes" if part["passed"] else "no",
        )
        for part in ordered[:_MOST_PARTS]
    ]
    left = len(ordered) - len(rows)
    more = paragraph(f"{left:,} more are in certificate.json; they are surer than these." if left else "")
    headings = ("what is claimed", "required", "seen on certify", "bound", f"{unit}s", "p-value", "holds")
    return html_table(headings, rows) + more


def _rank(part: Mapping[str, Any]) -> float:
    """How uncertain a part is; parts about all samples keep their order."""
    return float(part["p_value"]) if part.get("subgroup") is not None else 0.0


def _notes(notes: Sequence[str]) -> Markup:
    lines = Markup("").join(Markup("<li>{}</li>").format(in_words(note)) for note in notes)
    return Markup("<ul>{}</ul>").format(lines) if lines else Markup("")


def _steps(steps: Sequence[Mapping[str, Any]], delta: float) -> list[Markup]:
    """How many policies were tested at each level, and why the first that failed there did."""
    by_level: dict[float, list[Mapping[str, Any]]] = {}
    for step in steps:
        by_level.setdefault(step.get("level", delta), []).append(step)
    rows = []
    for level, own in by_level.items():
        failed = next((step["reason"] for step in own if not step["passed"]), "")
        n_passed = sum(step["passed"] for step in own)
        rows.append((f"{level:g}", f"{len(own):,}", f"{n_passed:,}", text_cell(in_words(failed) or "-")))
    if not rows:
        return []
    told = _TWO_SEQUENCES if min(by_level) < delta else _ONE_SEQUENCE
    headings = ("level", "tested", "passed", text_cell("the first that failed"))
    return [heading("Which policies were tested"), paragraph(told), html_table(headings, rows)]
