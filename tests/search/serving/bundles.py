"""A small bundle for tests: a network of digits, its exit table, and a policy of any rule."""

from dataclasses import dataclass

import numpy as np
import torch

from policies.rules import RULES, get_rule
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.torch_stages import TorchStages
from policies.tables.classification import ClassificationTable
from tests.policies.runtime.test_runtime import policy_for
from trainables.data import SplitFractions
from trainables.data.readers import ArrayReader
from trainables.export.bundle.check_inputs import CheckInputs
from trainables.export.bundle.inputs import InputSpec
from trainables.export.bundle.manifest import Manifest
from trainables.export.bundle.writing import BundleContent, StoredNetwork, write_bundle
from trainables.export.model_file import ModelConfig
from trainables.models import NetworkSpec
from trainables.models.inference import model_hash
from trainables.tasks import TRAINING_TASKS
from trainables.workloads import get_workload


CERTIFICATE = {
    "certified": True,
    "claim": {"target": 0.9},
    "reason": "",
    "bound": 0.91,
    "delta": 0.05,
    "n": 200,
    "unit": "sample",
}


@dataclass(frozen=True)
class Exported:
    """A network with its exit table and the inputs of the table."""

    network: StoredNetwork
    table: ClassificationTable
    inputs: np.ndarray

    @property
    def rules(self):
        """Names of the rules that can decide about the network."""
        return [name for name in sorted(RULES) if not get_rule(name).lacks(self.table)]

    def policy(self, rule):
        """A policy of the network with a threshold in the middle of the scores of each exit."""
        return policy_for(get_rule(rule), self.table)

    def write(self, folder, rule="confidence", *, certificate=CERTIFICATE, **manifest):
        """A bundle of the network with a policy of the rule."""
        policy = self.policy(rule)
        answers = EarlyExitRuntime(TorchStages(self.network.model), policy, chunk_size=64).run(self.inputs)
        stated = {
            "version": "0.1.0",
            "name": "digits-1",
            "class_names": self.network.config.class_names,
            "inputs": InputSpec.of(self.inputs, ArrayReader(self.inputs.shape[1:])),
            "model_hash": self.table.meta["model_hash"],
            "cost": tuple(self.table.cost.tolist()),
            "executors": ("torch",),
            "certified": bool(certificate and certificate["certified"]),
        } | manifest
        content = BundleContent(
            manifest=Manifest(**stated),
            policy=policy,
            check=CheckInputs.chosen(self.table.ids, self.inputs, answers),
            certificate=certificate,
            network=self.network,
        )
        return write_bundle(folder, content)


def exported_digits():
    """A network that was trained for a second: it is often wrong, and its exits differ."""
    workload = get_workload("digits")
    splits = workload.load(None, SplitFractions(), split_seed=1)
    spec = NetworkSpec(n_exits=3, width=8)
    torch.manual_seed(0)
    model = workload.build_model(splits.train, len(splits.class_names), spec)
    train(model, splits.train)
    split = splits.search
    model.eval()
    table = TRAINING_TASKS["classification"].table(model, split, {"model_hash": model_hash(model)})
    config = ModelConfig("digits", spec, split.inputs.shape[1:], splits.class_names)
    return Exported(StoredNetwork(model=model, config=config), table, split.inputs)


def train(model, split, *, n_steps=30):
    """Some steps on all samples at once."""
    inputs, labels = torch.as_tensor(split.inputs), torch.as_tensor(split.labels)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(n_steps):
        logits = model(inputs)
        loss = sum(torch.nn.functional.cross_entropy(logits[:, k], labels) for k in range(logits.shape[1]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
