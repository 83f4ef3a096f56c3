import json

import pytest

from search.config.files import load_sweep
from search.errors import RunFolderError, SweepError, SweepInterruptedError
from search.run_folder.folder import RunFolder
from search.run_folder.journal import Journal
from search.run_folder.result_files import write_json
from tests.search.trial_logs import open_log


def config(tmp_path, *assignments):
    return load_sweep("digits", [f"runs_dir={tmp_path / 'runs'}", *assignments])


def test_sweeps_without_a_name_are_numbered(tmp_path):
    names = [RunFolder.create(config(tmp_path), "digits")[0].name for _ in range(3)]
    assert names == ["digits-1", "digits-2", "digits-3"]
    (tmp_path / "runs" / "digits-2").rename(tmp_path / "runs" / "elsewhere")
    assert RunFolder.create(config(tmp_path), "digits")[0].name == "digits-4"
    assert RunFolder.latest(tmp_path / "runs", "digits").name == "digits-4"


def test_folder_holds_the_resolved_sweep(tmp_path):
    folder, made = RunFolder.create(config(tmp_path, "name=first"), "digits")
    assert made.name == "first"
    assert folder.read_config() == made
    folder.require_same(config(tmp_path, "resources.cpus=1", "resources.concurrent=1", "tracking.uri=x"))


def test_existing_names_are_not_overwritten(tmp_path):
    RunFolder.create(config(tmp_path, "name=first"), "digits")
    with pytest.raises(RunFolderError, match="already a sweep 'first' in .*--resume, or choose another --name"):
        RunFolder.create(config(tmp_path, "name=first"), "digits")


def test_another_sweep_file_is_refused_with_the_key(tmp_path):
    folder, _ = RunFolder.create(config(tmp_path), "digits")
    with pytest.raises(RunFolderError, match=r"search\.trials was 20 and is now 5"):
        folder.require_same(config(tmp_path, "search.trials=5"))
    with pytest.raises(RunFolderError, match=r"space\.overrides"):
        folder.require_same(config(tmp_path, "space.overrides.alpha=0.5"))


def test_nothing_to_resume(tmp_path):
    with pytest.raises(RunFolderError, match="no sweep digits-<number>"):
        RunFolder.latest(tmp_path / "runs", "digits")
    with pytest.raises(RunFolderError, match="no sweep 'none' .* there are no sweeps yet"):
        RunFolder(tmp_path / "runs" / "none").read_config()
    folder, _ = RunFolder.create(config(tmp_path), "digits")
    with pytest.raises(RunFolderError, match="no sweep 'none' .* there are 'digits-1'$"):
        RunFolder(tmp_path / "runs" / "none").read_config()
    with pytest.raises(RunFolderError, match="no sweep 'digit-1' .* did you mean 'digits-1'"):
        RunFolder(tmp_path / "runs" / "digit-1").read_config()
    for n in range(40):
        (tmp_path / "runs" / f"other-{n:02d}").mkdir()
        (tmp_path / "runs" / f"other-{n:02d}" / "sweep.yaml").touch()
    with pytest.raises(RunFolderError, match="there are 'digits-1', 'other-00', .* and 36 more$"):
        RunFolder(tmp_path / "runs" / "none").read_config()
    folder.sweep_file.write_text("}{")
    with pytest.raises(RunFolderError, match="damaged"):
        folder.read_config()


def test_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "runs").write_text("a file")
    with pytest.raises(RunFolderError, match="cannot be made"):
        RunFolder.create(config(tmp_path), "digits")


def test_json_is_written_in_one_step(tmp_path):
    write_json(tmp_path / "a.json", {"x": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {("no", "key"): 2})
    assert json.loads((tmp_path / "a.json").read_text()) == {"x": 1}


def test_a_new_sweep_that_was_refused_is_gone_and_its_number_free(tmp_path):
    for _ in range(2):
        with pytest.raises(SweepError), RunFolder.new(config(tmp_path), "digits") as (folder, _):
            with Journal(folder.journal_file) as journal:
                journal.append("created", sweep_id="1", name=folder.name)
            raise SweepError("Ray does not start")
        assert folder.name == "digits-1"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("error", [SweepError("all failed"), SweepInterruptedError("stopped"), KeyboardInterrupt()])
def test_a_sweep_with_a_trial_stays(tmp_path, error):
    with pytest.raises(type(error)), RunFolder.new(config(tmp_path), "digits") as (folder, _):
        with open_log(folder.path) as log:
            log.suggested(0, {}, {})
        raise error
    assert folder.holds_trials
    assert folder.sweep_file.is_file()


@pytest.mark.parametrize(
    ("error", "stays"), [(SweepError("another one fails"), False), (KeyboardInterrupt(), True)], ids=str
)
def test_a_trained_teacher_outlives_an_interruption_alone(tmp_path, error, stays):
    with pytest.raises(type(error)), RunFolder.new(config(tmp_path), "digits") as (folder, _):
        folder.teacher("large").parent.mkdir(parents=True)
        folder.teacher("large").touch()
        raise error
    assert folder.path.exists() == stays


def test_a_journal_that_cannot_be_read_is_not_thrown_away(tmp_path):
    with pytest.raises(SweepError), RunFolder.new(config(tmp_path), "digits") as (folder, _):
        folder.journal_file.write_text("?\n")
        raise SweepError("damaged")
    assert folder.journal_file.is_file()


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is(tmp_path):
    RunFolder.require_new(config(tmp_path, "name=first"))
    assert list(tmp_path.iterdir()) == []
    RunFolder.create(config(tmp_path, "name=first"), "digits")
    with pytest.raises(RunFolderError, match="already a sweep 'first' in .*--resume, or choose another --name"):
        RunFolder.require_new(config(tmp_path, "name=first"))
    (tmp_path / "file").touch()
    with pytest.raises(RunFolderError, match="runs_dir must be a folder .*file is a file"):
        RunFolder.require_new(config(tmp_path, f"runs_dir={tmp_path / 'file' / 'runs'}"))


@pytest.mark.parametrize("error", [SweepError("failed"), SweepInterruptedError("stopped")])
def test_what_the_validity_gate_found_is_kept_whatever_came_after_it(error, tmp_path):
    with pytest.raises(type(error)), RunFolder.new(config(tmp_path), "digits") as (folder, _):
        write_json(folder.validity_file, {"passed": True})
        raise error
    assert folder.full_network_files == [folder.validity_file]


@pytest.mark.parametrize(
    ("error", "is_kept"), [(SweepError("failed"), False), (SweepInterruptedError("stopped"), True)]
)
def test_a_full_network_that_is_half_trained_is_kept_of_an_interrupted_sweep(error, is_kept, tmp_path):
    with pytest.raises(type(error)), RunFolder.new(config(tmp_path), "digits") as (folder, _):
        (folder.full_network_checkpoints / "epoch_000001").mkdir(parents=True)
        assert folder.is_worth_resuming
        raise error
    assert folder.path.exists() == is_kept
