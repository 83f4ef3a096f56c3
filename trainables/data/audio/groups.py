"""Origins of recordings, such as speakers, and other facts about them, from their names."""

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


_OWN_NAMES = ("class", "group")


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


def find_columns(files: FoundFiles, options: AudioOptions) -> dict[str, NDArray[np.str_]]:
    """Facts about recordings by name, shape (N,) each: what patterns name beside ``class`` and ``group``.

    Args:
        files: The recordings.
        options: With ``file_pattern`` or ``group_pattern``.

    Raises:
        DataError: If a recording has nothing of a name.
    """
    found: dict[str, NDArray[np.str_]] = {}
    for key in ("file_pattern", "group_pattern"):
        pattern = getattr(options, key)
        names = [] if pattern is None else [name for name in re.compile(pattern).groupindex if name not in _OWN_NAMES]
        if pattern is None or not names:
            continue
        of_path = match_file_pattern if key == "file_pattern" else _search
        matches = [of_path(pattern, name) for name in files.ids]
        for name in names:
            values = [clean_name(match[name] or "") if match else "" for match in matches]
            missing = [path for path, value in zip(files.ids, values, strict=True) if not value]
            if missing:
                raise DataError(
                    f"{files.folder}: what data.audio.{key} names {name!r} must be found in every recording's path but "
                    f"{pattern!r} finds none in {missing[0]!r} ({len(missing)} such files); correct it"
                )
            found[name] = np.array(values)
    return found


def _search(pattern: str, path: str) -> re.Match[str] | None:
    return re.search(composed(pattern), path)


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
