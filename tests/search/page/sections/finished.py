"""Folders of finished searches, whose summaries are full of figures, for the page's sections."""

import json

from search.cli.app import main
from search.page.run import FinishedRun
from search.run_folder.folder import RunFolder
from search.run_folder.summary import Summary
from tests.finished_sweeps import write_sweep
from tests.search.summaries import made_up_summary


N_EXITS = 3


def searched(folder, make, *options, splits=("search", "certify", "test")):
    """A policy search by the command line on made-up tables, which lie beside its results."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {split: folder / f"{split}.npz" for split in splits}
    for seed, (split, path) in enumerate(files.items()):
        make(seed=seed, prefix=split).save(path)
    words = ["policy", str(files["search"])]
    for split in splits[1:]:
        words += [f"--{split}", str(files[split])]
    try:
        main([*words, "--out", str(folder / "found"), "--max-evaluations", "300", *options])
    except SystemExit as ended:
        assert ended.code in (0, 3, 4), ended.code
    return FinishedRun.read(folder / "found")


def sweep(folder):
    """A folder of a sweep with the summary of another one, larger than life."""
    run = write_sweep(folder)
    Summary.model_validate(made_up_summary(0)).save(run.summary_file)
    return FinishedRun.read(folder)


def with_events(folder, trials):
    """A folder with a journal of trials, each as (params, metrics, state, failure)."""
    run = sweep(folder)
    lines = [{"event": "created", "time_ms": 0}]
    for number, (params, metrics, state, failure) in enumerate(trials):
        name = f"trial-{number + 1:04d}"
        lines.append({"event": "suggested", "trial": name, "number": number, "params": params, "drawn": {}})
        if metrics:
            lines.append({"event": "reported", "trial": name, "metrics": metrics, "failure": "", "done": True})
        if state != "RUNNING":
            lines.append({"event": "ended", "trial": name, "state": state, "failure": failure})
    text = "".join(json.dumps({"time_ms": 0, **line}) + "\n" for line in lines)
    RunFolder(folder).journal_file.write_text(text)
    return FinishedRun.read(run.folder.path)
