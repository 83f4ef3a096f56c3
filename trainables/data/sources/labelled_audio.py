"""Your own recordings with several labels each: a folder, and a table of their labels in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
import re
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from policies.names import composed
from trainables.data.audio.files import RECORDINGS
from trainables.data.audio.groups import find_columns, find_groups
from trainables.data.audio.options import AudioOptions
from trainables.data.audio.report import report_cancelling
from trainables.data.audio.segments import segment_ids, segment_metadata, segment_parents
from trainables.data.base import DataSource
from trainables.data.files.class_folders import existing_folder
from trainables.data.files.report import report_others
from trainables.data.given_parents import require_one_order
from trainables.data.label_files.labelled_files import LABELS_FILE, FilesWithLabels, find_labelled_files
from trainables.data.label_files.recordings import places_in_parents, segment_labels
from trainables.data.label_files.report import report_labelled
from trainables.data.label_files.samples import LabelledSamples
from trainables.data.options import DEFAULT_OPTIONS, DataOptions
from trainables.data.readers import AudioReader, InputReader
from trainables.errors import DataError, UnusedRecordingsWarning


class LabelledAudioSource(DataSource):
    """Reads recordings at any depth of a folder, and ``labels.csv`` in it.

    The table is that of :class:`~trainables.data.sources.labelled_images.LabelledImagesSource`. Recordings are cut
    into segments as :class:`~trainables.data.sources.audio_folder.AudioFolderSource` does, and a segment has the labels
    of its recording. With columns ``start`` and ``end``, in seconds, a row is about that span alone, a recording may
    have several rows, and a segment has the labels of those that it overlaps with for at least half of the shorter.
    Segments are parts of their recording, or of what the column ``parent`` names.
    """

    name: ClassVar[str] = "labelled-audio"
    selects_classes: ClassVar[bool] = True

    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> LabelledSamples:
        """Return all audible segments; their ids are ``<path>#<number>``.

        Raises:
            DataError: If the folder is missing, the table is none or does not fit the files, options ask for what such
                a folder does not have, or too many recordings are missing or damaged.

        Warns:
            OtherFilesWarning: If there are files of kinds that are not read.
            UnlabelledFilesWarning: If there are recordings without a row; they are left out.
            JoinedOriginsWarning: If names of groups differ in case only.
            CancellingChannelsWarning: If the channels of some recordings cancel each other; one alone is used.
            UnusedRecordingsWarning: If some recordings are missing, damaged or silent; they are left out.
            AudioCacheWarning: If the cache cannot be written.
        """
        # Here, since the import takes seconds and only the driver loads data.
        from trainables.data.audio.cache import cache_folder, cached_recordings

        audio = options.audio
        folder = existing_folder(data_dir, self.name, f"recordings and their {LABELS_FILE}")
        files = find_labelled_files(folder, replace(RECORDINGS, otherwise=""), options)
        _require_fitting(files, audio)
        report_others(files)
        parents = files.of_files(files.rows.parents, "parent")
        order = _order(files, parents)
        official_test = _official_test(files, audio)
        groups, columns = _groups(files, official_test, audio), _columns(files, audio)
        cache = cache_folder(files, audio)
        decoded = cached_recordings(files, cache, audio)
        report_labelled(
            files,
            decoded.damaged(files.paths),
            cache,
            max_damaged=options.max_damaged,
            warning=UnusedRecordingsWarning,
            left_out=decoded.silent(files.paths),
        )
        report_cancelling(files, decoded, cache)
        rows, paths = decoded.rows, np.array(files.ids)[decoded.rows]
        own_parents = segment_parents(paths, decoded, audio) if parents is None else parents[rows]
        return LabelledSamples(
            inputs=decoded.features,
            labels=segment_labels(files, decoded, audio),
            ids=segment_ids(paths, decoded),
            class_names=files.rows.label_names,
            groups=None if groups is None else groups[rows],
            official_test=None if official_test is None else official_test[rows],
            metadata=segment_metadata(audio),
            parents=own_parents,
            order=decoded.numbers if parents is None else places_in_parents(own_parents, decoded, order),
            columns={name: values[rows] for name, values in columns.items()},
        )

    def reader(self, input_shape: tuple[int, ...], options: DataOptions = DEFAULT_OPTIONS) -> InputReader:
        """Recordings are cleaned, cut and described as the options say."""
        return AudioReader(options.audio)


def _require_fitting(files: FilesWithLabels, audio: AudioOptions) -> None:
    """Refuse options that say what the table says already, or that break what it says."""
    rows = files.rows
    if audio.file_pattern is not None:
        raise DataError(
            f"data.audio.file_pattern tells classes by names of files, which {rows.path.name} does here, but is "
            f"{audio.file_pattern!r}; leave it null"
        )
    given = {"parent": rows.parents, "group": rows.groups, "start": rows.spans}
    chunked = next((name for name, column in given.items() if column is not None), None)
    if audio.chunk_seconds is not None and chunked is not None:
        raise DataError(
            f"{rows.path}: data.audio.chunk_seconds makes each chunk a parent and a group of its own, so that there "
            f"must be no column {chunked!r}; leave one out"
        )
    if audio.group_pattern is not None and rows.groups is not None:
        raise DataError(f"{rows.path}: groups are named by a column and by data.audio.group_pattern; leave one out")
    if audio.test_pattern is not None and rows.is_test is not None:
        raise DataError(
            f"{rows.path}: the official test is named by split and by data.audio.test_pattern; leave one out"
        )


def _order(files: FilesWithLabels, parents: NDArray[np.str_] | None) -> NDArray[np.int64] | None:
    """Place of each recording in its parent, shape (N,); None where the table does not tell it."""
    order = files.of_files(files.rows.order, "order")
    if parents is not None and order is not None:
        require_one_order(parents, order)
    return order


def _groups(
    files: FilesWithLabels, official_test: NDArray[np.bool_] | None, audio: AudioOptions
) -> NDArray[np.str_] | None:
    if files.rows.groups is not None:
        return files.of_files(files.rows.groups, "group")
    return find_groups(files, official_test, audio)


def _columns(files: FilesWithLabels, audio: AudioOptions) -> dict[str, NDArray[np.str_]]:
    """Facts about recordings by name, shape (N,) each, from the table and from names of files."""
    found = {name: files.of_files(values, name) for name, values in files.rows.columns.items()}
    return {**find_columns(files, audio), **{name: own for name, own in found.items() if own is not None}}


def _official_test(files: FilesWithLabels, audio: AudioOptions) -> NDArray[np.bool_] | None:
    if audio.test_pattern is None:
        return files.of_files(files.rows.is_test, "split")
    found = np.array([re.search(composed(audio.test_pattern), name) is not None for name in files.ids])
    if found.all() or not found.any():
        raise DataError(
            f"{files.folder}: data.audio.test_pattern must match some recordings and not others but "
            f"{audio.test_pattern!r} matches {'all' if found.all() else 'none'}; correct it: it is looked for in paths "
            f"such as {files.ids[0]!r}"
        )
    return found
