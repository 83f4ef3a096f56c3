"""A bundle decides as its policy does on the exit table; one that is damaged, foreign or newer is one line."""

from dataclasses import replace
import json

import numpy as np
import pytest

from policies.certificates.claims import Claim
from policies.errors import ExitSearchError, PolicyError
from policies.runtime.agreement import Agreement
from search.export.subject import checked_content
from tests.bundles import another_network, digits_policy, digits_subject, trained_digits, write_digits_bundle
from tests.tables import CLASSIFIER_RULES
from trainables.errors import BundleError
from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.manifest import Manifest
from trainables.export.bundle.writing import write_bundle


@pytest.fixture
def bundle(tmp_path):
    return write_digits_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("rule", sorted(set(CLASSIFIER_RULES) - {"dual-threshold"}))
def test_every_rule_decides_in_a_bundle_as_on_the_table(rule, tmp_path):
    bundle = write_digits_bundle(tmp_path / "bundle", rule)
    trained = trained_digits()
    decision = digits_policy(rule).decide(trained.tables["test"])
    assert len(np.unique(decision.exits)) > 1
    for chunk_size in (7, 64):
        answers = bundle.runtime("torch", chunk_size=chunk_size).run(trained.splits.test.inputs)
        found = Agreement.of(answers, decision.exits, decision.answers)
        assert found.holds, found.sentence(trained.splits.test.ids.tolist())
        assert len(found.differing) <= 2


def test_single_samples_are_answered_alike(bundle):
    trained = trained_digits()
    decision = bundle.policy.decide(trained.tables["test"])
    runtime = bundle.runtime("torch")
    for row in range(0, 100, 7):
        answers = runtime.run(trained.splits.test.inputs[row : row + 1])
        found = Agreement.of(answers, decision.exits[row : row + 1], decision.answers[row : row + 1])
        assert found.holds


def test_it_holds_what_it_takes(bundle, tmp_path):
    names = {path.name for path in bundle.folder.iterdir()}
    assert names >= {"README.md", "bundle.json", "certificate.json", "check.npz", "model.safetensors", "policy.json"}
    assert bundle.manifest.certified
    assert bundle.policy == digits_policy()
    assert bundle.manifest.class_names == tuple("0123456789")
    assert bundle.manifest.files.keys() == names - {"README.md", "bundle.json"}
    assert bundle.check.compare(bundle.runtime().run(bundle.check.inputs)).sentence(bundle.check.names) == (
        f"{len(bundle.check.inputs)} of {len(bundle.check.inputs)} samples take the same exit and get the same answer"
    )
    assert set(np.unique(bundle.check.exits)) == {0, 1, 2}
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_nothing_is_left_where_the_writing_fails(tmp_path):
    content = checked_content(digits_subject(), ("torch",), _fails).content
    with pytest.raises(ExitSearchError, match="no graphs today"):
        write_bundle(tmp_path / "deep" / "bundle", content)
    assert list(tmp_path.iterdir()) == []


def _fails(folder):
    (folder / "half.onnx").write_text("half")
    raise PolicyError("no graphs today")


def test_a_folder_with_files_is_not_touched(tmp_path):
    content = checked_content(digits_subject(), ("torch",)).content
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(BundleError, match="must be a new or an empty folder but .* holds files; give another"):
        write_bundle(tmp_path, content)
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]
    (tmp_path / "empty").mkdir()
    assert write_bundle(tmp_path / "empty", content).manifest.name == "digits-test"


def test_a_policy_of_another_network_is_refused(bundle):
    another_network().save(bundle.folder / "policy.json")
    with pytest.raises(BundleError, match="policy.json: not the file that was exported"):
        Bundle.load(bundle.folder)
    Manifest.model_validate_json((bundle.folder / "bundle.json").read_text()).save(bundle.folder)
    with pytest.raises(BundleError, match="needs the policy of its own network but the model hash is 0000"):
        Bundle.load(bundle.folder)


def test_weights_of_another_network_are_refused(bundle):
    trained = trained_digits()
    weights = (bundle.folder / "model.safetensors").read_bytes()
    (bundle.folder / "model.safetensors").write_bytes(weights[:-4] + b"\0\0\0\0")
    with pytest.raises(BundleError, match="model.safetensors: not the file that was exported"):
        Bundle.load(bundle.folder)
    Manifest.model_validate_json((bundle.folder / "bundle.json").read_text()).save(bundle.folder)
    with pytest.raises(BundleError, match="the weights are not those of the policy's network"):
        Bundle.load(bundle.folder).runtime("torch").run(trained.splits.test.inputs[:2])


def _without(data, key):
    return {name: value for name, value in data.items() if name != key}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda data: {**data, "schema": 3, "version": "9.1"}, "written by exitsearch 9.1 with bundle schema 3"),
        (lambda data: _without(data, "class_names"), "bundle.json: damaged .'class_names': Field required"),
        (lambda data: {**data, "cost": "cheap"}, "bundle.json: damaged .'cost'"),
        (lambda data: {**data, "files": {"../x": "0"}}, "a bundle's files lie in its folder but '../x' does not"),
        (lambda data: {**data, "files": {"x.onnx": "0"}}, "x.onnx is missing; copy the whole folder"),
        (lambda data: {**data, "extra": 1}, "bundle.json: damaged .'extra'"),
        (lambda data: {**data, "executors": []}, "bundle.json: damaged .'executors'"),
        (lambda data: {**data, "executors": ["tensorrt"]}, "bundle.json: damaged .'executors.0'"),
        (lambda data: {**data, "schema": "1"}, "bundle.json: damaged .schema must be 1 but is '1'"),
        (lambda data: _without(data, "schema"), "bundle.json: damaged .schema must be 1 but is None"),
        (lambda data: [1], "bundle.json: damaged"),
    ],
)
def test_a_damaged_manifest_is_one_line(bundle, change, message):
    path = bundle.folder / "bundle.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(BundleError, match=message) as caught:
        Bundle.load(bundle.folder)
    assert "\n" not in str(caught.value)


def test_a_link_to_itself_is_a_missing_file(bundle):
    (bundle.folder / "policy.json").unlink()
    (bundle.folder / "policy.json").symlink_to("policy.json")
    with pytest.raises(BundleError, match=r"policy\.json is missing; copy the whole folder"):
        Bundle.load(bundle.folder)


def test_what_is_no_bundle_is_one_line(tmp_path):
    with pytest.raises(BundleError, match="there is no such bundle"):
        Bundle.load(tmp_path / "missing")
    with pytest.raises(BundleError, match=r"a bundle has bundle.json but there is none"):
        Bundle.load(tmp_path)
    (tmp_path / "bundle.json").write_bytes(b"\xff\xfe")
    with pytest.raises(BundleError, match=r"bundle.json: damaged"):
        Bundle.load(tmp_path)


def test_an_executor_that_it_does_not_have_is_one_line(bundle):
    with pytest.raises(BundleError, match=r"the bundle has \(torch\) but is 'onnx'; .* export it with --onnx"):
        bundle.runtime("onnx")


def test_an_uncertified_bundle_says_so(tmp_path):
    bundle = write_digits_bundle(tmp_path / "bundle", claim=Claim(target=0.999))
    assert not bundle.manifest.certified
    assert (
        "NOT certified: that accuracy is at least 0.999 could not be shown" in (bundle.folder / "README.md").read_text()
    )


@pytest.mark.parametrize(
    "change",
    [
        lambda check: {"exits": check.exits[:4]},
        lambda check: {"inputs": check.inputs.astype(str)},
        lambda check: {"exits": check.exits * 1.5},
    ],
)
def test_check_inputs_that_do_not_fit_together_are_one_line(bundle, change):
    replace(bundle.check, **change(bundle.check)).save(bundle.folder / "check.npz")
    bundle.manifest.save(bundle.folder)
    with pytest.raises(BundleError, match="check.npz: damaged .its arrays do not fit together"):
        Bundle.load(bundle.folder)
