import errno

import pytest

from search.errors import RunFolderError
from search.run_folder.new_folder import new_folder, require_output_file, require_writable, writing


def test_a_folder_stays_where_all_went_well(tmp_path):
    with new_folder(tmp_path / "a" / "b", what="--out") as path:
        assert path.is_dir()
    assert path.is_dir()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_empty_folders_of_ours_go(tmp_path, error):
    (tmp_path / "mine").mkdir()
    for path in (tmp_path / "a" / "b", tmp_path / "mine" / "new", tmp_path / "mine"):
        with pytest.raises(error), new_folder(path, what="--out"):
            raise error
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert list((tmp_path / "mine").iterdir()) == []


def test_what_was_written_stays(tmp_path):
    with pytest.raises(ValueError, match="later"), new_folder(tmp_path / "a" / "b", what="--out") as path:
        (path / "result.json").write_text("{}")
        raise ValueError("later")
    assert (tmp_path / "a" / "b" / "result.json").is_file()


def test_a_folder_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(RunFolderError, match="--out must be a folder .* cannot"),
        new_folder(tmp_path / "file" / "a", what="--out"),
    ):
        pass
    with pytest.raises(RunFolderError, match="--out must be a folder .*file is a file"):
        require_writable(tmp_path / "file" / "a" / "b", what="--out")
    require_writable(tmp_path / "not" / "yet", what="--out")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_files_that_cannot_be_written_are_refused_beforehand(tmp_path):
    (tmp_path / "file").touch()
    require_output_file(None, option="--out")
    require_output_file(tmp_path / "file", option="--out")
    require_output_file(tmp_path / "new" / "table.csv", option="--out")
    with pytest.raises(RunFolderError, match="--out must be a file but .* is a folder"):
        require_output_file(tmp_path, option="--out")
    with pytest.raises(RunFolderError, match="the folder of --out must be .*file is a file"):
        require_output_file(tmp_path / "file" / "table.csv", option="--out")
    require_output_file(tmp_path / "file", option="--out", inputs=[tmp_path / "other"])
    with pytest.raises(RunFolderError, match="--out must be a file of its own but .* is read; give another name"):
        require_output_file(tmp_path / "file", option="--out", inputs=[tmp_path / "x" / ".." / "file"])


def test_a_disk_that_fills_up_is_one_line(tmp_path):
    path = tmp_path / "new" / "table.csv"
    with (
        pytest.raises(RunFolderError, match=r"table\.csv is not \(No space left") as told,
        writing(path, option="--out"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert "\n" not in str(told.value)
    assert list(tmp_path.iterdir()) == []
