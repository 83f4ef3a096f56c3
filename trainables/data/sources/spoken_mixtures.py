"""Mixtures of spoken digits: several labels a recording, and segments that hold a part of it each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
import re
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from trainables.data.audio.files import RECORDINGS, match_file_pattern
from trainables.data.audio.options import AudioOptions
from trainables.data.audio.segments import segment_metadata
from trainables.data.base import DataSource
from trainables.data.files.class_folders import existing_folder, find_files
from trainables.data.files.found import FoundFiles
from trainables.data.files.report import report_damage, report_others
from trainables.data.label_files.samples import LabelledSamples
from trainables.data.options import DEFAULT_OPTIONS, DataOptions
from trainables.data.readers import AudioReader, InputReader
from trainables.errors import DataError, UnusedRecordingsWarning


_NAMES = r"(.*/)?(?P<digit>\d)_(?P<speaker>[^_/]+)_\d+"
_OWN = ("file_pattern", "group_pattern", "test_pattern", "chunk_seconds")


class SpokenMixturesSource(DataSource):
    """Mixes recordings of single digits, ``{digit}_{speaker}_{number}.wav``, as those of the Free Spoken Digit Dataset.

    A mixture is of one to three digits, each said by another speaker, three times, over 2 to 3 s, with noise; see
    :func:`~trainables.data.mixtures.mixing.mix`. It is cut into segments as any recording is, and is their parent. The
    labels are the digits that occur, the same for all of its segments. Recordings are dealt out into groups of three,
    which are mixed among themselves, so that groups share nothing but voices.
    """

    name: ClassVar[str] = "spoken-mixtures"

    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> LabelledSamples:
        """Return all segments, mixed anew or from the cache; the same for the same recordings and options.

        Their ids are ``mixture-<number>#<number of the segment>``.

        Raises:
            DataError: If the folder is missing or holds recordings with other names, a file cannot be read, too many
                are damaged, or options name files otherwise.

        Warns:
            OtherFilesWarning: If there are files of kinds that are not read.
            UnusedRecordingsWarning: If some files are damaged; they are left out.
            AudioCacheWarning: If the cache cannot be written.
        """
        # Here, since the import takes seconds and only the driver loads data.
        from trainables.data.mixtures.segments import cache_folder, cached_mixtures

        audio = options.audio
        _require_own_names(audio)
        files = _find(existing_folder(data_dir, self.name, "recordings {digit}_{speaker}_{number}.wav"))
        digits, speakers = _said(files)
        report_others(files)
        cache = cache_folder(files, audio)
        mixed = cached_mixtures(files, digits, speakers, cache, audio)
        damaged = [(files.paths[row], str(why)) for row, why in zip(mixed.damaged_rows, mixed.reasons, strict=True)]
        report_damage(files, damaged, cache, max_damaged=options.max_damaged, warning=UnusedRecordingsWarning)
        names = np.unique(digits).tolist()
        labels = np.stack([mixed.voices[:, digits == name].any(axis=1) for name in names], axis=1)
        parents = np.array([f"mixture-{number:04d}" for number in range(len(labels))])[mixed.mixtures]
        return LabelledSamples(
            inputs=mixed.features,
            labels=labels[mixed.mixtures],
            ids=_numbered(parents, mixed.numbers),
            class_names=names,
            metadata=segment_metadata(audio),
            groups=np.array([f"group-{number:04d}" for number in mixed.groups])[mixed.mixtures],
            parents=parents,
            order=mixed.numbers,
        )

    def reader(self, input_shape: tuple[int, ...], options: DataOptions = DEFAULT_OPTIONS) -> InputReader:
        """Recordings, mixed by whomever, are cleaned, cut and described as the options say."""
        return AudioReader(options.audio)


def _require_own_names(audio: AudioOptions) -> None:
    given = next((name for name in _OWN if getattr(audio, name) is not None), None)
    if given is not None:
        raise DataError(
            f"spoken-mixtures tells digits and speakers by its own names of files, and makes its own groups, so that "
            f"data.audio.{given} cannot be {getattr(audio, given)!r}; leave it null"
        )


def _find(folder: Path) -> FoundFiles:
    paths, others = find_files(folder, RECORDINGS)
    if not paths:
        raise DataError(f"{folder}: there must be recordings but there are none; name the folder that holds them")
    return FoundFiles(kind=RECORDINGS, folder=folder, paths=paths, others=others)


def _said(files: FoundFiles) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """The digit and the speaker of each recording, shape (N,) each."""
    matches = [match_file_pattern(_NAMES, name) for name in files.ids]
    found = [match for match in matches if match is not None]
    if len(found) < len(matches):
        strange = [name for name, match in zip(files.ids, matches, strict=True) if match is None]
        raise DataError(
            f"{files.folder}: recordings must be called digit_speaker_number, such as 7_jackson_32.wav, but "
            f"{strange[0]!r} is not ({len(strange)} such files); rename them, or move them elsewhere"
        )
    return _parts(found, "digit"), _parts(found, "speaker")


def _parts(found: Sequence[re.Match[str]], name: str) -> NDArray[np.str_]:
    return np.array([match[name] for match in found])


def _numbered(parents: NDArray[np.str_], numbers: NDArray[np.int64]) -> NDArray[np.str_]:
    return np.array([f"{parent}#{number:03d}" for parent, number in zip(parents, numbers, strict=True)])
