"""Origins of recordings, such as speakers, from their names."""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from policies.names import clean_name, composed
from trainables.data.audio.files import match_file_pattern
from trainables.data.audio.options import AudioOptions
from trainables.data.files.found import FoundFiles
from trainables.data.origins import join_origins
from trainables.errors import DataError


def find_groups(
    files: FoundFiles, official_test: NDArray[np.bool_] | None, options: AudioOptions
) -> NDArray[np.str_] | None:
    """The origin of each recording, shape (N,), as a pattern names it; None where none does.

    Args:
        files: The recordings whose origins are asked for.
        official_test: Those that are set aside for testing, shape (N,); None where none are.
        options: With ``group_pattern``, or a group in ``file_pattern``.

    Raises:
        DataError: If a recording has no group, or a group lies on both sides of the official test.

    Warns:
        JoinedOriginsWarning: If names of groups differ in case only; they are taken as one.
    """
    if options.group_pattern is not None:
        key, pattern = "data.audio.group_pattern", options.group_pattern
        matches = [re.search(composed(pattern), name) for name in files.ids]
    elif options.file_pattern is not None and "group" in re.compile(options.file_pattern).groupindex:
        key, pattern = "the group in data.audio.file_pattern", options.file_pattern
        matches = [match_file_pattern(pattern, name) for name in files.ids]
    else:
        return None
    groups = [clean_name(match["group"] or "") if match else "" for match in matches]
    missing = [path for path, group in zip(files.ids, groups, strict=True) if not group]
    if missing:
        raise DataError(
            f"{files.folder}: {key} must be found in every recording's path but {pattern!r} finds none in "
            f"{missing[0]!r} ({len(missing)} such files); correct it"
        )
    found = join_origins(np.array(groups), f"{files.folder}: of what {key} finds")
    _require_one_side(files, official_test, found, key)
    return found


def _require_one_side(
    files: FoundFiles, official_test: NDArray[np.bool_] | None, groups: NDArray[np.str_], key: str
) -> None:
    if official_test is None:
        return
    both = np.intersect1d(groups[official_test], groups[~official_test])
    if both.size:
        raise DataError(
            f"{files.folder}: a group must lie within or outside the official test but {str(both[0])!r} lies on both "
            f"sides ({both.size} such groups); leave {key} out, or the official test"
        )
