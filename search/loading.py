"""One line for who waits for libraries to be imported."""

from __future__ import annotations

import sys

from rich.console import Console


def tell_loading(slowest: str, what: str = "Loading libraries ...") -> None:
    """Say on standard error what takes seconds now, unless the slowest of the libraries is loaded already.

    Call once everything is checked that can be checked without them.

    Args:
        slowest: Name of the module of the slowest library.
        what: Line to print on standard error.
    """
    if slowest not in sys.modules:
        Console(stderr=True).print(what, style="dim", soft_wrap=True, highlight=False, markup=False)
