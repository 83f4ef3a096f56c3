"""Sentences that were written with the names of qualities, as a person reads them."""

from __future__ import annotations

import re

from policies.qualities import OF_LABEL, QUALITIES
from policies.registry import title_of


_NAMES = re.compile(rf"(?<!\w)({'|'.join(sorted((*QUALITIES, *OF_LABEL), key=len, reverse=True))})(?!\w)")
_BETWEEN = " is at "


def in_words(text: str) -> str:
    """The same text with ``map_50`` and its like called as everywhere else on the page.

    Args:
        text: Such as what was asked for, or a claim.
    """
    return _NAMES.sub(lambda found: title_of(found[0]), text)


def beginning(text: str) -> str:
    """The same text as a sentence begins; names with a spelling of their own, such as mAP, keep it."""
    first = text.partition(" ")[0]
    return text if first != first.lower() else text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """The same text as a sentence, from its first letter to the point behind its last; nothing of nothing."""
    return f"{beginning(text).removesuffix('.')}." if text else ""


def bounded(claim: str) -> str:
    """What the first limit of a claim is about: ``image F1`` of ``image_f1 is at least 0.5``.

    Args:
        claim: A claim in words, its limits one after the other.
    """
    return in_words(claim.partition(_BETWEEN)[0])
