"""What ``exitsearch policy`` can be asked, a sweep file can too."""

import pytest

from policies.errors import ExitSearchError
from policies.evolution.settings import EvolveSettings
from policies.goals.fields import PRESETS
from policies.goals.request import Request
from policies.qualities.drop import DropLimit
from policies.selection.policy_search import PolicySearch
from policies.tasks import get_task
from search.config.files import load_sweep
from search.config.policy import PolicySection
from search.config.reading.yaml_text import read_yaml
from search.config.sweep import SweepConfig
from search.errors import ConfigError


# What is not policies' alone lies at the top level.
ELSEWHERE = {"target", "delta", "seed"}
# What a search target has, worked out of what was asked for.
WORKED_OUT = {"of_values"}


def test_every_option_of_a_policy_search_is_a_key_of_a_sweep_file():
    options = {*Request.model_fields, *EvolveSettings.model_fields, *PolicySearch.model_fields} - {"asked", "settings"}
    assert options - ELSEWHERE - WORKED_OUT <= set(PolicySection.model_fields)
    assert not WORKED_OUT & set(PolicySection.model_fields)
    assert set(SweepConfig.model_fields) >= ELSEWHERE


def test_a_key_is_the_option_that_it_is_named_for():
    for model in (Request, EvolveSettings, PolicySearch):
        for name in set(model.model_fields) & set(PolicySection.model_fields):
            here, there = PolicySection.model_fields[name], model.model_fields[name]
            assert (here.description, here.metadata, here.annotation) == (
                there.description,
                there.metadata,
                there.annotation,
            )
            assert here.get_default(call_default_factory=True) == there.get_default(call_default_factory=True)


def test_what_is_asked_reaches_the_search():
    settings = ["policy.max_drop=0.02", "policy.bounds.worst_class_recall=0.8", "policy.objective=cost", "delta=0.1"]
    how = load_sweep(
        "digits",
        [*settings, "policy.islands=3", "policy.population=8", "policy.rules=[margin]", "policy.calibration=grid"],
    ).policy_search()
    assert how.asked == Request(
        target=0.95, max_drop=0.02, bounds={"worst_class_recall": 0.8}, objective="cost", delta=0.1
    )
    assert (how.islands, how.settings.population, how.rules, how.calibration) == (3, 8, ("margin",), "grid")


@pytest.mark.parametrize("text", ["policy: {max_drop: {accuracy: 0.02, macro_f1: 0.03}}", "policy: {max_drop: 0.02}"])
def test_one_drop_or_several_by_quality(tmp_path, text):
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    config = load_sweep(str(path), [])
    asked = config.request
    assert asked.full_drops[0] == DropLimit(0.02)
    assert asked.max_drop == read_yaml(text)["policy"]["max_drop"]
    assert SweepConfig.from_mapping(read_yaml(config.to_yaml())) == config


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{accuracy: 2}", "policy.max_drop.accuracy must be below 1 but 2 was given"),
        ("{accuracy: true}", "must be a number, not a truth value"),
        ("many", "policy.max_drop must be a number but 'many' was given"),
        ("{beauty: 0.1}", "there is no quality 'beauty'"),
    ],
)
def test_drops_that_cannot_be_are_one_line(value, message):
    with pytest.raises(ExitSearchError, match=message) as caught:
        load_sweep("digits", [f"policy.max_drop={value}"]).policy_search()
    assert "\n" not in str(caught.value)


def test_a_preset_fills_in_what_is_not_given(tmp_path):
    path = tmp_path / "sweep.yaml"
    path.write_text("policy: {preset: f1-under-budget, budget: 2.5}")
    config = load_sweep(str(path), [])
    asked = config.request
    assert (asked.quality, asked.objective, asked.budget) == ("macro_f1", "latency", 2.5)
    # The usual target is about another quality.
    assert asked.target is None
    assert load_sweep(str(path), ["target=0.8"]).request.target == 0.8
    assert SweepConfig.from_mapping(read_yaml(config.to_yaml())) == config


def test_presets_are_those_that_can_be_named():
    for name in PRESETS:
        assert Request(preset=name) == Request(preset=name, **PRESETS[name])
    with pytest.raises(ConfigError, match="policy.preset must be 'f1-under-budget' but 'f1' was given"):
        load_sweep("digits", ["policy.preset=f1"])


def config_of(**values):
    return SweepConfig.from_mapping(values)


def test_a_detector_is_asked_for_what_its_task_asks_for():
    policy = config_of(workload="voc", target=0.5).policy
    assert policy.quality == "map_50"
    assert policy.rules == get_task("detection").rules
    assert config_of(workload="voc", target=0.5, policy={"quality": "image_f1"}).policy.quality == "image_f1"


@pytest.mark.parametrize(
    ("workload", "policy", "message"),
    [
        ("voc", {"bounds": {"accuracy": 0.5}}, "policy: quality 'accuracy' is for answers of task 'classification'"),
        ("digits", {"quality": "map_50"}, "policy: quality 'map_50' is for answers of task 'detection' but the work"),
    ],
)
def test_what_is_for_another_kind_of_answers_is_refused(workload, policy, message):
    with pytest.raises(ConfigError, match=message):
        config_of(workload=workload, target=0.5, policy=policy)
