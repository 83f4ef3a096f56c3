"""``exitsearch report --html``: what finished searches found, as one page for a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from search.errors import RunFolderError
from search.loading import tell_loading
from search.run_folder.finished import has_no_result, read_summary
from search.run_folder.folder import RunFolder
from search.run_folder.new_folder import require_output_file, writing
from search.run_folder.result_files import ResultFiles


def page_command(runs: Sequence[Path], file: Path | None, *, console: Console) -> Path:
    """Write the page of one search, or of several side by side; of one sweep also where it has no result.

    Args:
        runs: Folders of sweeps or policy searches.
        file: Where to; ``report.html`` in the folder of a single search where None.
        console: Console that the place is printed on.

    Returns:
        Where the page is.

    Raises:
        RunFolderError: If one of several folders is not that of a finished search, a single one not that of a search,
            or the page has no place.
    """
    if file is None and len(runs) > 1:
        raise RunFolderError(
            f"a page of several searches needs a file but none was given for {len(runs)}; add --out both.html"
        )
    place = ResultFiles(runs[0]).report_html if file is None else file
    require_output_file(place, option="--out", inputs=[kept for run in runs for kept in RunFolder(run).kept])
    is_unfinished = len(runs) == 1 and has_no_result(runs[0])
    for run in () if is_unfinished else runs:
        read_summary(run)
    tell_loading("plotly")
    # Here, since the imports take their time.
    from search.live.unfinished import write_unfinished
    from search.page.comparison import write_comparison
    from search.page.page import write_page
    from search.page.run import FinishedRun

    with writing(place, option="--out"):
        if is_unfinished:
            write_unfinished(runs[0], place)
        elif len(runs) == 1:
            write_page(FinishedRun.read(runs[0]), place)
        else:
            write_comparison([FinishedRun.read(run) for run in runs], place)
    console.print(f"{'Report':<18} {place}", soft_wrap=True, highlight=False, markup=False)
    return place
