"""Stages that take and give several tensors, as the programs that run elsewhere."""

import numpy as np
import pytest
import torch
from torch.export import Dim, export

from tests.trainables.models.imported.networks import SHAPE, build, whole
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
    onnxruntime = pytest.importorskip("onnxruntime")
    pytest.importorskip("onnxscript")
    network = build("u-shaped")
    model = as_multi_exit(network, input_shape=SHAPE)
    features, seen = torch.rand(2, *SHAPE), [np.random.default_rng(0).random((7, *SHAPE), dtype=np.float32)]
    wanted = whole(network, torch.from_numpy(seen[0]))
    for k, (stage, head) in enumerate(zip(model.stages, model.heads, strict=True)):
        for name, module in (("stage", stage), ("head", head)):
            path = tmp_path / f"{name}_{k}.onnx"
            torch.onnx.export(module, (features,), path, dynamo=True, dynamic_shapes=dynamic(features), verbose=False)
            session = onnxruntime.InferenceSession(path)
            given = session.run(None, dict(zip([one.name for one in session.get_inputs()], seen, strict=True)))
            if name == "stage":
                features, seen = stage(features), given
        np.testing.assert_allclose(given[0], wanted[:, k].detach(), atol=1e-5)
