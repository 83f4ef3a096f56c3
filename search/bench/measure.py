"""Timing a bundle in one of its executors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from policies.runtime.candidates import CONTROL
from policies.runtime.speed import measure_speed
from policies.runtime.stages import Device, Stages
from policies.runtime.threads import torch_threads
from policies.runtime.timing import Effort
from search.bench.machine import processor_name
from search.bench.record import BenchRecord
from search.bench.stream import Stream
from search.messages import OnMessage, silent
from trainables.export.bundle.bundle import Bundle


@dataclass(frozen=True, kw_only=True)
class BenchOptions:
    """How a bundle is timed.

    Attributes:
        executor: What runs the network: ``torch`` or ``onnx``.
        batch_sizes: Samples that are run together, each size by itself.
        device: Where it computes.
        threads: Threads to compute with.
        rounds: At most so often the stream is run at each batch size.
        seconds: After the first round no other is begun that would make everything last longer.
        seed: Of the order of samples and candidates.
    """

    executor: str
    batch_sizes: tuple[int, ...] = (1, 8, 32, 128)
    device: Device = "cpu"
    threads: int = 1
    rounds: int = 15
    seconds: float = 60.0
    seed: int = 0


def measure_bundle(
    bundle: Bundle, stream: Stream, options: BenchOptions, *, on_message: OnMessage = silent
) -> BenchRecord:
    """Time the policy, the full network, each exit and the plain network that costs at most as much, in turns.

    Args:
        bundle: The bundle.
        stream: Samples to time it with.
        options: How it is timed.
        on_message: Takes lines for a person.

    Raises:
        ExitSearchError: If the environment lacks the executor or the device.
    """
    effort = Effort(options.rounds, options.seconds / len(options.batch_sizes))
    # ONNX Runtime has threads of its own, and a control may be exported by torch.
    with torch_threads(options.threads if bundle.computes_with_torch(options.executor) else None):
        stages = bundle.stages(options.executor, device=options.device, n_threads=options.threads)
        single = bundle.single_graph(options.executor, device=options.device, n_threads=options.threads)
        with _control(bundle, options, on_message) as control:
            speeds = []
            for size in options.batch_sizes:
                on_message(f"Timing batch {size} ...")
                speeds.append(
                    measure_speed(
                        stages,
                        bundle.policy,
                        stream.inputs,
                        batch_size=size,
                        # Costs may be those of a sweep that counts exits.
                        cost=np.asarray(bundle.manifest.macs or bundle.manifest.cost),
                        plain=None if control is None else {CONTROL: control},
                        single=None if single is None else single.answer,
                        effort=effort,
                        seed=options.seed,
                    )
                )
    return BenchRecord(
        executor=options.executor,
        device=options.device,
        processor=processor_name(options.device),
        threads=options.threads,
        model_hash=bundle.manifest.model_hash,
        stream=stream.source,
        speeds=tuple(speeds),
    )


@contextmanager
def _control(bundle: Bundle, options: BenchOptions, on_message: OnMessage) -> Iterator[Stages | None]:
    """The plain network that costs at most as much in the same executor; None where the bundle has none."""
    model = bundle.control()
    if model is None:
        yield None
        return
    # Here, since the imports take seconds, and most bundles are timed without.
    if options.executor == "torch":
        from policies.runtime.torch_stages import TorchStages

        yield TorchStages(model, options.device)
        return
    from policies.runtime.onnx_stages import OnnxStages
    from trainables.export.onnx.stage_graphs import write_stage_graphs

    on_message("Exporting the static control as ONNX, which a bundle does not hold ...")
    with TemporaryDirectory() as folder:
        write_stage_graphs(model, bundle.manifest.inputs.shape, Path(folder))
        yield OnnxStages(Path(folder), n_threads=options.threads, device=options.device)
