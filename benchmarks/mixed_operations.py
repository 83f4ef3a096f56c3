"""A training step of a mixture of operations against a plain loop over edges and operations, and where its time goes.

``python benchmarks/mixed_operations.py`` takes some two minutes. Both networks have the same operations and are trained
by the same loss, on made-up images, in turn; steps are compared within each round. ``--profile`` names the operators
that take the most of a step's time.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
import time

import numpy as np
from rich.console import Console
from rich.table import Table
import torch
from torch import Tensor, nn

from trainables.losses.exit_loss import ExitLoss, LossWeights
from trainables.losses.stopping_loss import StoppingLoss
from trainables.models import relative_cost
from trainables.models.families.darts.network import DartsNetwork, darts
from trainables.models.families.darts.operations import OPERATIONS, SEPARABLE, Separable, Source
from trainables.models.families.darts.stages import FirstStage, Stage


@dataclass(frozen=True)
class Setting:
    """A network and its batches.

    Attributes:
        name: Name of the preset.
        input_shape: (channels, height, width) of one sample.
        width: Channels of the nodes.
        stem_stride: Stride of the first convolution.
        batch_size: Samples of a step.
    """

    name: str
    input_shape: tuple[int, int, int]
    width: int
    stem_stride: int
    batch_size: int


SETTINGS = (Setting("darts-small", (1, 28, 28), 16, 2, 128), Setting("darts", (3, 32, 32), 64, 1, 32))
_WEIGHTS = LossWeights(cost=0.05, perturbation=1e-3)


class LoopNode(nn.Module):
    """Equation (5) as it stands: every operation of every edge by itself, weighted and added."""

    def __init__(self, n_sources: int, channels: int) -> None:
        super().__init__()
        self.edges = nn.ModuleList(
            nn.ModuleDict({name: Separable(channels, side) for name, side in SEPARABLE.items()})
            for _ in range(n_sources)
        )
        # Of each edge its own, as its operations are.
        self.sources = nn.ModuleList(Source(channels) for _ in range(n_sources))

    def forward(self, states: Sequence[tuple[Tensor, ...]], weights: Tensor) -> Tensor:
        """The node, of states before it and the shares of its edges."""
        total = torch.zeros(())
        for j, (edge, source) in enumerate(zip(self.edges, self.sources, strict=True)):
            (state, *_) = states[j]
            for k, name in enumerate(OPERATIONS):
                total = total + weights[:, j, k, None, None, None] * _operation(edge, source, name, state)
        return total


def _operation(edge: nn.Module, source: nn.Module, name: str, state: Tensor) -> Tensor:
    if name in SEPARABLE:
        return edge[name](source.active(state))
    return torch.zeros_like(state) if name == "zero" else getattr(source, name)(state)


class Raw(nn.Module):
    """Shares nothing between edges: they get the state alone."""

    def forward(self, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The state, where stages hand on what edges share."""
        return state, state, state, state


def network(setting: Setting, *, is_loop: bool) -> DartsNetwork:
    """The network of a setting, or the same as a loop."""
    torch.manual_seed(0)
    channels = setting.input_shape[0]
    model = darts(
        input_shape=setting.input_shape,
        n_classes=10,
        n_exits=4,
        width=setting.width,
        mean=[0.5] * channels,
        std=[0.25] * channels,
        stem_stride=setting.stem_stride,
    )
    if is_loop:
        for stage in model.stages:
            own = stage.nodes if isinstance(stage, FirstStage) else stage
            _as_loop(own)
        model.to(memory_format=torch.channels_last)
    return model.train()


def _as_loop(stage: Stage) -> None:
    plan = stage.plan
    stage.sources = nn.ModuleList(Raw() for _ in range(plan.n_nodes))
    stage.nodes = nn.ModuleList(LoopNode(plan.n_before + place, plan.channels) for place in range(plan.n_nodes))


class Steps:
    """Training steps of one network on one batch.

    Args:
        setting: Network and batch.
        is_loop: Whether the network is the plain loop.
    """

    def __init__(self, setting: Setting, *, is_loop: bool) -> None:
        self._model = network(setting, is_loop=is_loop)
        cost = tuple(relative_cost(self._model, setting.input_shape).tolist())
        self._loss = StoppingLoss.of(ExitLoss((1.0,) * 4, (1.0,) * 3), cost, auxiliary_weight=0.35)
        self._optimiser = torch.optim.AdamW(self._model.parameters(), lr=1e-3)
        self._inputs = torch.rand(setting.batch_size, *setting.input_shape)
        self._labels = torch.arange(setting.batch_size) % 10

    def take(self) -> float:
        """Take one step; returns its seconds."""
        started = time.perf_counter()
        self._optimiser.zero_grad()
        self._loss(self._model.outputs(self._inputs), self._labels, _WEIGHTS).backward()
        self._optimiser.step()
        return time.perf_counter() - started


def measure(setting: Setting, rounds: int) -> tuple[np.ndarray, np.ndarray]:
    """Seconds of a step of the mixture and of the loop in every round, shape (rounds,) each."""
    both = [Steps(setting, is_loop=is_loop) for is_loop in (False, True)]
    for one in both * 2:
        one.take()
    seconds = np.array([[one.take() for one in both] for _ in range(rounds)])
    return seconds[:, 0], seconds[:, 1]


def shares(setting: Setting, *, is_loop: bool, most: int = 8) -> list[tuple[str, float]]:
    """The operators that take the most of three steps' time, each with its share of it."""
    steps = Steps(setting, is_loop=is_loop)
    steps.take()
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as profile:
        for _ in range(3):
            steps.take()
    found = {event.key: event.self_cpu_time_total for event in profile.key_averages()}
    total = sum(found.values())
    return [(name, found[name] / total) for name in sorted(found, key=lambda name: -found[name])[:most]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--profile", action="store_true", help="name the operators that take the time")
    arguments = parser.parse_args()
    console = Console(width=100)
    table = Table(title="A training step, seconds (median), and how much faster it is than a plain loop")
    for heading in ("network", "batch", "threads", "mixture", "loop", "times faster", "min", "max"):
        table.add_column(heading, justify="left" if heading == "network" else "right")
    for setting in SETTINGS:
        for n_threads in (1, 2):
            torch.set_num_threads(n_threads)
            mixture, loop = measure(setting, arguments.rounds)
            ratios = loop / mixture
            figures = (f"{np.median(mixture):.3f}", f"{np.median(loop):.3f}")
            spread = (f"{one:.2f}" for one in (np.median(ratios), ratios.min(), ratios.max()))
            table.add_row(setting.name, str(setting.batch_size), str(n_threads), *figures, *spread)
    console.print(table)
    if arguments.profile:
        torch.set_num_threads(1)
        for is_loop in (False, True):
            told = ", ".join(f"{name} {share:.0%}" for name, share in shares(SETTINGS[0], is_loop=is_loop))
            console.print(f"{SETTINGS[0].name}, {'loop' if is_loop else 'mixture'}: {told}")


if __name__ == "__main__":
    main()
