"""How many threads torch computes with, for as long as something is run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def torch_threads(n_threads: int | None) -> Iterator[None]:
    """Have torch use so many threads; None leaves torch alone, and need not have it imported."""
    if n_threads is None:
        yield
        return
    # Here, since the import takes seconds.
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
