"""A plain network of equal cost is timed where a bundle has one."""

import numpy as np

from policies.runtime.candidates import CONTROL
from search.bench.card import speed_lines
from search.bench.measure import BenchOptions, measure_bundle
from search.bench.record import BenchFile
from search.bench.stream import drawn_stream
from tests.bundles import write_digits_bundle
from trainables.models import MultiExitModel


def test_the_control_stands_in_record_and_card(tmp_path, monkeypatch):
    bundle = write_digits_bundle(tmp_path / "bundle")
    whole = bundle.model()
    scale = {"mean": whole.mean.flatten().tolist(), "std": whole.std.flatten().tolist()}
    plain = MultiExitModel([whole.stages[0]], [whole.heads[0]], **scale)
    monkeypatch.setattr(type(bundle), "control", lambda self: plain)
    options = BenchOptions(executor="torch", batch_sizes=(1, 4), rounds=1)
    record = measure_bundle(bundle, drawn_stream(bundle, n_samples=24), options)
    assert all(CONTROL in speed.times for speed in record.speeds)
    assert [line.partition(":")[0].partition(" against ")[2] for line in record.verdicts[:2]] == [
        "the full network",
        "the plain network of equal cost",
    ]
    lines = speed_lines(BenchFile().with_record(record))
    row = next(line for line in lines if line.startswith("| 4 |"))
    assert float(row.split("|")[-2]) == np.round(record.speeds[1].over(CONTROL), 2)
    assert BenchFile.model_validate_json(BenchFile().with_record(record).model_dump_json()).records == (record,)
