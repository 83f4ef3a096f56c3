import sys

import pytest

from policies.errors import ExitSearchError
from policies.registry import resolve


@pytest.mark.parametrize(
    ("module", "owner"),
    [
        ("policies", "a package of exitsearch"),
        ("spaces", "a package of exitsearch"),
        ("random", "installed or Python's own"),
        ("time", "installed or Python's own"),
    ],
)
@pytest.mark.parametrize("is_package", [False, True])
def test_a_module_whose_name_is_taken_is_told(tmp_path, monkeypatch, module, owner, is_package):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    own = tmp_path / module if is_package else tmp_path / f"{module}.py"
    if is_package:
        own.mkdir()
        (own / "__init__.py").write_text("MINE = 1\n")
    else:
        own.write_text("MINE = 1\n")
    with pytest.raises(ExitSearchError, match=f"'{module}' is the name of .*{owner}, which hides {own.name} ") as told:
        resolve("workload", f"{module}:MINE", {}, int)
    assert "\n" not in str(told.value)


def test_a_module_of_the_current_folder_that_lacks_something_is_not_hidden(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    (tmp_path / "module_of_my_own.py").write_text("MINE = 1\n")
    assert resolve("workload", "module_of_my_own:MINE", {}, int) == 1
    with pytest.raises(ExitSearchError, match="has no 'YOURS'") as told:
        resolve("workload", "module_of_my_own:YOURS", {}, int)
    assert "hides" not in str(told.value)
