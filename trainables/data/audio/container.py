"""Whether an audio file is whole: libsndfile reads what is left of a truncated one without a word."""

from __future__ import annotations

import os
from typing import BinaryIO

from trainables.data.audio.mp3_frames import is_mp3, require_whole_mp3


_HEADER = 8
_AU_HEADER = 24
# WAV in both byte orders, and AIFF.
_CHUNKED = (b"RIFF", b"RIFX", b"FORM")
# Programs that write to a pipe cannot know the size and announce the largest, or nearly.
_UNKNOWN_SIZE = 0x7FFF_0000
# An OGG page has at most 27 + 255 + 255 * 255 bytes.
_LARGEST_PAGE = 65_307
_PAGE_HEADER = 27


def require_whole(stream: BinaryIO) -> None:
    """Refuse files that are empty or end before what they announce.

    FLAC is not looked at: libsndfile itself finds that frames are missing.

    Args:
        stream: The file, opened for reading.

    Raises:
        ValueError: If it is not whole; the message is the reason.
        OSError: If it cannot be read.
    """
    size = stream.seek(0, os.SEEK_END)
    if size == 0:
        raise ValueError("empty file")
    stream.seek(0)
    head = stream.read(_AU_HEADER)
    if head[:4] in _CHUNKED:
        announced = int.from_bytes(head[4:_HEADER], "little" if head[:4] == b"RIFF" else "big")
        # Some programs count the header of 8 bytes too, or a byte of padding that they do not write.
        _require_size(size, announced, _HEADER + announced)
    elif head[:4] == b".snd":
        start, announced = (int.from_bytes(head[at : at + 4], "big") for at in (4, 8))
        _require_size(size, announced, start + announced)
    elif head[:4] == b"OggS":
        stream.seek(max(0, size - _LARGEST_PAGE))
        _require_last_page(stream.read())
    elif is_mp3(head):
        stream.seek(0)
        require_whole_mp3(stream.read())


def _require_size(size: int, announced: int, whole: int) -> None:
    if size < announced < _UNKNOWN_SIZE:
        raise ValueError(f"truncated: {whole} bytes were announced but the file has {size}")


def _require_last_page(tail: bytes) -> None:
    page = tail[tail.rfind(b"OggS") :]
    n_parts = page[_PAGE_HEADER - 1] if len(page) >= _PAGE_HEADER else 0
    parts = page[_PAGE_HEADER : _PAGE_HEADER + n_parts]
    if len(page) < _PAGE_HEADER or len(parts) < n_parts or len(page) < _PAGE_HEADER + n_parts + sum(parts):
        raise ValueError("truncated: the last page is not whole")
