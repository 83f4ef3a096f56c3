"""Networks in which every sample chooses the operation of each edge, and what that costs on average."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from numpy.typing import NDArray
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from trainables.models.architecture_report import ArchitectureReport
from trainables.models.families.darts.choosing import ChoosingStage, FirstChoosingStage, FrozenArchitecture
from trainables.models.families.darts.operations import N_OPERATIONS
from trainables.models.families.darts.plan import Plan
from trainables.models.families.darts.planned import PlannedNetwork
from trainables.models.families.darts.report import report_on


class PerInputNetwork(PlannedNetwork):
    """One operation on each edge for each sample.

    Samples differ by what they cost. The cost of an exit is a mean: of each operation counts the share of samples that
    chose it when shares were measured, whichever exit they left at.

    Args:
        stages: Nodes up to each exit; the first holds stem and architecture.
        heads: Classifier and stop head of each exit.
        plan: Nodes and edges.
        mean: Mean of each input channel, for inputs in 0..1.
        std: Standard deviation of each input channel, for inputs in 0..1.

    Attributes:
        shares: Share of samples that chose each operation, shape (edges, K); kept with the weights, and alike for all
            operations until it is measured.
        not_a_graph: Why it cannot be written as ONNX graphs.
    """

    shares: Tensor
    not_a_graph: ClassVar[str] = "each sample runs operations of its own"

    def __init__(
        self,
        stages: Sequence[nn.Module],
        heads: Sequence[nn.Module],
        *,
        plan: Plan,
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__(stages, heads, plan=plan, mean=mean, std=std)
        alike = torch.full((plan.n_edges, N_OPERATIONS), 1 / N_OPERATIONS, dtype=torch.float64)
        self.register_buffer("shares", alike)

    @property
    def architecture(self) -> FrozenArchitecture:
        """The architecture parameters, global and of each input."""
        return cast(FirstChoosingStage, self.stages[0]).architecture

    def mixing_weights(self, inputs: Tensor) -> Tensor:
        """1 for the operation that a sample chose on an edge, shape (N, edges, K), for inputs in 0..1."""
        return self.architecture.chosen(self.normalise(inputs)).float()

    def architecture_report(self, inputs: NDArray[Any]) -> ArchitectureReport:
        """Which operations the edges choose for inputs, and how much that varies over them."""
        return report_on(self, self.architecture, inputs)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """The weights alone: what is chosen stays as it was learned."""
        return {"weights": [parameter for parameter in self.parameters() if parameter.requires_grad]}

    def flops_of_parts(
        self, input_shape: tuple[int, ...], counter: FlopCounterMode, heads: Iterable[nn.Module]
    ) -> list[float]:
        """Mean floating-point operations of each stage and its head in turn, ``2 E`` numbers.

        All operations are counted; then those are taken off again that the :attr:`shares` of samples did not choose.
        """
        nodes = [cast(FirstChoosingStage, self.stages[0]).nodes, *list(self.stages)[1:]]
        operations = [list(cast(ChoosingStage, stage).operations()) for stage in nodes]
        with _flops_of([one for stage in operations for *_, one in stage], counter) as flops:
            self.architecture.takes_all = True
            try:
                counted = super().flops_of_parts(input_shape, counter, heads)
            finally:
                self.architecture.takes_all = False
        shares = self.shares.cpu()
        for k, stage in enumerate(operations):
            counted[2 * k] -= sum((1 - float(shares[edge, place])) * flops[one] for edge, place, one in stage)
        return counted


@contextmanager
def _flops_of(modules: Sequence[nn.Module], counter: FlopCounterMode) -> Iterator[dict[nn.Module, int]]:
    """Counts the floating-point operations of single modules for as long as the context lasts."""
    flops = dict.fromkeys(modules, 0)

    def begin(module: nn.Module, _: Any) -> None:
        flops[module] -= counter.get_total_flops()

    def end(module: nn.Module, *_: Any) -> None:
        flops[module] += counter.get_total_flops()

    hooks = [hook for one in modules for hook in (one.register_forward_pre_hook(begin), one.register_forward_hook(end))]
    try:
        yield flops
    finally:
        for hook in hooks:
            hook.remove()
