"""Keeping in a bundle what was measured of it."""

from __future__ import annotations

from policies.files.atomic import write_text
from search.bench.card import speed_lines
from search.bench.record import BenchFile
from search.errors import BenchError
from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.card import card_text
from trainables.export.bundle.manifest import CARD_FILE


def keep(bundle: Bundle, bench: BenchFile) -> None:
    """Write ``bench.json``, and the model card anew with what it holds.

    Raises:
        BenchError: If one of them cannot be written.
    """
    try:
        bench.save(bundle.folder)
        write_text(bundle.folder / CARD_FILE, card_text(bundle.manifest, bundle.certificate, speed_lines(bench)))
    except OSError as error:
        raise BenchError(f"{bundle.folder}: the times cannot be kept there ({error.strerror or error})") from None
