"""From the steps of a network to stages, with a head after each."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
import operator

import torch
from torch import fx, nn

from trainables.errors import CutError
from trainables.models.imported.steps import Steps


Order = tuple[fx.Node, ...]


@dataclass(frozen=True)
class Part:
    """Steps that run together: a stage, or a head.

    Attributes:
        own: The steps that run here for the first time.
        taken: The steps of earlier parts whose values it takes.
        repeated: Steps of earlier parts that run again here: they give sizes and constants, which no cut is crossed by.
    """

    own: Set[fx.Node]
    taken: Set[fx.Node]
    repeated: Set[fx.Node]


def cut(steps: Steps, *, name: str) -> tuple[list[nn.Module], list[nn.Module]]:
    """Cut a network into stages and heads.

    An exit's stage holds the steps that it and a later exit need and that no earlier exit has needed; its head those
    that no other exit needs. The last stage holds all that is left. What crosses a cut are the tensors that anything
    later needs: one as it is, several as a tuple, each with the samples first.

    Args:
        steps: Of the network.
        name: Of the network's class.

    Returns:
        One stage and one head for each exit; a stage takes what the one before gives, a head what its stage gives.

    Raises:
        CutError: If something without an axis of samples would have to cross a cut.
    """
    stages, heads = _plan(steps)
    features: Order = (steps.order[0],)
    modules: tuple[list[nn.Module], list[nn.Module]] = [], []
    for k, (stage, head) in enumerate(zip(stages, heads, strict=True)):
        later = (head, *stages[k + 1 :], *heads[k + 1 :])
        born = {steps.order[0]}.union(*(one.own for one in stages[: k + 1]))
        crossing = born & set().union(*(one.taken for one in later))
        following = tuple(step for step in steps.order if step in crossing)
        modules[0].append(_module(steps, stage, features, following, class_name=f"{name}Stage"))
        modules[1].append(_head(steps, head, following, steps.exits[k], class_name=f"{name}Head"))
        features = following
    return modules


def _plan(steps: Steps) -> tuple[list[Part], list[Part]]:
    needed = [steps.before(step) for step in steps.exits]
    known = {steps.order[0]}
    stages, heads = [], []
    for k, own in enumerate(needed):
        later = set().union(*needed[k + 1 :]) if k + 1 < len(needed) else own
        stages.append(_part(steps, (own & later) - known))
        head = own - later - known
        # What the stage gives already is only picked out.
        heads.append(_part(steps, head) if head else Part(set(), {steps.exits[k]}, set()))
        known |= own
    return stages, heads


def _part(steps: Steps, own: Set[fx.Node]) -> Part:
    taken: set[fx.Node] = set()
    repeated: set[fx.Node] = set()
    left = [step for one in own - steps.counts for step in one.all_input_nodes if step not in own]
    while left:
        step = left.pop()
        if step in steps.axis:
            taken.add(step)
        elif step not in repeated:
            repeated.add(step)
            if step not in steps.counts:
                left += [one for one in step.all_input_nodes if one not in own]
    _require_cheap(steps, repeated)
    return Part(own, taken, repeated)


def _require_cheap(steps: Steps, repeated: Iterable[fx.Node]) -> None:
    for step in repeated:
        if steps.macs[step]:
            raise CutError(
                f"what later exits need must have an axis of samples to be carried on, but {step.name!r} gives "
                f"something else; keep the samples apart from other axes between exits, or tabulate the network only"
            )


def _module(steps: Steps, part: Part, taken: Order, given: Order, *, class_name: str) -> fx.GraphModule:
    """A module that takes and gives one tensor, or a tuple of several, each with the samples first."""
    graph = fx.Graph()
    features = graph.placeholder("features")
    wanted = {*part.taken, *given}
    copies: dict[fx.Node, fx.Node] = {}
    value = features
    for k, step in enumerate(taken):
        if step in wanted:
            value = features if len(taken) == 1 else graph.call_function(operator.getitem, (features, k))
            copies[step] = _as_before(graph, value, steps.axis[step])
    for step in steps.order:
        if step not in part.own and step not in part.repeated:
            continue
        if step in steps.counts:
            copies[step] = graph.call_method("size", (value, 0))
        else:
            copies[step] = graph.node_copy(step, copies.__getitem__)
    handed = [_samples_first(graph, copies[step], steps.axis[step]) for step in given]
    graph.output(handed[0] if len(handed) == 1 else tuple(handed))
    return fx.GraphModule(steps.module, graph, class_name=class_name)


def _head(steps: Steps, part: Part, taken: Order, logits: fx.Node, *, class_name: str) -> nn.Module:
    if taken == (logits,) and steps.axis[logits] == 0:
        return nn.Identity()
    return _module(steps, part, taken, (logits,), class_name=class_name)


def _samples_first(graph: fx.Graph, value: fx.Node, axis: int) -> fx.Node:
    return value if axis == 0 else graph.call_function(torch.movedim, (value, axis, 0))


def _as_before(graph: fx.Graph, value: fx.Node, axis: int) -> fx.Node:
    if axis == 0:
        return value
    # In memory too, since the forward may want to view it.
    return graph.call_method("contiguous", (graph.call_function(torch.movedim, (value, 0, axis)),))
