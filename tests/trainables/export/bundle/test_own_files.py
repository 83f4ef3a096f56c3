"""A bundle is what its manifest names: no code of its own, no file beside, no certificate of something else."""

import json
import sys

import numpy as np
import pytest

from policies.policy import Policy
from tests.bundles import digits_policy, write_digits_bundle
from trainables.errors import BundleError
from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.card import card_text
from trainables.export.bundle.manifest import Manifest
from trainables.export.bundle.named_modules import named_modules


RULE = """
from pathlib import Path
from policies.rules.confidence import ConfidenceRule
Path(__file__).with_suffix(".ran").write_text("ran")
class Mine(ConfidenceRule):
    name = "mine"
mine = Mine()
"""


@pytest.fixture
def bundle(tmp_path):
    return write_digits_bundle(tmp_path / "bundle")


def state_rule(bundle, rule):
    """Have the policy name a rule, and the manifest know the file."""
    path = bundle.folder / "policy.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "rule": rule}))
    bundle.manifest.save(bundle.folder)


@pytest.mark.parametrize(
    ("place", "rule", "on_path"),
    [
        ("evil_in_bundle.py", "evil_in_bundle:mine", "bundle"),
        ("evil_package/evil.py", "evil_package.evil:mine", "bundle"),
        # The folder itself is a package where its parent is looked in.
        ("evil_below.py", "bundle.evil_below:mine", "."),
    ],
)
def test_code_in_the_folder_is_refused_and_does_not_run(bundle, tmp_path, monkeypatch, place, rule, on_path):
    file = bundle.folder / place
    file.parent.mkdir(exist_ok=True)
    file.write_text(RULE)
    state_rule(bundle, rule)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / on_path)])
    with pytest.raises(BundleError, match="a bundle holds no code but the module of") as refused:
        Bundle.load(bundle.folder)
    assert "\n" not in str(refused.value)
    assert not list(tmp_path.rglob("*.ran"))


def test_code_elsewhere_is_imported_and_the_card_names_it(bundle, tmp_path, monkeypatch):
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "rule_of_somebody.py").write_text(RULE)
    state_rule(bundle, "rule_of_somebody:mine")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "code")])
    assert named_modules(bundle.folder) == ("rule_of_somebody:mine",)
    # The certificate is that of the rule before.
    with pytest.raises(BundleError, match=r"certificate.json: a certificate is of one policy and network but its pol"):
        Bundle.load(bundle.folder)
    (bundle.folder / "certificate.json").unlink()
    bundle.manifest.save(bundle.folder)
    assert Bundle.load(bundle.folder).policy.rule == "rule_of_somebody:mine"
    card = card_text(bundle.manifest, None, modules=named_modules(bundle.folder))
    assert "it names `rule_of_somebody:mine`, and imports what Python finds under that name" in card
    assert "imports what Python finds" not in card_text(bundle.manifest, None)


def test_the_card_does_not_send_people_into_the_folder(bundle):
    card = (bundle.folder / "README.md").read_text()
    assert "exitsearch predict PATH-OF-THIS-FOLDER --check" in card
    assert "predict ." not in card


@pytest.mark.parametrize(
    "name", ["reference.json", "single_graph.onnx", "control.safetensors", "onnx/stage_0.onnx", "certificate.json"]
)
def test_a_file_that_the_manifest_does_not_name_is_refused(bundle, name):
    manifest = bundle.manifest
    kept = {path: digest for path, digest in Manifest.load(bundle.folder).files.items() if path != name}
    manifest.model_copy(update={"files": kept}).write(bundle.folder)
    (bundle.folder / name).parent.mkdir(exist_ok=True)
    (bundle.folder / name).write_text("{}")
    with pytest.raises(
        BundleError, match=f"named in bundle.json but '{name}' is not; remove what was added"
    ) as refused:
        Bundle.load(bundle.folder)
    assert "\n" not in str(refused.value)


def test_notes_beside_do_no_harm(bundle):
    (bundle.folder / "notes.txt").write_text("mine")
    assert Bundle.load(bundle.folder).manifest.name == "digits-test"


@pytest.mark.parametrize("key", ["policy_hash", "model_hash"])
def test_a_certificate_of_something_else_is_refused(bundle, key):
    path = bundle.folder / "certificate.json"
    path.write_text(json.dumps({**bundle.certificate, key: "0" * 64, "certified": True}))
    bundle.manifest.save(bundle.folder)
    with pytest.raises(BundleError, match=f"its {key} is 000000000000 and the bundle's [0-9a-f]{{12}}; export"):
        Bundle.load(bundle.folder)


def test_single_samples_are_checked_too(bundle):
    class Wrong:
        """Answers batches as the policy does, and single samples with another exit."""

        def __init__(self, policy):
            self.own = bundle.runtime("torch")
            self.open = bundle.runtime("torch").__class__(self.own.stages, policy)

        def run(self, inputs):
            return (self.open if len(inputs) == 1 else self.own).run(inputs)

    assert bundle.check_runtime(bundle.runtime("torch")).holds
    own = digits_policy()
    closed = Policy(own.rule, tuple((float("inf"),) for _ in own.thresholds), own.temperatures)
    found = bundle.check_runtime(Wrong(closed))
    assert not found.holds
    np.testing.assert_array_equal(found.differing, np.flatnonzero(bundle.check.exits < 2))


def test_the_gpu_is_left_to_torch_where_onnxruntime_has_none(bundle, monkeypatch):
    manifest = bundle.manifest.model_copy(update={"executors": ("torch", "onnx")})
    both = Bundle(bundle.folder, manifest, bundle.policy, None, None, bundle.check)
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    assert (both.executor(), both.executor(device="cuda")) == ("onnx", "torch")
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CUDAExecutionProvider"])
    assert both.executor(device="cuda") == "onnx"
