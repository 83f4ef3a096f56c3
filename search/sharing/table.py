"""What several ways to share the data out would allow, as a table."""

from __future__ import annotations

from policies.qualities import in_words
from search.console_table import FigureRow, FigureTable
from search.sharing.proposal import Division, ProposedSplits


def divisions_table(proposal: ProposedSplits) -> FigureTable:
    """A row for each division, the smallest ``certify`` first; the proposed one is marked."""
    rows = tuple(_row(one, is_chosen=one.fractions == proposal.fractions) for one in proposal.divisions)
    return FigureTable(
        headings=("train", "units of certify", "provable at best", f"aim at power {proposal.power:g}", "half lost"),
        rows=rows,
        names="certify",
        title=f"What certify can prove: {in_words('; '.join(proposal.parts))}",
        caption="half lost = how probably a policy is certified that loses half of what may be lost",
    )


def _row(one: Division, *, is_chosen: bool) -> FigureRow:
    provable = ", ".join("none" if value is None else f"{value:.4f}" for value in one.provable)
    figures = (
        f"{one.fractions.train:.2f}",
        f"{one.n_certify:,}",
        provable,
        ", ".join(f"{value:.4f}" for value in one.aims) or "none",
        f"{one.chance:.2f}",
    )
    return FigureRow(f"{one.fractions.certify:.2f}{' (chosen)' if is_chosen else ''}", figures)
