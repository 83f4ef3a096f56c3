"""What the registry tells of a bundle: a description for people, and tags for scripts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from policies.certificates.claims import Claim
from policies.errors import ClaimError
from search.tracking.store import POLICY_TAG
from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.card import certificate_in_words
from trainables.export.bundle.manifest import CARD_FILE


_MOST_CHARACTERS = 5000


def description_of(bundle: Bundle) -> str:
    """The first paragraph of the model card, and the certificate in words, as Markdown."""
    text = f"{_first_paragraph(bundle)}\n\n{certificate_in_words(bundle.certificate)}".strip()
    return text if len(text) <= _MOST_CHARACTERS else text[: _MOST_CHARACTERS - 3] + "..."


def model_tags(bundle: Bundle) -> dict[str, str]:
    """Identity of the policy and of the network, and what is certain about them."""
    manifest = bundle.manifest
    tags = {
        POLICY_TAG: bundle.policy.policy_hash,
        "exitsearch.rule": bundle.policy.rule,
        "exitsearch.model_hash": manifest.model_hash,
        "exitsearch.version": manifest.version,
        "exitsearch.executors": ", ".join(manifest.executors),
        "exitsearch.is_quantised": str(manifest.is_quantised).lower(),
        "exitsearch.certified": str(manifest.certified).lower(),
    }
    return tags | _certificate_tags(bundle)


def _certificate_tags(bundle: Bundle) -> dict[str, str]:
    stated = bundle.certificate or {}
    values = {key: stated[key] for key in ("bound", "delta", "n", "unit") if key in stated}
    claim = _claim(stated)
    named = values | ({} if claim is None else {"claim": claim})
    return {f"exitsearch.certificate_{key}": str(value) for key, value in named.items()}


def _claim(certificate: Mapping[str, Any]) -> str | None:
    try:
        return str(Claim.from_dict(certificate["claim"]))
    except (KeyError, TypeError, ClaimError):
        # One of a newer version; the bundle has it whole.
        return None


def _first_paragraph(bundle: Bundle) -> str:
    """That after the title; the front matter before it is for machines."""
    try:
        card = (bundle.folder / CARD_FILE).read_text()
    except OSError:
        # The card is for people: a bundle without it is whole.
        return ""
    _, _, body = card.partition("\n---\n") if card.startswith("---\n") else ("", "", card)
    paragraphs = [part.strip() for part in body.split("\n\n")]
    return next((part for part in paragraphs if part and not part.startswith("#")), "")
