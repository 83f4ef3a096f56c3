"""``exitsearch bench``: what it writes and says. No time is asserted: only that figures belong together."""

import json
import shutil

import numpy as np
import pytest

from policies.policy import Policy
from search.bench.keeping import keep
from search.bench.record import BenchFile
from search.cli.app import ExitCode, main
from tests.bundles import trained_digits, write_digits_bundle
from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.manifest import Manifest


QUICK = ("--executor", "torch", "--rounds", "2", "--batch-size", "1", "--batch-size", "8")


@pytest.fixture(scope="module")
def timed(tmp_path_factory):
    """A bundle that was timed once, what was printed, and the file of times."""
    folder = tmp_path_factory.mktemp("bench")
    write_digits_bundle(folder / "bundle")
    return (
        folder / "bundle",
        folder / "times.json",
        status("bench", folder / "bundle", *QUICK, "--times", folder / "times.json"),
    )


@pytest.fixture
def bundle(timed, tmp_path):
    """A copy that may be changed."""
    return shutil.copytree(timed[0], tmp_path / "bundle")


def status(*arguments):
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return ended.value.code


def records(bundle):
    return json.loads((bundle / "bench.json").read_text())["records"]


def test_a_record_is_written_and_the_bundle_is_whole_still(timed):
    bundle, _, code = timed
    assert code == ExitCode.DONE
    (record,) = records(bundle)
    assert (record["executor"], record["device"], record["threads"]) == ("torch", "cpu", 1)
    assert record["model_hash"] == Bundle.load(bundle).manifest.model_hash
    assert [speed["batch_size"] for speed in record["speeds"]] == [1, 8]
    for speed in record["speeds"]:
        assert sum(speed["exit_mix"]) == pytest.approx(1)
        assert (np.diff([0, *speed["exit_ms"]]) > 0).all()
        assert speed["times"].keys() == {
            *("policy", "full network", "full network, again", "full network, all heads"),
            *("exit 1 alone", "exit 2 alone"),
        }


def test_the_stream_has_the_exit_mix_of_test(timed):
    bundle = Bundle.load(timed[0])
    (record,) = records(timed[0])
    speed = record["speeds"][0]
    assert speed["n_samples"] == 256
    assert speed["exit_mix"] == pytest.approx(bundle.manifest.figures["test"]["exit_mix"], abs=1 / 256)
    assert "exit mix on test" in record["stream"]


def test_the_card_tells_it_once(timed):
    text = (timed[0] / "README.md").read_text()
    assert text.count("## Speed") == 1
    assert text.index("## Speed") < text.index("## Limits")
    assert "| 8 |" in text and "against the full network" in text


def test_the_file_of_times_is_that_of_the_first_batch_size(timed):
    bundle, times, _ = timed
    stated = json.loads(times.read_text())
    assert stated["latency_ms"] == records(bundle)[0]["speeds"][0]["exit_ms"]
    assert (stated["batch_size"], stated["executor"]) == (1, "torch")


def test_a_policy_is_searched_for_these_times(timed, tmp_path):
    search = tmp_path / "search.npz"
    trained_digits().tables["search"].save(search)
    options = ("--objective", "latency", "--rule", "confidence", "--max-evaluations", "2000", "--target", "0.5")
    assert status("policy", search, *options, "--latency-from", timed[1], "--out", tmp_path / "o") == ExitCode.DONE
    figures = json.loads((tmp_path / "o" / "summary.json").read_text())["selected"]["search"]
    times = json.loads(timed[1].read_text())["latency_ms"]
    assert figures["mean_latency_ms"] == pytest.approx(np.dot(figures["exit_mix"], times))
    assert Policy.load(tmp_path / "o" / "policy.json").n_exits == 3


def test_a_second_run_replaces_its_record_and_others_stay(bundle, capsys):
    bench = json.loads((bundle / "bench.json").read_text())
    other, foreign = ({**bench["records"][0]} for _ in range(2))
    other["processor"], foreign["model_hash"], foreign["processor"] = "Other", "another", "Third"
    (bundle / "bench.json").write_text(json.dumps({**bench, "records": [other, *bench["records"], foreign]}))
    assert status("bench", bundle, "--executor", "torch", "--rounds", "1", "--batch-size", "4") == ExitCode.DONE
    found = records(bundle)
    assert [len(record["speeds"]) for record in found] == [2, 1]
    assert found[0] == other
    assert found[1]["speeds"][0]["batch_size"] == 4
    card = (bundle / "README.md").read_text()
    assert card.count("Measured by") == 2 and card.count("## Speed") == 1
    printed = capsys.readouterr().out
    assert "Single stream" not in printed and "Offline: samples per second" in printed


def test_own_inputs_are_the_stream(bundle, tmp_path, capsys):
    trained = trained_digits()
    np.save(tmp_path / "mine.npy", trained.splits.test.inputs[:40])
    options = ("--executor", "torch", "--rounds", "1", "--batch-size", "1", "--inputs", tmp_path / "mine.npy")
    assert status("bench", bundle, *options) == ExitCode.DONE
    (record,) = records(bundle)
    taken = Bundle.load(bundle).runtime("torch").run(trained.splits.test.inputs[:40]).exits
    assert record["speeds"][0]["exit_mix"] == pytest.approx(np.bincount(taken, minlength=3) / 40)
    assert record["stream"] == "40 inputs of 'mine.npy'"
    assert "Single stream: batch 1, 40 samples" in capsys.readouterr().out


def test_what_the_manifest_does_not_say_is_warned_of(bundle, capsys):
    manifest = json.loads((bundle / "bundle.json").read_text())
    manifest["figures"] = {}
    (bundle / "bundle.json").write_text(json.dumps(manifest))
    assert status("bench", bundle, "--executor", "torch", "--rounds", "1", "--batch-size", "1") == ExitCode.DONE
    assert "does not say how many samples take each exit" in " ".join(capsys.readouterr().err.split())
    assert records(bundle)[0]["stream"] == f"{len(Bundle.load(bundle).check.inputs)} check inputs"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--executor", "onnx"), "the executor must be one that the bundle has (torch) but is 'onnx'"),
        (("--inputs", "nothing"), "INPUT must be files, folders or - but there is no nothing"),
        (("--inputs", "bad.npy"), "takes but of 1 files 1 could not be read: bad.npy"),
        (("--times", "."), "--times must be a file but . is a folder"),
        (("--times", "bundle/bundle.json"), "--times must be a file of its own but bundle/bundle.json is read"),
        (("--times", "bundle/policy.json"), "--times must be a file of its own but bundle/policy.json is read"),
        (("--tracking-uri", "sqlite:///x.db"), "this one states none"),
    ],
)
def test_mistakes_are_one_line_and_nothing_is_written(timed, bundle, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(bundle.parent)
    np.save("bad.npy", np.zeros((2, 3)))
    before = {path.name: path.read_bytes() for path in bundle.iterdir()}
    assert status("bench", bundle, *arguments) == ExitCode.WRONG_INPUT
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1 and message in lines[0]
    assert {path.name: path.read_bytes() for path in bundle.iterdir()} == before


def test_what_is_no_bundle_is_one_line(tmp_path, capsys):
    assert status("bench", tmp_path / "none") == ExitCode.WRONG_INPUT
    assert "there is no such bundle" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "Expecting property name"),
        ("[]", "the file: "),
        ('{"records": [{"executor": "torch"}]}', "records.0.device: Field required"),
        ('{"schema": 2}', "schema: Input should be 1"),
    ],
)
def test_an_earlier_file_that_cannot_be_read_is_told_before_anything_is_timed(bundle, text, reason, capsys):
    (bundle / "bench.json").write_text(text)
    assert status("bench", bundle, "--executor", "torch") == ExitCode.WRONG_INPUT
    printed = capsys.readouterr().err
    assert f"not what exitsearch bench writes ({reason}" in printed and "Timing" not in printed
    assert (bundle / "bench.json").read_text() == text


def test_figures_go_to_the_run_that_the_bundle_is_from(bundle, tmp_path):
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    client = MlflowClient(tracking_uri=uri)
    run = client.create_run(client.create_experiment("e", artifact_location=(tmp_path / "files").as_uri()))
    manifest = Manifest.load(bundle)
    told = {**manifest.training, "mlflow_run_id": run.info.run_id}
    manifest.model_copy(update={"training": told}).save(bundle)
    options = ("--executor", "torch", "--rounds", "1", "--batch-size", "2", "--tracking-uri", uri)
    assert status("bench", bundle, *options) == ExitCode.DONE
    logged = client.get_run(run.info.run_id).data.metrics
    speed = records(bundle)[0]["speeds"][0]
    assert logged["bench_torch_cpu_batch_2_policy_ms"] == speed["times"]["policy"]["mean_ms"]
    assert logged["bench_torch_cpu_batch_2_full_network_ms"] == speed["times"]["full network"]["mean_ms"]
    assert not any("control" in name for name in logged), "there is none"


def test_two_that_were_timed_at_once_are_both_kept(bundle):
    loaded, before = Bundle.load(bundle), BenchFile.load(bundle, model_hash=Bundle.load(bundle).manifest.model_hash)
    one, other = (before.records[0].model_copy(update={"threads": threads}) for threads in (2, 3))
    keep(loaded, one)
    keep(loaded, other)
    assert [record["threads"] for record in records(bundle)] == [1, 2, 3]
