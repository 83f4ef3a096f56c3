"""A plain network that costs at most as much is timed where a bundle has one."""

from dataclasses import replace

import numpy as np
import pytest

from policies.runtime.candidates import CONTROL
from search.bench.card import speed_lines
from search.bench.measure import BenchOptions, measure_bundle
from search.bench.record import BenchFile
from search.bench.stream import drawn_stream
from tests.bundles import write_digits_bundle
from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.models import MultiExitModel


def plain(model):
    scale = {"mean": model.mean.flatten().tolist(), "std": model.std.flatten().tolist()}
    return MultiExitModel([model.stages[0]], [model.heads[0]], **scale)


def test_the_control_stands_in_record_and_card(tmp_path, monkeypatch):
    bundle = write_digits_bundle(tmp_path / "bundle")
    control = plain(bundle.model())
    monkeypatch.setattr(type(bundle), "control", lambda self: control)
    options = BenchOptions(executor="torch", batch_sizes=(1, 4), rounds=1)
    record = measure_bundle(bundle, drawn_stream(bundle, n_samples=24), options)
    assert all(CONTROL in speed.times for speed in record.speeds)
    assert [line.partition(":")[0].partition(" against ")[2] for line in record.verdicts[:2]] == [
        "the full network",
        "the plain network that costs at most as much",
    ]
    lines = speed_lines(BenchFile().with_record(record))
    row = next(line for line in lines if line.startswith("| 4 |"))
    assert float(row.split("|")[-2]) == np.round(record.speeds[1].over(CONTROL), 2)
    assert BenchFile.model_validate_json(BenchFile().with_record(record).model_dump_json()).records == (record,)


@pytest.mark.slow
def test_the_control_is_run_by_the_same_executor(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    bundle = write_digits_bundle(tmp_path / "bundle")
    model = bundle.model()
    write_stage_graphs(model, (1, 8, 8), bundle.folder / "onnx")
    manifest = bundle.manifest.model_copy(update={"executors": ("torch", "onnx")})
    monkeypatch.setattr(type(bundle), "control", lambda self: plain(model))
    told = []
    record = measure_bundle(
        replace(bundle, manifest=manifest),
        drawn_stream(bundle, n_samples=24),
        BenchOptions(executor="onnx", batch_sizes=(1, 4), rounds=1),
        on_message=told.append,
    )
    assert record.executor == "onnx"
    assert all(CONTROL in speed.times for speed in record.speeds)
    assert "Exporting the static control" in told[0]
