"""``splits: auto`` from the sweep file to the run folder, on digits and without training."""

from dataclasses import asdict

import pytest

from search.cli.run import run_command
from search.config.files import load_sweep, read_sweep_file
from search.config.sweep import SweepConfig
from search.errors import ConfigError, RunFolderError
from search.inputs import SweepInputs, load_inputs, load_splits
from search.run_folder.folder import RunFolder
from search.run_folder.summary import SharingSummary
from trainables.data import SplitFractions


AUTO = ["splits=auto", "target=0.95"]


@pytest.fixture(scope="module")
def inputs():
    return load_inputs(load_sweep("digits", AUTO))


@pytest.fixture
def started(inputs, tmp_path):
    """The folder of a sweep that has just begun."""
    config = inputs.config.model_copy(update={"runs_dir": tmp_path})
    return RunFolder.create(config, "digits")[0]


def test_shares_are_proposed_and_the_data_split_by_them(inputs):
    found = inputs.config.splits
    assert found.auto and not found.is_open
    assert found.fractions() == inputs.sharing.fractions != SplitFractions()
    sizes = {name: len(inputs.splits[name].ids) for name in ("train", "search", "certify", "test")}
    assert {name: size / 1797 for name, size in sizes.items()} == pytest.approx(asdict(found.fractions()), abs=0.003)
    given = load_sweep("digits", [f"splits={asdict(found.fractions())}"])
    assert load_splits(given).hashes == inputs.splits.hashes == load_splits(load_sweep("digits", AUTO)).hashes


@pytest.mark.parametrize(
    ("asked", "certify"),
    [
        (["target=0.9"], 0.1),
        (["target=0.95"], 0.22),
        (["target=0.95", "policy.power=0.5"], 0.12),
        (["target=null", "policy.max_drop=0.05"], 0.22),
    ],
)
def test_what_is_asked_decides_the_share_of_certify(asked, certify):
    found = load_inputs(load_sweep("digits", ["splits=auto", *asked]))
    assert found.config.splits.certify == pytest.approx(certify)
    assert found.sharing.power == found.config.policy.power


def test_the_folder_has_the_shares_and_a_resumed_sweep_the_same(inputs, started):
    stored = started.read_config()
    assert stored.splits == inputs.config.splits
    assert not stored.splits.is_open
    given = load_sweep("digits", [*AUTO, f"runs_dir={started.path.parent}"])
    resumed = stored.sharing_with(given)
    started.require_same(resumed)
    assert load_splits(resumed).data_hashes == inputs.splits.data_hashes
    again = SweepInputs.of(resumed, load_splits(resumed))
    assert again.sharing == inputs.sharing


def test_shares_that_were_given_are_not_those_of_auto(started):
    stored = started.read_config()
    given = load_sweep("digits", ["target=0.95", f"splits={asdict(stored.splits.fractions())}"])
    with pytest.raises(RunFolderError, match=r"splits\.auto was True and is now False"):
        started.require_same(stored.sharing_with(given))


def test_the_summary_tells_what_was_proposed(inputs):
    told = SharingSummary.model_validate(asdict(inputs.sharing))
    assert told.fractions == asdict(inputs.config.splits.fractions())
    assert told.model_dump()["sentence"].startswith(
        "splits {train: 0.5, search: 0.16, certify: 0.22, test: 0.12}: certify"
    )
    assert [one.n_certify for one in told.divisions] == [one.n_certify for one in inputs.sharing.divisions]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["target=null", "policy.budget=2"], "nothing of mean depth 2 can be; ask for a target or a drop that can"),
        (["policy.quality=macro_f1"], "nothing of macro_f1 0.95 can be; ask for a target or a drop that can"),
    ],
)
def test_without_a_claim_there_is_nothing_to_split_by(changes, message):
    with pytest.raises(ConfigError) as refused:
        load_sweep("digits", ["splits=auto", *changes])
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ("automatic", "splits is a section but 'automatic' was given; its keys are splits.auto, splits.seed"),
        (
            "{auto: true, train: 0.6}",
            "splits: auto proposes all shares but train is given; leave auto or the share out",
        ),
        ("{auto: maybe}", "splits.auto must be true or false but 'maybe' was given"),
    ],
)
def test_what_is_neither_the_word_nor_the_section_is_refused(splits, message):
    with pytest.raises(ConfigError) as refused:
        load_sweep("digits", [f"splits={splits}"])
    assert message in str(refused.value)


def test_a_seed_may_be_given_beside_auto():
    own = load_sweep("digits", ["splits={auto: true, seed: 7}"]).splits
    assert (own.is_open, own.seed) == (True, 7)


def test_a_refused_sweep_leaves_nothing(tmp_path, capsys):
    with pytest.raises(ConfigError, match="nothing of mean depth 2 can be"):
        run_command(
            "digits",
            ["splits=auto", "target=null", "policy.budget=2", f"runs_dir={tmp_path / 'runs'}"],
            **{"name": None, "resume": False, "data_dir": None, "address": None, "tracking_uri": None, "console": None},
        )
    assert not (tmp_path / "runs").exists()


def test_the_file_in_the_folder_is_a_sweep_file(started):
    again = SweepConfig.from_mapping(read_sweep_file(str(started.sweep_file)))
    assert again.splits == started.read_config().splits
