import json
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
import pytest
from ray.tune.schedulers import FIFOScheduler

from search.config.files import load_sweep, preset_names, set_key
from search.config.reading.yaml_text import read_yaml, write_yaml
from search.config.sweep import SweepConfig, known_keys
from search.errors import ConfigError
from search.tuning.schedulers import build_scheduler
from trainables.data import AudioOptions


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_is_valid_and_resolves_to_itself(name):
    config = load_sweep(name, [])
    again = SweepConfig.from_mapping(read_yaml(config.to_yaml()))
    assert again == config


def test_assignments_change_single_keys():
    config = load_sweep(
        "digits",
        [
            "target=0.9",
            "search.trials=3",
            "policy.rules=[confidence]",
            "space.overrides.alpha={low: 0.2}",
            "space.overrides.learning_rate_sgd=1e-2",
            "training.width=8",
            "data.audio.silence_db=-50",
        ],
    )
    assert (config.target, config.search.trials, config.training.width) == (0.9, 3, 8)
    assert config.data.options().audio == AudioOptions(silence_db=-50)
    space = config.build_space()
    assert space.dimensions["alpha"].low == 0.2
    assert space.dimensions["learning_rate_sgd"].value == 0.01


@pytest.mark.parametrize("key", known_keys())
def test_set_reaches_every_key(key):
    """What the resolved file says of a key can be set back by --set."""
    value = read_yaml(load_sweep("digits", ["name=x", "tracking.uri=u", "data_dir=/d"]).to_yaml())
    for part in key.split("."):
        value = value[part]
    config = load_sweep("digits", [f"{key}={json.dumps(value)}"])
    reached = config.model_dump(mode="json")
    for part in key.split("."):
        reached = reached[part]
    assert reached == value


@pytest.mark.parametrize(
    ("assignments", "message"),
    [
        (["search.trails=3"], r"unknown key 'search\.trails' \(value 3\); nearest valid keys are search\.trials"),
        (["trials=3"], r"unknown key 'trials' \(value 3\); nearest valid keys are search\.trials"),
        (["targt=0.9"], "unknown key 'targt' .*target"),
        (["target.x=1"], r"unknown key 'target\.x'.*target"),
        (["target=0"], "target must be above 0 and at most 1 but 0 was given; for example 0.95"),
        (["target=1.2"], "target must be above 0 and at most 1 but 1.2 was given"),
        (["target=95"], r"target must be above 0 and at most 1 but 95 was given; did you mean 0\.95\?"),
        (["target=high"], "target must be a number but 'high' was given"),
        (["target=.nan"], "target must be a finite number but nan was given"),
        (["target=true"], "target must be a number, not a truth value, but True was given"),
        (["training.epochs=yes"], "training.epochs must be a whole number but 'yes' was given"),
        (["search.trials=true"], "search.trials must be a number, not a truth value, but True was given"),
        (["seed=on"], "seed must be a whole number but 'on' was given"),
        (["seeds=[1, true]"], "seeds must be a number, not a truth value, but"),
        (["policy.bounds.macro_f1=true"], "policy.bounds must be a number, not a truth value, but"),
        (["training.epochs=1e30"], "training.epochs must be a number of at most 1e.12 in size but 1e.30 was given"),
        (["training.epochs=1:30"], "training.epochs must be a whole number but '1:30' was given"),
        (["training.epochs=2.5"], "training.epochs must be a whole number but 2.5 was given"),
        (["resources.retries=-1"], "resources.retries must be at least 0 and at most 1,000 but -1 was given"),
        (["training.final_div_factor=.inf"], "training.final_div_factor must be a finite number but inf was given"),
        (["policy.max_seconds=.inf"], "policy.max_seconds must be a finite number but inf was given"),
        (["data.audio.peak=.nan"], "data.audio.peak must be a finite number but nan was given"),
        (["space.overrides.alpha=.inf"], "alpha: must be a finite number but inf was given"),
        (["space.overrides.alpha=yes"], "alpha: must be a number but 'yes' was given"),
        (["space.overrides.alpha={low: true}"], "alpha: must be a number but True was given"),
        (["space.overrides.alpha={log: 1}"], "alpha: log must be true or false but 1 was given"),
        (["search.first_trials=[{alpha: true}]"], "must be a number but True was given"),
        (["workload=5"], r"workload must be text \(quote what looks like a number\) but 5 was given"),
        (["search.trials=1", "search={trials: 1, trials: 2}"], "--set search: 'trials' occurs twice, in lines 1 and 1"),
        (["search=5"], r"search is a section but 5 was given; its keys are search\.trials"),
        (["search.sampler=grid"], r"search\.sampler must be 'tpe', 'nsga2', 'gp' or 'random' but 'grid' was given"),
        (["search.trials=0"], r"search\.trials must be at least 1 and at most 100,000 but 0 was given"),
        (["name=../x"], "name must be a plain folder name .* but is '../x'"),
        (["name=.."], "name must be a plain folder name"),
        (["name=a/b"], "name must be a plain folder name"),
        (["workload=digit"], "workload: there is no workload 'digit'; did you mean 'digits'"),
        (["space.name=big"], "no space 'big'"),
        (["space.overrides.alfa=1"], r"space\.overrides: .*no dimension 'alfa'; nearest are alpha"),
        (["space.overrides.alpha={low: 2}"], r"space\.overrides: alpha: low must not be above high"),
        (
            ["policy.rules=[magic]"],
            r"policy.rules: there is no rule 'magic'; did you mean 'margin'\? Known are box-agreement",
        ),
        (["policy.rules=[]"], r"policy\.rules .*at least 1"),
        (
            ["policy.population=10"],
            "policy.population must be at least 4, at most 10,000 and a multiple of 4 but 10 was given",
        ),
        (["splits.train=0.9"], r"splits: split fractions must be positive and sum to 1 but are \[0.9, 0.2"),
        (["search.scheduler=asha", "search.grace_epochs=99"], "must not be above training.epochs .* 99 and 30"),
        (["search.first_trials=[{alpa: 1}]"], "'alpa' of number 1 is no dimension of space"),
        (
            ["space.overrides.optimiser=adamw"],
            "'optimiser' of number 1 is fixed at 'adamw' by .* --set search.first_trials=",
        ),
        (["space.overrides.distillation=[self]"], r"'distillation' of number 1 must be among \['self'\] but 'none'"),
        (["search.first_trials=[{alpha: 3}]"], r"must lie in \[0.1, 0.9\] but 3 was given"),
        (
            ["search.first_trials=[{name: a}, {name: a}]"],
            "names of search.first_trials must differ .* 'a' occurs 2 times",
        ),
        (
            ["search.first_trials=[{distillation: [self]}]"],
            r"must be among \['none', 'self'\] but \['self'\] was given",
        ),
        (["search.first_trials=[{alpha: [0.5]}]"], r"'alpha' of number 1 must be a number but \[0.5\] was given"),
        (["search.first_trials=[{alpha: true}]"], "'alpha' of number 1 must be a number but True was given"),
        (["search.first_trials=[{alpha: .nan}]"], "must be a finite number but nan was given"),
        (["search.first_trials=[{alpha: null}]"], "'alpha' of number 1 must be a number but None was given"),
        (
            ["space.name=audio", "space.overrides.width=[1, 2]", "search.first_trials=[{width: true}]"],
            r"must be among \[1, 2\] but True was given",
        ),
        (
            ["training.epochs=0"],
            "training: epochs must be at least 1 but is 0, .* name a file of them in training.weights",
        ),
        (["training.epochs=-1"], "training.epochs must be at least 0 and at most 100,000 but -1 was given"),
        (
            ["training.weights=w.pth", "training.pretrained=true"],
            "training: weights are w.pth, so pretrained must be false but is true",
        ),
        (
            [
                *("training.epochs=0", "training.weights=w.pth", "space.name=distillation"),
                "teachers=[{name: a, network: small-cnn}]",
            ],
            "teachers are named but training.epochs is 0, so that nothing is taught",
        ),
        (["search.first_trials=[5]"], r"search.first_trials.0 is a section but 5 was given$"),
        (
            ["search.first_trials=[{is_baseline: maybe, name: a}]"],
            r"first_trials\.0\.is_baseline must be true or false but 'maybe'",
        ),
        (["search.first_trials=[{is_baseline: true}]"], r"first_trials\.0 must have a name where is_baseline is true"),
        (["data.audio.silense_db=-50"], r"unknown key 'data.audio.silense_db' .*keys are data\.audio\.silence_db"),
        (["data.silence_db=-50"], r"unknown key 'data.silence_db' .*keys are data\.audio\.silence_db"),
        (["data.audio=5"], r"data.audio is a section but 5 was given; its keys are data\.audio\.sample_rate"),
        (["data.audio.n_mels=many"], "data.audio.n_mels must be a whole number but 'many' was given"),
        (["data.audio.high_hz=9000"], "data.audio: high_hz must be .*Nyquist.* but is 9000"),
        (["data.audio.file_pattern='('"], "data.audio: file_pattern must be a regular expression"),
        (
            ["space.name=audio", "policy.objective=cost", "search.first_trials=[]"],
            "policy.objective cost is relative .* but width is searched; fix it",
        ),
        (
            ["space.name=darts", "policy.objective=cost", "search.first_trials=[]", "space.overrides.width=16"],
            "policy.objective cost is relative .* but network_nodes_per_exit is searched; fix it",
        ),
        (["training.network_options=[adaptive]"], "training.network_options must be a mapping, such as"),
        (["training.network_options.scale=.nan"], "training: network_options must be finite numbers, texts"),
        (["training.cost=watts"], "training.cost must be 'macs' or 'exits' but 'watts' was given"),
        (["training.cost=exits", "search.control=true"], "search.control compares networks by multiply-acc"),
        (
            ["target=null"],
            "target is missing, and so are max_drop, max_relative_drop, max_drop_greedy and budget; give one of them",
        ),
        (["policy.max_drop=2"], "policy.max_drop must be at least 0 and below 1 but 2 was given; did you mean 0.02?"),
        (["policy.quality=beauty"], "policy: there is no quality 'beauty'"),
        (["policy.latency_ms=[1, 2]"], "policy.latency_ms: latency_ms must be 3 increasing positive times"),
        (
            ["space.name=audio", "policy.latency_ms=[1, 2, 3]", "search.first_trials=[]"],
            "policy.latency_ms holds the times of one network, but width is searched; fix it",
        ),
        (["space.name=pathlib:Path"], "space 'pathlib:Path' must be a subclass of Space"),
        (["workload=:x"], "workload ':x' cannot be imported"),
        (["target"], "--set takes key=value but was given 'target'"),
        (["target=[1"], "the value .* is not YAML"),
    ],
)
def test_mistakes_are_one_line_with_the_key_and_the_value(assignments, message):
    with pytest.raises(Exception, match=message) as caught:
        load_sweep("digits", assignments)
    assert "\n" not in str(caught.value)
    assert type(caught.value).__module__.endswith(".errors")


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ("digit", "no preset 'digit'; did you mean 'digits'.* Presets are bccd, darts, darts-small, digits, fash"),
        ("../presets/digits", "no such sweep file"),
        ("none.yaml", "no such sweep file; presets are"),
    ],
)
def test_unknown_presets_and_files(sweep, message):
    with pytest.raises(ConfigError, match=message):
        load_sweep(sweep, [])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "not a YAML file"),
        ("- 1", "must be a mapping .* but is a list"),
        (
            "training: {epochs: 5}\nsearch: {trials: 3}\ntraining: {batch_size: 32}",
            "'training' occurs twice, in lines 1 and 3; keep one of them",
        ),
        ("search:\n  trials: 3\n  trials: 4", "'trials' occurs twice, in lines 2 and 3"),
        ("!!python/object:os.system {}", "not a YAML"),
    ],
)
def test_damaged_files(tmp_path, text, message):
    path = tmp_path / "sweep.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_sweep(str(path), [])


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "binary.yaml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(ConfigError, match="not a readable sweep file"):
        load_sweep(str(tmp_path / "binary.yaml"), [])
    (tmp_path / "empty.yaml").write_text("")
    assert load_sweep(str(tmp_path / "empty.yaml"), []).workload == "digits"


def test_options_win_over_the_file_and_none_leaves_it_alone():
    config = load_sweep("digits", ["tracking.uri=a"], name="n", tracking__uri=None)
    assert (config.name, config.tracking.uri) == ("n", "a")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("1e-3", 0.001),
        ("1_000", 1000),
        ("0x10", 16),
        ("~", None),
        ("yes", "yes"),
        ("010", "010"),
        ("1:30", "1:30"),
        ("2026-11-25", "2026-11-25"),
        ("true", True),
    ],
)
def test_yaml_is_read_as_a_person_means_it(text, meant):
    values = read_yaml(f"a: {text}")
    assert values == {"a": meant}
    assert type(values["a"]) is type(meant)


def test_merged_keys_may_be_changed():
    text = "base: &base {trials: 3, sampler: tpe}\nsearch:\n  <<: *base\n  trials: 5"
    assert read_yaml(text)["search"] == {"trials": 5, "sampler": "tpe"}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=12), max_size=4))
def test_what_is_written_is_read_again(values):
    assert read_yaml(write_yaml(values)) == values


@pytest.mark.parametrize("name", ["2026-11-25", "1e-3", "007", "no", "on.2"])
def test_a_name_is_what_was_typed(name):
    """Of those that look like something else, only true numbers and truth values must be quoted."""
    if name == "1e-3":
        name = '"1e-3"'
    config = load_sweep("digits", [f"name={name}"])
    assert config.name == name.strip('"')
    assert SweepConfig.from_mapping(read_yaml(config.to_yaml())) == config


def test_truth_values_as_people_write_them():
    assert load_sweep("digits", ["training.augment=no"]).training.augment is False
    assert load_sweep("digits", ["training.augment=on"]).training.augment is True


def test_set_key_makes_sections():
    values = {"search": None}
    set_key(values, "search.trials", 2)
    set_key(values, "space.overrides.alpha", 1)
    assert values == {"search": {"trials": 2}, "space": {"overrides": {"alpha": 1}}}


def test_first_trials_have_the_values_that_their_dimensions_draw():
    settings = ("space.name=audio", "space.overrides.width=[16, 24]")
    one = "{name: a, learning_rate_sgd: 5e-2, weight_decay: 1e-4, width: 24.0, distillation: none}"
    for trials in (f"[{one}]", one):
        (first,) = load_sweep("digits", [*settings, f"search.first_trials={trials}"]).search.first_trials
        assert (first.name, first.params) == (
            "a",
            {"learning_rate_sgd": 0.05, "weight_decay": 1e-4, "width": 24, "distillation": "none"},
        )
        assert [type(value) for value in first.params.values()] == [float, float, int, str]
    assert load_sweep("digits", ["search.first_trials=null"]).search.first_trials == []


def test_nothing_is_stopped_early_where_nothing_is_trained():
    settings = ("training.epochs=0", "training.weights=w.pth")
    for name in ("none", "asha", "mo-asha"):
        config = load_sweep("digits", [*settings, f"search.scheduler={name}"])
        assert type(build_scheduler(config)) is FIFOScheduler
    assert load_sweep("digits", settings).training.weights == Path.cwd() / "w.pth"
