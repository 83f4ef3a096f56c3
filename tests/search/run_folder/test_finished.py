"""Which folders are those of finished sweeps, and what is said of others."""

import pytest

from search.cli.app import main
from search.errors import RunFolderError
from search.run_folder.finished import require_finished_sweep
from search.run_folder.folder import RunFolder


@pytest.mark.parametrize("missing", ["sweep.yaml", "summary.json"])
def test_a_folder_that_lacks_a_file_of_a_finished_sweep_is_refused(tmp_path, missing):
    folder = RunFolder(tmp_path)
    for file in (folder.sweep_file, folder.summary_file):
        file.touch()
    assert require_finished_sweep(tmp_path) == folder
    (tmp_path / missing).unlink()
    with pytest.raises(RunFolderError, match=f"a finished sweep has {missing}, but there is none; name the folder"):
        require_finished_sweep(tmp_path)


@pytest.mark.parametrize(
    ("command", "is_told"), [(("export", "--out", "new"), True), (("derive",), False), (("routing",), False)]
)
def test_only_a_command_that_takes_a_policy_search_says_how(tmp_path, capsys, command, is_told):
    RunFolder(tmp_path).policy_file.touch()
    name, *options = command
    with pytest.raises(SystemExit, match="2"):
        main([name, str(tmp_path), *options])
    assert ("--model and --data" in capsys.readouterr().err) == is_told
