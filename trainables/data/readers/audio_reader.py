"""Recordings, as folders of recordings are read for training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from trainables.data.audio.files import RECORDINGS
from trainables.data.audio.options import AudioOptions
from trainables.data.readers.base import InputReader, ReadInputs, absolute


@dataclass(frozen=True)
class AudioReader(InputReader):
    """Cleans recordings and cuts them into segments, each of which is an input.

    As :func:`~trainables.data.audio.decoding.decode_recordings` does for training.

    Attributes:
        options: How recordings are cleaned, cut and described.
    """

    kind: ClassVar[str] = "audio"
    suffixes: ClassVar[tuple[str, ...]] = RECORDINGS.suffixes
    plural: ClassVar[str] = RECORDINGS.plural

    options: AudioOptions

    @property
    def input_shape(self) -> tuple[int, ...]:
        """(1, mel bands, frames) of a segment."""
        return (1, self.options.n_mels, self.options.n_frames)

    @classmethod
    def from_fields(cls, fields: dict[str, Any]) -> Self:
        """The reader of a JSON form, where the options are a mapping."""
        return cls(AudioOptions(**fields.pop("options")), **fields)

    def read(self, paths: Sequence[Path]) -> ReadInputs:
        """Features of the audible segments; files that are damaged, silent or of a rate far away are told."""
        # Here, since the import takes seconds, and bundles are told about without it.
        from trainables.data.audio.decoding import decode_recordings

        decoded = decode_recordings(Path("/"), absolute(paths), self.options)
        names = [str(path) for path in paths]
        silent = [(path, "silent: no segment is loud enough") for path, *_ in decoded.silent(names)]
        pairs = zip(decoded.rows.tolist(), decoded.numbers.tolist(), strict=True)
        numbered = tuple(f"{names[row]}#{number:03d}" for row, number in pairs)
        origins = tuple(names[row] for row in decoded.rows.tolist())
        failures = (*decoded.damaged(names), *silent)
        return ReadInputs(numbered, decoded.features, origins, failures, are_pieces=True)
