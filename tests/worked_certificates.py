"""The worked examples of ``docs/certificates.md``, in which 43 of 2,000 answers differ, and what they print.

``python -m tests.worked_certificates`` writes what they print into the page anew.
"""

from contextlib import chdir, redirect_stdout, suppress
import csv
from dataclasses import replace
import io
from pathlib import Path
import re
import shlex
from tempfile import TemporaryDirectory
import warnings

import numpy as np

from policies.policy import Policy
from policies.tables.classification import ClassificationTable
from policies.tables.origin import Origin
from search.cli.app import main
from tests.detection_tables import make_detection_table
from tests.multilabel_tables import make_label_table
from tests.pages import ROOT


N_SAMPLES, N_CLASSES = 2000, 10
N_LOST, N_GAINED, N_BOTH_WRONG = 8, 5, 30
N_ALBUMS = 500
PAGE = ROOT / "docs" / "certificates.md"
LABELLED = {"few.csv": (None,), "as_they_come.csv": (10, 21), "accuracy.csv": (400,)}
"""How many labels each file of labels has, whenever a command reads it; None for all."""
_BLOCK = re.compile(r"^```text\n(exitsearch certify \w*policy\.json .*?)^```$", re.DOTALL | re.MULTILINE)
SURE = Policy("confidence", (0.9,), (1.0, 1.0))
FEW_BOXES = Policy("box-count", (3.0, 2.0), (1.0, 1.0, 1.0), params={"least_score": 0.5})
SURE_OF_LABELS = Policy("label-margin", (0.4, 0.3), (1.0, 1.0, 1.0))


def worked_table(prefix="photo", seed=0):
    """Two exits, of which everybody takes the first; the last is right in about nine of ten cases."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, N_CLASSES, N_SAMPLES)
    kind = rng.permutation(N_SAMPLES)
    other, another = (labels + 1) % N_CLASSES, (labels + 2) % N_CLASSES
    lost = kind < N_LOST
    gained = (kind >= N_LOST) & (kind < N_LOST + N_GAINED)
    differ = kind < N_LOST + N_GAINED + N_BOTH_WRONG
    wrong = kind >= N_SAMPLES - 160
    first = np.where(wrong, other, np.where(lost | (differ & ~gained), another, labels))
    last = np.where(wrong, other, np.where(lost, labels, np.where(differ, other, labels)))
    logits = np.zeros((N_SAMPLES, 2, N_CLASSES), dtype=np.float32)
    np.put_along_axis(logits, np.stack([first, last], axis=1)[:, :, None], np.float32(6), axis=2)
    ids = np.array([f"{prefix}-{row:04d}" for row in range(N_SAMPLES)])
    return ClassificationTable(logits, labels, cost=np.array([0.4, 1.0]), ids=ids)


def write_worked_files(folder):
    """Write the policy, its table without labels, and the same table with them; also of boxes and sets of labels."""
    table = worked_table()
    boxes, seen_boxes = (make_detection_table(n, seed=n, prefix=f"image{n}") for n in (600, 20))
    sets, seen_sets = (make_label_table(n, seed=n, prefix=f"clip{n}") for n in (2000, 50))
    replace(SURE, origin=Origin.of(worked_table("seen", seed=1))).save(folder / "policy.json")
    replace(FEW_BOXES, origin=Origin.of(seen_boxes)).save(folder / "boxes_policy.json")
    replace(SURE_OF_LABELS, origin=Origin.of(seen_sets)).save(folder / "sets_policy.json")
    boxes.save(folder / "boxes.npz")
    sets.save(folder / "sets.npz")
    table.save(folder / "labelled.npz")
    unlabelled = replace(table, labels=np.full(N_SAMPLES, -1), is_labelled=False)
    unlabelled.save(folder / "unlabelled.npz")
    albums = np.array([f"album-{row % N_ALBUMS:03d}" for row in range(N_SAMPLES)])
    replace(unlabelled, groups=albums).save(folder / "albums.npz")


def label(path, n_labels=None):
    """Fill the column of labels of a file that asks for them, from the first row on."""
    table = worked_table()
    known = dict(zip(table.ids.tolist(), table.labels.tolist(), strict=True))
    rows = list(csv.DictReader(path.open(newline="")))
    for row in rows[:n_labels]:
        row["label"] = known[row["id"]]
    with path.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def rewritten(page, folder):
    """The page with what its worked examples print now, typed one after the other in a folder."""
    write_worked_files(folder)
    labelled = {name: iter(numbers) for name, numbers in LABELLED.items()}

    def typed(found):
        lines = [line for line in found.group(1).splitlines() if line.startswith("exitsearch ")]
        return "```text\n" + "\n".join(f"{line}\n{_printed(line, folder, labelled)}" for line in lines) + "```"

    return _BLOCK.sub(typed, page)


def _printed(line, folder, labelled):
    words = shlex.split(line)[1:]
    if "--labels" in words:
        name = words[words.index("--labels") + 1]
        label(folder / name, next(labelled[name]))
    printed, shown = io.StringIO(), warnings.showwarning
    with chdir(folder), redirect_stdout(printed), suppress(SystemExit):
        main(words)
    warnings.showwarning = shown
    return printed.getvalue()


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        PAGE.write_text(rewritten(PAGE.read_text(), Path(place)))
