"""Your own recordings: a folder per class, or names that tell the class."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np

from trainables.data.audio.decoded_recordings import DecodedRecordings
from trainables.data.audio.files import find_recordings
from trainables.data.audio.groups import find_columns, find_groups
from trainables.data.audio.options import AudioOptions
from trainables.data.audio.report import report_cancelling
from trainables.data.audio.segments import segment_ids, segment_metadata, segment_parents
from trainables.data.base import DataSource, Samples
from trainables.data.files.class_folders import LabelledFiles, existing_folder
from trainables.data.files.report import report_damage, report_others
from trainables.data.options import DEFAULT_OPTIONS, DataOptions
from trainables.data.readers import AudioReader, InputReader
from trainables.errors import DataError, UnusedRecordingsWarning


class AudioFolderSource(DataSource):
    """Reads ``<data_dir>/<class>/**/*.wav`` (.flac, .ogg, .opus, .mp3, .aiff, .au), split folders, or a flat folder.

    With split folders, ``<data_dir>/{train,val,test}/<class>``, the recordings in ``test`` are the official test; where
    there is no ``test``, those in ``val`` (or ``valid``, ``validation``) are. In a flat folder the names tell the
    class, and in any folder they may tell the official test and the groups: see
    :class:`~trainables.data.audio.options.AudioOptions`.

    A recording is cleaned and cut into segments, and every audible segment is a sample: log-mel features that are
    standardised over time, float32, shape (1, n_mels, frames). Recordings without one are left out. Features are kept
    in the cache (see :func:`~trainables.data.files.cache.cache_folder`), which may be deleted.
    """

    name: ClassVar[str] = "audio-folder"

    def load(self, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> Samples:
        """Return all audible segments.

        Their ids are ``<path>#<number>``: the recording's path relative to ``data_dir``, in one spelling, and the
        segment's number in the recording, from 000, in three digits or more; silent segments are counted. They are
        parts of their recordings, by path, or of the chunks, as ``<path>#chunk-<number>``, read in the order of their
        numbers. Their groups are those that a pattern names, else the recordings or chunks.

        Raises:
            DataError: If the folder is missing or laid out otherwise, a pattern does not fit, a file cannot be read,
                too many are damaged, or a class has no audible segment.

        Warns:
            OtherFilesWarning: If there are files of kinds that are not read.
            JoinedOriginsWarning: If names of groups differ in case only.
            CancellingChannelsWarning: If the channels of some recordings cancel each other; one alone is used.
            UnusedRecordingsWarning: If some files are damaged or silent; they are left out.
            AudioCacheWarning: If the cache cannot be written.
        """
        # Here, since the import takes seconds and only the driver loads data.
        from trainables.data.audio.cache import cache_folder, cached_recordings

        audio = options.audio
        files = find_recordings(existing_folder(data_dir, self.name, "a folder of recordings per class"), audio)
        report_others(files)
        named_groups, columns = find_groups(files, files.official_test, audio), find_columns(files, audio)
        cache = cache_folder(files, audio)
        decoded = cached_recordings(files, cache, audio)
        report_damage(
            files,
            decoded.damaged(files.paths),
            cache,
            max_damaged=options.max_damaged,
            warning=UnusedRecordingsWarning,
            left_out=decoded.silent(files.paths),
        )
        report_cancelling(files, decoded, cache)
        _require_every_class(files, decoded, audio)
        rows = decoded.rows
        paths = np.array(files.ids)[rows]
        return Samples(
            inputs=decoded.features,
            labels=files.labels[rows],
            ids=segment_ids(paths, decoded),
            class_names=files.class_names,
            groups=None if named_groups is None else named_groups[rows],
            official_test=None if files.official_test is None else files.official_test[rows],
            metadata=segment_metadata(audio),
            parents=segment_parents(paths, decoded, audio),
            order=decoded.numbers,
            columns={name: values[rows] for name, values in columns.items()},
        )

    def reader(self, input_shape: tuple[int, ...], options: DataOptions = DEFAULT_OPTIONS) -> InputReader:
        """Recordings are cleaned, cut and described as the options say."""
        return AudioReader(options.audio)


def _require_every_class(files: LabelledFiles, decoded: DecodedRecordings, options: AudioOptions) -> None:
    heard = np.bincount(files.labels[decoded.rows], minlength=len(files.class_names))
    for label in np.flatnonzero(heard == 0):
        name = files.class_names[label]
        levels = decoded.loudest_dbfs[files.labels[decoded.silent_rows] == label]
        if levels.size:
            raise DataError(
                f"{files.folder}: every class needs a segment of at least data.audio.silence_db ({options.silence_db} "
                f"dBFS) but the loudest of {name!r} has {levels.max():.1f} dBFS; lower data.audio.silence_db "
                f"or leave it null, or widen the band of data.audio.low_hz and high_hz"
            )
        raise DataError(
            f"{files.folder}: every class needs recordings but all of {name!r} are damaged; repair or remove them"
        )
