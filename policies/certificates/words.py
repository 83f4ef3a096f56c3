"""What a certificate says, in words: wherever one is told, in notebooks and of a whole search."""

from __future__ import annotations


CERTIFIED, NOT_CERTIFIED = "certified", "not certified"


def confidence_in_words(delta: float) -> str:
    """How surely a certificate holds.

    Args:
        delta: The largest probability that it is wrong.
    """
    return f"confidence {100 * (1 - delta):g} %"


def proof_in_words(claim: str, *, bound: float | None, delta: float) -> str:
    """What is shown of new data.

    Args:
        claim: What was claimed, in words.
        bound: Bound on what was claimed; None where there is none.
        delta: The largest probability that the certificate is wrong.
    """
    told = "" if bound is None else f" (bound {bound:.4f})"
    return f"with {confidence_in_words(delta)}, on new data of the same kind {claim}{told}"


def refusal_in_words(reason: str, *, claim: str) -> str:
    """That something is not certified: why, and what.

    Args:
        reason: Why it is not.
        claim: What was claimed, in words.
    """
    return f"{NOT_CERTIFIED}: {reason} (claim: {claim})"
