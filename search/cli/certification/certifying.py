"""Certifying what was typed: what is read, tested, written and shown."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from policies.certificates.claims import Claim, require_delta
from search.cli.certification.bootstraps import Bootstraps
from search.cli.certification.input_files import InputFiles, Inputs
from search.cli.certification.labelling import Labelling
from search.cli.certification.printing import print_certificate
from search.cli.certification.to_label import certify_with_labels
from search.run_folder.new_folder import require_output_file, writing


if TYPE_CHECKING:
    from policies.certificates.bootstrap import BootstrapBound
    from policies.certificates.certificate import Certificate
    from policies.certificates.labelling.sequential import LabellingProgress


def certify_command(
    files: InputFiles,
    claim: Claim,
    labelling: Labelling | None = None,
    *,
    delta: float,
    bootstraps: Bootstraps | None = None,
    out: Path | None,
    console: Console,
) -> Certificate:
    """Certify, print what is certain, and write the certificate where that is asked for.

    Args:
        files: The files to read; where the policy states that it was chosen on samples of the table, that is refused.
        claim: Claim that the policy is to meet.
        labelling: What is known of the table's labels; None where it has them.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        bootstraps: Which bootstrap bounds are added; none where None.
        out: Where the certificate is written to, or None.
        console: Console that the result is printed on.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    require_delta(delta)
    labelling = labelling or Labelling()
    given = files.named if labelling.labels is None else (*files.named, labelling.labels)
    require_output_file(out, option="--out", inputs=given)
    inputs = files.read(claim, unlabelled=labelling.unlabelled)
    certificate, progress = _certified(inputs, claim, labelling, delta=delta)
    bounds = [] if bootstraps is None else bootstraps.bounds(inputs, files.table, delta=delta)
    if out:
        _write(certificate, bounds, out)
    print_certificate(console, certificate, bounds, out, progress=progress)
    return certificate


def _certified(
    inputs: Inputs, claim: Claim, labelling: Labelling, *, delta: float
) -> tuple[Certificate, LabellingProgress | None]:
    """The certificate; what labels prove so far is None where all are looked at together."""
    if labelling.labels is not None:
        return certify_with_labels(inputs, claim, labelling, labelling.labels, delta=delta)
    # Here, since the import takes seconds.
    from policies.certificates.certifying import certify_policy

    return certify_policy(inputs.policy, inputs.table, claim, delta=delta, search=inputs.search), None


def _write(certificate: Certificate, bounds: list[BootstrapBound], out: Path) -> None:
    told = [bound.to_dict() for bound in bounds]
    with writing(out, option="--out"):
        certificate.save(out, **({"bootstrap": told[0] if len(told) == 1 else told} if told else {}))
