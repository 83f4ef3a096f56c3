"""Options about how much is printed."""

from __future__ import annotations

from typing import Annotated

import typer


ShowsAll = Annotated[
    bool, typer.Option("--all", help="Print every baseline and published grid, and figures on search as well.")
]
