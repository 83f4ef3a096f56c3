"""Computing so that the same GPU gives the same numbers again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os

import torch


_WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
# Buffers of a fixed size for each stream; cuBLAS chooses its algorithms by what is free otherwise.
_FIXED = ":4096:8"


@contextmanager
def deterministic_operations(*, enabled: bool) -> Iterator[None]:
    """Let torch use deterministic algorithms only, and put its settings back afterwards.

    A workspace of cuBLAS that the environment names already is kept.

    Args:
        enabled: Whether to; else torch is left as it is.

    Raises:
        RuntimeError: By torch, for an operation that has no deterministic algorithm on its device.
    """
    if not enabled:
        yield
        return
    was_on = torch.are_deterministic_algorithms_enabled()
    was_warning = torch.is_deterministic_algorithms_warn_only_enabled()
    was_tuned, workspace = torch.backends.cudnn.benchmark, os.environ.get(_WORKSPACE)
    os.environ.setdefault(_WORKSPACE, _FIXED)
    torch.backends.cudnn.benchmark = False
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(was_on, warn_only=was_warning)
        torch.backends.cudnn.benchmark = was_tuned
        if workspace is None:
            del os.environ[_WORKSPACE]
