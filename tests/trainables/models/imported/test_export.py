"""Stages that take and give several tensors, as the programs that run elsewhere."""

import numpy as np
import pytest
import torch
from torch.export import Dim, export

from policies.runtime.onnx_stages import OnnxStages
from tests.trainables.models.imported.networks import SHAPE, build, whole
from trainables.export.onnx.stage_graphs import write_stage_graphs
from trainables.export.stage_tables import stage_outputs
from trainables.models import as_multi_exit


def dynamic(features):
    batch = {0: Dim("batch")}
    return (tuple(batch for _ in features) if isinstance(features, tuple) else batch,)


@pytest.mark.parametrize("name", ["list", "u-shaped", "samples second", "recurrent", "features first"])
def test_every_stage_and_head_becomes_a_program_for_any_number_of_samples(name):
    network = build(name)
    model = as_multi_exit(network, input_shape=SHAPE)
    inputs = torch.rand(3, *SHAPE)
    logits, features, seen = [], torch.rand(2, *SHAPE), inputs
    with torch.no_grad():
        for stage, head in zip(model.stages, model.heads, strict=True):
            run = export(stage, (features,), dynamic_shapes=dynamic(features)).module()
            features, seen = stage(features), run(seen)
            logits.append(export(head, (features,), dynamic_shapes=dynamic(features)).module()(seen))
        torch.testing.assert_close(torch.stack(logits, 1), whole(network, inputs))


@pytest.mark.slow
def test_stages_become_graphs_of_onnx(tmp_path):
    network = build("u-shaped")
    model = as_multi_exit(network, input_shape=SHAPE)
    samples = np.random.default_rng(0).random((7, *SHAPE), dtype=np.float32)
    write_stage_graphs(model, SHAPE, tmp_path)
    found = stage_outputs(OnnxStages(tmp_path), samples).logits
    np.testing.assert_allclose(found, whole(network, torch.from_numpy(samples)).detach(), atol=1e-5)
