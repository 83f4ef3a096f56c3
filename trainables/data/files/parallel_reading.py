"""Reading many files at once, with a bar where a person watches."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
import os
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn


T = TypeVar("T")


def read_in_parallel(read: Callable[[int], T], n_files: int, *, plural: str) -> list[T]:
    """Call ``read`` with 0 to ``n_files - 1`` in as many threads as there are cores.

    A bar is shown on standard error where that is a terminal, and is gone afterwards.

    Args:
        read: What is done with a file; its errors are passed on, and end the reading.
        n_files: How many files there are.
        plural: What a person calls them.

    Returns:
        What ``read`` gave, in order.
    """
    console = Console(stderr=True)
    bar = Progress(
        TextColumn(plural),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    with bar, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(bar.track(pool.map(read, range(n_files)), total=n_files))
