"""What changed where a network was made into another one, such as one in eight bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from policies.metrics.exits import exit_accuracies
from policies.policy import Decision, Policy
from policies.tables.classification import ClassificationTable
from trainables.errors import ExportError


@dataclass(frozen=True)
class NetworkFigures:
    """A network with its policy on one split.

    Attributes:
        exit_accuracies: Accuracy of each exit alone, length E.
        accuracy: Of the policy.
        mean_depth: Of the policy; 1 is the first exit.
        n_bytes: Size of the network's files.
    """

    exit_accuracies: tuple[float, ...]
    accuracy: float
    mean_depth: float
    n_bytes: int


@dataclass(frozen=True)
class NetworkChange:
    """Two networks, each with its own policy, on the same samples.

    Attributes:
        before: The network that the other was made of.
        after: The network that was made of it.
        same_exit: Share of the samples that leave at the same exit in both.
        same_answer: Share of the samples that get the same answer from both.
    """

    before: NetworkFigures
    after: NetworkFigures
    same_exit: float
    same_answer: float

    def to_text(self, names: tuple[str, str] = ("fp32", "int8")) -> str:
        """The figures as a table in Markdown, a row for each network."""
        rows = [
            "| network | accuracy per exit | accuracy | mean depth | same exit | same answer | MB |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        for name, figures, shares in (
            (names[0], self.before, " | "),
            (names[1], self.after, f"{self.same_exit:.1%} | {self.same_answer:.1%}"),
        ):
            exits = " ".join(f"{accuracy:.4f}" for accuracy in figures.exit_accuracies)
            rows.append(
                f"| {name} | {exits} | {figures.accuracy:.4f} | {figures.mean_depth:.3f} | {shares} "
                f"| {figures.n_bytes / 1e6:.2f} |"
            )
        return "\n".join(rows)


@dataclass(frozen=True)
class Tabulated:
    """A network as it is compared.

    Attributes:
        table: What it says on a split.
        policy: Its own policy.
        n_bytes: Size of its files.
    """

    table: ClassificationTable
    policy: Policy
    n_bytes: int

    def figures(self, decision: Decision) -> NetworkFigures:
        """Its figures where its policy decided so."""
        return NetworkFigures(
            exit_accuracies=tuple(exit_accuracies(self.table).tolist()),
            accuracy=float((decision.answers == self.table.labels).mean()),
            mean_depth=float(decision.exits.mean() + 1),
            n_bytes=self.n_bytes,
        )


def compare_networks(before: Tabulated, after: Tabulated) -> NetworkChange:
    """Compare a network with the one that was made of it, on one split.

    Raises:
        ExportError: If the tables are not of the same samples in the same order.
        PolicyError: If a policy is not of its table's network.
    """
    if not np.array_equal(before.table.ids, after.table.ids):
        raise ExportError("networks are compared on the same samples but the tables have other ids; make them anew")
    one, other = before.policy.decide(before.table), after.policy.decide(after.table)
    return NetworkChange(
        before=before.figures(one),
        after=after.figures(other),
        same_exit=float((one.exits == other.exits).mean()),
        same_answer=float((one.answers == other.answers).mean()),
    )
