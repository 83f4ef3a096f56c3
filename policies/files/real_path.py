"""Where a path leads, links followed."""

from __future__ import annotations

import os
from pathlib import Path


def real_path(path: Path) -> Path:
    """The absolute path that links lead to; a circle of links leads to itself, where ``Path.resolve`` would raise."""
    return Path(os.path.realpath(path))
