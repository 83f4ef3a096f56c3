"""Tables of figures: each figure is whole in a pipe and in any terminal."""

import io
import re

from hypothesis import given
from hypothesis import strategies as st
import pytest
from rich.console import Console

from search.console_table import FigureRow, FigureTable, print_line


NAME = "the policy of a network with a long name"
TABLE = FigureTable(
    headings=("A mean", "95 % interval", "p"),
    rows=(
        FigureRow("runs/first"),
        FigureRow(NAME, ("0.9123", "[-0.0123, +0.1456]", "0.1000 *")),
        FigureRow("runs/second", starts_section=True),
        FigureRow("[/x] short", ("0.5", "-", "1")),
    ),
    title="a title that is longer than the narrowest of the terminals",
    caption="* a caption",
)


def printed(table, *, width=80, is_terminal=True):
    console = Console(file=io.StringIO(), width=width, force_terminal=is_terminal, color_system=None)
    table.print_on(console)
    return console.file.getvalue()


def test_lines_in_a_pipe_are_as_long_as_they_must_be():
    lines = printed(TABLE, width=10, is_terminal=False).splitlines()
    assert lines[0] == TABLE.title
    assert [line.strip() for line in re.split("[┃│]", lines[1])] == ["", "A mean", "95 % interval", "p"]
    assert [line.strip() for line in lines[4].split("│")] == [NAME, "0.9123", "[-0.0123, +0.1456]", "0.1000 *"]
    assert lines[-1] == "* a caption"
    assert len(lines) == 1 + 2 + 5 + 1


def test_lines_between_columns_go_before_names_are_folded():
    wide, slim, folded = (printed(TABLE, width=width) for width in (84, 79, 76))
    assert "│" in wide
    assert "│" not in slim
    assert NAME in slim
    assert NAME not in folded
    assert re.search(
        r"^the policy of a network with a long +0\.9123  \[-0\.0123, \+0\.1456\]  0\.1000 \*$", folded, re.M
    )
    assert re.search(r"^name *$", folded, re.M)


def test_columns_that_do_not_fit_stand_in_blocks_below_each_other_with_the_names():
    blocks = printed(TABLE, width=45).removesuffix("* a caption\n").split("\n\n")
    assert [re.findall(r"A mean|95 % interval|p$", block, re.M) for block in blocks] == [
        ["A mean", "95 % interval"],
        ["p"],
    ]
    assert all("runs/second" in block and "[/x] short" in block for block in blocks)


def test_even_where_no_figure_fits_nothing_is_left_out():
    assert all(cell in printed(TABLE, width=5) for cell in ("0.9123", "[-0.0123, +0.1456]", "0.1000 *"))


@given(
    st.integers(30, 130),
    st.lists(st.integers(1, 12), min_size=1, max_size=9),
    st.lists(st.text("ab /", min_size=1, max_size=50), min_size=1, max_size=3),
)
def test_no_line_is_wider_than_the_terminal_and_every_figure_is_there_once(width, digits, names):
    figures = [[f"{row}{place}" * n for place, n in enumerate(digits)] for row in range(1, len(names) + 1)]
    rows = tuple(FigureRow(name, tuple(cells)) for name, cells in zip(names, figures, strict=True))
    out = printed(FigureTable(tuple("h" for _ in digits), rows), width=width)
    assert max(map(len, out.splitlines())) <= width
    assert sorted(re.findall(r"\d+", out)) == sorted(cell for cells in figures for cell in cells)


@pytest.mark.parametrize(("is_terminal", "n_lines"), [(True, 3), (False, 1)])
def test_a_line_is_broken_between_words_in_a_terminal_only(is_terminal, n_lines):
    console = Console(file=io.StringIO(), width=20, force_terminal=is_terminal, color_system=None)
    print_line(console, "depth 1: 53.3%  depth 2: 20.1%  [bold] 3: 26.6%")
    lines = console.file.getvalue().splitlines()
    assert len(lines) == n_lines
    assert re.findall(r"[\d.]+%|\[bold\]", "\n".join(lines)) == ["53.3%", "20.1%", "[bold]", "26.6%"]
