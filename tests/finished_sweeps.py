"""The folder that a finished sweep leaves, made by hand of a network of digits: no Ray, no trials."""

import json
import shutil

from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.tasks import get_task
from search.config.sweep import SweepConfig
from search.run_folder.folder import RunFolder
from search.run_folder.summary import SelectedPolicy, Summary
from tests.bundles import digits_policy, trained_digits
from trainables.export.model_file import save_model


TRIAL = "trial-0001"
SPLITS = {"train": 0.4, "search": 0.2, "certify": 0.2, "test": 0.2, "seed": 1}


def write_sweep(folder, *, rule="confidence", target=0.5, **changes):
    """Write ``summary.json``, ``policy.json``, ``certificate.json``, the model, its tables and ``sweep.yaml``."""
    trained, policy = trained_digits(), digits_policy(rule)
    folder.mkdir(parents=True)
    run = RunFolder(folder)
    config = SweepConfig.from_mapping(
        {
            "name": folder.name,
            "target": target,
            "splits": SPLITS,
            "training": {"width": 8, "epochs": 3},
            "policy": {"rules": ["confidence"], "generations": 3, "population": 16, "max_levels": 32},
            "runs_dir": str(folder.parent),
            **changes,
        }
    )
    run.sweep_file.write_text(config.to_yaml())
    save_model(run.model_file, trained.network.model, trained.network.config)
    policy.save(run.policy_file, workload="digits")
    certificate = certify_policy(policy, trained.tables["certify"], Claim(target=target))
    certificate.save(run.certificate_file)
    figures = {}
    for split, table in trained.tables.items():
        table.save(run.table(TRIAL, split))
        figures[split] = get_task("classification").policy_figures(table, policy.decide(table))
    selected = SelectedPolicy(trial_id=TRIAL, network=TRIAL, rule=rule, params={}, **figures)
    Summary(name=folder.name, workload="digits", certified=certificate.certified, selected=selected, baselines={}).save(
        run.summary_file
    )
    run.environment_file.write_text(json.dumps({"data_hashes": trained.splits.data_hashes}))
    return run


def copied(run, folder):
    shutil.copytree(run.path, folder)
    return RunFolder(folder)
