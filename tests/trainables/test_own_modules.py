"""A user's own module: found, or one line that tells what keeps it from being imported, and where."""

import itertools

import pytest

from policies.errors import ExitSearchError
from trainables.models import get_network
from trainables.workloads import get_workload


_numbers = itertools.count()


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Writes a module into the working folder; gives its name, each time another one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))

    def write(text, *, name=None):
        name = name or f"own_module_{next(_numbers)}"
        path = (tmp_path / name.replace(".", "/")).with_suffix(".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return name

    return write


def refusal(name):
    with pytest.raises(ExitSearchError) as refused:
        get_workload(f"{name}:WORKLOAD")
    assert "\n" not in str(refused.value)
    assert "there is no workload" not in str(refused.value)
    return str(refused.value)


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("x = 1\ndef f(:\n    pass\n", 2, "SyntaxError: invalid syntax"),
        ("if True:\nx = 1\n", 2, "IndentationError: expected an indented block"),
        ("x = 1\n\nimport no_such_library\n", 3, "ModuleNotFoundError: No module named 'no_such_library'"),
        ("from trainables.workloads import Workloads\n", 1, "ImportError: cannot import name 'Workloads'"),
        ("from trainables import nothing\n", 1, "ImportError: cannot import name 'nothing'"),
        ("x = 1 / 0\n", 1, "ZeroDivisionError: division by zero"),
        ("import sys\n\nsys.exit(4)\n", 3, "SystemExit: 4"),
        ("raise KeyboardInterruptedly\n", 1, "NameError"),
        ("import os\nopen('no such file')\n", 2, "FileNotFoundError"),
        ("from trainables.workloads import Workload\nWORKLOAD = Workload()\n", 2, "TypeError"),
        ("from trainables.data import Samples\nSamples(1, 2, 3, 4)\n", None, "inputs must be an array or a list"),
    ],
)
def test_the_cause_is_told_with_file_and_line(text, line, told, module):
    name = module(text)
    message = refusal(name)
    assert told in message, message
    assert message.startswith(f"workload '{name}:WORKLOAD' cannot be imported: ")
    if line is not None:
        assert f"({name}.py, line {line})" in message


def test_what_is_wrong_deeper_in_is_told_of_the_file_where_it_is(module):
    inner = module("x = 1\ny = (\n")
    message = refusal(module(f"import {inner}\n"))
    assert "SyntaxError" in message
    assert f"{inner}.py, line 2" in message


def test_a_failing_import_inside_is_not_taken_for_the_module_itself(module):
    """Neither where the missing one has the name of a registered workload."""
    name = module("import digits.missing\n")
    assert "No module named 'digits'" in refusal(name)
    package = module("", name=f"package_{next(_numbers)}.inner").split(".")[0]
    message = refusal(module(f"from {package} import other\n"))
    assert "cannot import name 'other'" in message


def test_modules_and_names_that_do_not_exist(module):
    assert "(No module named 'nowhere'); its module must be in the current folder" in refusal("nowhere")
    name = module("from trainables.workloads.digits import DIGITS\n\nclass Other: ...\n")
    assert f"{name}.py has no 'WORKLOAD'; its Workload is DIGITS" in refusal(name)
    assert refusal(f"{name}.py").endswith("; leave .py off")
    assert "it has no Workload at all" in refusal(module("x = 1\n"))


def test_another_kind_of_thing(module):
    name = module(
        "from trainables.workloads import Workload\nclass Mine(Workload): ...\nWORKLOAD = Mine\nfunction = len\n"
    )
    message = refusal(name)
    assert "must be a Workload but is <class" in message
    assert message.endswith("; name an instance of it")
    with pytest.raises(ExitSearchError, match="must be a NetworkFamily but is <built-in function len>"):
        get_network(f"{name}:function")
