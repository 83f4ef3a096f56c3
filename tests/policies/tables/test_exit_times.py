"""Files of measured times: read as written, and refused in one line where they cannot be."""

import json

import pytest

from policies.errors import ExitSearchError
from policies.tables.exit_times import ExitTimes
from policies.tables.network import NetworkIdentity


TIMES = ExitTimes(
    executor="onnx", batch_size=8, device="cpu", processor="Some", threads=2, model_hash="ab", latency_ms=(0.5, 2.0)
)


def test_times_are_read_as_written(tmp_path):
    TIMES.save(tmp_path / "times.json")
    assert ExitTimes.load(tmp_path / "times.json") == TIMES
    assert TIMES.source == "onnx, batch 8, 2 threads, Some"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a file of times"),
        ("[1]", "not a file of times (the file: "),
        ('{"executor": "torch"}', "not a file of times (batch_size: Field required)"),
        (json.dumps({**TIMES.model_dump(), "latency_ms": [2, 1]}), "must be 2 increasing positive times"),
        (json.dumps({**TIMES.model_dump(), "latency_ms": []}), "not a file of times (latency_ms: "),
        (json.dumps({**TIMES.model_dump(), "latency_ms": "x"}), "not a file of times (latency_ms: "),
        ("\udcff", "not a file of times"),
        (None, "there must be a file of times but"),
    ],
)
def test_other_files_are_refused(tmp_path, text, message):
    path = tmp_path / "times.json"
    if text is not None:
        path.write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(ExitSearchError) as refused:
        ExitTimes.load(path)
    told = str(refused.value)
    assert message in told and told.startswith(str(path)) and "exitsearch bench" in told and "\n" not in told


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (NetworkIdentity(n_exits=3), "the number of exits is 2 in the times and 3 in the table"),
        (NetworkIdentity(n_exits=2, model_hash="cd"), "the model hash is ab in the times and cd in the table"),
    ],
)
def test_times_of_another_network_are_refused(network, message):
    with pytest.raises(ExitSearchError, match=message):
        TIMES.require_network(network, names=("the times", "the table"))


def test_what_is_not_known_is_no_difference():
    TIMES.require_network(NetworkIdentity(n_exits=2), names=("the times", "the table"))
    TIMES.model_copy(update={"model_hash": None}).require_network(
        NetworkIdentity(n_exits=2, model_hash="cd"), names=("the times", "the table")
    )
