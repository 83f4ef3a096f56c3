"""Tables without labels, or with few: which options go together, what is to be labelled, and what labels prove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from policies.certificates.claims import Claim, require_delta
from policies.certificates.unseen import require_unseen
from policies.errors import ClaimError
from policies.policy import Policy
from policies.tables.base import ExitTable
from policies.tasks import load_table
from search.console_table import print_line
from search.errors import ConfigError
from search.loading import tell_loading


if TYPE_CHECKING:
    from policies.certificates.certificate import Certificate
    from policies.certificates.labelling.sequential import LabellingProgress


@dataclass(frozen=True)
class Labelling:
    """What is known of a table's labels, as it was typed.

    Attributes:
        unlabelled: Whether the table has no labels.
        to_label: Where it is written which samples are to be labelled, or None.
        labels: File of the labels that were given, or None.
        sequential: Whether labels are looked at as they come.
        budget: Most labels that will be given, or None.
    """

    unlabelled: bool = False
    to_label: Path | None = None
    labels: Path | None = None
    sequential: bool = False
    budget: int | None = None

    def require_sensible(self, claim: Claim, others: Mapping[str, object]) -> None:
        """Refuse options that do not go together.

        Args:
            claim: What is claimed.
            others: Values of other options by their names, None where they were not typed.

        Raises:
            ExitSearchError: If some do not.
        """
        own = {
            "--to-label": self.to_label,
            "--labels": self.labels,
            "--sequential": self.sequential or None,
            "--budget": self.budget,
        }
        given = [name for name, value in own.items() if value is not None]
        if given and not self.unlabelled:
            raise ConfigError(f"{given[0]} is for a table without labels; add --unlabelled, or leave {given[0]} out")
        if self.to_label is not None and self.labels is not None:
            raise ConfigError("--to-label writes what --labels reads, filled in; give one of them")
        if self.budget is not None and not self.sequential:
            raise ConfigError("--budget is how many labels --sequential may take; add that, or leave --budget out")
        if self.budget is not None and self.budget < 1:
            raise ConfigError(f"--budget must be at least 1 label but is {self.budget}")
        if self.sequential and self.labels is None and self.to_label is None:
            raise ConfigError(
                "--sequential looks at labels as they come; write what is to be labelled with --to-label, or add "
                "--labels with the labels so far"
            )
        self._require_alone(others)
        if self.unlabelled:
            self._require_labels_for(claim)

    def _require_alone(self, others: Mapping[str, object]) -> None:
        typed = {name for name, value in others.items() if value is not None}
        for name in sorted(typed & {"--bootstrap-f1", "--bootstrap"}):
            if self.unlabelled:
                raise ConfigError(f"{name} judges all answers, which needs every label; leave it out")
        if self.to_label is not None and "--out" in typed:
            raise ConfigError("--out takes a certificate, and --to-label makes none yet; leave --out out")
        if self.to_label is not None and self.budget is not None:
            raise ConfigError("--budget counts when labels are looked at; leave it out of --to-label")
        if self.sequential and "--search" in typed:
            raise ConfigError(
                "--search settles which test a drop has, and --sequential has one of its own; leave one out"
            )

    def _require_labels_for(self, claim: Claim) -> None:
        if self.to_label is None and self.labels is None:
            if claim.needs_labels:
                raise ClaimError(
                    f"only --max-disagreement needs no labels but the claim is that {claim}; label the table, or for a "
                    f"--max-drop or --max-degradation write the few samples that it needs with --to-label OUT.csv"
                )
            return
        # Here, since the import takes seconds.
        from policies.certificates.labelling.order import require_few_labels

        require_few_labels(claim)
        if self.sequential:
            from policies.certificates.labelling.sequential import require_one_loss

            require_one_loss(claim)


def read_files(
    policy_file: Path, table_file: Path, search_file: Path | None, *, unlabelled: bool
) -> tuple[Policy, ExitTable, ExitTable | None]:
    """Read a policy, the table that is to certify it, and the one that it was chosen on, if that is given.

    Raises:
        ExitSearchError: If one of them is missing or damaged, or the policy was chosen on samples of the first table.
    """
    table = load_table(table_file, unlabelled=unlabelled)
    if policy_file.is_file():
        # A policy is read by its rule, which may need them too.
        tell_loading("scipy.stats")
    policy = Policy.load(policy_file)
    require_unseen(policy, table, names=(str(policy_file), str(table_file)))
    return policy, table, None if search_file is None else load_table(search_file)


def write_order(
    policy_file: Path,
    table_file: Path,
    claim: Claim,
    labelling: Labelling,
    *,
    delta: float,
    search_file: Path | None,
    to_label: Path,
    console: Console,
) -> None:
    """Write which samples are to be labelled, in which order, and say how many.

    Args:
        policy_file: A policy's JSON file.
        table_file: The exit table of the policy's network on ``certify``, without labels.
        claim: Claim that the policy is to meet.
        labelling: What was typed of labels.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        search_file: The exit table that the policy was chosen on, or None.
        to_label: The file to write, which must not be there.
        console: Console that is printed on.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    require_delta(delta)
    if not to_label.parent.is_dir():
        raise ClaimError(
            f"the folder of --to-label must exist but there is no {to_label.parent}; make it or change that"
        )
    policy, table, search = read_files(policy_file, table_file, search_file, unlabelled=True)
    from policies.certificates.labelling.labels_file import write_labels_file
    from policies.certificates.labelling.order import labelling_order
    from policies.certificates.labelling.sequential import require_single_samples

    order = labelling_order(policy, table, claim, delta=delta, sequential=labelling.sequential, search=search)
    if labelling.sequential:
        require_single_samples(order)
    write_labels_file(order, to_label)
    n_asked = len(order.asked)
    print_line(
        console,
        f"To label {to_label}: {n_asked} of {order.n} {order.unit}s, where the policy answers otherwise than the full "
        f"network",
    )
    how = "from the first row on, as many as you like" if labelling.sequential else "all rows"
    print_line(console, f"Fill its column label, {how}, and give it to --labels with the same options")


def certify_with_labels(
    policy: Policy,
    table: ExitTable,
    claim: Claim,
    labelling: Labelling,
    *,
    delta: float,
    search: ExitTable | None,
) -> tuple[Certificate, LabellingProgress | None]:
    """Certify with the labels of a file; what they prove so far is None where all are looked at together.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    from policies.certificates.labelling.few_labels import certify_with_few_labels
    from policies.certificates.labelling.labels_file import read_labels_file
    from policies.certificates.labelling.order import labelling_order
    from policies.certificates.labelling.sequential import certify_as_labelled

    if labelling.labels is None:
        raise ConfigError("labels are read from a file but --labels was not given; add it")
    order = labelling_order(policy, table, claim, delta=delta, sequential=labelling.sequential, search=search)
    labels = read_labels_file(labelling.labels, order)
    if not labelling.sequential:
        return certify_with_few_labels(policy, table, claim, labels, delta=delta, search=search), None
    progress = certify_as_labelled(policy, table, claim, labels, delta=delta, budget=labelling.budget)
    return progress.certificate, progress
