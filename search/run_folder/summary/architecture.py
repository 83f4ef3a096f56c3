"""What a summary tells of a network whose edges choose among operations."""

from __future__ import annotations

from search.run_folder.summary.part import SummaryPart


_FIGURES = ("other_than_alpha", "choices_other_than_alpha", "other_than_most", "perturbation_sd", "squared_norm")


class ArchitectureSummary(SummaryPart):
    """Which operations the edges choose on ``search``, and how much that varies over its samples.

    Attributes:
        n_inputs: Number of samples that it was seen on.
        n_edges: Number of edges.
        operations: Number of edges on which each operation has the largest mean share, that of most edges first;
            operations without any are left out.
        is_adaptive: Whether the architecture is moved for a sample; else all have the same.
        other_than_alpha: Share of the samples that would choose another operation than the global parameters do, on at
            least one edge.
        choices_other_than_alpha: The same of all choices, one for each sample on each edge.
        other_than_most: Share of the samples that would choose another operation than most samples do, on at least one
            edge.
        perturbation_sd: Standard deviation over samples of what the architecture parameters are moved by: root of the
            mean variance of all entries.
        squared_norm: Mean over samples of the squared norm of what they are moved by.
    """

    n_inputs: int
    n_edges: int
    operations: dict[str, int]
    is_adaptive: bool
    other_than_alpha: float
    choices_other_than_alpha: float
    other_than_most: float
    perturbation_sd: float
    squared_norm: float

    @property
    def figures(self) -> dict[str, float]:
        """The figures of how much it varies; none where it does not."""
        return {name: getattr(self, name) for name in _FIGURES} if self.is_adaptive else {}

    @property
    def sentence(self) -> str:
        """All of it for a person."""
        (first, n_first), *others = self.operations.items()
        chosen = ", ".join([f"{n_first} of {self.n_edges} edges choose {first}", *(f"{n} {one}" for one, n in others)])
        if not self.is_adaptive:
            return f"{chosen}; the same for all inputs"
        return (
            f"{chosen}; on some edge {self.other_than_alpha:.1%} of the inputs would choose another operation than "
            f"alpha does ({self.choices_other_than_alpha:.1%} of all choices), {self.other_than_most:.1%} another than "
            f"most inputs do; sd of Delta alpha {self.perturbation_sd:.3f}"
        )
