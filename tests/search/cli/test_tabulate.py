"""``exitsearch tabulate``: from a network of one's own and its weights to tables that can be searched."""

import shutil
import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
import torch
from torch import nn

from policies.tasks import load_table
from search.cli.app import main
from tests.trainables.data.image_sets import write_classes
from trainables.export.model_file import load_model
from trainables.models.inference import model_hash, outputs_on


MODULE = """
import torch
from torch import nn


class Listed(nn.Module):
    def __init__(self, classes=10, channels=1, change=None):
        super().__init__()
        self.first = nn.Conv2d(channels, 8, 3, padding=1)
        self.then = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.heads = nn.ModuleList([nn.Linear(32, classes), nn.Linear(64, classes)])

    def forward(self, x):
        first = self.first(x).relu()
        then = self.then(first).relu()
        pooled = [nn.functional.adaptive_avg_pool2d(maps, 2).flatten(1) for maps in (first, then)]
        return [head(maps) for head, maps in zip(self.heads, pooled)]


class Moody(Listed):
    def forward(self, x):
        return super().forward(x) if x.sum() > -1 else []


class Infinite(Listed):
    # At inputs that random ones do not come to.
    def forward(self, x):
        return [logits / (x.flatten(1)[:, :1].sum(1, keepdim=True) > 0) for logits in super().forward(x)]


class Certain(Listed):
    def forward(self, x):
        return [logits.softmax(1) for logits in super().forward(x)]


class Last(Listed):
    def forward(self, x):
        return super().forward(x)[-1]


class Failing(Listed):
    def forward(self, x):
        raise ValueError("not today")


def coloured():
    return Listed(classes=4, channels=3)
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A module, and a checkpoint of its network after a short training on the first half of the digits."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "listed_net.py").write_text(MODULE)
    sys.path.insert(0, str(folder))
    try:
        from listed_net import Listed
    finally:
        sys.path.remove(str(folder))
    torch.manual_seed(0)
    images, labels = load_digits(return_X_y=True)
    images = torch.tensor(images / 16, dtype=torch.float32).view(-1, 1, 8, 8)[:900]
    network, labels = Listed(), torch.tensor(labels[:900])
    optimiser = torch.optim.Adam(network.parameters(), 0.01)
    for _ in range(15):
        for rows in torch.randperm(900).split(90):
            loss = sum(nn.functional.cross_entropy(logits, labels[rows]) for logits in network(images[rows]))
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    torch.save({"epoch": 15, "state_dict": network.state_dict()}, folder / "best.pt")
    return folder


@pytest.fixture
def place(trained, tmp_path, monkeypatch):
    shutil.copytree(trained, tmp_path / "here")
    monkeypatch.chdir(tmp_path / "here")
    # The command adds the working folder.
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "listed_net", raising=False)
    monkeypatch.setenv("EXITSEARCH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "here"


def tabulate(*words, code=0):
    with pytest.raises(SystemExit) as ended:
        main(["tabulate", *map(str, words)])
    assert ended.value.code == code


def test_tables_are_made_searched_and_certified(place, capsys):
    tabulate("listed_net:Listed", "--weights", "best.pt", "--data", "digits", "--latency", "--out", "tables")
    printed = capsys.readouterr().out
    assert "taken from 'state_dict'" in printed
    assert "'0', '1', '2'" in printed
    assert "--class-names" in printed
    model, config = load_model(place / "tables" / "model.safetensors")
    assert (config.imported, config.workload, config.class_names) == (
        "listed_net:Listed",
        "digits",
        tuple("0123456789"),
    )
    images, labels = load_digits(return_X_y=True)
    seen = set()
    for name, n in (("search", 718), ("certify", 539), ("test", 540)):
        table = load_table(place / "tables" / f"{name}.npz")
        assert (table.n_samples, table.n_exits, table.n_classes, table.assumed) == (n, 2, 10, frozenset())
        assert table.meta["model_hash"] == model_hash(model)
        assert (table.meta["split"], table.meta["network"], table.meta["workload"]) == (
            *(name, "listed_net:Listed"),
            "digits",
        )
        assert len(table.meta["latency_ms"]) == 2
        rows = [int(one.removeprefix("digits-")) for one in table.ids]
        np.testing.assert_array_equal(table.labels, labels[rows])
        inputs = (images[rows] / 16).reshape(-1, 1, 8, 8).astype(np.float32)
        np.testing.assert_allclose(table.logits, outputs_on(model, inputs), atol=1e-5)
        seen |= {*rows}
    assert len(seen) == 1797
    words = ["policy", "tables/search.npz", "--certify", "tables/certify.npz", "--test", "tables/test.npz"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--max-drop", "0.05", "--max-evaluations", "1000", "--rule", "confidence", "--out", "found"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert "Certified: with confidence 95 %, on new data of the same kind the drop against the full network" in told


def test_cost_is_counted_given_or_assumed(place, capsys):
    cost = ["--cost", "3,12"]
    for words, wanted, assumed in (
        (["listed_net:Listed"], (4608 + 320) / (4608 + 320 + 18432 + 640), False),
        (["listed_net:Listed", *cost], 0.25, False),
        (["listed_net:Moody", *cost], 0.25, False),
        (["listed_net:Moody"], 0.5, True),
    ):
        tabulate(*words, "--weights", "best.pt", "--data", "digits", "--out", "tables")
        table = load_table(place / "tables" / "test.npz")
        assert table.cost[0] == pytest.approx(wanted)
        assert table.assumed == ({"cost"} if assumed else set())
        assert (place / "tables" / "model.safetensors").exists() == ("Moody" not in words[0])
        assert ("cannot be traced" in capsys.readouterr().err) == ("Moody" in words[0])
        shutil.rmtree(place / "tables")


def test_folders_of_images_are_read_and_classes_put_in_the_networks_order(place, capsys):
    write_classes(place / "photos", n_images=80)
    classes = sorted(path.name for path in (place / "photos").iterdir() if path.is_dir())
    others = [f"other-{k}" for k in range(4 - len(classes))]
    (place / "names.txt").write_text("\n".join([*others, *reversed(classes)]))
    words = ["listed_net:coloured", "--data", "photos", "--image-size", "16", "--mean", "0.5,0.5,0.5"]
    tabulate(*words, "--std", "0.2", "--class-names", "names.txt", "--shares", "0.5,0.25,0.25", "--out", "tables")
    table = load_table(place / "tables" / "search.npz")
    assert table.meta["class_names"] == [*others, *reversed(classes)]
    for name, label in zip(table.ids, table.labels, strict=True):
        assert table.meta["class_names"][label] == str(name).partition("/")[0]
    model, _ = load_model(place / "tables" / "model.safetensors")
    assert (model.mean.flatten().tolist(), model.std.numel()) == ([0.5] * 3, 1)


def test_answers_that_tell_nothing_are_doubted(place, capsys):
    names = ",".join(reversed("0123456789"))
    tabulate(
        *("listed_net:Listed", "--weights", "best.pt", "--data", "digits"),
        *("--class-names", names, "--out", "tables"),
    )
    assert "no exit of listed_net:Listed is right more often than" in " ".join(capsys.readouterr().err.split())


BEST = ("--weights", "best.pt", "--data", "digits")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("listed_net", *BEST),
            "a network must be named as module:attribute, such as my_module:listed_net",
        ),
        (("listed_net:Gone", *BEST), "has no 'Gone'; its Network is Listed"),
        (("nobodys:Net", *BEST), "cannot be imported"),
        (("listed_net:Last", *BEST), "logits at two exits or more, in evaluation mode too, but Last gives one tensor"),
        (("listed_net:Failing", *BEST), "Failing does not (ValueError: not today (listed_net.py, line"),
        (("listed_net:Certain", *BEST), "outputs before the softmax"),
        (("listed_net:Infinite", *BEST), "NaN or infinity"),
        (("listed_net:coloured", "--data", "digits", "--mean", "0,0,0"), "of the data, 10, but Listed gives 4"),
        (("listed_net:coloured", *BEST), "best.pt: weights must fit Listed but do not"),
        (
            ("listed_net:Listed", "--weights", "none.pt", "--data", "digits"),
            "--weights must be a file but there is no file none.pt",
        ),
        (("listed_net:Listed", *BEST, "--mean", "0.1,0.2,0.3"), "must take samples of shape (3, 8, 8)"),
        (("listed_net:Listed", *BEST, "--mean", "big"), "--mean must be numbers joined by commas"),
        (("listed_net:Listed", *BEST, "--cost", "2,1"), "--cost must be 2 increasing numbers above 0"),
        (("listed_net:Listed", *BEST, "--cost", "1,2,3"), "--cost must be 2 increasing numbers above 0"),
        (("listed_net:Listed", *BEST, "--shares", "0.5,0.5"), "--shares must be 3 numbers"),
        (("listed_net:Listed", *BEST, "--shares", "0.5,0.5,0.5"), "must be positive and sum to 1"),
        (("listed_net:Listed", *BEST, "--part", "test"), "no official test"),
        (("listed_net:Listed", *BEST, "--class-names", "a,b"), "must hold every class of the data"),
        (("listed_net:Listed", *BEST, "--image-size", "4"), "--image-size must be at least 8 and at most 1,024 but 4"),
        (("listed_net:Listed", *BEST, "--set", "training.epochs=3"), "--set takes keys of the section data here"),
        (("listed_net:Listed", "--data", "digit"), "did you mean 'digits'"),
        (("listed_net:Listed", "--data", "cifar10"), "cifar10 needs a folder but none was given"),
        (("listed_net:Moody", *BEST, "--latency"), "--latency needs stages to time"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(words, message, place, capsys):
    before = sorted(place.iterdir())
    tabulate(*words, "--out", "new/tables", code=2)
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    assert len(lines) == 1
    assert message in lines[0]
    assert [path for path in sorted(place.iterdir()) if path.name != "__pycache__"] == [
        path for path in before if path.name != "__pycache__"
    ]


def test_a_folder_with_files_is_not_written_to(place, capsys):
    tabulate("listed_net:Listed", *BEST, "--out", ".", code=2)
    assert "--out must be a new or an empty folder" in capsys.readouterr().err


def test_tables_are_written_together_or_not_at_all(place, monkeypatch, capsys):
    def full(path, *_):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("trainables.export.model_file.save_model", full)
    tabulate("listed_net:Listed", *BEST, "--out", "tables", code=2)
    assert "No space left on device" in capsys.readouterr().err
    assert not (place / "tables").exists()
