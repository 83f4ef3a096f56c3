"""Input-adaptive hard-exit DARTS as a multi-exit network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, cast

from numpy.typing import NDArray
from torch import Tensor, nn

from trainables.errors import TrainingError
from trainables.models.architecture_report import ArchitectureReport
from trainables.models.families.darts.choices import PER_INPUT, require_operations
from trainables.models.families.darts.choosing import ChoosingStage, FirstChoosingStage, FrozenArchitecture
from trainables.models.families.darts.controller import Architecture, Controller
from trainables.models.families.darts.exit_heads import exit_heads
from trainables.models.families.darts.fixed import FirstFixedStage, FixedNetwork, FixedStage, fixed_stages
from trainables.models.families.darts.per_input import PerInputNetwork
from trainables.models.families.darts.plan import Plan
from trainables.models.families.darts.planned import PlannedNetwork
from trainables.models.families.darts.report import report_on
from trainables.models.families.darts.stages import FirstStage, Stage
from trainables.models.family import is_count
from trainables.models.stopping import StoppingModel, StoppingOutputs


class DartsNetwork(PlannedNetwork):
    """Every edge mixes all operations, for each input with weights of its own; the first stage has the architecture."""

    @property
    def architecture(self) -> Architecture:
        """The architecture parameters, global and of each input."""
        return cast(FirstStage, self.stages[0]).architecture

    def outputs(self, inputs: Tensor) -> StoppingOutputs:
        """Logits and stop logits of all exits, and ``Delta alpha(x)``, for inputs in 0..1."""
        standardised = self.normalise(inputs)
        perturbation = self.architecture.perturbation(standardised)
        features = cast(FirstStage, self.stages[0]).perturbed(standardised, perturbation)
        return StoppingOutputs.of(self.said_after(features), perturbation)

    def mixing_weights(self, inputs: Tensor) -> Tensor:
        """``p(x)`` of equation (4), shape (N, edges, K), for inputs in 0..1."""
        return self.architecture.weights(self.architecture.perturbation(self.normalise(inputs)))

    def architecture_report(self, inputs: NDArray[Any]) -> ArchitectureReport:
        """Which operations the edges choose for inputs, and how much that varies over them."""
        return report_on(self, self.architecture, inputs)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """The three that are trained at rates of their own: ``weights`` w, ``alpha`` and ``controller`` theta."""
        controller = self.architecture.controller
        alpha = [self.architecture.alpha]
        theta = [] if controller is None else list(controller.parameters())
        others = {id(parameter) for parameter in (*alpha, *theta)}
        weights = [parameter for parameter in self.parameters() if id(parameter) not in others]
        return {"weights": weights, "alpha": alpha, "controller": theta}


def darts(
    *,
    input_shape: tuple[int, ...],
    n_classes: int,
    n_exits: int,
    width: int,
    mean: Sequence[float],
    std: Sequence[float],
    adaptive: bool = True,
    nodes_per_exit: int = 1,
    reductions: int = 0,
    stem_stride: int = 1,
    mixing_temperature: float = 1.0,
    head_grid: int = 4,
    operations: Sequence[str] | str | None = None,
) -> StoppingModel:
    """A cell of ``n_exits`` nodes with six operations on every edge, an exit that can stop at each.

    Args:
        input_shape: (channels, height, width) of one sample.
        n_classes: Number of classes of the data, ``C``; every exit gives a logit of each.
        n_exits: Number of exits, ``E``: candidate exit nodes, ``N`` in the document.
        width: Channels of the first cell's nodes.
        mean: Mean of each input channel over the training split, for inputs in 0..1; inputs are standardised with it.
        std: Standard deviation of each input channel over the training split, for inputs in 0..1; positive.
        adaptive: Whether a controller moves the architecture for each input; else it is the same for all.
        nodes_per_exit: Nodes from one exit to the next; 1 in the document.
        reductions: Number of reductions, after which a new cell has half the side and twice the channels; 0 in the
            document.
        stem_stride: Stride of the first convolution; 2 halves the maps of all nodes.
        mixing_temperature: Divisor of the architecture parameters before their softmax, positive; below 1 mixtures are
            harder, and a derived architecture is nearer to them.
        head_grid: Most cells per side that an exit pools to.
        operations: Of a derived network, which has no mixture any more: the operation of each edge, in the order of
            :attr:`~trainables.models.families.darts.plan.Plan.edge_names`, or ``per-input``, where each sample takes
            its largest. None mixes all.

    Raises:
        TrainingError: If an option is out of range, or operations do not fit the edges.
    """
    if not mixing_temperature > 0:
        raise TrainingError(f"mixing_temperature must be positive but is {mixing_temperature}")
    if stem_stride not in (1, 2):
        raise TrainingError(f"stem_stride must be 1 or 2 but is {stem_stride}")
    if not isinstance(adaptive, bool):
        raise TrainingError(f"adaptive must be true or false but is {adaptive!r:.60}")
    if not is_count(head_grid):
        raise TrainingError(f"head_grid must be a whole number from 1 but is {head_grid!r:.60}")
    plan = Plan.of(n_exits=n_exits, nodes_per_exit=nodes_per_exit, reductions=reductions, width=width)
    in_channels, *size = input_shape
    stem = partial(_stem, in_channels, width, stem_stride)
    scale: dict[str, Any] = {"plan": plan, "mean": mean, "std": std}
    heads = partial(exit_heads, plan, [-(-side // stem_stride) for side in size], n_classes, most_cells=head_grid)
    if operations is None:
        controller = Controller(in_channels, plan.n_edges) if adaptive else None
        architecture = Architecture(plan.n_edges, controller, temperature=mixing_temperature)
        nodes = [Stage(own) for own in plan.stages]
        return DartsNetwork([FirstStage(stem(), architecture, nodes[0]), *nodes[1:]], heads(), **scale)
    if operations != PER_INPUT:
        chosen = require_operations(operations, plan)
        left = [FixedStage(own) for own in fixed_stages(plan, chosen)]
        return FixedNetwork([FirstFixedStage(stem(), left[0]), *left[1:]], heads(), operations=chosen, **scale)
    if not adaptive:
        raise TrainingError("operations can only be 'per-input' in an adaptive network; give one for each edge")
    controller = Controller(in_channels, plan.n_edges)
    frozen = FrozenArchitecture(plan, controller, temperature=mixing_temperature)
    choosing = [ChoosingStage(own) for own in plan.stages]
    return PerInputNetwork([FirstChoosingStage(stem(), frozen, choosing[0]), *choosing[1:]], heads(), **scale)


def _stem(in_channels: int, width: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(in_channels, width, 3, stride=stride, padding=1, bias=False), nn.BatchNorm2d(width))
