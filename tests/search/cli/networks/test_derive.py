"""A finished sweep of a toy mixture, made by hand, and the sweeps of what is derived from it."""

from dataclasses import replace
import json
from typing import get_args

import pytest
import torch

from policies.policy import Policy
from policies.tasks import load_table
from search.cli.app import main
from search.cli.exit_code import ExitCode
from search.cli.networks.derive import Kind
from search.config.sweep import SweepConfig
from search.derivation import derived_values
from search.errors import DerivedWarning
from search.export.export import export_run
from search.export.finished_sweep import FinishedSweep
from search.export.options import ExportOptions
from search.inputs import load_splits
from search.run_folder.folder import RunFolder
from search.run_folder.summary import SelectedPolicy, Summary
import search.start  # noqa: F401 - so that no command tells in a test that it loads it
from tests.finished_sweeps import write_sweep
from trainables.errors import ExportError
from trainables.export.model_file import ModelConfig, load_model, save_model
from trainables.models import relative_cost
from trainables.models.families.darts.deriving import KINDS
from trainables.workloads import get_workload


PARAMS = {
    **{"width": 4, "network_nodes_per_exit": 1, "network_mixing_temperature": 0.7, "network_adaptive": True},
    **{"learning_rate_adamw": 0.01, "learning_rate_alpha": 0.001, "learning_rate_controller": 0.001},
    **{"learning_rate_schedule": "constant", "weight_decay": 0.0005, "label_smoothing": 0.0, "bilevel": True},
    **{"auxiliary_weight": 0.35, "cost_weight": 0.01, "cost_weight_schedule": "linear", "cost_weight_warmup": 0.2},
    **{"cost_weight_until": 1.0, "perturbation_weight": 0.001},
}
SHAPE = (1, 8, 8)


def mixture_sweep(folder, *, adaptive=True, **changes):
    """The folder of a finished sweep whose network mixes operations, without its tables."""
    config = SweepConfig.from_mapping(
        {
            "name": folder.name,
            "target": 0.1,
            "seed": 7,
            "splits": {"train": 0.4, "search": 0.2, "certify": 0.2, "test": 0.2, "seed": 3},
            "training": {"network": "darts", "n_exits": 2, "width": 8, "epochs": 6, "batch_size": 32},
            "space": {"name": "darts", "overrides": {"width": [4, 16]}},
            "search": {"trials": 4, "first_trials": [{"name": "first", **PARAMS}], "scheduler": "asha"},
            "policy": {
                **{"objective": "depth", "rules": ["confidence", "dual-threshold"], "best_trials": 1},
                **{"generations": 3, "population": 16, "max_levels": 32},
            },
            "resources": {"concurrent": 1},
            "runs_dir": str(folder.parent),
            **changes,
        }
    )
    folder.mkdir(parents=True)
    run = RunFolder(folder)
    run.sweep_file.write_text(config.to_yaml())
    splits = load_splits(config)
    params = {**PARAMS, "network_adaptive": adaptive}
    network = config.training.network_spec().with_params(params)
    torch.manual_seed(0)
    model = get_workload("digits").build_model(splits.train, 10, network)
    save_model(run.model_file, model, ModelConfig("digits", network, SHAPE, splits.class_names))
    policy = Policy("confidence", (0.9,), (1.0, 1.0))
    policy.save(run.policy_file, workload="digits")
    selected = SelectedPolicy(trial_id="trial-0001", network="trial-0001", rule="confidence", hyperparameters=params)
    summary = Summary(name=folder.name, workload="digits", certified=False, selected=selected, baselines={})
    summary.save(run.summary_file)
    run.environment_file.write_text(json.dumps({"data_hashes": splits.data_hashes}))
    return run


@pytest.fixture(scope="module")
def mixture(tmp_path_factory):
    return mixture_sweep(tmp_path_factory.mktemp("runs") / "toy")


def test_all_kinds_that_can_be_derived_can_be_typed():
    assert get_args(Kind) == KINDS


def ended(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main(["derive", *map(str, arguments)])
    return end.value.code, capsys.readouterr()


@pytest.mark.parametrize("kind", [pytest.param("fixed", marks=pytest.mark.slow), "per-input"])
def test_a_derived_network_has_cost_table_policy_certificate_and_bundle_of_its_own(
    kind, mixture, runner, tmp_path, capsys
):
    options = ("--kind", kind, "--epochs", "1", "--out", tmp_path, "--tracking-uri", runner.uri)
    code, printed = ended(capsys, mixture.path, *options)
    assert code in (ExitCode.DONE, ExitCode.NOT_ACHIEVED), printed.err
    sweep = FinishedSweep.load(tmp_path / f"toy-{kind}")
    config, given = sweep.config, mixture.read_config()
    for key in ("workload", "target", "seed", "seeds", "splits", "policy"):
        assert getattr(config, key) == getattr(given, key), key
    assert config.training.epochs == config.search.trials == 1
    start = config.training.weights
    assert start == tmp_path / f"toy-{kind}.start.safetensors" and start.is_file()
    hyperparameters = sweep.summary.selected.hyperparameters
    assert {key: hyperparameters[key] for key in PARAMS} == PARAMS
    model, _ = load_model(sweep.folder.model_file)
    begun, _ = load_model(start)
    soft, _ = load_model(mixture.model_file)
    table = load_table(sweep.folder.table(sweep.summary.selected.network, "test"))
    assert table.cost.tolist() == relative_cost(model, SHAPE).tolist() != relative_cost(soft, SHAPE).tolist()
    assert table.stop_prob is not None
    operations = config.training.network_options["operations"]
    assert operations == "per-input" if kind == "per-input" else list(model.operations) == operations
    # It has learned, from the weights of the mixture.
    stem = "stages.0.stem.0.weight"
    assert torch.equal(begun.state_dict()[stem], soft.state_dict()[stem])
    assert not torch.equal(model.state_dict()[stem], soft.state_dict()[stem])
    if kind == "per-input":
        assert torch.equal(model.shares, begun.shares)
        assert torch.equal(model.architecture.alpha, soft.architecture.alpha)
        with pytest.raises(ExportError, match="each sample runs operations of its own"):
            export_run(sweep.folder.path, tmp_path / "graphs", ExportOptions(onnx=True), on_message=print)
        assert not (tmp_path / "graphs").exists()
    bundle = export_run(sweep.folder.path, tmp_path / "bundle", ExportOptions(), on_message=print)
    assert bundle.manifest.cost == pytest.approx(table.cost.tolist())


def test_what_is_taken_over_and_what_is_not(mixture):
    sweep = FinishedSweep.load(mixture.path)
    network = sweep.network().config.network
    values = derived_values(sweep, network.with_params({"network_operations": ["identity"] * 3}), None)
    config = SweepConfig.from_mapping(values)
    assert config.training.epochs == 2
    assert config.training.width == 4
    assert config.training.network_options == {
        **{"nodes_per_exit": 1, "mixing_temperature": 0.7, "adaptive": True, "operations": ["identity"] * 3}
    }
    assert config.search.scheduler == "none" and not config.search.first_trials
    assert all(config.space.overrides[key] == value for key, value in PARAMS.items())


def test_what_does_not_fit_a_derived_network_is_left_out_and_told(mixture):
    sweep = FinishedSweep.load(mixture.path)
    search = sweep.config.search.model_copy(update={"control": True})
    policy = sweep.config.policy.model_copy(update={"latency_ms": (1.0, 2.0)})
    sweep = replace(sweep, config=sweep.config.model_copy(update={"search": search, "policy": policy}))
    network = sweep.network().config.network
    with pytest.warns(DerivedWarning, match="they are times of the mixture"):
        values = derived_values(sweep, network.with_params({"network_operations": ["identity"] * 3}), 3)
    assert values["search"]["control"] is True and not values["policy"]["latency_ms"]
    with pytest.warns(DerivedWarning) as told:
        values = derived_values(sweep, network.with_params({"network_operations": "per-input"}), 3)
    assert [str(one.message).partition(" ")[0] for one in told] == ["search.control", "policy.latency_ms"]
    assert values["search"]["control"] is False
    assert not SweepConfig.from_mapping({**values, "name": "other"}).policy.latency_ms


def test_what_cannot_be_derived_is_refused_in_one_line_and_leaves_nothing(mixture, tmp_path, capsys):
    plain = write_sweep(tmp_path / "plain")
    unfinished = tmp_path / "unfinished"
    unfinished.mkdir()
    (unfinished / "sweep.yaml").write_text(mixture.sweep_file.read_text())
    same = mixture_sweep(tmp_path / "same", adaptive=False)
    (tmp_path / "out" / "there").mkdir(parents=True)
    cases = {
        "a network that mixes operations, of the family darts without operations, but this is": (plain.path,),
        "a finished sweep has summary.json, but there is none": (unfinished,),
        "--kind must be 'fixed' or 'per-input' but 'fixd' was given": (mixture.path, "--kind", "fixd"),
        "one has the same for all inputs; derive it 'fixed'": (same.path, "--kind", "per-input"),
        "there is already a sweep 'there'": (mixture.path, "--name", "there"),
    }
    for said, arguments in cases.items():
        code, printed = ended(capsys, *arguments, "--out", tmp_path / "out")
        assert code == ExitCode.WRONG_INPUT
        assert said in printed.err and printed.err.count("\n") == 1
    assert [one.name for one in (tmp_path / "out").rglob("*")] == ["there"]


def test_weights_go_again_where_no_sweep_comes_of_them(mixture, tmp_path, capsys):
    code, printed = ended(capsys, mixture.path, "--out", tmp_path / "new", "--address", "127.0.0.1:1")
    assert code == ExitCode.WRONG_INPUT
    assert "error: " in printed.err
    assert not (tmp_path / "new").exists()
