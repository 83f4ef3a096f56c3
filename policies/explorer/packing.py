"""An explorer's table as JSON values that are small, and that a page unpacks by itself."""

from __future__ import annotations

from base64 import b64encode
import gzip
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.explorer.table import ExplorerTable


def packed(table: ExplorerTable) -> dict[str, Any]:
    """The table as JSON values.

    ``rows`` is base64 of gzip of the columns of all arrays, one after the other, in little-endian numbers without sign:
    ``counts`` of 4 bytes; ``dial_worth`` and ``fall_worth`` of ``worth_bytes``; ``falls`` of 2; ``ranks`` of 1 or 2, in
    ``rank_bytes``. Wide numbers come first, so that all start where numbers of their width may.
    """
    rank_bytes = _width(max((len(dial.thresholds) for dial in table.dials), default=0))
    worth_bytes = _width(len(table.values))
    parts = sorted(
        [
            (4, "counts", table.counts[:, None]),
            (worth_bytes, "dial_worth", table.dial_worth),
            (worth_bytes, "fall_worth", table.fall_worth),
            (2, "falls", table.falls),
            (rank_bytes, "ranks", table.ranks),
        ],
        key=lambda part: -part[0],
    )
    raw = b"".join(_bytes(array, width) for width, _, array in parts)
    return {
        "n_rows": len(table.counts),
        "columns": [[name, width, array.shape[1]] for width, name, array in parts],
        "rows": b64encode(gzip.compress(raw, mtime=0)).decode(),
        "values": table.values.tolist(),
        "cost": table.cost.tolist(),
        "needs_all": table.needs_all,
        "dials": [
            {
                "exit": dial.exit_index,
                "column": dial.column,
                "thresholds": dial.thresholds.tolist(),
                "own": dial.own,
            }
            for dial in table.dials
        ],
    }


def _bytes(array: NDArray[np.int64], width: int) -> bytes:
    return array.T.astype(f"<u{width}").tobytes()


def _width(highest: int) -> int:
    """Bytes of a number up to ``highest``."""
    return next(width for width in (1, 2, 4) if highest < 256**width)
