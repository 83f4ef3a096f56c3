"""``exitsearch report --html``: what finished searches found, as one page for a browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from search.errors import RunFolderError
from search.loading import tell_loading
from search.run_folder.new_folder import require_output_file, writing
from search.run_folder.result_files import ResultFiles


def page_command(runs: Sequence[Path], file: Path | None, *, console: Console) -> Path:
    """Write the page of one search, or of several side by side.

    Args:
        runs: Folders of finished sweeps or policy searches.
        file: Where to; ``report.html`` in the folder of a single search where None.
        console: Console that the place is printed on.

    Returns:
        Where the page is.

    Raises:
        RunFolderError: If a folder is not that of a finished search, or the page has no place.
    """
    if file is None and len(runs) > 1:
        raise RunFolderError(
            f"a page of several searches needs a file but none was given for {len(runs)}; add --out both.html"
        )
    place = ResultFiles(runs[0]).report_html if file is None else file
    require_output_file(place, option="--out")
    tell_loading("plotly")
    # Here, since the imports take their time.
    from search.page.comparison import write_comparison
    from search.page.page import write_page
    from search.page.run import FinishedRun

    found = [FinishedRun.read(run) for run in runs]
    with writing(place, option="--out"):
        write_page(found[0], place) if len(found) == 1 else write_comparison(found, place)
    console.print(f"{'Report':<18} {place}", soft_wrap=True, highlight=False, markup=False)
    return place
