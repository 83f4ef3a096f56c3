"""What MLflow is told of the selected policy and its network, which the sweep's run leads to as a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policies.outline import outline
from policies.policy import Policy
from search.run_folder.folder import RunFolder
from search.run_folder.summary import Summary
from search.tracking.store import POLICY_TAG


def selected_model(summary: Summary, policy: Policy, folder: RunFolder) -> dict[str, Any]:
    """The model of a finished sweep as JSON values: its files are artifacts of the sweep's run.

    Args:
        summary: What the sweep found.
        policy: The selected policy.
        folder: Folder of the sweep.
    """
    files = [path.name for path in model_files(folder)]
    network = summary.selected.network
    return {
        "name": summary.name,
        "identity": f"{policy.policy_hash} {network}",
        "tags": {
            POLICY_TAG: policy.policy_hash,
            "network": network,
            "rule": summary.selected.rule,
            "certified": str(summary.certified).lower(),
            "files": ", ".join(files),
        },
        "params": {"trial_id": network, **outline(policy)},
    }


def model_files(folder: RunFolder) -> list[Path]:
    """The selected network's weights and the policy, as far as they are there."""
    return [path for path in (folder.model_file, folder.policy_file) if path.exists()]
