"""``exitsearch routing``: nine ways to train routing with a detector's exits, as notes had them, with mAP."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from rich.console import Console
import typer

from search.cli.options.sweep import LOADING, DataDir
from search.console_table import print_line
from search.loading import tell_loading
from search.run_folder.finished import require_finished_sweep
from search.run_folder.new_folder import require_writable


def routing(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder of a finished sweep of a detector, such as runs/bccd-1.")
    ],
    phase: Annotated[
        list[str] | None, typer.Option(help="Phase to make again, 1.1 to 1.9; may be repeated. All where left out.")
    ] = None,
    epochs: Annotated[int, typer.Option(min=1, max=100_000, help="Epochs of each phase; the notes had 20.")] = 3,
    images: Annotated[int, typer.Option(min=2, max=1_000_000, help="Most images of train that are trained on.")] = 96,
    new_heads: Annotated[bool, typer.Option("--new-heads", help="Begin with heads that have learnt nothing.")] = False,
    unmatched: Annotated[
        bool,
        typer.Option(
            "--unmatched",
            help="Begin with new heads, and give anchors to objects in their order instead of by overlap, as the notes "
            "did: the root of what happened to them. Compare it with --new-heads.",
        ),
    ] = False,
    networks: Annotated[
        bool, typer.Option("--networks", help="Write the detector of each phase too, which its policy is for.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="Seed of all that is drawn.")] = 0,
    data_dir: DataDir = None,
) -> None:
    """Make the routing phases of the notes again, with mAP beside the exit mix.

    The sweep's detector, which passed its gate, is the start of each phase: its heads are trained with a router, its
    backbone is left as it is. The router then is a policy like any other. Each phase is a row: thresholds from start to
    end, temperatures, exit mix, mAP@.5 of the mixture and of the full network, cost, and what the notes had. Below
    stand the collapse alarms, with reasons.

    All of it is on `search`. Nine ways are compared here, and what is compared on `certify` or `test` has used them up:
    these are left alone. So these figures are for understanding, no promise for new images.

    Written to RUN/routing, or its folder new-heads or unmatched: `routing.csv`, and the policy of each phase, with the
    curve of its training. What an earlier run wrote there is replaced.

    Exit status: 0 done, however they routed; 2 wrong input.

    For example:

    - `exitsearch routing runs/bccd-1`

    - `exitsearch routing runs/bccd-1 --phase 1.4 --phase 1.7 --epochs 20`

    - `exitsearch routing runs/bccd-1 --unmatched`
    """
    # Here and below, since these imports take seconds, and help needs none of them.
    from trainables.routing.presets import PHASES, get_phase

    chosen = [get_phase(name) for name in dict.fromkeys(phase or PHASES)]
    require_finished_sweep(run)
    require_writable(run, what="RUN")
    tell_loading("torch", LOADING)
    from search.routing.console import print_phases
    from search.routing.files import write_phases
    from search.routing.phases import RoutedSweep, RoutingOptions

    routed = RoutedSweep.of(run, data_dir)
    options = RoutingOptions(
        epochs=epochs, n_images=images, seed=seed, has_new_heads=new_heads or unmatched, is_matched=not unmatched
    )
    progress, done = Console(stderr=True), []
    for one in routed.phases(chosen, options):
        done.append(one)
        print_line(progress, f"{one.phase.name} done ({len(done)} of {len(chosen)})", style="dim")
    folder = write_phases(routed, done, options, keeps_networks=networks)
    print_phases(Console(), done, full_quality=routed.full_quality)
    print_line(Console(), f"Written to {folder}")
