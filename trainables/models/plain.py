"""A plain network out of one with exits: the stages up to one exit as one, with that exit's head alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from policies.user_code import name_of
from trainables.errors import TrainingError
from trainables.models.base import MultiExitModel, part_macs
from trainables.models.stopping import StoppingHead


class PlainNetwork(MultiExitModel):
    """One exit of a network whose parameters are moved at several rates: they keep theirs.

    Args:
        stage: All stages up to the exit as one.
        head: The exit's classifier.
        rates: The parameters of the whole network by group, as its ``parameter_groups`` gives them.
        mean: Mean of each input channel, for inputs in 0..1.
        std: Standard deviation of each input channel, for inputs in 0..1.
    """

    def __init__(
        self,
        stage: nn.Module,
        head: nn.Module,
        *,
        rates: Mapping[str, Sequence[nn.Parameter]],
        mean: Sequence[float],
        std: Sequence[float],
    ) -> None:
        super().__init__([stage], [head], mean=mean, std=std)
        of = {id(parameter): group for group, parameters in rates.items() for parameter in parameters}
        # By name, since a copy of the network has parameters of its own.
        self._group = {name: of[id(parameter)] for name, parameter in self.named_parameters() if id(parameter) in of}
        self._groups = tuple(rates)

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """Those of the whole network that it has."""
        groups: dict[str, list[nn.Parameter]] = {group: [] for group in self._groups}
        for name, parameter in self.named_parameters():
            if name in self._group:
                groups[self._group[name]].append(parameter)
        return groups


def plain_network(model: MultiExitModel, exit_index: int) -> MultiExitModel:
    """The network that answers at one exit of another and has no other heads: what a classifier without exits is.

    The stages up to the exit are one stage. Modules are shared with the network that they are taken from, not copied;
    it gives the same logits there, and no stop probability. Parameters are trained at the rates of their groups.

    Args:
        model: Network with E exits.
        exit_index: Index of the exit that is kept, in 0..E-1.

    Raises:
        TrainingError: If there is no such exit, or inputs are standardised or operations counted by a method of the
            network's own, which a plain network would lack.
    """
    if not 0 <= exit_index < model.n_exits:
        raise TrainingError(
            f"the only exit must be one of the network's {model.n_exits} but is number {exit_index + 1}; name another"
        )
    own = type(model)
    if own.normalise is not MultiExitModel.normalise:
        raise TrainingError(
            f"a network must leave normalise() as it is to be made plain, but {name_of(own)} has its own; put it into "
            f"the first stage"
        )
    if own.flops_of_parts is not MultiExitModel.flops_of_parts:
        raise TrainingError(
            f"a network must cost the same for every sample to be made plain, but {name_of(own)} does not; leave "
            f"search.control out"
        )
    stage = nn.Sequential(*list(model.stages)[: exit_index + 1])
    head = classifier_of(model.heads[exit_index])
    rates, plain = model.parameter_groups(), model.alone(stage, head)
    if len(rates) > len(plain.parameter_groups()):
        scale: dict[str, Any] = {"mean": model.mean.flatten().tolist(), "std": model.std.flatten().tolist()}
        plain = PlainNetwork(stage, head, rates=rates, **scale)
    return plain.train(model.training)


def names_in_whole(model: MultiExitModel, exit_index: int) -> dict[str, str]:
    """By the names that tensors have in the plain network of an exit, those that they have in the whole network.

    Tensors beside stages and heads, such as what inputs are standardised with, have the same name in both.

    Args:
        model: Network with E exits.
        exit_index: Index of the exit that the plain network keeps, in 0..E-1.

    Raises:
        TrainingError: If no plain network can be made of it.
    """
    plain = plain_network(model, exit_index)
    whole = {id(tensor): name for name, tensor in model.state_dict(keep_vars=True).items()}
    own = plain.state_dict(keep_vars=True)
    return {name: whole.get(id(tensor), name) for name, tensor in own.items()}


def plain_macs(model: MultiExitModel, input_shape: tuple[int, ...]) -> NDArray[np.int64]:
    """Multiply-accumulates of the plain network of each exit, shape (E,), for one sample.

    Neither earlier heads nor stop heads count.

    Args:
        model: Network with E exits; its mode is put back afterwards.
        input_shape: (channels, height, width) of one sample.
    """
    stages, heads = part_macs(model, input_shape, heads=[classifier_of(head) for head in model.heads])
    return np.asarray(np.cumsum(stages) + heads)


def classifier_of(head: nn.Module) -> nn.Module:
    """The part of a head that gives logits, shape (N, C): the head itself unless it has a stop head beside it."""
    return head.classifier if isinstance(head, StoppingHead) else head
