"""What is typed of a table's labels, and which options go together with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from policies.certificates.claims import Claim
from policies.errors import ClaimError
from search.errors import ConfigError


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
                    f"--max-drop or --max-degradation write the few samples that it needs with --to-label OUT.csv, for "
                    f"a --target with --sequential too"
                )
            return
        # Here, since the import takes seconds.
        from policies.certificates.labelling.needed import require_few_labels

        require_few_labels(claim, sequential=self.sequential)
