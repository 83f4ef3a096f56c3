"""What early exit saves once a network is deployed: measured, beside what latency and MACs predict.

``python benchmarks/deployment.py`` takes a quarter of an hour on two cores, ``--quick`` a minute. Networks have random
weights and inputs are noise of differing contrast: time does not depend on what is answered. Which exit a sample takes
is imposed, by thresholds between the scores that were seen.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
import torch
from torch import nn

from policies.policy import Policy
from policies.runtime.answers import Answers
from policies.runtime.candidates import CONTROL, FULL
from policies.runtime.speed import Speed, measure_speed
from policies.runtime.stages import Stages
from policies.runtime.timing import Effort
from policies.runtime.torch_stages import TorchStages
from policies.runtime.verdict import verdict
from search.console_table import FigureRow, FigureTable, print_line
from trainables.models import NETWORKS, MultiExitModel, cumulative_macs


ONE_STAGE = "full network, one stage"
N_CLASSES = 10
SINGLE_GRAPH = "onnxruntime, single graph"


@dataclass(frozen=True)
class Opened:
    """A network in an executor.

    Attributes:
        stages: The network, stage by stage.
        graphs: Folder of its stage graphs; None where it has none.
    """

    stages: Stages
    graphs: Path | None = None


Opener = Callable[[MultiExitModel, tuple[int, ...]], Opened]


@dataclass(frozen=True)
class Case:
    """A network, and who leaves where.

    Attributes:
        name: Of the row.
        family: Of the network.
        input_shape: (channels, height, width).
        width: Channels of the first stage.
        mix: Share of the samples that take each exit, shape (E,).
        batch_sizes: Samples that are run together.
        narrower: Widths of plain networks to choose the static control from, from the largest on.
    """

    name: str
    family: str
    input_shape: tuple[int, ...]
    width: int
    mix: tuple[float, ...]
    batch_sizes: tuple[int, ...]
    narrower: tuple[int, ...]

    def build(self, width: int) -> MultiExitModel:
        """The network, with random weights that are the same each time and activations of a sane size."""
        torch.manual_seed(0)
        channels = self.input_shape[0]
        more = {"head_grid": 1} if self.family == "small-cnn" else {}
        model = NETWORKS[self.family].build(
            input_shape=self.input_shape,
            n_classes=N_CLASSES,
            n_exits=len(self.mix),
            width=width,
            mean=[0.5] * channels,
            std=[0.25] * channels,
            **more,
        )
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                # The statistics of one batch are taken as they are.
                module.momentum = None
        with torch.no_grad():
            model.train()(torch.from_numpy(noise(self, 32)).float() / 255)
        return model.eval()


_IMAGES = (0.5, 0.25, 0.15, 0.1)
_OTHERS = (0.6, 0.25, 0.15)
CASES = (
    Case("MobileNetV3-S 96 px", "mobilenet-v3-small", (3, 96, 96), 16, _IMAGES, (1, 32, 64, 256), (8,)),
    Case("MobileNetV3-S 224 px", "mobilenet-v3-small", (3, 224, 224), 16, _IMAGES, (1, 32, 64), (8,)),
    Case("audio CNN 64x101", "audio-cnn", (1, 64, 101), 16, _OTHERS, (1, 32, 64, 256), tuple(range(15, 0, -1))),
    Case("digits", "small-cnn", (1, 8, 8), 16, _OTHERS, (1, 32, 64, 256), tuple(range(15, 0, -1))),
)


def plain(model: MultiExitModel) -> MultiExitModel:
    """The same network as one stage, with its last head alone."""
    scale = {"mean": model.mean.flatten().tolist(), "std": model.std.flatten().tolist()}
    return MultiExitModel([nn.Sequential(*model.stages)], [model.heads[-1]], **scale).eval()


def static_control(case: Case, mean_macs: float) -> MultiExitModel:
    """The widest plain network of at most the policy's mean compute."""
    for width in case.narrower:
        found = plain(case.build(width))
        if cumulative_macs(found, case.input_shape)[-1] <= mean_macs:
            return found
    raise SystemExit(f"{case.name}: no plain network is as cheap as the policy; give narrower widths")


def noise(case: Case, n_samples: int) -> NDArray[np.uint8]:
    """Samples of differing contrast, shape (n, channels, height, width)."""
    rng = np.random.default_rng(0)
    contrast = rng.uniform(0.1, 1.0, (n_samples, 1, 1, 1))
    return (127 + contrast * rng.integers(-127, 128, (n_samples, *case.input_shape))).astype(np.uint8)


def imposed_policy(stages: Stages, inputs: NDArray[Any], mix: tuple[float, ...]) -> Policy:
    """A policy by confidence under which the given shares of these samples take each exit.

    Logits of random weights hardly differ, so that temperatures spread them.
    """
    logits = []
    features = stages.begin(inputs)
    for k in range(stages.n_exits):
        features, outputs = stages.run(k, features)
        logits.append(outputs.logits.astype(np.float64))
    temperatures = tuple(float(own.std()) for own in logits)
    staying = np.arange(len(inputs))
    thresholds = []
    for own, temperature, share in zip(logits[:-1], temperatures, mix, strict=False):
        scores = torch.softmax(torch.from_numpy(own[staying] / temperature), dim=1).amax(dim=1).numpy()
        order = np.argsort(-scores)
        n_leaving = round(share * len(inputs))
        thresholds.append(float(scores[order[n_leaving - 1 : n_leaving + 1]].mean()))
        staying = staying[order[n_leaving:]]
    return Policy("confidence", tuple(thresholds), temperatures)


def measure(case: Case, openers: Mapping[str, Opener], n_samples: int, effort: Effort) -> Iterator[tuple[str, Speed]]:
    """Every executor at every batch size."""
    model, inputs = case.build(case.width), noise(case, n_samples)
    policy = imposed_policy(TorchStages(model), inputs, case.mix)
    macs = cumulative_macs(model, case.input_shape)
    plain_networks = {CONTROL: static_control(case, float(np.dot(case.mix, macs))), ONE_STAGE: plain(model)}
    for executor, opened in openers.items():
        own = opened(model, case.input_shape)
        others = {name: opened(one, case.input_shape).stages for name, one in plain_networks.items()}
        single = single_graph(own.graphs, policy)
        found = partial(measure_speed, own.stages, policy, inputs, cost=macs / macs[-1], plain=others, effort=effort)
        for size in case.batch_sizes:
            yield executor, found(batch_size=size)
        if single is not None:
            yield SINGLE_GRAPH, found(batch_size=1, single=single)


def single_graph(graphs: Path | None, policy: Policy) -> Callable[[NDArray[Any]], Answers] | None:
    """How one graph of all stages and gates answers; None where there are no stage graphs to make it of."""
    if graphs is None:
        return None
    from policies.runtime.single_graph import SingleGraph
    from trainables.export.onnx.single_graph import write_single_graph

    write_single_graph(graphs, policy, graphs / "single_graph.onnx")
    return SingleGraph(graphs / "single_graph.onnx").answer


def openers(folder: Path) -> dict[str, Opener]:
    """How a network is opened in each executor that is installed, with one thread.

    Args:
        folder: Holds the ONNX graphs for as long as they are used.
    """
    found: dict[str, Opener] = {"torch": lambda model, _: Opened(TorchStages(model))}
    if not all(find_spec(name) for name in ("onnx", "onnxscript", "onnxruntime")):
        return found
    from policies.runtime.onnx_stages import OnnxStages
    from trainables.export.onnx.stage_graphs import write_stage_graphs

    def opened(model: MultiExitModel, input_shape: tuple[int, ...]) -> Opened:
        own = Path(mkdtemp(dir=folder))
        write_stage_graphs(model, input_shape, own)
        return Opened(OnnxStages(own, n_threads=1), own)

    return {**found, "onnxruntime": opened}


HEADINGS = (
    *("full, ms", "policy, ms", "from latency", "from MACs", "measured", "/ latency", "/ MACs"),
    *("over one stage", "over control", "noise, %"),
)


def row(name: str, speed: Speed) -> FigureRow:
    """One line of the table."""
    return FigureRow(
        name,
        (
            f"{speed.times[FULL].mean_ms:.3f}",
            f"{speed.policy_ms:.3f}",
            f"{speed.predicted_from_latency:.2f}",
            f"{speed.predicted_from_macs:.2f}",
            f"{speed.over(FULL):.2f}",
            f"{speed.share_of_latency:.2f}",
            f"{speed.share_of_macs:.2f}",
            f"{speed.over(ONE_STAGE):.2f}",
            f"{speed.over(CONTROL):.2f}",
            f"{100 * speed.noise:.1f}",
        ),
    )


def main() -> None:
    """Measure all cases and print one table, and verdicts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the two small networks, at two batch sizes")
    parser.add_argument("--case", action="append", help="only cases whose name begins so; may be repeated")
    parser.add_argument("--samples", type=int, default=256, help="samples of the stream")
    parser.add_argument("--seconds", type=float, default=20.0, help="for each executor and batch size")
    options = parser.parse_args()
    cases = [case for case in CASES if not options.case or case.name.startswith(tuple(options.case))]
    if not cases:
        parser.error(f"--case must begin a name of {', '.join(case.name for case in CASES)} but is {options.case}")
    effort = Effort(seconds=options.seconds)
    if options.quick:
        cases = [replace(case, batch_sizes=(1, 32)) for case in cases if case.input_shape[0] == 1]
        effort = Effort(rounds=3, seconds=5.0)
    torch.set_num_threads(1)
    console, progress = Console(), Console(stderr=True)
    rows, verdicts = [], []
    with TemporaryDirectory() as folder:
        for case in cases:
            found: dict[str, list[Speed]] = {}
            rows.append(FigureRow(f"{case.name}, {'/'.join(f'{100 * share:.0f}' for share in case.mix)} %"))
            for executor, speed in measure(case, openers(Path(folder)), options.samples, effort):
                found.setdefault(executor, []).append(speed)
                rows.append(row(f" {executor}, batch {speed.batch_size}", speed))
                progress.print(f"{case.name}: {rows[-1].name.strip()} done", style="dim")
            verdicts += [
                f"{case.name}, {executor}: {verdict(speeds, against)}"
                for executor, speeds in found.items()
                for against in (FULL, CONTROL)
            ]
    FigureTable(
        headings=HEADINGS,
        rows=tuple(rows),
        title="Speed-up over the full network without early heads, one thread",
        caption="Milliseconds are per sample. One stage: the full network in one piece. MACs count all heads.",
    ).print_on(console)
    for line in verdicts:
        print_line(console, line)


if __name__ == "__main__":
    main()
