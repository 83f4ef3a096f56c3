"""Small networks for tests, and the plain loop that they are compared with."""

import torch
from torch import Tensor

from trainables.models.families.darts.network import darts
from trainables.models.families.darts.operations import OPERATIONS


SHAPE = (1, 8, 8)


def small(*, seed=0, n_exits=3, **options):
    torch.manual_seed(seed)
    own = {"input_shape": SHAPE, "n_classes": 5, "n_exits": n_exits, "width": 4, "mean": [0.4], "std": [0.3]}
    return darts(**{**own, **options})


def images(n=6, *, seed=1, shape=SHAPE) -> Tensor:
    return torch.rand(n, *shape, generator=torch.Generator().manual_seed(seed))


def stirred(model, *, seed=2):
    """The same with alpha and controller that matter, and with statistics of its own, in evaluation mode."""
    torch.manual_seed(seed)
    with torch.no_grad():
        model.architecture.alpha.normal_()
        if model.architecture.controller is not None:
            model.architecture.controller.perturbation.weight.normal_(std=2.0)
        model.train()
        model(images(32))
    return model.eval()


def operation_on(source, edge, name, state):
    """One operation on one state, as equation (5) has it: nothing is shared."""
    if name.startswith("separable"):
        return edge[name](source.active(state))
    if name == "zero":
        return torch.zeros_like(source.identity(state))
    return getattr(source, name)(state)


def node_by_loops(node, sources, states, weights):
    """``h_i`` as a loop over edges and operations; weights (N, sources, K)."""
    total = 0.0
    for j, (edge, source, state) in enumerate(zip(node.edges, sources, states, strict=True)):
        for k, name in enumerate(OPERATIONS):
            total = total + weights[:, j, k, None, None, None] * operation_on(source, edge, name, state)
    return total


def logits_by_loops(model, inputs, weights):
    """Logits of every exit of a network without reductions, by plain loops; weights (N, edges, K)."""
    standardised = model.normalise(inputs)
    states, sources, edge, logits = [model.stages[0].stem(standardised)], [], 0, []
    for k, head in enumerate(model.heads):
        stage = model.stages[k].nodes if k == 0 else model.stages[k]
        for source, node in zip(stage.sources, stage.nodes, strict=True):
            sources.append(source)
            n = len(states)
            states.append(node_by_loops(node, sources, states, weights[:, edge : edge + n]))
            edge += n
        logits.append(head((states[-1],)).logits)
    return torch.stack(logits, dim=1)
