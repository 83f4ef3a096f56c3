"""How a certificate is shown: its parts, what it rests on, and the verdict."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from policies.certificates.words import CERTIFIED, NOT_CERTIFIED, proof_in_words
from policies.qualities import in_words
from policies.registry import capital, number_of
from search.console_table import FigureRow, FigureTable, print_line
from search.run_folder.verdict import least_certain_in_words


if TYPE_CHECKING:
    from policies.certificates.bootstrap import BootstrapBound
    from policies.certificates.certificate import Certificate
    from policies.certificates.labelling.sequential import LabellingProgress
    from policies.certificates.parts.result import PartResult


_MOST_SHOWN = 20


def print_certificate(
    console: Console,
    certificate: Certificate,
    bounds: list[BootstrapBound],
    out: Path | None,
    *,
    progress: LabellingProgress | None = None,
) -> None:
    """Print a certificate and what was asked for beside it.

    Args:
        console: Console that is printed on.
        certificate: The certificate, whether it is certified or not.
        bounds: Bootstrap bounds that were asked for.
        out: File that the certificate was written to, or None.
        progress: What the labels so far prove, where they are looked at as they come.
    """
    _parts_table(certificate).print_on(console)
    for one in bounds:
        print_line(
            console,
            f"{one.figure} {one.observed:.4f}, bootstrap lower bound {one.bound:.4f} over "
            f"{one.n} {one.unit}s: an approximation, not certified",
        )
    for note in certificate.notes:
        print_line(console, f"note: {note}", style="yellow")
    if certificate.worst_subgroup is not None:
        print_line(console, capital(in_words(least_certain_in_words(certificate))))
    print_line(console, _verdict(certificate, progress))
    if out:
        console.print(f"Certificate {out}", soft_wrap=True, highlight=False, markup=False)


def _parts_table(certificate: Certificate) -> FigureTable:
    shown = _least_certain(certificate.parts)
    n_left_out = len(certificate.parts) - len(shown)
    return FigureTable(
        headings=("required", "observed", "bound", f"{certificate.unit}s", "p-value", "holds"),
        rows=tuple(FigureRow(part.name, _figures(part)) for part in shown),
        names="claim",
        caption=f"... and {n_left_out} surer ones" if n_left_out else "",
    )


def _figures(part: PartResult) -> tuple[str, ...]:
    return (
        f"{part.relation} {part.required:g}",
        "-" if part.observed is None else f"{part.observed:.4f}",
        f"{part.bound:.4f}",
        str(part.n),
        f"{part.p_value:.2g}",
        "yes" if part.passed else "no",
    )


def _least_certain(parts: tuple[PartResult, ...]) -> tuple[PartResult, ...]:
    """The main part and the least certain of the others, in their order."""
    others = sorted(parts[1:], key=lambda part: part.p_value, reverse=True)[:_MOST_SHOWN]
    return (parts[0], *(part for part in parts[1:] if part in others))


def _verdict(certificate: Certificate, progress: LabellingProgress | None) -> str:
    if not certificate.certified:
        # Labels that are still to come may prove it.
        yet = " yet" if progress is not None and progress.standing == "go on" else ""
        return f"{NOT_CERTIFIED}{yet}".upper() + f": {in_words(certificate.reason)}"
    n_labels = None if progress is None else progress.proved_after
    after = "" if n_labels is None else f", proved after {number_of(n_labels, 'label')}"
    where = "" if certificate.unit == "sample" else f", over {certificate.unit}s"
    claim = f"{in_words(str(certificate.claim))}{where}"
    proof = proof_in_words(claim, bound=certificate.stated_bound, delta=certificate.delta)
    return f"{capital(CERTIFIED)}: {proof}{after}"
