"""Whether an MP3 file is whole, frame by frame: libsndfile leaves out what it trips over, and guesses lengths."""

from __future__ import annotations

from dataclasses import dataclass


# By layer: kbit/s of MPEG 1, and of MPEG 2 and 2.5 (ISO 11172-3, 13818-3). The first is a free rate, which nobody uses.
_RATES = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_SAMPLE_RATES = (44_100, 48_000, 32_000)
_HEADER, _ID3_HEADER = 4, 10
_TAGS_BEHIND = (b"TAG", b"APETAGEX", b"LYRICSBEGIN", b"ID3", b"3DI")


@dataclass(frozen=True)
class _Frame:
    kind: bytes
    bit_rate: int
    n_bytes: int


def is_mp3(head: bytes) -> bool:
    """Whether a file that begins like this is MPEG audio, or has ID3 tags in front of what it is."""
    return head.startswith(b"ID3") or _frame(head, 0) is not None


def require_whole_mp3(data: bytes) -> None:
    """Refuse MP3 files with a frame that is broken, with fewer frames than they announce, or of unknown length.

    A last frame that is cut off is none where no number of frames is announced: many programs leave one.

    Args:
        data: The whole file. What is no MPEG audio behind its ID3 tags is not looked at.

    Raises:
        ValueError: If it is not whole; the message is the reason.
    """
    start = at = _behind_id3(data, 0)
    if at > len(data):
        raise ValueError("truncated within its ID3 tag")
    first = _frame(data, at)
    if first is None:
        return
    n_frames, bit_rates = 0, set()
    while (frame := _frame(data, at)) is not None and frame.kind == first.kind and at + frame.n_bytes <= len(data):
        n_frames += 1
        at += frame.n_bytes
        # The frame with the count has a rate of its own.
        bit_rates |= {frame.bit_rate} if n_frames > 1 else set()
    if not n_frames:
        raise ValueError("truncated within its first MPEG frame")
    is_cut = frame is not None and frame.kind == first.kind
    if not is_cut and not _is_end(data, at):
        raise ValueError(f"damaged: byte {at} should begin an MPEG frame but does not")
    _require_length(_announced(data[start : start + first.n_bytes]), n_frames, bit_rates)


def _require_length(announced: int | None, n_frames: int, bit_rates: set[int]) -> None:
    if announced is None and len(bit_rates) > 1:
        raise ValueError("its bit rate varies but no Xing header says how long it is; write it anew, such as to FLAC")
    # Encoders count the frame that holds the count, or do not.
    if announced is not None and n_frames < announced:
        raise ValueError(f"truncated: {announced} frames were announced but the file has {n_frames}")


def _frame(data: bytes, at: int) -> _Frame | None:
    """The frame whose header begins there, or None where none does."""
    head = data[at : at + _HEADER]
    if len(head) < _HEADER or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    version, layer = (head[1] >> 3) & 3, 4 - ((head[1] >> 1) & 3)
    rate, speed, padding = head[2] >> 4, (head[2] >> 2) & 3, (head[2] >> 1) & 1
    if version == 1 or layer == 4 or rate in (0, 15) or speed == 3:
        return None
    generation = 1 if version == 3 else 2
    bits = 1000 * _RATES[generation, layer][rate]
    hz = _SAMPLE_RATES[speed] // {3: 1, 2: 2, 0: 4}[version]
    if layer == 1:
        n_bytes = (12 * bits // hz + padding) * 4
    else:
        n_bytes = (72 if layer == 3 and generation == 2 else 144) * bits // hz + padding
    return _Frame(bytes((head[1] & 0xFE, head[2] & 0x0C)), bits, n_bytes)


def _behind_id3(data: bytes, at: int) -> int:
    while data[at : at + 3] == b"ID3" and len(data) >= at + _ID3_HEADER:
        # Seven bits a byte; a footer is announced by a flag.
        size = sum((data[at + 6 + i] & 0x7F) << (21 - 7 * i) for i in range(4))
        at += _ID3_HEADER * (2 if data[at + 5] & 0x10 else 1) + size
    # Some tags are padded beyond what they announce.
    rest = data[at:].lstrip(b"\0")
    return len(data) - len(rest) if rest[:1] == b"\xff" else at


def _is_end(data: bytes, at: int) -> bool:
    rest = data[at:]
    return len(rest) < _HEADER or rest.startswith(_TAGS_BEHIND) or not rest.strip(b"\0")


def _announced(frame: bytes) -> int | None:
    """How many frames the first one says that there are, where it does (Xing, LAME, Fraunhofer)."""
    for mark in (b"Xing", b"Info"):
        at = frame.find(mark, 0, 64)
        if at >= 0 and int.from_bytes(frame[at + 4 : at + 8], "big") & 1:
            return int.from_bytes(frame[at + 8 : at + 12], "big")
    at = frame.find(b"VBRI", 0, 64)
    return int.from_bytes(frame[at + 14 : at + 18], "big") if at >= 0 else None
