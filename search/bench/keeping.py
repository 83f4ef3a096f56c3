"""Keeping in a bundle what was measured of it."""

from __future__ import annotations

from policies.files.atomic import write_text
from search.bench.card import speed_lines
from search.bench.record import BenchFile, BenchRecord
from search.errors import BenchError
from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.card import card_text
from trainables.export.bundle.manifest import CARD_FILE
from trainables.export.bundle.named_modules import named_modules


def keep(bundle: Bundle, record: BenchRecord) -> None:
    """Add a record to ``bench.json``, and write the model card anew with what that holds.

    The file is read here, since timing takes minutes, in which another executor's times may have been kept.

    Raises:
        BenchError: If one of them cannot be written.
        BundleError: If what is there cannot be read.
    """
    bench = BenchFile.load(bundle.folder, model_hash=bundle.manifest.model_hash).with_record(record)
    card = card_text(bundle.manifest, bundle.certificate, speed_lines(bench), modules=named_modules(bundle.folder))
    try:
        bench.save(bundle.folder)
        write_text(bundle.folder / CARD_FILE, card)
    except OSError as error:
        raise BenchError(f"{bundle.folder}: the times cannot be kept there ({error.strerror or error})") from None
