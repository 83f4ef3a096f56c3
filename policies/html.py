"""Tables and sentences as small pieces of HTML, for notebooks: whatever they hold is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import math

from markupsafe import Markup


# Colours are the notebook's own; lines are half transparent, so that they are seen on dark and on light.
_LINE = "1px solid rgba(128,128,128,.45)"
_TABLE = "border-collapse:collapse;color:inherit;background:transparent;margin:.4em 0"
_CELL = f"text-align:left;padding:.15em .8em .15em 0;border:0;border-bottom:{_LINE};background:transparent"
_MOST_ROWS = 20
_MOST_NUMBERS = 8


def html_table(
    headings: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str = "", most: int = _MOST_ROWS
) -> Markup:
    """A table whose cells are text; numbers are given to four digits.

    Args:
        headings: What stands above each column.
        rows: Cells of each row, as many as there are headings; None leaves a cell empty.
        caption: What stands above the table.
        most: How many rows are shown; how many there are beside is told below.
    """
    every = list(rows)
    head = Markup("").join(Markup('<th scope="col" style="{}">{}</th>').format(_CELL, name) for name in headings)
    body = Markup("").join(Markup("<tr>{}</tr>").format(_cells(row)) for row in every[:most])
    title = Markup('<caption style="text-align:left">{}</caption>').format(caption) if caption else ""
    table = Markup('<table style="{}">{}<thead><tr>{}</tr></thead><tbody>{}</tbody></table>').format(
        _TABLE, title, head, body
    )
    left = len(every) - most
    return table + (Markup("<p>... and {:,} more</p>").format(left) if left > 0 else Markup(""))


def html_block(sentence: str, *parts: Markup) -> Markup:
    """What is most important as a sentence, and what belongs to it below."""
    return Markup('<div style="max-width:100%;overflow-x:auto"><p><strong>{}</strong></p>{}</div>').format(
        sentence, Markup("").join(parts)
    )


def html_notes(notes: Sequence[str]) -> Markup:
    """A list of sentences; nothing where there are none."""
    if not notes:
        return Markup("")
    shown = [Markup("<li>{}</li>").format(note) for note in notes[:_MOST_ROWS]]
    if len(notes) > _MOST_ROWS:
        shown.append(Markup("<li>... and {:,} more</li>").format(len(notes) - _MOST_ROWS))
    return Markup("<ul>{}</ul>").format(Markup("").join(shown))


def numbers_in_words(values: Sequence[float], *, infinity: str) -> str:
    """Numbers joined by commas, the first few and how many there are beside; a word where all are infinite."""
    if all(math.isinf(value) for value in values):
        return infinity
    shown = [infinity if math.isinf(value) else f"{value:.4g}" for value in values[:_MOST_NUMBERS]]
    left = len(values) - len(shown)
    return ", ".join(shown) + (f" ... and {left:,} more" if left else "")


def _cells(row: Sequence[object]) -> Markup:
    return Markup("").join(Markup('<td style="{}">{}</td>').format(_CELL, _text(cell)) for cell in row)


def _text(cell: object) -> object:
    if cell is None:
        return ""
    return f"{cell:.4f}" if isinstance(cell, float) else cell
