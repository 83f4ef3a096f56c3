"""``exitsearch watch``: the page of a sweep that runs, on this machine."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated
import webbrowser

from rich.console import Console
import typer

from search.console_table import print_line
from search.loading import tell_loading
from search.run_folder.folder import require_sweep


def watch(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a sweep, running or not.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of this machine to serve the page on; 0 takes a free one.")
    ] = 0,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Serve the page of a sweep while it runs: trials as they come, the best so far, and at the end the result.

    Only this machine can see it. The folder is only read, so that a sweep may be watched by many. Ctrl-C ends it.

    For example:

    - `exitsearch watch runs/digits-1`

    - `exitsearch watch runs/digits-1 --port 8080 --open`
    """
    require_sweep(run)
    tell_loading("plotly")
    # Here, since the imports take seconds.
    from search.live.board import Board
    from search.live.server import PageServer

    # Ctrl-C is how it is meant to end.
    with suppress(KeyboardInterrupt), PageServer(Board(run), port) as server:
        print_line(Console(), f"{run.resolve().name} is shown at {server.url} until Ctrl-C")
        if open_browser:
            webbrowser.open(server.url)
        server.serve_forever()
