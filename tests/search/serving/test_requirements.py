"""What a served bundle needs is pinned: this project's packages, and what a user's own code needs."""

from dataclasses import replace
from importlib.metadata import version
import json
import re
import subprocess
import sys
import tomllib

import mlflow
import pytest

from search.serving.place import RegistryPlace
from search.serving.registration import register_bundle
from search.serving.requirements import code_of, own_modules, requirements_of
from tests.bundles import write_digits_bundle
from tests.pages import ROOT
from tests.search.tracking.tracked import EXPERIMENT, sqlite_store


LOADED = """
import json, sys
from importlib.metadata import packages_distributions
from pathlib import Path
from trainables.export.bundle.bundle import Bundle

bundle = Bundle.load(Path(sys.argv[1]))
bundle.runtime("torch").run(bundle.check.inputs)
names = {name.partition(".")[0] for name in sys.modules}
known = packages_distributions()
print(json.dumps(sorted({known[name][0].lower() for name in names if name in known})))
"""


def direct_dependencies():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {re.split(r"[>=<\[]", line)[0].lower() for line in project["dependencies"]}


def test_everything_that_answers_is_pinned(bundle):
    command = [sys.executable, "-c", LOADED, str(bundle.folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    loaded = set(json.loads(done.stdout)) & direct_dependencies()
    pins = dict(line.split("==") for line in requirements_of(bundle))
    assert loaded <= set(pins)
    assert next(iter(pins)) == "exitsearch"
    assert all(re.fullmatch(r"[0-9.]+", number) for number in pins.values())
    assert pins["torch"] == version("torch").partition("+")[0]


def test_graphs_need_no_torch(bundle):
    graphs = replace(bundle, manifest=bundle.manifest.model_copy(update={"executors": ("onnx",)}))
    names = [line.partition("==")[0] for line in requirements_of(graphs)]
    assert "onnxruntime" in names
    assert not any(name.startswith("torch") for name in names)


GINI = """
from policies.rules.confidence import ConfidenceRule

class Own(ConfidenceRule):
    name = "own_rule:RULE"

RULE = Own()
"""


@pytest.fixture
def of_own_rule(tmp_path, monkeypatch):
    """A bundle whose rule lies in a file of the working folder."""
    (tmp_path / "own_rule.py").write_text(GINI)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield write_digits_bundle(tmp_path / "bundle", "own_rule:RULE")
    sys.modules.pop("own_rule", None)


def test_own_code_travels_with_the_model(of_own_rule, tmp_path, monkeypatch):
    assert own_modules(of_own_rule) == ["own_rule"]
    assert code_of(of_own_rule) == [str(tmp_path / "own_rule.py")]
    uri = sqlite_store(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    registered = register_bundle(of_own_rule, RegistryPlace(uri=uri, experiment=EXPERIMENT))
    (tmp_path / "own_rule.py").unlink()
    sys.modules.pop("own_rule")
    model = mlflow.pyfunc.load_model(registered.model_uri)
    assert len(model.predict(of_own_rule.check.inputs)) == len(of_own_rule.check.names)


def test_bundles_of_this_project_alone_have_no_code(bundle):
    assert own_modules(bundle) == code_of(bundle) == []
