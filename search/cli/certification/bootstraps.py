"""Bootstrap bounds beside a certificate: approximations, which are never certified."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from policies.errors import ClaimError
from policies.tables.classification import ClassificationTable
from search.cli.certification.input_files import Inputs


if TYPE_CHECKING:
    from policies.certificates.bootstrap import BootstrapBound


@dataclass(frozen=True)
class Bootstraps:
    """Which bootstrap bounds are asked for.

    Attributes:
        has_f1: Whether that of macro-F1 is.
        quality: Name of a pooled quality of which one is, or None.
    """

    has_f1: bool = False
    quality: str | None = None

    @property
    def typed(self) -> Mapping[str, object]:
        """Values of the options by their names, None where they were not typed."""
        return {"--bootstrap-f1": self.has_f1 or None, "--bootstrap": self.quality}

    def bounds(self, inputs: Inputs, table_file: Path, *, delta: float) -> list[BootstrapBound]:
        """The bounds that are asked for.

        Args:
            inputs: The policy and its table.
            table_file: File of the table, as it is named in errors.
            delta: Level of the bounds, in (0, 1).

        Raises:
            ExitSearchError: If a quality is not one of the table's answers.
        """
        # Here, since the import takes seconds.
        from policies.certificates.bootstrap import macro_f1_lower_bound, quality_lower_bound

        policy, table, bounds = inputs.policy, inputs.table, []
        if self.has_f1:
            if not isinstance(table, ClassificationTable):
                raise ClaimError(
                    f"--bootstrap-f1 is about classes but {table_file} has answers of {table.task!r}; leave it out"
                )
            bounds.append(macro_f1_lower_bound(table, policy.decide(table), delta=delta))
        if self.quality is not None:
            bounds.append(quality_lower_bound(self.quality, table, policy.decide(table), delta=delta))
        return bounds
