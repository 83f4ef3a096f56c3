"""Names that people and spreadsheets leave: one spelling of each, and how many of them one line may list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from unicodedata import normalize

import numpy as np
from numpy.typing import NDArray


# Byte order mark, zero-width space, word joiner, marks of writing direction, soft hyphen: nobody sees them. The joiners
# that Persian and Indic scripts are spelled with stay.
_INVISIBLE = dict.fromkeys(map(ord, "\ufeff\u200b\u2060\u200e\u200f\u00ad"))
_MOST, _LONGEST = 5, 80


def composed(text: str) -> str:
    """Text in Unicode's composed form (NFC): macOS and some archives write an accent as a character of its own."""
    return normalize("NFC", text)


def clean_name(text: str) -> str:
    """One spelling of a name that a person has typed: of a class, an origin, a trial.

    Composed (NFC), without invisible characters, with single spaces between words and none at the ends.
    """
    return " ".join(composed(text.translate(_INVISIBLE)).split())


def clean_id(text: str) -> str:
    """One spelling of a sample's id, such as a relative path: as :func:`clean_name`, but spaces within it stay."""
    # Of millions of ids most are plain.
    if text.isascii():
        return text.strip()
    return composed(text.translate(_INVISIBLE)).strip()


def clean_array(values: NDArray[np.str_], clean: Callable[[str], str]) -> NDArray[np.str_]:
    """One spelling of each name of an array of text, shape (N,); the very array where nothing changes."""
    names = values.tolist()
    cleaned = [clean(name) for name in names]
    return values if cleaned == names else np.array(cleaned, dtype=np.str_)


def describe_clash(names: Sequence[str], clean: Callable[[str], str] = clean_name, *, caseless: bool = True) -> str:
    """Which two of some names a person takes for one, as half a sentence; empty where there are none.

    They are equal, or differ in spaces, invisible characters, Unicode form or case only. Two names of a single
    character may differ in case: alphabets have both.

    Args:
        names: Names as they were found.
        clean: Function that makes one spelling of a name.
        caseless: Whether names that differ in case only are one; of files they are not.
    """
    seen: dict[str, str] = {}
    for name in names:
        key = _caseless(clean(name)) if caseless else clean(name)
        if key in seen:
            return _difference(seen[key], name, clean)
        seen[key] = name
    return ""


def one_spelling(values: NDArray[np.str_]) -> tuple[NDArray[np.str_], tuple[tuple[str, ...], ...]]:
    """Clean names, those that differ in case only taken as one.

    Args:
        values: Names to clean, shape (N,), text.

    Returns:
        The names, shape (N,), the very array where nothing changes; and the spellings that were taken as one, of which
        the first is kept.
    """
    cleaned = clean_array(values, clean_name)
    spellings: dict[str, list[str]] = {}
    for name in np.unique(cleaned).tolist():
        spellings.setdefault(_caseless(name), []).append(name)
    joined = tuple(tuple(names) for names in spellings.values() if len(names) > 1)
    kept = {name: names[0] for names in joined for name in names}
    return clean_array(cleaned, lambda name: kept.get(name, name)), joined


def list_some(names: Iterable[object], *, most: int = _MOST, are_quoted: bool = True) -> str:
    """Names in quotation marks joined by commas: at most five, and how many there are beside, so that a line stays one.

    Args:
        names: Names in the order in which they are listed.
        most: How many names are listed at most.
        are_quoted: Whether they stand in quotation marks.
    """
    texts = [str(name) for name in names]
    cut = [text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..." for text in texts[:most]]
    shown = ", ".join(map(repr, cut) if are_quoted else cut)
    return shown if len(texts) <= most else f"{shown} and {len(texts) - most} more"


def _caseless(name: str) -> str:
    return name if len(name) == 1 else composed(name.casefold())


def _difference(one: str, other: str, clean: Callable[[str], str]) -> str:
    if one == other:
        return f"{one!r} occurs twice"
    if clean(one) == clean(other):
        return f"{one!a} and {other!a} differ in spaces, invisible characters or Unicode form only"
    return f"{one!r} and {other!r} differ in case only"
