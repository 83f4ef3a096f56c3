"""What a summary tells of compute: at fixed budgets, and what soft networks promise of it."""

from __future__ import annotations

from search.run_folder.summary.part import SummaryPart


class HardExits(SummaryPart):
    """What samples get that take one exit each, beside the soft network.

    Attributes:
        accuracy: Share of samples that are answered rightly.
        mean_cost: Mean cost of the exits that are taken, relative to the full network: the realised cost.
        accuracy_difference: The accuracy less that of the soft network.
        cost_difference: The realised cost less the expected one.
    """

    accuracy: float
    mean_cost: float
    accuracy_difference: float
    cost_difference: float


class SoftNetwork(SummaryPart):
    """What a network with stop probabilities promises on one split as it was trained, and what hard exits deliver.

    Attributes:
        accuracy: Share of samples that the blended output of all exits is right on.
        top5_accuracy: Share of samples whose class is among its five likeliest; None where there are no more than five
            classes.
        expected_cost: Mean over samples of the cost that is expected if each exit stops with its probability, relative
            to the full network.
        policy: What the selected policy delivers.
        stop_at_half: What stop probabilities alone deliver, where samples leave as soon as one is at least one half.
    """

    accuracy: float
    top5_accuracy: float | None = None
    expected_cost: float
    policy: HardExits
    stop_at_half: HardExits

    @property
    def figures(self) -> dict[str, float]:
        """All figures side by side; those of hard exits as ``policy_<figure>`` and ``stop_at_half_<figure>``."""
        hard = {"policy": self.policy, "stop_at_half": self.stop_at_half}
        return {
            "accuracy": self.accuracy,
            **({} if self.top5_accuracy is None else {"top5_accuracy": self.top5_accuracy}),
            "expected_cost": self.expected_cost,
            **{f"{name}_{key}": float(value) for name, own in hard.items() for key, value in own},
        }


class BudgetPolicy(SummaryPart):
    """The policy of the front that is best on ``search`` among those that keep to a compute budget there.

    Attributes:
        budget: The largest mean cost, relative to the full network that the policy is for.
        position: Place of the policy in the front, from 1.
        network: Name of the network that the policy is for; empty where there is one network alone.
        rule: Name of the policy's rule.
        search: The figures by which it was chosen: the quality that the task is about, and ``mean_cost``.
        test: The same on ``test``, with ``top5_accuracy`` where there are more than five classes, ``p90_cost`` and
            ``worst_cost``; None where there is no such split.
    """

    budget: float
    position: int
    network: str = ""
    rule: str = ""
    search: dict[str, float]
    test: dict[str, float] | None = None
