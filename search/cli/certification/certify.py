"""``exitsearch certify``: certify a policy from anywhere on a table that nobody chose it on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.console import Console
import typer

from policies.certificates.claims import Claim
from policies.qualities.base import ACCURACY
from search.cli.certification.bootstraps import Bootstraps
from search.cli.certification.certifying import certify_command
from search.cli.certification.input_files import InputFiles
from search.cli.certification.labelling import Labelling
from search.cli.certification.to_label import ask_for_labels
from search.cli.exit_code import ExitCode
from search.cli.options.fields import assigned, number_or_mapping


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
        int | None,
        typer.Option(
            min=1,
            max=1_000_000_000,
            help="With --sequential: most labels that will be given; it may be raised later.",
        ),
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
        max_relative_drop=number_or_mapping("--max-relative-drop", max_relative_drop) if max_relative_drop else None,
        quality=quality,
        bounds=dict(assigned("--bound", text) for text in bound or ()),
        by=by,
    )
    files = InputFiles(policy, table, search=search, columns=columns)
    labelling = Labelling(unlabelled, to_label=to_label, labels=labels, sequential=sequential, budget=budget)
    bootstraps = Bootstraps(has_f1=bootstrap_f1, quality=bootstrap)
    labelling.require_sensible(claim, {"--out": out, "--search": search, **bootstraps.typed})
    if to_label is not None:
        ask_for_labels(files, claim, labelling, to_label, delta=delta, console=Console())
        return
    certificate = certify_command(
        files, claim, labelling, delta=delta, bootstraps=bootstraps, out=out, console=Console()
    )
    raise typer.Exit(ExitCode.DONE if certificate.certified else ExitCode.NOT_ACHIEVED)
