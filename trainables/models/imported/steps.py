"""What the steps of a traced network give and change, found by running it on few and on more samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
import operator
from typing import Any

import torch
from torch import Tensor, fx, nn

from trainables.errors import CutError
from trainables.models.base import flop_counter
from trainables.models.exits.tracing import FORWARD_ERRORS, BlockTracer, first_line
from trainables.models.imported.asking import FEW, MANY


@dataclass(frozen=True)
class Steps:
    """A network as a sequence of steps.

    Attributes:
        module: Holds the modules, weights and constants that the steps name; they are the network's own.
        order: All steps in the order of running; the first is the input.
        exits: The steps that give the logits of each exit, in the order of the network's outputs.
        needs: For each step: the steps that must have run before it. They are those whose values it takes, those that
            have changed these values in place since, and, of a step that gives several tensors, those that take one
            out of them: these belong to it, since a cut is crossed by single tensors.
        counts: The steps whose value is the number of samples; these need no others, since features tell it.
        axis: For each step whose value can be carried over a cut, the axis of samples of this one tensor.
        macs: For each step: multiply-accumulates of one sample.
    """

    module: fx.GraphModule
    order: tuple[fx.Node, ...]
    exits: tuple[fx.Node, ...]
    needs: Mapping[fx.Node, tuple[fx.Node, ...]]
    counts: Set[fx.Node]
    axis: Mapping[fx.Node, int]
    macs: Mapping[fx.Node, int]

    def before(self, step: fx.Node) -> set[fx.Node]:
        """All steps that a step needs, and itself."""
        found: set[fx.Node] = set()
        left = [step]
        while left:
            one = left.pop()
            if one not in found:
                found.add(one)
                left += self.needs.get(one, ())
        return found


def trace_steps(network: nn.Module, inputs: Tensor) -> Steps:
    """Record what a network computes in evaluation mode.

    Args:
        network: In evaluation mode.
        inputs: Standardised already, shape (:data:`~trainables.models.imported.asking.MANY`, ...).

    Raises:
        CutError: If torch.fx cannot trace it, or its exits cannot be told apart.
    """
    module = _trace(network)
    few, many = _Recorder(module), _Recorder(module)
    try:
        few.run_once(inputs[:FEW])
        many.run_once(inputs)
    except FORWARD_ERRORS as error:
        raise CutError(_cannot(network, f"its trace fails: {first_line(error)}")) from None
    order = tuple(step for step in module.graph.nodes if step.op != "output")
    counts = {step for step in order if _is_count(few.env[step], FEW) and _is_count(many.env[step], MANY)}
    axes = {step: _axis(few.env[step], many.env[step]) for step in order}
    return Steps(
        module=module,
        order=order,
        exits=_exits(module.graph, network),
        needs={
            step: (*step.all_input_nodes, *many.changes_before[step], *_parts_of(step, many.env[step]))
            for step in order
            if step not in counts
        },
        counts=counts,
        axis={step: axis for step, axis in axes.items() if axis is not None},
        macs={step: many.macs[step] // len(inputs) for step in order},
    )


def _trace(network: nn.Module) -> fx.GraphModule:
    before = set(vars(network))
    try:
        return fx.GraphModule(network, _Tracer().trace(network), class_name=type(network).__name__)
    except FORWARD_ERRORS as error:
        raise CutError(_cannot(network, first_line(error))) from None
    finally:
        # Tracing leaves the constants that it meets behind; the traced module has them.
        for name in set(vars(network)) - before:
            delattr(network, name)


def _cannot(network: nn.Module, reason: str) -> str:
    return (
        f"a network can be cut into stages only if torch.fx can trace it, but {type(network).__name__} cannot be "
        f"traced ({reason}); name its stages, MultiExitModel(stages, heads, mean=..., std=...), or tabulate it only"
    )


def _exits(graph: fx.Graph, network: nn.Module) -> tuple[fx.Node, ...]:
    given = graph.output_node().args[0]
    parts = list(given.values()) if isinstance(given, Mapping) else given
    if isinstance(parts, fx.Node):
        parts = _stacked(parts)
    if not isinstance(parts, list | tuple) or not all(isinstance(part, fx.Node) for part in parts):
        raise CutError(
            f"exits can be told apart only in a list, a tuple, a dict or by torch.stack, but {type(network).__name__} "
            f"puts its logits together otherwise; return a list of the exits' logits, or tabulate it only"
        )
    return tuple(part for part in parts if isinstance(part, fx.Node))


def _stacked(step: fx.Node) -> Any:
    """What was stacked to the value of a step, also if its axes were changed afterwards; None where nothing was."""
    while step.target in ("transpose", "permute", "contiguous", torch.transpose, torch.permute, torch.movedim):
        step = step.all_input_nodes[0]
    if step.target is torch.stack:
        return step.args[0] if step.args else step.kwargs["tensors"]
    if step.target in (torch.cat, torch.concat):
        parts: Any = step.args[0] if step.args else step.kwargs["tensors"]
        return [_with_new_axis(part) for part in parts] if isinstance(parts, list | tuple) else None
    return None


def _with_new_axis(step: Any) -> Any:
    """What a step has given another axis, x.unsqueeze(1) or x[:, None]; None where it has not."""
    is_new = isinstance(step, fx.Node) and (
        step.target in ("unsqueeze", torch.unsqueeze)
        or (step.target is operator.getitem and isinstance(step.args[1], tuple) and None in step.args[1])
    )
    return step.all_input_nodes[0] if is_new else None


def _axis(few: Any, many: Any) -> int | None:
    """The one axis that grows with the number of samples, where nothing else of a tensor's shape does."""
    if not isinstance(few, Tensor) or not isinstance(many, Tensor) or few.dim() != many.dim():
        return None
    grown = [k for k, sizes in enumerate(zip(few.shape, many.shape, strict=True)) if sizes[0] != sizes[1]]
    is_samples = len(grown) == 1 and (few.shape[grown[0]], many.shape[grown[0]]) == (FEW, MANY)
    return grown[0] if is_samples else None


def _is_count(value: Any, n_samples: int) -> bool:
    return isinstance(value, int) and value == n_samples


def _parts_of(step: fx.Node, value: Any) -> list[fx.Node]:
    """The steps that take a tensor out of several."""
    if isinstance(value, Tensor) or next(_tensors(value), None) is None:
        return []
    return [user for user in step.users if user.target is operator.getitem and user.all_input_nodes == [step]]


class _Tracer(BlockTracer):
    """Gives a forward its inputs alone, so that its options are what they are by default."""

    def create_args_for_root(
        self, root_fn: Callable[..., Any], is_module: bool, concrete_args: Any = None
    ) -> tuple[Callable[..., Any], list[Any]]:
        return root_fn, [self.root, self.create_proxy("placeholder", "inputs", (), {})]


class _Recorder(fx.Interpreter):
    """Runs a graph and keeps every value, what each step costs, and which values were changed in place.

    Attributes:
        changes_before: For each step: the earlier steps that have changed in place what it takes.
        macs: For each step: multiply-accumulates of all samples.
    """

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module, garbage_collect_values=False)
        self.changes_before: dict[fx.Node, tuple[fx.Node, ...]] = {}
        self.macs: dict[fx.Node, int] = {}
        self._changes: dict[int, list[fx.Node]] = {}
        self._flops: Callable[[], int] = int

    def run_once(self, inputs: Tensor) -> None:
        with flop_counter() as counter:
            self._flops = counter.get_total_flops
            self.run(inputs.clone())

    def run_node(self, n: fx.Node) -> Any:
        taken = [tensor for step in n.all_input_nodes for tensor in _tensors(self.env[step])]
        versions = [tensor._version for tensor in taken]
        self.changes_before[n] = tuple(step for one in taken for step in self._changes.get(_place(one), ()))
        spent = self._flops()
        value = super().run_node(n)
        self.macs[n] = (self._flops() - spent) // 2
        for tensor, version in zip(taken, versions, strict=True):
            if tensor._version != version:
                self._changes.setdefault(_place(tensor), []).append(n)
        return value


def _place(tensor: Tensor) -> int:
    """Where a tensor's numbers are; views of one tensor are at one place."""
    return tensor.untyped_storage().data_ptr()


def _tensors(value: Any) -> Iterator[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)
