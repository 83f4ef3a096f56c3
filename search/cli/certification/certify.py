"""``exitsearch certify``: certify a policy from anywhere on a table that nobody chose it on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from rich.console import Console
import typer

from policies.certificates.claims import Claim, require_delta
from policies.errors import ClaimError
from policies.files.real_path import real_path
from policies.policy import Policy
from policies.qualities.base import ACCURACY
from policies.tables.base import ExitTable
from policies.tables.classification import ClassificationTable
from policies.tables.sample_arrays.column_file import ColumnFile
from search.cli.certification.labels import Labelling, certify_with_labels, read_files, write_order
from search.cli.certification.printing import print_certificate
from search.cli.exit_code import ExitCode
from search.cli.options.fields import assigned, number_or_mapping


if TYPE_CHECKING:
    from policies.certificates.bootstrap import BootstrapBound
    from policies.certificates.certificate import Certificate


def certify(
    policy: Annotated[Path, typer.Argument(metavar="POLICY.json", help="A policy, from a sweep or from elsewhere.")],
    table: Annotated[
        Path,
        typer.Argument(
            metavar="TABLE.npz", help="The exit table of its network on samples that nothing was chosen on."
        ),
    ],
    target: Annotated[
        float | None, typer.Option(help="Least accuracy, or least value of another --quality, such as 0.95.")
    ] = None,
    quality: Annotated[
        str,
        typer.Option(
            help="What the target and bare drops are about: accuracy, a mean over samples such as image_f1, or of "
            "sets of labels exact_match, hamming, label_micro_f1, label_f1[NAME]."
        ),
    ] = ACCURACY,
    bound: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE", help="Least value of a further quality, of hamming the largest; may be repeated."
        ),
    ] = None,
    max_drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER | NAME=VALUE",
            help="Largest loss of the quality against the full network, gains counted, such as 0.01; or of others, "
            "such as hamming=0.005: may then be repeated.",
        ),
    ] = None,
    max_relative_drop: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NUMBER | NAME=VALUE",
            help="Largest share of the full network's quality that is lost, such as 0.15 to keep 85 %; or of others.",
        ),
    ] = None,
    max_degradation: Annotated[
        float | None,
        typer.Option(help="Largest share that the full network has right and the policy wrong."),
    ] = None,
    max_disagreement: Annotated[
        float | None,
        typer.Option(help="Largest share that the policy answers otherwise than the full network; it needs no labels."),
    ] = None,
    class_floor: Annotated[float | None, typer.Option(help="Least recall of every class.")] = None,
    exit_floor: Annotated[
        float | None, typer.Option(help="Least accuracy, or other quality, of those that leave at each exit.")
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Claim the same for every value of a column of the table, such as site, each by itself.",
        ),
    ] = None,
    columns: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.csv",
            help="Where the table lacks the column of --by: a file with a column id, and that one, for every sample.",
        ),
    ] = None,
    delta: Annotated[float, typer.Option(help="Largest probability of certifying what does not hold.")] = 0.05,
    bootstrap_f1: Annotated[
        bool, typer.Option("--bootstrap-f1", help="Add a bootstrap lower bound of macro-F1; it is never certified.")
    ] = False,
    bootstrap: Annotated[
        str | None,
        typer.Option(
            metavar="QUALITY",
            help="Add a bootstrap lower bound of a quality that looks at all answers together, such as map_50; it is "
            "never certified.",
        ),
    ] = None,
    search: Annotated[
        Path | None,
        typer.Option(
            metavar="TABLE.npz",
            help="The exit table that the policy was chosen on: by what is lost there the surer test is taken of means "
            "and drops over groups, and of drops of hamming. Where left out, the usual one.",
        ),
    ] = None,
    unlabelled: Annotated[
        bool, typer.Option("--unlabelled", help="The table has no labels: its `labels` are absent, or -1 throughout.")
    ] = False,
    to_label: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.csv",
            help="Write which samples must be labelled for a --max-drop or --max-degradation, and in which order: "
            "those whose answers differ from the full network's.",
        ),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option(metavar="LABELLED.csv", help="What --to-label has written, with its column `label` filled."),
    ] = None,
    sequential: Annotated[
        bool,
        typer.Option(
            "--sequential",
            help="Look at labels as they come, the first ones in the order, and stop as soon as the claim is proved.",
        ),
    ] = False,
    budget: Annotated[
        int | None, typer.Option(help="With --sequential: most labels that will be given; it may be raised later.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write the certificate to this JSON file; where left out it is only printed.")
    ] = None,
) -> None:
    """Certify a policy: state what holds on new data of the same kind, at confidence 1 - delta.

    Give at least one of `--target`, `--max-drop`, `--max-relative-drop`, `--max-degradation`, `--max-disagreement` and
    `--bound`; everything that is given must hold together.
    Where the table has groups, or parents, whole ones are counted, not their samples. A table certifies one policy:
    trying several on it and keeping the best is choosing on it.

    Where the table has no labels, `--to-label` writes the few that a drop needs, and `--labels` takes them.

    Exit status: 0 certified, or with `--to-label` written; 3 not certified, with the reason, or not yet; 2 wrong input.

    For example:

    - `exitsearch certify policy.json certify.npz --target 0.95`

    - `exitsearch certify policy.json certify.npz --max-drop 0.01 --class-floor 0.8 --out certificate.json`

    - `exitsearch certify policy.json certify.npz --quality image_f1 --target 0.8 --bootstrap map_50`

    - `exitsearch certify policy.json certify.npz --max-drop exact_match=0.02 --max-drop hamming=0.005`

    - `exitsearch certify policy.json unlabelled.npz --unlabelled --max-disagreement 0.02`

    - `exitsearch certify policy.json unlabelled.npz --unlabelled --max-drop 0.01 --to-label to_label.csv`

    - `exitsearch certify policy.json unlabelled.npz --unlabelled --max-drop 0.01 --labels to_label.csv`

    - `exitsearch certify policy.json certify.npz --target 0.9 --by site --columns sites.csv`
    """
    claim = Claim(
        target=target,
        max_drop=number_or_mapping("--max-drop", max_drop) if max_drop else None,
        max_degradation=max_degradation,
        max_disagreement=max_disagreement,
        class_floor=class_floor,
        exit_floor=exit_floor,
        max_relative_drop=(number_or_mapping("--max-relative-drop", max_relative_drop) if max_relative_drop else None),
        quality=quality,
        bounds=dict(assigned("--bound", text) for text in bound or ()),
        by=by,
    )
    if columns is not None and by is None:
        raise ClaimError(f"--columns is for --by, which is not given; add --by COLUMN or leave {columns} out")
    labelling = Labelling(unlabelled=unlabelled, to_label=to_label, labels=labels, sequential=sequential, budget=budget)
    labelling.require_sensible(
        claim, {"--out": out, "--search": search, "--bootstrap-f1": bootstrap_f1 or None, "--bootstrap": bootstrap}
    )
    if to_label is not None:
        write_order(
            *(policy, table, claim, labelling), delta=delta, search_file=search, to_label=to_label, console=Console()
        )
        return
    certificate = certify_command(
        *(policy, table, claim),
        delta=delta,
        labelling=labelling,
        search_file=search,
        columns_file=columns,
        bootstrap_f1=bootstrap_f1,
        bootstrap=bootstrap,
        out=out,
        console=Console(),
    )
    raise typer.Exit(ExitCode.DONE if certificate.certified else ExitCode.NOT_ACHIEVED)


def certify_command(
    policy_file: Path,
    table_file: Path,
    claim: Claim,
    *,
    delta: float,
    labelling: Labelling | None = None,
    search_file: Path | None = None,
    columns_file: Path | None = None,
    bootstrap_f1: bool = False,
    bootstrap: str | None = None,
    out: Path | None,
    console: Console,
) -> Certificate:
    """Certify, print what is certain, and write the certificate where that is asked for.

    Args:
        policy_file: A policy's JSON file; where it states what the policy was chosen on, that is refused.
        table_file: The exit table of the policy's network on ``certify``.
        claim: Claim that the policy is to meet.
        delta: Largest probability of certifying what does not hold, in (0, 1).
        labelling: What is known of the table's labels; None where it has them.
        search_file: The exit table that the policy was chosen on, or None.
        columns_file: A CSV file with the column that the claim is made by, or None where the table has it.
        bootstrap_f1: Whether a bootstrap bound of macro-F1 is added.
        bootstrap: Name of a pooled quality of which a bootstrap bound is added, or None.
        out: Where the certificate is written to, or None.
        console: Console that the result is printed on.

    Raises:
        ExitSearchError: For anything that the user can put right.
    """
    require_delta(delta)
    own = labelling or Labelling()
    _require_writable(
        out, tuple(one for one in (policy_file, table_file, search_file, columns_file, own.labels) if one)
    )
    policy, table, search = read_files(policy_file, table_file, search_file, unlabelled=own.unlabelled)
    table, search = _with_columns(table, search, claim, columns_file)
    if own.labels is not None:
        certificate, progress = certify_with_labels(policy, table, claim, own, delta=delta, search=search)
    else:
        # Here, since these imports take seconds.
        from policies.certificates.certificate import certify_policy

        certificate, progress = certify_policy(policy, table, claim, delta=delta, search=search), None
    bounds = _bootstrapped(policy, table, table_file, delta=delta, has_f1=bootstrap_f1, quality=bootstrap)
    if out:
        _write(certificate, bounds, out)
    print_certificate(console, certificate, bounds, out, progress=progress)
    return certificate


def _with_columns(
    table: ExitTable, search: ExitTable | None, claim: Claim, columns_file: Path | None
) -> tuple[ExitTable, ExitTable | None]:
    """The tables with the column that a claim is made by, where a file has it of their samples."""
    if columns_file is None or claim.by is None:
        return table, search
    file = ColumnFile.read(columns_file)
    if claim.by in table.columns:
        raise ClaimError(
            f"the column {claim.by!r} must come from one place but the table and {file.path} both have it; leave "
            f"--columns out, or name another column"
        )
    if search is not None and claim.by not in search.columns and file.holds(search.ids):
        search = search.with_columns({claim.by: file.column(claim.by, search.ids)})
    return table.with_columns({claim.by: file.column(claim.by, table.ids)}), search


def _bootstrapped(
    policy: Policy, table: ExitTable, table_file: Path, *, delta: float, has_f1: bool, quality: str | None
) -> list[BootstrapBound]:
    """The bootstrap bounds that were asked for."""
    # Here, since the import takes seconds.
    from policies.certificates.bootstrap import macro_f1_lower_bound, quality_lower_bound

    bounds = []
    if has_f1:
        if not isinstance(table, ClassificationTable):
            raise ClaimError(
                f"--bootstrap-f1 is about classes but {table_file} has answers of {table.task!r}; leave it out"
            )
        bounds.append(macro_f1_lower_bound(table, policy.decide(table), delta=delta))
    if quality is not None:
        bounds.append(quality_lower_bound(quality, table, policy.decide(table), delta=delta))
    return bounds


def _require_writable(out: Path | None, inputs: tuple[Path, ...]) -> None:
    if out is None:
        return
    if not out.parent.is_dir():
        raise ClaimError(f"the certificate's folder must exist but there is no {out.parent}; make it or change --out")
    if out.is_dir() or real_path(out) in map(real_path, inputs):
        raise ClaimError(f"--out must be a file of its own but is {out}; give another name")


def _write(certificate: Certificate, bounds: list[BootstrapBound], out: Path) -> None:
    told = [bound.to_dict() for bound in bounds]
    try:
        certificate.save(out, **({"bootstrap": told[0] if len(told) == 1 else told} if told else {}))
    except OSError as error:
        raise ClaimError(f"the certificate must be writable but {out} is not ({error.strerror})") from None
