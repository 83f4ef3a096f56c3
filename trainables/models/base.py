"""What every multi-exit network is: stages, and a head after each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from policies.runtime.torch_stages import classifier_outputs
from trainables.models.architecture_report import ArchitectureReport
from trainables.models.outputs import stack_exits
from trainables.models.spec import CostModel


class MultiExitModel(nn.Module):
    """A backbone cut into ``E`` stages with one classifier head, an exit, after each.

    Running stage by stage and stopping is what early exit means; :meth:`forward` runs all of them.

    Args:
        stages: Each takes the features of the one before; the first takes the normalised input.
        heads: Each takes its stage's features and returns logits, shape (N, C), or what
            :meth:`logits_of` takes them from.
        mean: Mean of each input channel, for inputs in 0..1; it is subtracted from them.
        std: Standard deviation of each input channel, for inputs in 0..1; they are divided by it.

    Attributes:
        cost_model: What :func:`relative_cost` says that answering at an exit costs.
        not_a_graph: Why it cannot be written as graphs of one shape for all samples; empty where it can.
        n_axes: Axes of what :meth:`logits_of` gives, samples first: 2 for logits of classes.
    """

    mean: Tensor
    std: Tensor
    cost_model: CostModel = "macs"
    not_a_graph: ClassVar[str] = ""
    n_axes: ClassVar[int] = 2

    def __init__(
        self, stages: Sequence[nn.Module], heads: Sequence[nn.Module], *, mean: Sequence[float], std: Sequence[float]
    ) -> None:
        super().__init__()
        stages, heads = list(stages), list(heads)
        if len(stages) != len(heads) or not stages:
            raise ValueError(f"a model needs one head per stage but got {len(stages)} stages and {len(heads)} heads")
        self.stages = nn.ModuleList(stages)
        self.heads = nn.ModuleList(heads)
        self.register_buffer("mean", torch.tensor(np.asarray(mean, dtype=np.float32)).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(np.asarray(std, dtype=np.float32)).view(1, -1, 1, 1))
        # Convolutions on a CPU are up to twice as fast with the channels last in memory.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return len(self.heads)

    def normalise(self, inputs: Tensor) -> Tensor:
        """Standardise inputs in 0..1, shape (N, channels, height, width)."""
        return (inputs - self.mean) / self.std

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits at every exit, shape (N, E, C), for inputs in 0..1, shape (N, channels, height, width)."""
        return stack_exits([self.logits_of(said) for said in self.said(inputs)], n_axes=self.n_axes)

    def logits_of(self, said: Any) -> Any:
        """The logits in what a head says: all of it, unless a network says more."""
        return said

    def outputs(self, inputs: Tensor) -> Any:
        """What the loss is of: logits at every exit, as :meth:`forward` gives them, unless a network says more."""
        return self(inputs)

    def exit_outputs(self, said: Any) -> Any:
        """What rules take of what one head says, on the CPU: logits, and a stop probability where there is one.

        A network whose answers are no classes gives what :meth:`policies.rules.base.Gate.step` takes for its task. This
        is the one place where that is decided: exit tables, single runs, bundles and times all come from here.

        Args:
            said: What the head gives for n samples.
        """
        return classifier_outputs(said)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """The parameters that training may move at rates of their own, by name: ``weights``, which are all here."""
        return {"weights": list(self.parameters())}

    def alone(self, stage: nn.Module, head: nn.Module) -> MultiExitModel:
        """A network of one stage and one head, which is otherwise as this one; these are shared with it, not copied."""
        return MultiExitModel([stage], [head], mean=self.mean.flatten().tolist(), std=self.std.flatten().tolist())

    def backbone(self) -> list[nn.Module]:
        """The modules that stay as they are where training leaves the backbone alone: all but the heads."""
        return [part for part in self.children() if part is not self.heads]

    def architecture_report(self, inputs: NDArray[Any]) -> ArchitectureReport | None:
        """Which operations it chooses for inputs; None for a network with nothing to choose, which computes nothing.

        Args:
            inputs: Shape (N, channels, height, width), uint8 in 0..255 or float32 in 0..1; at least one.
        """
        return None

    def said(self, inputs: Tensor) -> list[Any]:
        """What each head gives, in order, for inputs in 0..1."""
        return self.said_after(self.stages[0](self.normalise(inputs)))

    def said_after(self, features: Any) -> list[Any]:
        """What each head gives, in order, for the features of the first stage."""
        said = [self.heads[0](features)]
        for stage, head in zip(list(self.stages)[1:], list(self.heads)[1:], strict=True):
            features = stage(features)
            said.append(head(features))
        return said

    def flops_of_parts(
        self, input_shape: tuple[int, ...], counter: FlopCounterMode, heads: Iterable[nn.Module]
    ) -> list[float]:
        """Floating-point operations of each stage and its head in turn, ``2 E`` numbers, for one sample.

        Where what is computed depends on the sample, it is the mean that a network should give instead.

        Args:
            input_shape: (channels, height, width) of one sample.
            counter: Counts what is computed; see :func:`flop_counter`.
            heads: The network's own, or parts of them that count in their place.
        """
        seen = [counter.get_total_flops()]
        features = self.normalise(torch.zeros(1, *input_shape, device=self.mean.device))
        for stage, head in zip(self.stages, heads, strict=True):
            features = stage(features)
            seen.append(counter.get_total_flops())
            head(features)
            seen.append(counter.get_total_flops())
        return [float(flops) for flops in np.diff(seen)]


@contextmanager
def flop_counter() -> Iterator[FlopCounterMode]:
    """Counts floating-point operations, those of attention too, without gradients; two of them are one MAC.

    Attention has a fast path of one operation in evaluation, which torch's counter takes for nothing.
    """
    was_fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            yield counter
    finally:
        torch.backends.mha.set_fastpath_enabled(was_fast)


def cumulative_macs(model: MultiExitModel, input_shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Multiply-accumulates needed to answer at each exit, shape (E,), for one sample.

    An exit needs its stages and every head up to its own, since each earlier head was asked first.

    Args:
        model: The network; its mode is put back afterwards.
        input_shape: (channels, height, width) of one sample.
    """
    stages, heads = part_macs(model, input_shape)
    return np.asarray(np.cumsum(stages + heads))


def part_macs(
    model: MultiExitModel, input_shape: tuple[int, ...], *, heads: Iterable[nn.Module] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Multiply-accumulates of each stage, and of each head, shape (E,) both, for one sample.

    Counted by torch's FLOP counter (two FLOPs are one MAC).

    Args:
        model: The network; its mode is put back afterwards.
        input_shape: (channels, height, width) of one sample.
        heads: Parts of the network's heads that count in their place, one for each exit; None counts whole heads.
    """
    was_training = model.training
    model.eval()
    with flop_counter() as counter:
        flops = model.flops_of_parts(input_shape, counter, model.heads if heads is None else heads)
    model.train(was_training)
    counted = np.rint(np.array(flops) / 2).astype(np.int64).reshape(-1, 2)
    return counted[:, 0], counted[:, 1]


def relative_cost(model: MultiExitModel, input_shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Cost of answering at each exit relative to the full network, shape (E,); the last is 1.0.

    These are multiply-accumulates, or where the network's ``cost_model`` is ``exits``, ``1/E, 2/E, ..., 1``.
    """
    if model.cost_model == "exits":
        return np.arange(1, model.n_exits + 1) / model.n_exits
    macs = cumulative_macs(model, input_shape)
    return np.asarray(macs / macs[-1], dtype=np.float64)
