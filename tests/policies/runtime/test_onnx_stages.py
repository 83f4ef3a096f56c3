"""Stages from ONNX graphs: what they take, give and refuse."""

import sys

import numpy as np
import onnx
import pytest

from policies.errors import StagesError
from policies.runtime.onnx_stages import OnnxStages, stage_path
from tests.onnx_graphs import rewrite_statement, write_pair_stages, write_table_stages


@pytest.fixture
def table_stages(tmp_path):
    write_table_stages(tmp_path, n_exits=3, n_classes=4)
    return OnnxStages(tmp_path)


def samples_of(n, *, n_exits=3, n_classes=4):
    return np.random.default_rng(n).random((n, n_exits, 1, n_classes), dtype=np.float32)


@pytest.mark.parametrize("n", [1, 2, 7, 64])
def test_every_stage_is_run_on_any_number_of_samples(table_stages, n):
    samples = samples_of(n)
    features = table_stages.begin(samples)
    for k in range(3):
        features, outputs = table_stages.run(k, features)
        assert np.array_equal(outputs.logits, samples[:, k, 0])
        assert outputs.stop_prob is None
    assert features == ()


def test_who_left_is_left_out(table_stages):
    samples = samples_of(7)
    features, _ = table_stages.run(0, table_stages.begin(samples))
    rows = np.array([1, 4, 5])
    _, outputs = table_stages.run(1, table_stages.take(features, rows))
    assert np.array_equal(outputs.logits, samples[rows, 1, 0])


@pytest.mark.parametrize("n", [1, 2, 7, 64])
def test_features_may_be_several_tensors(tmp_path, n):
    write_pair_stages(tmp_path)
    stages = OnnxStages(tmp_path)
    samples = np.random.default_rng(n).random((n, 1, 1, 3), dtype=np.float32)
    features, _ = stages.run(0, stages.begin(samples))
    rows = np.arange(0, n, 2)
    _, outputs = stages.run(1, stages.take(features, rows))
    assert outputs.logits == pytest.approx(3 * samples[rows, 0, 0])


def test_bytes_are_taken_for_0_to_255(table_stages):
    samples = np.arange(24, dtype=np.uint8).reshape(2, 3, 1, 4)
    (begun,) = table_stages.begin(samples)
    assert begun.dtype == np.float32
    assert np.array_equal(begun, samples.astype(np.float32) / np.float32(255))


def test_what_the_graphs_state_can_be_asked(table_stages):
    assert (table_stages.n_exits, table_stages.input_shape) == (3, (3, 1, 4))
    assert table_stages.metadata["model_hash"] == "made by hand"


@pytest.mark.parametrize("shape", [(2, 3, 1, 5), (2, 3, 4), (3, 1, 4)])
def test_samples_of_another_shape_are_refused(table_stages, shape):
    with pytest.raises(StagesError, match=r"samples must have shape \(n, 3, 1, 4\) but have \("):
        table_stages.begin(np.zeros(shape, dtype=np.float32))


def no_folder(folder):
    stage_path(folder, 0).unlink()


def no_last_stage(folder):
    stage_path(folder, 2).unlink()


def no_graph(folder):
    stage_path(folder, 1).write_bytes(b"no graph")


def no_statement(folder):
    model = onnx.load(stage_path(folder, 0))
    del model.metadata_props[:]
    onnx.save(model, stage_path(folder, 0))


def newer(folder):
    rewrite_statement(stage_path(folder, 0), schema=9)


def stage_of_another(folder):
    rewrite_statement(stage_path(folder, 1), model_hash="another")


def exchanged(folder):
    stage_path(folder, 2).write_bytes(stage_path(folder, 1).read_bytes())


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (no_folder, r"stage_0.onnx: there is no such stage graph; export"),
        (no_last_stage, r"stage_2.onnx: there is no such stage graph; export"),
        (no_graph, r"stage_1.onnx: not a readable stage graph \("),
        (no_statement, r"stage_0.onnx: not a readable stage graph \(its metadata have no 'exitsearch'\)"),
        (newer, r"stage_0.onnx: not a readable stage graph \(its metadata are of schema 9 and not 1\)"),
        (stage_of_another, r"stage_1.onnx: all graphs of a folder must be stages of one network but .* stage 1 of"),
        (exchanged, r"stage_2.onnx: all graphs of a folder must be stages of one network but .* stage 1 of"),
    ],
)
def test_folders_that_are_no_network_are_refused_in_one_line(tmp_path, spoil, message):
    write_table_stages(tmp_path, n_exits=3, n_classes=4)
    spoil(tmp_path)
    with pytest.raises(StagesError, match=message) as refused:
        OnnxStages(tmp_path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("device", ["cuda", "abacus"])
def test_devices_that_are_not_there_are_refused(tmp_path, device):
    write_table_stages(tmp_path, n_exits=2, n_classes=3)
    with pytest.raises(StagesError, match=f"cpu, but is '{device}'; for cuda install onnxruntime-gpu"):
        OnnxStages(tmp_path, device=device)


def test_without_onnxruntime_one_line_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(StagesError, match=r"onnxruntime is not installed; .*'exitsearch\[export\]'"):
        OnnxStages(tmp_path)
