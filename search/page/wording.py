"""Texts of a search as the sentences of a page."""

from __future__ import annotations

from policies.qualities import in_words
from policies.registry import capital


_BETWEEN = " is at "


def sentence(text: str) -> str:
    """The same text as a sentence, from its first letter to the point behind its last; nothing of nothing."""
    return f"{capital(text).removesuffix('.')}." if text else ""


def bounded(claim: str) -> str:
    """What the first limit of a claim is about: ``image F1`` of ``image_f1 is at least 0.5``.

    Args:
        claim: A claim in words, its limits one after the other.
    """
    return in_words(claim.partition(_BETWEEN)[0])
