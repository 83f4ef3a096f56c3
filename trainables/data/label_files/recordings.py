"""From labels of recordings, and of spans of these, to labels and parents of their segments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from trainables.data.audio.decoded_recordings import DecodedRecordings
from trainables.data.audio.options import AudioOptions
from trainables.data.label_files.labelled_files import FilesWithLabels


_LEAST_OVERLAP = 0.5


def segment_labels(files: FilesWithLabels, decoded: DecodedRecordings, options: AudioOptions) -> NDArray[np.uint8]:
    """Whether each label of each segment is on, shape (S, L).

    A row's labels are those of every segment of its file; where it has a span, of those that it overlaps with for at
    least half of the shorter of the two.

    Args:
        files: The recordings, with their rows.
        decoded: Their segments.
        options: How long segments are, and how far apart.
    """
    rows = files.rows
    labels = np.zeros((len(decoded.rows), len(rows.label_names)), dtype=np.uint8)
    starts = np.asarray(decoded.numbers * options.hop_seconds, dtype=np.float64)
    # Segments are ordered by recording.
    first = np.searchsorted(decoded.rows, np.arange(len(files.paths) + 1))
    for row, file in enumerate(files.file_of_row.tolist()):
        if file < 0:
            continue
        own = slice(first[file], first[file + 1])
        span = (0.0, np.inf) if rows.spans is None else tuple(rows.spans[row])
        labels[own] |= _overlaps(starts[own], options.segment_seconds, span)[:, None] * rows.labels[row]
    return labels


def _overlaps(starts: NDArray[np.float64], seconds: float, span: tuple[float, ...]) -> NDArray[np.bool_]:
    start, end = span
    common = np.minimum(starts + seconds, end) - np.maximum(starts, start)
    # Times in tables are rounded.
    return np.asarray(common >= _LEAST_OVERLAP * min(seconds, end - start) - 1e-9)


def places_in_parents(
    parents: NDArray[np.str_], decoded: DecodedRecordings, order: NDArray[np.int64] | None
) -> NDArray[np.int64]:
    """Place of each segment in its parent, from 0, where recordings are parts of parents themselves; shape (S,).

    Args:
        parents: The parent of each segment, shape (S,).
        decoded: The segments, with their recordings and numbers.
        order: Place of each recording in its parent, shape (N,); None for the order of their paths.
    """
    of_parent = np.unique(parents, return_inverse=True)[1]
    of_recording = decoded.rows if order is None else order[decoded.rows]
    sorted_rows = np.lexsort((decoded.numbers, decoded.rows, of_recording, of_parent))
    starts = np.searchsorted(of_parent[sorted_rows], np.arange(of_parent.max() + 1))
    places = np.empty(len(parents), dtype=np.int64)
    places[sorted_rows] = np.arange(len(parents)) - starts[of_parent[sorted_rows]]
    return places
