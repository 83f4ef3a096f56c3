"""The files that a certificate is made from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from policies.certificates.claims import Claim
from policies.certificates.unseen import require_unseen
from policies.errors import ClaimError
from policies.policy import Policy
from policies.tables.base import ExitTable
from policies.tables.sample_arrays.column_file import ColumnFile
from policies.tasks import load_table
from search.loading import tell_loading


@dataclass(frozen=True)
class Inputs:
    """What was read.

    Attributes:
        policy: The policy to certify.
        table: The table that is to certify it.
        search: The table that it was chosen on, or None.
    """

    policy: Policy
    table: ExitTable
    search: ExitTable | None


@dataclass(frozen=True)
class InputFiles:
    """The files to read.

    Attributes:
        policy: A policy's JSON file.
        table: The exit table of the policy's network on ``certify``.
        search: The exit table that the policy was chosen on, or None.
        columns: A CSV file with the column that the claim is made by, or None where the table has it.
    """

    policy: Path
    table: Path
    search: Path | None = None
    columns: Path | None = None

    @property
    def named(self) -> tuple[Path, ...]:
        """All that are given."""
        every = (self.policy, self.table, self.search, self.columns)
        return tuple(one for one in every if one is not None)

    def read(self, claim: Claim, *, unlabelled: bool) -> Inputs:
        """Read the policy and its tables, with the column that the claim is made by.

        Args:
            claim: Claim that the policy is to meet.
            unlabelled: Whether the table has no labels.

        Raises:
            ExitSearchError: If a file is missing or damaged, the policy was chosen on samples of the table, or the
                column is of no use.
        """
        if self.columns is not None and claim.by is None:
            raise ClaimError(f"--columns is for --by, which is not given; add --by COLUMN or leave {self.columns} out")
        table = load_table(self.table, unlabelled=unlabelled)
        if self.policy.is_file():
            # A policy is read by its rule, which may need them too.
            tell_loading("scipy.stats")
        policy = Policy.load(self.policy)
        require_unseen(policy, table, names=(str(self.policy), str(self.table)))
        search = None if self.search is None else load_table(self.search)
        return self._with_column(Inputs(policy, table, search), claim.by)

    def _with_column(self, inputs: Inputs, by: str | None) -> Inputs:
        """The tables with a column, where a file has it of their samples."""
        if self.columns is None or by is None:
            return inputs
        table, search, file = inputs.table, inputs.search, ColumnFile.read(self.columns)
        if by in table.columns:
            raise ClaimError(
                f"the column {by!r} must come from one place but the table and {file.path} both have it; leave "
                f"--columns out, or name another column"
            )
        if search is not None and by not in search.columns and file.holds(search.ids):
            search = search.with_columns({by: file.column(by, search.ids)})
        return replace(inputs, table=table.with_columns({by: file.column(by, table.ids)}), search=search)
