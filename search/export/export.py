"""Exporting what a search found: the order of the steps."""

from __future__ import annotations

from pathlib import Path

from search.export.finished_sweep import FinishedSweep
from search.export.options import ExportOptions
from search.export.subject import checked_content
from search.export.sweep_subject import subject_of_sweep
from search.messages import OnMessage, silent
from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.writing import require_new, write_bundle


def export_run(run: Path, out: Path, options: ExportOptions, *, on_message: OnMessage = silent) -> Bundle:
    """Make a bundle of a finished sweep.

    Args:
        run: Folder of the sweep.
        out: Folder of the bundle, which must not exist or be empty.
        options: How the bundle is made.
        on_message: Takes lines for a person.

    Raises:
        ExitSearchError: For anything that the user can put right; then nothing is left behind.
    """
    require_new(out)
    sweep = FinishedSweep.load(run)
    splits = sweep.splits(options.data_dir)
    subject = subject_of_sweep(sweep, splits, name=options.name)
    checked = checked_content(subject, ("torch",))
    on_message(f"Runtime: {checked.sentence}")
    return write_bundle(out, checked.content)
