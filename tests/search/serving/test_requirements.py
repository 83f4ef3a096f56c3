"""What a served bundle needs is pinned: this project's packages, and what a user's own code needs."""

from dataclasses import replace
from functools import partial
from importlib.metadata import version
import json
import re
import subprocess
import sys
import tomllib

import mlflow
from mlflow.pyfunc import PythonModelContext
import pytest

from search.export.graphs import write_graphs
from search.export.subject import checked_content
from search.messages import silent
from search.serving.bundle_model import ARTIFACT, BundleModel
from search.serving.place import RegistryPlace
from search.serving.registration import register_bundle
from search.serving.requirements import code_of, own_modules, requirements_of
from tests.bundles import digits_subject, write_digits_bundle
from tests.pages import ROOT
from tests.search.serving.decided import assert_as_decided, served_inputs
from tests.search.tracking.tracked import EXPERIMENT, sqlite_store
from tests.trainables.models.imported.networks import SHAPE, build
from trainables.export.bundle.writing import write_bundle
from trainables.export.model_file import ModelConfig, save_model
from trainables.models import as_multi_exit


LOADED = """
import json, sys
from importlib.metadata import packages_distributions
from pathlib import Path
from trainables.export.bundle.bundle import Bundle

bundle = Bundle.load(Path(sys.argv[1]))
bundle.runtime().run(bundle.check.inputs)
names = {name.partition(".")[0] for name in sys.modules}
known = packages_distributions()
print(json.dumps(sorted({known[name][0].lower() for name in names if name in known})))
"""


def direct_dependencies():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return {re.split(r"[>=<\[]", line)[0].lower() for line in project["dependencies"]}


def loaded_by(bundle):
    """Packages that are imported where a bundle answers in its fastest executor."""
    command = [sys.executable, "-c", LOADED, str(bundle.folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=True)
    return set(json.loads(done.stdout))


def pins(bundle):
    return dict(line.split("==") for line in requirements_of(bundle))


def test_everything_that_answers_is_pinned(bundle):
    own = pins(bundle)
    assert loaded_by(bundle) & direct_dependencies() <= set(own)
    assert next(iter(own)) == "exitsearch"
    assert all(re.fullmatch(r"[0-9.]+", number) for number in own.values())
    assert own["torch"] == version("torch").partition("+")[0]


@pytest.fixture(scope="module")
def of_graphs(tmp_path_factory):
    """A bundle that has ONNX graphs and no network in torch, as a quantised one."""
    subject = digits_subject()
    graphs = partial(write_graphs, subject=subject, network=subject.network, single_graph=False, on_message=silent)
    content = checked_content(subject, ("onnx",), graphs).content
    return write_bundle(tmp_path_factory.mktemp("graphs") / "bundle", replace(content, network=None))


@pytest.mark.slow  # PyTorch's exporter takes its time
def test_graphs_are_served_without_torch(of_graphs):
    loaded = loaded_by(of_graphs)
    assert "onnxruntime" in loaded
    assert not {"torch", "numba", "scikit-learn"} & loaded
    assert loaded & direct_dependencies() <= set(pins(of_graphs))
    model = BundleModel()
    model.load_context(PythonModelContext(artifacts={ARTIFACT: str(of_graphs.folder)}, model_config=None))
    assert_as_decided(model.predict(None, served_inputs()))


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


ELSEWHERE = """
from tests.trainables.models.imported.networks import build

def listed():
    return build("list")
"""


def test_network_from_elsewhere_travels_too(bundle, tmp_path, monkeypatch):
    (tmp_path / "served_from_elsewhere.py").write_text(ELSEWHERE)
    monkeypatch.syspath_prepend(str(tmp_path))
    model = as_multi_exit(build("list"), input_shape=SHAPE)
    config = ModelConfig.of_imported(
        "served_from_elsewhere:listed", model, data="held:out", input_shape=SHAPE, class_names=tuple("abcde")
    )
    save_model(tmp_path / "model.safetensors", model, config)
    assert code_of(replace(bundle, folder=tmp_path)) == [str(tmp_path / "served_from_elsewhere.py")]


def test_bundles_of_this_project_alone_have_no_code(bundle):
    assert own_modules(bundle) == code_of(bundle) == []
