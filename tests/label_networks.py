"""A network with sets of labels, trained for seconds, and everything of it that goes into a bundle."""

from dataclasses import dataclass, replace
from functools import cache, partial

import numpy as np
import torch
from torch import nn

from policies.pooling.answering import Answering
from policies.rules import get_rule
from policies.runtime.torch_stages import TorchStages
from policies.tables.multilabel import MultiLabelTable
from search.export.graphs import write_graphs
from search.export.subject import ExportSubject, checked_content
from tests.policies.runtime.midpoints import policy_for
from trainables.data import SOURCES, Split
from trainables.export.bundle.writing import StoredNetwork, write_bundle
from trainables.export.model_file import ModelConfig
from trainables.models import NetworkSpec
from trainables.models.base import MultiExitModel
from trainables.models.inference import classifier_outputs_on, model_hash
from trainables.workloads import get_workload


LABEL_NAMES = ("left", "right", "upper", "lower")
SHAPE = (1, 8, 8)
N_SAMPLES = 140


def shining_halves(n_samples, seed=0):
    """Noise in which each half of the picture may shine: pictures, float32 in 0..1, and which halves do, (n, 4)."""
    rng = np.random.default_rng(seed)
    labels = rng.random((n_samples, len(LABEL_NAMES))) < 0.4
    inputs = rng.random((n_samples, *SHAPE)) * 0.7
    for label, half in enumerate((np.s_[:, :, :, :4], np.s_[:, :, :, 4:], np.s_[:, :, :4], np.s_[:, :, 4:])):
        inputs[half] += 0.15 * labels[:, label, None, None, None]
    return inputs.astype(np.float32), labels.astype(np.uint8)


@dataclass(frozen=True)
class LabelNetwork:
    """A network, what it was shown, and what it says."""

    model: MultiExitModel
    inputs: np.ndarray
    table: MultiLabelTable

    @property
    def network(self):
        config = ModelConfig("digits", NetworkSpec(n_exits=3, width=8), SHAPE, LABEL_NAMES)
        return StoredNetwork(model=self.model, config=config)


@cache
def made_network():
    """Three exits, and some steps, which are enough for exits that differ in what they are sure of."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    inputs, labels = shining_halves(N_SAMPLES)
    ids = np.array([f"s{i}" for i in range(N_SAMPLES)])
    split = Split(inputs, labels[:, 0].astype(np.int64), ids, None)
    model = get_workload("digits").build_model(split, len(LABEL_NAMES), NetworkSpec(n_exits=3, width=8))
    batch, wanted = torch.as_tensor(inputs), torch.as_tensor(labels, dtype=torch.float32)
    optimiser = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(30):
        logits = model(batch)
        loss = sum(nn.functional.binary_cross_entropy_with_logits(logits[:, k], wanted) for k in range(3))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    said = classifier_outputs_on(model.eval(), inputs)
    table = MultiLabelTable(
        logits=said.logits,
        labels=labels,
        cost=np.array([0.3, 0.6, 1.0]),
        ids=ids,
        meta={"label_names": list(LABEL_NAMES), "model_hash": model_hash(model), "workload": "halves"},
    )
    return LabelNetwork(model, inputs, table)


def label_policy(rule="label-margin", temperatures=(1.2, 0.9, 1.0), label_thresholds=None):
    """A policy that lets about half of those there leave at each exit."""
    answering = Answering(label_thresholds=label_thresholds)
    policy = policy_for(get_rule(rule), made_network().table.answered(answering), temperatures)
    return replace(policy, answering=answering)


def label_subject(**changes):
    """What is exported of it."""
    made = made_network()
    fields = {
        "name": "halves",
        "policy": label_policy(),
        "stages": TorchStages(made.model),
        "search": made.table,
        "certify": None,
        "inputs": made.inputs,
        "reader": SOURCES["digits"].reader(SHAPE),
        "network": made.network,
        "figures": {"test": {"exact_match": 0.5, "mean_depth": 1.7, "exit_mix": [0.5, 0.3, 0.2]}},
    }
    return ExportSubject(**{**fields, **changes})


def write_label_bundle(folder, *, onnx=False, **changes):
    """A bundle of it in torch, and as graphs if they are asked for."""
    subject, graphs = label_subject(**changes), None
    if onnx:
        graphs = partial(
            write_graphs, subject=subject, network=subject.network, single_graph=False, on_message=lambda line: None
        )
    content = checked_content(subject, ("torch", "onnx") if onnx else ("torch",), graphs).content
    return write_bundle(folder, content)
