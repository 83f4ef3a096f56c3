from dataclasses import replace
import json

import pytest

from search.config.files import load_sweep
from search.errors import RunFolderError
from search.inputs import load_splits
from search.preflight.same_inputs import require_same
from search.run_folder.environment import describe_environment
from search.run_folder.folder import RunFolder
from search.run_folder.result_files import write_json


def test_other_labels_or_images_are_refused(tmp_path):
    config = load_sweep("digits", [])
    splits = load_splits(config)
    folder = RunFolder(tmp_path)
    require_same(folder, "data_hashes", splits.data_hashes)
    write_json(folder.environment_file, describe_environment(config, splits, {"large": "abc"}))
    require_same(folder, "data_hashes", load_splits(config).data_hashes)
    for changed in ({"labels": splits.test.labels[::-1]}, {"inputs": splits.test.inputs + 1}):
        with pytest.raises(RunFolderError, match="was started on other data: its test split has changed"):
            other = replace(splits, test=replace(splits.test, **changed))
            require_same(folder, "data_hashes", other.data_hashes)
    require_same(folder, "teacher_hashes", {"large": "abc"})
    with pytest.raises(RunFolderError, match="started with another teacher 'large': its file has changed since"):
        require_same(folder, "teacher_hashes", {"large": "abd"})
    require_same(folder, "weights_hashes", {})
    with pytest.raises(RunFolderError, match="from other weights: the file of training.weights has changed"):
        require_same(folder, "weights_hashes", {"training.weights": "abc"})
    old = json.loads(folder.environment_file.read_text())
    del old["teacher_hashes"]
    write_json(folder.environment_file, old)
    require_same(folder, "teacher_hashes", {})
    folder.environment_file.write_text("{")
    with pytest.raises(RunFolderError, match="damaged"):
        require_same(folder, "data_hashes", splits.data_hashes)
