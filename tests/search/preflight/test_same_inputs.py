from dataclasses import replace
import json

import pytest

from search.config.files import load_sweep
from search.errors import RunFolderError
from search.preflight.same_inputs import require_same_data, require_same_teachers
from search.run_folder.environment import describe_environment
from search.run_folder.folder import RunFolder
from search.run_folder.result_files import write_json
from search.sweep import load_splits


def test_other_labels_or_images_are_refused(tmp_path):
    config = load_sweep("digits", [])
    splits = load_splits(config)
    folder = RunFolder(tmp_path)
    require_same_data(folder, splits)
    write_json(folder.environment_file, describe_environment(config, splits, {"large": "abc"}))
    require_same_data(folder, load_splits(config))
    for changed in ({"labels": splits.test.labels[::-1]}, {"inputs": splits.test.inputs + 1}):
        with pytest.raises(RunFolderError, match="was started on other data: its test split has changed"):
            require_same_data(folder, replace(splits, test=replace(splits.test, **changed)))
    require_same_teachers(folder, {"large": "abc"})
    with pytest.raises(RunFolderError, match="started with another teacher 'large': its file has changed since"):
        require_same_teachers(folder, {"large": "abd"})
    old = json.loads(folder.environment_file.read_text())
    del old["teacher_hashes"]
    write_json(folder.environment_file, old)
    require_same_teachers(folder, {})
    folder.environment_file.write_text("{")
    with pytest.raises(RunFolderError, match="damaged"):
        require_same_data(folder, splits)
