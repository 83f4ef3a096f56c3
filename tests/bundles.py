"""A network of digits, trained for seconds, and everything of it that goes into a bundle."""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import torch

from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.policy import Policy
from policies.rules import get_rule
from policies.runtime.torch_stages import TorchStages
from policies.tables.classification import ClassificationTable
from search.export.subject import ExportSubject, checked_content
from tests.policies.runtime.midpoints import policy_for
from trainables.augmentation.images import Augmentation
from trainables.data import SOURCES, SplitFractions, Splits
from trainables.export.bundle.writing import StoredNetwork, write_bundle
from trainables.models import NetworkSpec, cumulative_macs
from trainables.recipes.recipe import Recipe
from trainables.trials.spec import TrialSpec
from trainables.workloads import get_workload


@dataclass(frozen=True)
class TrainedDigits:
    splits: Splits
    network: StoredNetwork
    tables: dict[str, ClassificationTable]


@cache
def trained_digits():
    """Three exits, three epochs."""
    torch.set_num_threads(1)
    splits = get_workload("digits").load(None, SplitFractions(0.4, 0.2, 0.2, 0.2), split_seed=1)
    spec = TrialSpec(
        workload="digits",
        class_names=tuple("0123456789"),
        network=NetworkSpec(n_exits=3, width=8),
        recipe=Recipe(epochs=3, batch_size=32),
        search_target=None,
        seeds=(0,),
        augmentation=Augmentation(),
    )
    training = spec.training({"learning_rate_adamw": 0.03}, splits.train)
    for _ in range(3):
        training.train_epoch()
    model = training.model.eval()
    tables = {name: spec.table(model, splits[name], name) for name in ("search", "certify", "test")}
    return TrainedDigits(splits, StoredNetwork(model=model, config=spec.model_config(splits.train, {})), tables)


def digits_policy(rule="confidence"):
    """A policy that lets about half of those there leave at each exit."""
    return policy_for(get_rule(rule), trained_digits().tables["search"], (1.1, 0.9, 1.0))


def digits_subject(policy=None, *, claim=None, name="digits-test"):
    """What is exported of it."""
    trained = trained_digits()
    policy = policy or digits_policy()
    certificate = None if claim is None else certify_policy(policy, trained.tables["certify"], claim)
    own = policy.decide(trained.tables["test"])
    figures = {"accuracy": float((own.answers == trained.splits.test.labels).mean()), "mean_depth": 1.5}
    return ExportSubject(
        name=name,
        policy=policy,
        stages=TorchStages(trained.network.model),
        search=trained.tables["search"],
        certify=trained.tables["certify"],
        inputs=trained.splits.search.inputs,
        reader=SOURCES["digits"].reader((1, 8, 8)),
        certificate=None if certificate is None else certificate.to_dict(),
        network=trained.network,
        macs=cumulative_macs(trained.network.model, (1, 8, 8)),
        figures={"test": {**figures, "exit_mix": (np.bincount(own.exits, minlength=3) / len(own.exits)).tolist()}},
        training={"workload": "digits", "epochs": 3},
    )


EASY = Claim(target=0.5)


def write_digits_bundle(folder, rule="confidence", *, claim=EASY):
    """A bundle of it in torch; certified of something that holds."""
    content = checked_content(digits_subject(digits_policy(rule), claim=claim), ("torch",)).content
    return write_bundle(folder, content)


def another_network():
    """The policy of a network of other weights."""
    policy = digits_policy()
    identity = replace(policy.origin.network, model_hash="0" * 64)
    return replace(policy, origin=replace(policy.origin, network=identity))


def all_open(n_exits=3):
    return Policy("confidence", (0.0,) * (n_exits - 1), (1.0,) * n_exits)
