"""Putting the page together: sections, a small template, and plotly's script packed into it."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from functools import cache
import gzip
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup

from policies.files.atomic import write_text
from search.page.run import FinishedRun
from search.page.section import Section
from search.page.sections import SECTIONS, SectionBuilder
from search.run_folder.result_files import ResultFiles
from trainables.models.exits.tracing import first_line


def write_page(run: FinishedRun, path: Path) -> None:
    """Write the page of a finished search.

    Raises:
        OSError: If the file cannot be written.
    """
    write_text(path, page_of(run))


def page_of(run: FinishedRun) -> str:
    """The page of a finished search as text; a section that its files do not give says so in its place."""
    sections = [section for build in SECTIONS if (section := _built(build, run)) is not None]
    return rendered(run.summary.name or run.folder.name, sections)


def _built(build: SectionBuilder, run: FinishedRun) -> Section | None:
    """A section; where files are gone or of an earlier version, why it is not there. The others are worth showing."""
    try:
        return build(run)
    except Exception as error:
        title = build.__name__.replace("_", " ").capitalize()
        html = Markup('<p class="dim">The files of this search do not give this section ({}: {}).</p>')
        return Section(build.__name__, title, html.format(type(error).__name__, first_line(error)))


def add_page(files: ResultFiles) -> tuple[str, ...]:
    """Write the page into the folder of a search that has just finished.

    Returns:
        Why there is none, in one line: that costs the page and not what the search has found.
    """
    try:
        write_page(FinishedRun.read(files.path), files.report_html)
    except Exception as error:
        return (f"there is no {files.report_html.name}: {first_line(error)}",)
    return ()


def rendered(title: str, sections: Sequence[Section], *, has_plotly: bool = True) -> str:
    """The page as text.

    Args:
        title: Title of the page.
        sections: Sections from top to bottom.
        has_plotly: Whether plotly's script is in it; without, no figure is drawn now or later.
    """
    environment = Environment(loader=PackageLoader("search.page", "template"), autoescape=True)
    environment.filters["embedded"] = _embedded
    scripts = list(dict.fromkeys(section.script for section in sections if section.script))
    return environment.get_template("page.html").render(
        title=title,
        sections=sections,
        plotly=packed_plotly() if has_plotly else "",
        figures={name: _plain(figure) for section in sections for name, figure in section.figures.items()},
        data={section.anchor: dict(section.data) for section in sections if section.data},
        style=_source(environment, "page.css"),
        scripts=[_source(environment, name) for name in ("page.js", *scripts)],
    )


@cache
def packed_plotly() -> str:
    """Plotly's script, compressed: a browser unpacks it by itself, and the page is two megabytes instead of five."""
    # Here, since the import takes its time.
    from plotly.offline import get_plotlyjs

    return b64encode(gzip.compress(get_plotlyjs().encode(), compresslevel=9, mtime=0)).decode()


def _plain(figure: Any) -> dict[str, Any]:
    """A figure as JSON values without plotly's own template: the page has its colours."""
    form = json.loads(figure.to_json())
    form["layout"].pop("template", None)
    return {"data": form["data"], "layout": form["layout"]}


def _embedded(values: Any) -> Markup:
    """JSON inside a script element, which no text in it can end."""
    text = json.dumps(values, separators=(",", ":"), allow_nan=False)
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))  # noqa: S704


def _source(environment: Environment, name: str) -> Markup:
    """A file of the project's own as it is."""
    if environment.loader is None:
        raise ValueError("the environment must have a loader but has none")
    return Markup(environment.loader.get_source(environment, name)[0])  # noqa: S704
