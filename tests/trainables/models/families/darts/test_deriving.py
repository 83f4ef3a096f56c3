import pytest
import torch

from tests.trainables.models.families.darts.networks import SHAPE, images, small, stirred
from trainables.errors import DerivedWarning, ExportError, TrainingError
from trainables.export.model_file import ModelConfig, load_model, save_model
from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.export.onnx.verification import verify_stage_graphs
from trainables.models import NetworkSpec, cumulative_macs
from trainables.models.families.darts.choices import PER_INPUT, ZERO
from trainables.models.families.darts.deriving import FIXED, KINDS, begin_derived, derived_options, soft_network
from trainables.models.families.darts.operations import OPERATIONS


pytestmark = pytest.mark.filterwarnings("ignore::trainables.errors.DerivedWarning")

INPUTS = images(48).numpy()


def derived_of(soft, kind, **options):
    derived = small(seed=5, **derived_options(soft, kind, INPUTS), **options)
    begin_derived(derived, soft, INPUTS)
    return derived


def test_fixed_without_a_controller_are_the_largest_alphas():
    soft = stirred(small(adaptive=False))
    with torch.no_grad():
        soft.architecture.alpha[0, 2] = 9.0
        soft.architecture.alpha[3:, ZERO] = torch.tensor([9.0, 9.0, 9.0])
        soft.architecture.alpha[5, 4] = 8.0
    said = r"into 1 of 3 nodes zero is the largest operation on all edges; .* kept \('2 -> 3 identity'\)"
    with pytest.warns(DerivedWarning, match=said):
        found = derived_options(soft, FIXED, INPUTS)["operations"]
    assert found[0] == "average_pool"
    assert found[1:3] == [OPERATIONS[place] for place in soft.architecture.alpha[1:3].argmax(1)]
    # All edges into the last node would be zero.
    assert found[3:] == ["zero", "zero", "identity"]


def test_fixed_with_a_controller_are_the_largest_mean_shares():
    soft = stirred(small())
    with torch.no_grad():
        soft.architecture.controller.perturbation.bias[: len(OPERATIONS)] = torch.tensor(
            [0.0, 0.0, 0.0, 50.0, 0.0, 0.0]
        )
        mean = soft.mixing_weights(torch.from_numpy(INPUTS)).mean(0)
    found = derived_options(soft, FIXED, INPUTS)["operations"]
    assert found[0] == "max_pool"
    assert [OPERATIONS.index(name) for name in found] == mean.argmax(1).tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_weights_are_those_of_the_mixture_and_statistics_are_made_anew(kind):
    soft = stirred(small(reductions=1))
    before = {name: value.clone() for name, value in soft.state_dict().items()}
    derived = derived_of(soft, kind, reductions=1)
    assert not derived.training
    assert all(torch.equal(value, before[name]) for name, value in soft.state_dict().items())
    for name, value in derived.named_parameters():
        assert torch.equal(value, before[name]), name
    # What a norm after the first node is given has another scale than in the mixture.
    derived.train()
    with torch.no_grad():
        features = derived.stages[0](derived.normalise(torch.from_numpy(INPUTS)))
        expansion = derived.stages[2].reduction["expansion"]
        given = []
        expansion.norm.register_forward_hook(lambda _, maps, __: given.append(maps[0]))
        for stage in list(derived.stages)[1:]:
            features = stage(features)
    torch.testing.assert_close(expansion.norm.running_mean, given[0].mean((0, 2, 3)), rtol=0.1, atol=0.05)
    assert not torch.allclose(
        before["stages.2.reduction.expansion.norm.running_mean"], given[0].mean((0, 2, 3)), atol=0.05
    )


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_file_keeps_everything(kind, tmp_path):
    soft = stirred(small(n_exits=3))
    derived = derived_of(soft, kind)
    options = derived_options(soft, kind, INPUTS)
    spec = NetworkSpec(n_exits=3, width=4, family="darts", options=options)
    config = ModelConfig("digits", spec, SHAPE, tuple("abcde"))
    save_model(tmp_path / "model.safetensors", derived, config)
    again, stated = load_model(tmp_path / "model.safetensors")
    assert stated.network.options == options
    assert torch.equal(again(images()), derived(images()))
    assert cumulative_macs(again, SHAPE).tolist() == cumulative_macs(derived, SHAPE).tolist()


def test_only_mixtures_are_derived_from_and_kinds_are_known():
    soft = stirred(small(adaptive=False))
    with pytest.raises(TrainingError, match="without operations, but this is a FixedNetwork; take another sweep"):
        soft_network(derived_of(soft, FIXED))
    with pytest.raises(TrainingError, match="must be 'fixed' or 'per-input' but is 'per input'; did you mean"):
        derived_options(soft, "per input", INPUTS)
    with pytest.raises(TrainingError, match="this one has the same for all inputs; derive it 'fixed'"):
        derived_options(soft, PER_INPUT, INPUTS)
    with pytest.raises(TrainingError, match="must have the nodes of its mixture"):
        begin_derived(small(n_exits=2, operations=["identity"] * 3), soft, INPUTS)


def test_graphs_of_what_differs_by_sample_are_refused(tmp_path):
    with pytest.raises(ExportError, match="but each sample runs operations of its own; export it without") as refused:
        write_stage_graphs(small(operations=PER_INPUT), SHAPE, tmp_path / "graphs")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "graphs").exists()


@pytest.mark.slow
@pytest.mark.parametrize("operations", [["separable_3x3", "average_pool", "max_pool"], ["identity"] * 3])
def test_graphs_of_fixed_operations_say_what_the_network_says(operations, tmp_path):
    model = small(n_exits=2, operations=operations).eval()
    write_stage_graphs(model, SHAPE, tmp_path)
    assert verify_stage_graphs(model, tmp_path, INPUTS).largest_difference < 1e-4
