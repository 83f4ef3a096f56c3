"""What a network computes, step by step, and where it can be cut in two."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
import re
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.utils.flop_counter import FlopCounterMode

from trainables.errors import TrainingError


FORWARD_ERRORS = (RuntimeError, ValueError, TypeError, AttributeError, AssertionError, LookupError)
"""What a forward written in Python, or a layer that is given an unfit shape, raises."""


@dataclass(frozen=True)
class Place:
    """Where an exit can be: features of shape (N, channels, height, width) pass there, and nothing passes by them.

    Attributes:
        step: Index of the step that gives the features.
        channels: Number of channels of the features there.
        macs: Multiply-accumulates of one sample up to there.
    """

    step: int
    channels: int
    macs: int


@dataclass(frozen=True)
class TracedNetwork:
    """A network as a sequence of steps, which one sample was sent through.

    Attributes:
        network: The network, whose modules the steps call.
        steps: All operations in the order of running; the first is the input, the last returns the output.
        calls: For each block (module path): the index of the step that ended each call, or None where the
            call gave anything but one value.
        shapes: For each step: the shape of its value for one sample, batch first, or None if it is not a tensor.
        macs: For each step: multiply-accumulates of one sample up to and with it.
    """

    network: nn.Module
    steps: tuple[fx.Node, ...]
    calls: dict[str, list[int | None]]
    shapes: tuple[tuple[int, ...] | None, ...]
    macs: tuple[int, ...]

    @property
    def output(self) -> fx.Node:
        """The step that gives the network's output."""
        return self.steps[-1].all_input_nodes[-1]

    @cached_property
    def places(self) -> dict[str, Place]:
        """The places for exits by the block that ends there, in the order of running."""
        places = {block: place for block, calls in self.calls.items() if (place := self._place(calls)) is not None}
        return dict(sorted(places.items(), key=lambda item: item[1].step))

    def _place(self, calls: list[int | None]) -> Place | None:
        end = calls[0] if len(calls) == 1 else None
        if end is None or self.steps[end] is self.output or self._passing[end] != [end]:
            return None
        match self.shapes[end]:
            case (_, channels, _, _):
                return Place(end, channels, self.macs[end])
        return None

    @cached_property
    def _passing(self) -> list[list[int]]:
        """For each step: the steps up to it whose values are needed after it."""
        position = {step: k for k, step in enumerate(self.steps)}
        last_use = [max((position[user] for user in step.users), default=0) for step in self.steps]
        return [[k for k in range(end + 1) if last_use[k] > end] for end in range(len(self.steps))]


def trace_network(network: nn.Module, input_shape: tuple[int, ...]) -> TracedNetwork:
    """Record what a network computes for an image.

    Args:
        network: Takes a tensor of shape (N, channels, height, width); its mode is put back afterwards.
        input_shape: (channels, height, width) of one sample.

    Raises:
        TrainingError: If the forward cannot be traced, runs other code in training than in evaluation, or
            fails for such an input.
    """
    was_training = network.training
    try:
        trained, _ = _trace(network.train())
        graph, tracer = _trace(network.eval())
        _refuse_differences(trained, graph)
        meter = _Meter(network, graph)
        meter.run_once(input_shape)
    finally:
        network.train(was_training)
    position = {step: k for k, step in enumerate(graph.nodes)}
    return TracedNetwork(
        network=network,
        steps=tuple(graph.nodes),
        calls={
            block: [position.get(end.node) if isinstance(end, fx.Proxy) else None for end in ends]
            for block, ends in tracer.ends.items()
        },
        shapes=tuple(meter.shapes),
        macs=tuple(meter.macs),
    )


class BlockTracer(fx.Tracer):
    """Records what every call of a module gave.

    torchvision's own layers stay whole, as torch's do: some ask for the mode when they run (StochasticDepth).

    Attributes:
        ends: For each module, by its path, what its calls gave, in their order.
    """

    def __init__(self) -> None:
        super().__init__()
        self.ends: dict[str, list[Any]] = {}

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        """Whether a module is one step."""
        return m.__module__.startswith("torchvision.ops") or super().is_leaf_module(m, module_qualified_name)

    def call_module(
        self, m: nn.Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """Trace a call, and note what it gave."""
        end = super().call_module(m, forward, args, kwargs)
        self.ends.setdefault(self.path_of_module(m), []).append(end)
        return end


def _trace(network: nn.Module) -> tuple[fx.Graph, BlockTracer]:
    tracer = BlockTracer()
    try:
        return tracer.trace(network), tracer
    except FORWARD_ERRORS as error:
        raise TrainingError(
            f"a network can get exits only if torch.fx can trace it, but {type(network).__name__} cannot be traced "
            f"({first_line(error)}); give it exits by hand as stages and heads"
        ) from None


def _refuse_differences(trained: fx.Graph, evaluated: fx.Graph) -> None:
    """Refuse a mode that was asked for while tracing: the stages would keep its answer for ever."""
    for one, other in zip_longest(trained.nodes, evaluated.nodes):
        if one is None or other is None or _what(one) != _what(other):
            stack = (one or other).meta.get("nn_module_stack", {})
            where = next((repr(path) for path, _ in reversed(stack.values())), "its own forward")
            raise TrainingError(
                f"a network can get exits only if it runs the same code in training and evaluation, but {where} does "
                f"not; use modules (nn.Dropout) for functions with training=self.training, without auxiliary outputs"
            )


def _what(step: fx.Node) -> tuple[str, ...]:
    texts = (step.op, str(step.target), str(step.args), str(step.kwargs))
    # Every trace numbers the tensors that it meets anew.
    return tuple(re.sub(r"_tensor_constant\d+", "_tensor_constant", text) for text in texts)


class _Meter(fx.Interpreter):
    """Runs a graph and notes the shape and the cumulative cost of each step."""

    def __init__(self, network: nn.Module, graph: fx.Graph) -> None:
        super().__init__(fx.GraphModule(network, graph))
        self.shapes: list[tuple[int, ...] | None] = []
        self.macs: list[int] = []
        self._counter = FlopCounterMode(display=False)

    def run_once(self, input_shape: tuple[int, ...]) -> None:
        try:
            with torch.no_grad(), self._counter:
                self.run(torch.zeros(1, *input_shape))
        except FORWARD_ERRORS as error:
            raise TrainingError(
                f"the network cannot take samples of shape {input_shape} ({first_line(error)}); "
                f"use larger ones or another network"
            ) from None

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        self.shapes.append(tuple(value.shape) if isinstance(value, Tensor) else None)
        self.macs.append(self._counter.get_total_flops() // 2)
        return value


def first_line(error: BaseException) -> str:
    """The first line of an error's text, or its type where it has none."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]
