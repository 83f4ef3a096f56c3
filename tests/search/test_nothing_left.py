"""A request that is refused leaves the working folder as it was, so that the next one finds its name free."""

import numpy as np
import pytest

from policies.policy import Policy
from search.cli.app import ExitCode, main
from tests.tables import make_table


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    """Tables, a policy and a damaged file, which lie elsewhere."""
    folder = tmp_path_factory.mktemp("inputs")
    table = make_table(300, 3, 4, prefix="search")
    table.save(folder / "search.npz")
    make_table(300, 3, 4, seed=1, prefix="certify").save(folder / "certify.npz")
    make_table(300, 4, 4, seed=1, prefix="deeper").save(folder / "deeper.npz")
    Policy("confidence", np.array([0.8, 0.8]), np.ones(3)).save(folder / "policy.json")
    (folder / "damaged").write_text("?")
    (folder / "loop").symlink_to("loop")
    (folder / "held").mkdir()
    (folder / "held" / "file").touch()
    return folder


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


RUN = [
    ("--set", "target=2"),
    ("--set", "resources.cpus_per_trial=-1"),
    ("--set", "workload=nothing:HERE"),
    ("--set", "runs_dir={inputs}/damaged/runs"),
    ("--set", "splits.certify=0.999"),
    ("--set", "training.network=resnet-18", "--set", "training.n_exits=40"),
    ("--set", "teachers=[{{name: one, model: {inputs}/damaged}}]", "--set", "space.name=distillation"),
    ("fashion-mnist", "--data-dir", "{inputs}"),
    ("--address", "127.0.0.1:1"),
    ("--address", "127.0.0.1:1", "--name", "first"),
    ("--resume",),
    ("--resume", "--name", "first"),
]
POLICY = [
    ("{inputs}/nothing.npz", "--target", "0.9"),
    ("{inputs}/damaged", "--target", "0.9"),
    ("{inputs}/search.npz",),
    ("{inputs}/search.npz", "--target", "2"),
    ("{inputs}/search.npz", "--max-drop", "1.5"),
    ("{inputs}/search.npz", "--target", "0.9", "--rule", "nothing"),
    ("{inputs}/search.npz", "--target", "0.9", "--rule", "learned"),
    ("{inputs}/search.npz", "--target", "0.9", "--objective", "latency"),
    ("{inputs}/search.npz", "--target", "0.9", "--certify", "{inputs}/search.npz"),
    ("{inputs}/search.npz", "--target", "0.9", "--certify", "{inputs}/deeper.npz"),
    ("{inputs}/search.npz", "--target", "0.9", "--delta", "0", "--certify", "{inputs}/certify.npz"),
    ("{inputs}/search.npz", "--target", "0.9", "--out", "{inputs}/held"),
    ("{inputs}/search.npz", "--target", "0.9", "--out", "{inputs}/damaged"),
    ("{inputs}/search.npz", "--target", "0.9", "--rule", "learned", "--out", "new/folder"),
]
CERTIFY = [
    ("{inputs}/policy.json", "{inputs}/certify.npz", "--out", "certificate.json"),
    ("{inputs}/damaged", "{inputs}/certify.npz", "--target", "0.9", "--out", "certificate.json"),
    ("{inputs}/policy.json", "{inputs}/deeper.npz", "--target", "0.9", "--out", "certificate.json"),
    ("{inputs}/policy.json", "{inputs}/certify.npz", "--target", "0.9", "--out", "{inputs}/damaged/certificate.json"),
    ("{inputs}/policy.json", "{inputs}/certify.npz", "--target", "0.9", "--delta", "2", "--out", "certificate.json"),
    ("{inputs}/policy.json", "{inputs}/loop", "--target", "0.9", "--out", "certificate.json"),
]
TEACHER = [
    ("digits", "--out", "new", "--param", "nothing=1"),
    ("digits", "--out", "new", "--set", "training.epochs=1", "--param", "learning_rate_adamw=1e30"),
    ("digits", "--out", "new/teacher", "--weights", "{inputs}/damaged"),
    ("fashion-mnist", "--out", "new", "--data-dir", "{inputs}"),
    ("digits", "--out", "{inputs}/held"),
    ("digits", "--out", "{inputs}/damaged/teacher"),
]
SOFT_LABELS = [
    ("{inputs}/damaged", "digits", "--out", "new/teacher.npz"),
    ("{inputs}/nothing", "digits", "--out", "teacher.npz"),
    ("{inputs}/nothing", "digits", "--out", "{inputs}"),
    ("{inputs}/nothing", "digits", "--out", "{inputs}/damaged/teacher.npz"),
]
COMPARE = [
    ("{inputs}/held", "{inputs}/held", "--out", "new/table.csv"),
    ("nothing", "nowhere", "--out", "table.csv"),
    ("{inputs}/held", "{inputs}/held", "--out", "{inputs}/damaged/table.csv"),
]
REPORT = [
    ("{inputs}/held", "--compare", "--out", "new/table.csv"),
    ("nothing",),
    ("{inputs}/held", "--out", "table.csv"),
    ("{inputs}/held", "--compare", "--out", "{inputs}"),
]
EXPORT = [
    ("nothing", "--out", "new"),
    ("{inputs}/loop", "--out", "new"),
    ("{inputs}/held", "--out", "{inputs}/damaged/bundle"),
]
WATCH = [("nothing",), ("{inputs}/loop",), ("{inputs}/damaged",)]
REFUSED = [
    (name, *arguments)
    for name, requests in {
        "run": RUN,
        "policy": POLICY,
        "certify": CERTIFY,
        "teacher": TEACHER,
        "soft-labels": SOFT_LABELS,
        "compare": COMPARE,
        "report": REPORT,
        "export": EXPORT,
        "watch": WATCH,
    }.items()
    for arguments in requests
]


@pytest.mark.parametrize("request_", REFUSED, ids=" ".join)
def test_nothing_is_left(inputs, place, capsys, request_):
    before = sorted(inputs.rglob("*"))
    with pytest.raises(SystemExit) as ended:
        main([argument.format(inputs=inputs) for argument in request_])
    printed = capsys.readouterr().err
    assert ended.value.code == ExitCode.WRONG_INPUT, printed
    assert len(printed.strip().splitlines()) == 1, printed
    assert printed.startswith("error: ")
    assert list(place.rglob("*")) == []
    assert sorted(inputs.rglob("*")) == before
