import json

import pytest

from search.errors import RunFolderError
from search.result_files import write_json
from search.run_folder import RunFolder
from search.sweep_file import load_sweep


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
    with pytest.raises(RunFolderError, match="no sweep 'none' .* there are digits-1"):
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
