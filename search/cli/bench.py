"""``exitsearch bench``: how fast a bundle is here, and whether leaving early pays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
import typer

from policies.runtime.stages import Device, Executor
from search.console_table import print_line
from search.errors import BenchError
from search.loading import tell_loading
from search.run_folder.new_folder import require_output_file, require_writable, writing
from trainables.export.bundle.manifest import bundle_files, require_bundle


if TYPE_CHECKING:
    from trainables.export.bundle.bundle import Bundle

_SIZES = (1, 8, 32, 128)


def bench(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="A bundle of exitsearch export.")],
    executor: Annotated[
        Executor | None, typer.Option(help="What runs the network; the fastest that there is where left out.")
    ] = None,
    batch_size: Annotated[
        list[int] | None,
        typer.Option(
            min=1,
            max=100_000,
            help=f"Samples that are run together; may be repeated. {', '.join(map(str, _SIZES))} where left out.",
        ),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PATH",
            help="Files or a folder with the samples to time it with; may be repeated. Where left out, the bundle's "
            "check inputs are repeated to the exit mix that was seen on test.",
        ),
    ] = None,
    threads: Annotated[int, typer.Option(min=1, max=1024, help="Threads to compute with.")] = 1,
    device: Annotated[Device, typer.Option(help="Where it computes.")] = "cpu",
    rounds: Annotated[
        int, typer.Option(min=1, max=100_000, help="The stream is run at most so often; medians are told.")
    ] = 15,
    seconds: Annotated[float, typer.Option(min=0, help="No round is begun that would make it last longer.")] = 60.0,
    times: Annotated[
        Path | None,
        typer.Option(
            metavar="TIMES.json",
            help="Write the milliseconds up to each exit at the first batch size to this file, for `exitsearch policy "
            "--latency-from`.",
        ),
    ] = None,
    tracking_uri: Annotated[
        str | None, typer.Option(help="MLflow store; figures are logged to the run that the bundle is from.")
    ] = None,
) -> None:
    """Time a bundle: the policy beside the full network, each exit alone and a plain network that costs no more.

    At batch 1 the whole stream is run in random order, one sample after the other (single stream); at other sizes
    throughput is told (offline). All of them take turns, batch by batch. The full network is run without its early
    heads, as one would deploy it instead; it is there twice, which shows how far two measurements of the same differ.

    With exits, times have a mode for each: the policy's P99 is the full network with every head and gate.

    Written to the bundle: `bench.json`, a record for each executor and machine, and the model card's section on speed.

    Exit status: 0 done, whatever the verdict is; 2 wrong input.

    For example:

    - `exitsearch bench digits-bundle`

    - `exitsearch bench digits-bundle --executor onnx --batch-size 1 --batch-size 64 --inputs photos/`

    - `exitsearch bench digits-bundle --batch-size 1 --times times.json`
    """
    require_bundle(bundle)
    require_output_file(times, option="--times", inputs=bundle_files(bundle))
    # Here and below, since these imports take seconds, and help needs none of them.
    from trainables.export.bundle.bundle import Bundle

    loaded = Bundle.load(bundle)
    chosen = loaded.executor(executor, device=device)
    require_writable(bundle, what="BUNDLE")
    run_id = _run_id(loaded, tracking_uri)
    tell_loading("torch" if chosen == "torch" else "onnxruntime")
    from search.bench.console import print_bench
    from search.bench.keeping import keep
    from search.bench.measure import BenchOptions, measure_bundle
    from search.bench.record import BenchFile
    from search.bench.stream import drawn_stream, given_stream

    # One that cannot be read is told before anything is timed.
    BenchFile.load(bundle, model_hash=loaded.manifest.model_hash)
    options = BenchOptions(
        executor=chosen,
        batch_sizes=tuple(dict.fromkeys(batch_size or _SIZES)),
        device=device,
        threads=threads,
        rounds=rounds,
        seconds=seconds,
    )
    stream = given_stream(loaded, inputs) if inputs else drawn_stream(loaded)
    progress, console = Console(stderr=True), Console()
    record = measure_bundle(loaded, stream, options, on_message=lambda line: print_line(progress, line, style="dim"))
    print_bench(console, record)
    keep(loaded, record)
    if times is not None:
        with writing(times, option="--times"):
            record.times().save(times)
    if tracking_uri is not None and run_id is not None:
        from search.bench.tracking import log_record

        log_record(tracking_uri, run_id, record)


def _run_id(bundle: Bundle, tracking_uri: str | None) -> str | None:
    """The MLflow run that a bundle is from; it must be known where figures are to be logged."""
    from trainables.export.bundle.manifest import RUN_KEY

    run_id = bundle.manifest.training.get(RUN_KEY)
    if tracking_uri is not None and run_id is None:
        raise BenchError(
            "--tracking-uri is for bundles that state their MLflow run but this one states none; leave it out"
        )
    return None if run_id is None else str(run_id)
