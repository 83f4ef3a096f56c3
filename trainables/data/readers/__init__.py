"""How input files become inputs, by kind. A new kind is one new file and one line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trainables.data.readers.array_reader import ArrayReader
from trainables.data.readers.audio_reader import AudioReader
from trainables.data.readers.base import InputReader, ReadInputs
from trainables.data.readers.image_reader import ImageReader
from trainables.errors import DataError


READERS: dict[str, type[InputReader]] = {reader.kind: reader for reader in (ArrayReader, AudioReader, ImageReader)}


def reader_from_dict(data: Mapping[str, Any]) -> InputReader:
    """The reader of a JSON form.

    Raises:
        DataError: If there is no such kind, or a field cannot be.
    """
    fields = dict(data)
    kind = fields.pop("kind", None)
    if kind not in READERS:
        raise DataError(f"inputs must be of a kind that can be read ({', '.join(READERS)}) but are {kind!r}")
    try:
        return READERS[kind].from_fields(fields)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"the reader of {kind} inputs must state how it reads but does not ({error})") from None


__all__ = ["READERS", "ArrayReader", "AudioReader", "ImageReader", "InputReader", "ReadInputs", "reader_from_dict"]
