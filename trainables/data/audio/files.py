"""Which recordings a folder holds, of which class they are, and which are set aside for testing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
import re

import numpy as np
from numpy.typing import NDArray

from policies.names import clean_id, clean_name, composed, describe_clash
from trainables.data.audio.options import AudioOptions
from trainables.data.files.class_folders import LabelledFiles, find_class_folders, find_files
from trainables.data.files.kinds import FileKind
from trainables.errors import DataError


RECORDINGS = FileKind(
    "recordings",
    (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc", ".au", ".snd"),
    otherwise=", or say in data.audio.file_pattern how names tell the class",
)


def find_recordings(folder: Path, options: AudioOptions) -> LabelledFiles:
    """List the recordings of a folder that holds a folder per class, or split folders that do, or of a flat folder.

    Args:
        folder: The data folder; recordings are looked for in all its folders.
        options: ``file_pattern`` tells the class where the folder is flat, ``test_pattern`` the official test.

    Raises:
        DataError: If the folder cannot be read or is not laid out like that, there are fewer than two classes, a file
            does not fit the pattern, or a class has no recordings within or outside the official test.
    """
    if options.file_pattern is None:
        files = find_class_folders(folder, RECORDINGS)
    else:
        files = _find_flat(folder, options.file_pattern)
    return files if options.test_pattern is None else _set_aside(files, options.test_pattern)


def match_file_pattern(pattern: str, path: str) -> re.Match[str] | None:
    """Match a pattern with the whole of an id, a relative path, without its suffix."""
    return re.fullmatch(composed(pattern), PurePosixPath(path).with_suffix("").as_posix())


def _find_flat(folder: Path, pattern: str) -> LabelledFiles:
    paths, others = find_files(folder, RECORDINGS)
    if not paths:
        raise DataError(
            f"{folder}: there must be recordings ({', '.join(RECORDINGS.suffixes)}) but there are none; name the "
            f"folder that holds them"
        )
    matches = [match_file_pattern(pattern, clean_id(path)) for path in paths]
    names = [clean_name(match["class"] or "") if match else "" for match in matches]
    strange = [path for path, name in zip(paths, names, strict=True) if not name]
    if strange:
        raise DataError(
            f"{folder}: data.audio.file_pattern must match every recording's path without suffix and name its class "
            f"but {pattern!r} does not with {strange[0]!r} ({len(strange)} such files); correct it or move them "
            f"elsewhere"
        )
    class_names = sorted(set(names))
    clash = describe_clash(class_names)
    if clash:
        raise DataError(
            f"{folder}: every class must have one name but in what data.audio.file_pattern finds {clash}; rename the "
            f"files, or correct it"
        )
    if len(class_names) < 2:
        raise DataError(
            f"{folder}: there must be at least two classes but data.audio.file_pattern finds only {class_names[0]!r}; "
            f"correct it or add recordings of another class"
        )
    return LabelledFiles(
        kind=RECORDINGS,
        folder=folder,
        paths=paths,
        labels=np.array([class_names.index(name) for name in names], dtype=np.int64),
        class_names=tuple(class_names),
        official_test=None,
        others=others,
    )


def _set_aside(files: LabelledFiles, pattern: str) -> LabelledFiles:
    if files.official_test is not None:
        raise DataError(
            f"{files.folder}: recordings are set aside for testing by folders or by data.audio.test_pattern but there "
            f"are both folders and {pattern!r}; leave one out"
        )
    is_test = np.array([re.search(composed(pattern), name) is not None for name in files.ids])
    for there, where in ((is_test, "match"), (~is_test, "not match")):
        _require_classes_there(files, there, f"data.audio.test_pattern must {where} some recordings", pattern)
    return replace(files, official_test=is_test)


def _require_classes_there(files: LabelledFiles, there: NDArray[np.bool_], rule: str, pattern: str) -> None:
    gone = np.flatnonzero(np.bincount(files.labels[there], minlength=len(files.class_names)) == 0)
    if gone.size:
        raise DataError(
            f"{files.folder}: {rule} of every class but {pattern!r} leaves none of {files.class_names[gone[0]]!r} "
            f"({gone.size} such classes); correct it: it is looked for in paths such as {files.ids[0]!r}"
        )
