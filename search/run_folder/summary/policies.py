"""What a summary tells of policies: the selected one, and those that it is compared with."""

from __future__ import annotations

from typing import Any, TypeAlias

from search.run_folder.summary.part import SummaryPart


Figures: TypeAlias = dict[str, Any]
"""What a policy did on one split: numbers by their names, and with ``exit_mix`` the share of samples of each exit."""

SPLITS = ("search", "certify", "test")
"""The splits that figures are told of, in the order in which they are shown."""


class PolicyFigures(SummaryPart):
    """A policy and its figures; a split's figures stand under the split's own name."""

    @property
    def by_split(self) -> dict[str, Figures]:
        """The figures on each split that there are figures of, in the order of :data:`SPLITS`."""
        told = self.model_extra or {}
        return {split: told[split] for split in SPLITS if isinstance(told.get(split), dict)}


class SelectedPolicy(PolicyFigures):
    """The policy that was chosen.

    Attributes:
        trial_id: Trial that the policy's network is of; only in a sweep, as are ``network``, ``seed`` and
            ``hyperparameters``.
        network: Name of the policy's network, which is not the trial's where trials have several seeds.
        seed: Seed that the network was trained with.
        hyperparameters: Training parameters that the network was trained with.
        rule: Name of the policy's rule.
        params: The policy as :func:`~policies.outline.outline` gives it.
        answered: What leaves together and how answers are pooled, in words; empty where each sample answers for itself.
    """

    answered: str = ""
    trial_id: str = ""
    network: str = ""
    seed: int = 0
    hyperparameters: dict[str, Any] = {}
    rule: str = ""
    params: dict[str, Any] = {}


class BaselinePolicyFigures(PolicyFigures):
    """A policy that stands beside the selected one.

    Attributes:
        is_fallback: Whether a grid had nothing that does what it was asked for, so that this is what it falls back to.
    """

    is_fallback: bool = False


class FrontMatch(PolicyFigures):
    """The policy of the front that a baseline is compared with.

    Attributes:
        network: Name of the network that the policy is for.
        rule: Name of the policy's rule.
    """

    network: str = ""
    rule: str = ""


class BaselineTrialFigures(BaselinePolicyFigures):
    """A policy of a baseline of the sweep file, and what the front has beside it, both chosen on ``search``.

    Attributes:
        trial: Name that a person calls the baseline.
        policy: Name of the policy: the full network, or the grid that chose it.
        same_depth: The most accurate policy of the front that is no deeper; None where there is none.
        same_accuracy: The least deep policy of the front that is no less accurate; None where there is none.
    """

    trial: str
    policy: str
    same_depth: FrontMatch | None = None
    same_accuracy: FrontMatch | None = None
