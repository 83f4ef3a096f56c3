"""What ``exitsearch policy`` is asked for, and what that means on its tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from policies.errors import ExitSearchError
from policies.evolution.settings import EvolveSettings
from policies.goals.request import Request
from policies.rules import DEFAULT_RULES
from policies.selection.policy_search import PolicySearch
from policies.tables.base import ExitTable


if TYPE_CHECKING:
    from policies.selection.search_target import SearchTarget


@dataclass(frozen=True)
class PolicyRequest:
    """The options of the command.

    Attributes:
        search: File of the table that policies are chosen on.
        asked: What a policy must do.
        certify: File of the table that certifies.
        test: File of the table that is only reported.
        rules: Names of the rules; the default ones where empty.
        settings: How hard to search.
        seed: Same seed, same front.
        islands: Populations that evolve apart, as Ray tasks.
        calibration: How temperatures are found.
        out: Folder for the results; a numbered one below ``runs`` where None.

    Raises:
        ExitSearchError: If there is a table that certifies, but nothing that can be certified.
    """

    search: Path
    asked: Request
    certify: Path | None = None
    test: Path | None = None
    rules: tuple[str, ...] = ()
    settings: EvolveSettings = field(default_factory=EvolveSettings)
    seed: int = 0
    islands: int = 1
    calibration: Literal["lbfgs", "grid"] = "lbfgs"
    out: Path | None = None

    def __post_init__(self) -> None:
        if self.certify is not None and self.asked.claim is None:
            raise ExitSearchError(
                "--certify needs something that can be certified: a --target for accuracy, --max-drop, or --bound "
                "worst_class_recall=VALUE; there is no certificate for macro-F1, a budget or a drop against the greedy "
                "policy alone; leave --certify out"
            )

    def search_target(self, search: ExitTable, certify: ExitTable | None) -> SearchTarget:
        """What is searched for on these tables."""
        # Here, since the import takes seconds, and what was asked is checked before.
        from policies.selection.search_target import SplitSize, search_target

        def size(table: ExitTable) -> SplitSize:
            return SplitSize.of(table, table.truth)

        return search_target(self.asked, search=size(search), certify=None if certify is None else size(certify))

    @property
    def how(self) -> PolicySearch:
        """How policies are searched."""
        rules = self.rules or DEFAULT_RULES
        return PolicySearch(self.asked, rules, self.settings, self.seed, self.calibration, self.islands)
