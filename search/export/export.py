"""Exporting what a search found: the order of the steps."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from policies.runtime.stages import Executor
from search.export.finished_sweep import FinishedSweep
from search.export.options import ExportOptions
from search.export.search_subject import subject_of_search
from search.export.subject import ExportSubject, checked_content
from search.export.sweep_subject import subject_of_sweep
from search.messages import OnMessage, silent
from trainables.data import Splits
from trainables.errors import ExportError
from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.writing import require_new, write_bundle


def export_run(run: Path, out: Path, options: ExportOptions, *, on_message: OnMessage = silent) -> Bundle:
    """Make a bundle of what a sweep or a policy search selected.

    Args:
        run: Folder of the sweep or of the policy search.
        out: Folder of the bundle, which must not exist or be empty.
        options: How the bundle is made.
        on_message: Takes lines for a person.

    Raises:
        ExitSearchError: For anything that the user can put right; then nothing is left behind.
    """
    require_new(out)
    options.require_libraries()
    if options.network is not None:
        if options.int8:
            raise ExportError("--int8 searches a policy as the sweep did but this was no sweep; leave it out")
        subject = subject_of_search(run, options.network, name=options.name)
        options.require_possible(subject.search.task)
        return _export(subject, out, options, on_message)
    sweep = FinishedSweep.load(run)
    splits = sweep.splits(options.data_dir)
    subject = subject_of_sweep(sweep, splits, name=options.name)
    options.require_possible(subject.search.task)
    if options.int8:
        return _export_int8(subject, sweep, splits, out, options, on_message)
    return _export(subject, out, options, on_message)


def _export(subject: ExportSubject, out: Path, options: ExportOptions, on_message: OnMessage) -> Bundle:
    if not options.onnx or subject.network is None:
        return _write(subject, out, ("torch",), None, on_message)
    # Here and below, since these need the extra.
    from search.export.graphs import write_graphs

    graphs = partial(
        write_graphs,
        subject=subject,
        network=subject.network,
        single_graph=options.single_graph,
        on_message=on_message,
    )
    return _write(subject, out, ("torch", "onnx"), graphs, on_message)


def _export_int8(
    subject: ExportSubject,
    sweep: FinishedSweep,
    splits: Splits,
    out: Path,
    options: ExportOptions,
    on_message: OnMessage,
) -> Bundle:
    from search.export.graphs import write_single
    from search.export.int8 import copy_graphs, quantised_subject

    with TemporaryDirectory() as made:
        quantised = quantised_subject(subject, sweep, splits, Path(made), on_message=on_message)

        def graphs(folder: Path) -> None:
            copy_graphs(Path(made), folder, quantised.policy)
            if options.single_graph:
                write_single(folder, quantised, on_message=on_message)

        return _write(quantised, out, ("onnx",), graphs, on_message)


def _write(
    subject: ExportSubject,
    out: Path,
    executors: tuple[Executor, ...],
    graphs: Callable[[Path], None] | None,
    on_message: OnMessage,
) -> Bundle:
    checked = checked_content(subject, executors, graphs)
    on_message(f"Runtime: {checked.sentence}")
    return write_bundle(out, checked.content)
