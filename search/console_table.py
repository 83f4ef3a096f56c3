"""Tables of figures for a person: every figure is whole, however narrow the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text


_LEAST_NAME = 14
_SLIM: dict[str, Any] = {"box": SIMPLE_HEAD, "padding": (0, 1, 0, 0)}


@dataclass(frozen=True)
class FigureRow:
    """A name and its figures.

    Attributes:
        name: Name of the row, shown as it is: no markup.
        figures: Figures as they are to be read; none for a row that is a heading.
        starts_section: Whether a line is drawn above.
    """

    name: str
    figures: tuple[str, ...] = ()
    starts_section: bool = False


@dataclass(frozen=True)
class FigureTable:
    """Named rows of figures.

    In a pipe or a file, lines are as long as they must be. In a terminal that is too narrow the lines between columns
    go first, then names are folded, and at last the columns are shown in blocks below each other, each with the names.

    Attributes:
        headings: Headings of the columns of figures, from left to right.
        rows: Rows of the table, from top to bottom.
        names: Heading of the column of names.
        title: Title above the table; empty for none.
        caption: Caption below the table; empty for none.
    """

    headings: tuple[str, ...]
    rows: tuple[FigureRow, ...]
    names: str = ""
    title: str = ""
    caption: str = ""

    def print_on(self, console: Console) -> None:
        """Print it as wide as the console allows."""
        if self.title:
            print_line(console, self.title, style="italic")
        for place, table in enumerate(self._fitted(console) if console.is_terminal else [self._drawn()]):
            if place:
                console.print()
            # With a width of its own, the console's does not squeeze it: what does not fit is never left out.
            table.width = _width(console, table)
            console.print(table, crop=False)
        if self.caption:
            print_line(console, self.caption, style="dim italic")

    def _fitted(self, console: Console) -> Sequence[Table]:
        """The widest layout that fits."""
        for table in (self._drawn(), self._drawn(**_SLIM)):
            if _width(console, table) <= console.width:
                return [table]
        return [block._folded(console) for block in self._blocks(console)]

    def _folded(self, console: Console) -> Table:
        """With names in what the figures leave."""
        figures = _width(console, self._drawn(name_width=1, **_SLIM)) - 1
        return self._drawn(name_width=max(console.width - figures, 1), **_SLIM)

    def _blocks(self, console: Console) -> Iterator[FigureTable]:
        """As many columns at a time as fit beside short names, at least one."""
        start = 0
        while start < len(self.headings):
            stop = start + 1
            while stop < len(self.headings) and self._columns(start, stop + 1)._least_width(console) <= console.width:
                stop += 1
            yield self._columns(start, stop)
            start = stop

    def _columns(self, start: int, stop: int) -> FigureTable:
        rows = tuple(replace(row, figures=row.figures[start:stop]) for row in self.rows)
        return replace(self, headings=self.headings[start:stop], rows=rows)

    def _least_width(self, console: Console) -> int:
        return _width(console, self._drawn(name_width=_LEAST_NAME, **_SLIM))

    def _drawn(self, *, name_width: int | None = None, **style: Any) -> Table:
        """As a table; names are folded at ``name_width``."""
        table = Table(show_edge=False, pad_edge=False, highlight=False, **style)
        table.add_column(Text(self.names), no_wrap=name_width is None, max_width=name_width, overflow="fold")
        for heading in self.headings:
            table.add_column(Text(heading), justify="right", no_wrap=True)
        for row in self.rows:
            if row.starts_section:
                table.add_section()
            table.add_row(Text(row.name), *map(Text, row.figures), style=None if row.figures else "bold")
        return table


def print_line(console: Console, text: str, *, style: str | None = None) -> None:
    """Print a sentence with figures: one line in a pipe or a file; a terminal's is broken between words only.

    Args:
        console: Console that the sentence is printed on.
        text: Sentence to print, shown as it is: no markup.
        style: Style of the text in rich's words, or None.
    """
    console.print(text, style=style, soft_wrap=not console.is_terminal, highlight=False, markup=False)


def _width(console: Console, table: Table) -> int:
    """How wide a table is with everything on one line."""
    return console.measure(table, options=console.options.update(width=10**6)).maximum
