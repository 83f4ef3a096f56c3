"""Which samples are to be labelled, and what their labels prove."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from policies.certificates.claims import Claim, require_delta
from search.cli.certification.input_files import InputFiles, Inputs
from search.cli.certification.labelling import Labelling
from search.console_table import print_line
from search.run_folder.new_folder import require_output_file, writing


if TYPE_CHECKING:
    from policies.certificates.certificate import Certificate
    from policies.certificates.labelling.order import LabellingOrder
    from policies.certificates.labelling.sequential import LabellingProgress


def ask_for_labels(
    files: InputFiles, claim: Claim, labelling: Labelling, to_label: Path, *, delta: float, console: Console
) -> None:
    """Write which samples are to be labelled, in which order, and say how many.

    Args:
        files: The files to read.
        claim: Claim that the policy is to meet.
        labelling: What was typed of labels.
        to_label: The file to write, which must not be there.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        console: Console that is printed on.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    require_delta(delta)
    require_output_file(to_label, option="--to-label", inputs=files.named)
    inputs = files.read(claim, unlabelled=True)
    # Here, since these imports take seconds.
    from policies.certificates.labelling.labels_file import write_labels_file
    from policies.certificates.labelling.order import labelling_order
    from policies.certificates.labelling.within_reach import require_within_reach

    order = labelling_order(
        *(inputs.policy, inputs.table, claim),
        delta=delta,
        sequential=labelling.sequential,
        search=inputs.search,
    )
    require_within_reach(
        inputs.policy, order, claim, delta=delta, sequential=labelling.sequential, search=inputs.search
    )
    with writing(to_label, option="--to-label"):
        write_labels_file(order, to_label)
    print_line(console, f"To label {to_label}: {_how_many(order)}")
    how = "from the first row on, as many as you like" if labelling.sequential else "all rows"
    print_line(console, f"Fill its column label, {how}, and give it to --labels with the same options")


def certify_with_labels(
    inputs: Inputs, claim: Claim, labelling: Labelling, labels_file: Path, *, delta: float
) -> tuple[Certificate, LabellingProgress | None]:
    """Certify with the labels of a file; what they prove so far is None where all are looked at together.

    Args:
        inputs: The policy and its tables.
        claim: Claim that the policy is to meet.
        labelling: What was typed of labels.
        labels_file: The file of labels.
        delta: Largest probability of certifying what does not hold, in (0, 1).

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    from policies.certificates.labelling.few_labels import certify_with_few_labels
    from policies.certificates.labelling.labels_file import read_labels_file
    from policies.certificates.labelling.sequential import certify_as_labelled

    policy, table = inputs.policy, inputs.table
    labels = partial(read_labels_file, labels_file)
    if not labelling.sequential:
        return certify_with_few_labels(policy, table, claim, labels, delta=delta, search=inputs.search), None
    progress = certify_as_labelled(policy, table, claim, labels, delta=delta, budget=labelling.budget)
    return progress.certificate, progress


def _how_many(order: LabellingOrder) -> str:
    """How many are to be labelled, and which."""
    of_units = "" if order.n == order.units.n else f", {order.units.kind} by {order.units.kind} ({order.units.n})"
    if order.needed.all():
        return f"all {order.n} {order.unit}s{of_units}"
    return (
        f"{len(order.asked)} of {order.n} {order.unit}s, where the policy answers otherwise than the full network"
        f"{of_units}"
    )
