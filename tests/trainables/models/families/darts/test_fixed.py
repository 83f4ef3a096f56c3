from hypothesis import given, settings
from hypothesis import strategies as st
import pytest
import torch

from tests.trainables.models.families.darts.networks import SHAPE, images, logits_by_loops, small, stirred
from trainables.losses.stopping_loss import StoppingLoss
from trainables.models import cumulative_macs
from trainables.models.base import part_macs
from trainables.models.families.darts.choices import ZERO, largest_operations
from trainables.models.families.darts.deriving import begin_derived
from trainables.models.families.darts.operations import OPERATIONS


MIXED = ["separable_3x3", "average_pool", "zero", "max_pool", "identity", "separable_5x5"]


def one_hot(operations, n):
    places = torch.tensor([OPERATIONS.index(name) for name in operations])
    return torch.nn.functional.one_hot(places, len(OPERATIONS)).float().expand(n, -1, -1)


def with_weights_of(soft, *, operations, **options):
    """A derived network with the statistics of its mixture too, so that it can be compared."""
    derived = small(seed=5, operations=operations, **options)
    begin_derived(derived, soft, images(16).numpy(), is_settled=False)
    return derived


@pytest.mark.parametrize(
    ("operations", "options"),
    [
        (MIXED, {}),
        (["identity"] * 6, {}),
        (["max_pool"] * 3, {"n_exits": 1, "nodes_per_exit": 2}),
        (["separable_3x3", "zero", "identity", *["zero"] * 2, "average_pool"], {}),
    ],
)
def test_it_is_the_mixture_with_all_weight_on_one_operation(operations, options):
    soft, inputs = stirred(small(**options)), images()
    derived = with_weights_of(soft, operations=operations, **options)
    with torch.no_grad():
        expected = logits_by_loops(soft, inputs, one_hot(operations, len(inputs)))
        torch.testing.assert_close(derived(inputs), expected, rtol=1e-4, atol=1e-5)
        assert torch.equal(derived.mixing_weights(inputs), one_hot(operations, len(inputs)))


@settings(max_examples=25, deadline=None)
@given(data=st.data(), nodes=st.integers(1, 2), reductions=st.integers(0, 2), stride=st.sampled_from([1, 2]))
def test_cells_with_reductions_and_nodes_that_lead_nowhere_are_the_mixture_too(data, nodes, reductions, stride):
    options = {"nodes_per_exit": nodes, "reductions": reductions, "stem_stride": stride}
    soft, inputs = stirred(small(**options)), images()
    scores = torch.randn(1, soft.plan.n_edges, len(OPERATIONS), generator=generator(data.draw(st.integers(0, 999))))
    # Half of the edges are dropped, so that some nodes are of no use.
    scores[..., ZERO] += 2.0
    operations = [OPERATIONS[place] for place in largest_operations(scores, soft.plan)[0].tolist()]
    derived = with_weights_of(soft, operations=operations, **options)
    soft.architecture.weights = lambda _: one_hot(operations, len(inputs))
    with torch.no_grad():
        torch.testing.assert_close(derived(inputs), soft(inputs), rtol=1e-3, atol=1e-4)


def generator(seed):
    return torch.Generator().manual_seed(seed)


def test_what_is_not_chosen_is_not_there_and_costs_nothing():
    model = small(operations=MIXED)
    stages, heads = part_macs(model, SHAPE)
    stem = 64 * 9 * 4
    three, five = (64 * (4 * kernel**2 + 4 * 4) for kernel in (3, 5))
    assert stages.tolist() == [stem + three, 0, five]
    soft = small(adaptive=False)
    assert heads.tolist() == part_macs(soft, SHAPE)[1].tolist()
    assert cumulative_macs(model, SHAPE)[-1] < cumulative_macs(soft, SHAPE)[-1] / 3
    held = {name for name, _ in model.named_modules() if ".edges." in name and name.count(".") >= 5}
    assert not any("5x5" in name for name in held if "stages.2" not in name)
    assert not any("architecture" in name for name in model.state_dict())


def test_nodes_that_no_exit_needs_and_states_that_no_node_does_are_gone():
    # Of two nodes for each exit the first leads nowhere: 0 -> 1; 0 -> 2, 1 -> 2; then from 0 to 3 and from 2 to 4.
    operations = ["separable_5x5", "identity", "zero"]
    operations += ["separable_5x5", "zero", "zero", "zero", "zero", "separable_3x3", "zero"]
    model = small(n_exits=2, nodes_per_exit=2, operations=operations).eval()
    assert [list(stage.nodes) for stage in (model.stages[0].nodes, model.stages[1])] == [["1"], ["1"]]
    with torch.no_grad():
        features = model.stages[0](model.normalise(images(2)))
        # Of the states only the one that the exit reads is handed on.
        assert len(features) == 1
        assert len(model.stages[1](features)) == 1
    assert part_macs(model, SHAPE)[0].tolist() == [64 * 9 * 4, 64 * (9 * 4 + 16)]


def test_it_learns():
    model = small(operations=MIXED).train()
    loss = StoppingLoss((0.2, 0.5, 1.0))(model.outputs(images(16)), torch.arange(16) % 5)
    loss.backward()
    assert all(one.grad is not None for one in model.parameters())
    assert set(model.parameter_groups()) == {"weights"}
    assert model.outputs(images(2)).perturbation is None
