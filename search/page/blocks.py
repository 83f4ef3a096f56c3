"""The few pieces of HTML that sections are made of: tables and places for figures."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from markupsafe import Markup


COLOURS = ("#3b82c4", "#d9822b", "#2a9d5c", "#d1495b", "#8a63c9", "#7d8796", "#c2a018", "#1f9aa8")
"""Colours of series that can be read on light and dark."""

_TABLE = Markup('<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>')
_FIGURE = Markup('<p class="dim">{caption}</p><div class="figure" data-figure="{name}"></div>')
_MARKED = Markup('<span data-figure-of="{path}">{text}</span>')


def html_table(headings: Sequence[str | Markup], rows: Iterable[Sequence[Any]]) -> Markup:
    """A table that scrolls by itself where the page is narrow; cells are escaped unless they are markup.

    Args:
        headings: Headings of the columns.
        rows: Cells of each row, as many as there are headings.
    """
    head = Markup("").join(Markup('<th scope="col">{}</th>').format(heading) for heading in headings)
    cell = Markup("<td>{}</td>")
    lines = (Markup("<tr>{}</tr>").format(Markup("").join(cell.format(one) for one in row)) for row in rows)
    return _TABLE.format(head=head, body=Markup("").join(lines))


def text_cell(text: str | Markup) -> Markup:
    """A cell of words, which begin at its left."""
    return Markup('<div style="text-align: left">{}</div>').format(text)


def figure_place(name: str, caption: str) -> Markup:
    """Where the figure of a name is drawn, with what it shows above it."""
    return _FIGURE.format(name=name, caption=caption)


def paragraph(text: str | Markup) -> Markup:
    """Text as a paragraph of its own; nothing where there is none."""
    return Markup("<p>{}</p>").format(text) if text else Markup("")


def heading(text: str) -> Markup:
    """A heading inside a section."""
    return Markup("<h3>{}</h3>").format(text)


def command(text: str) -> Markup:
    """A command to copy, which scrolls by itself where the page is narrow."""
    return Markup('<pre class="scroll"><code>{}</code></pre>').format(text)


def marked(path: str, value: float | None, digits: int) -> Markup | str:
    """A figure of ``summary.json`` with its place there, rounded; a dash where there is none.

    Args:
        path: Keys that lead to it, with points between.
        value: The figure.
        digits: Digits behind the point.
    """
    return "-" if value is None else _MARKED.format(path=path, text=f"{value:.{digits}f}")


def card(figure: Markup | str, meaning: str) -> Markup:
    """One large figure with what it means below it."""
    return Markup('<div class="card"><b>{}</b><span>{}</span></div>').format(figure, meaning)


def rounded(values: Iterable[float | None], digits: int = 5) -> list[float | None]:
    """Numbers of a figure, as short as they may be without looking different."""
    return [None if value is None or value != value else round(float(value), digits) for value in values]
