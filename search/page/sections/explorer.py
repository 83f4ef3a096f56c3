"""The threshold explorer: what the selected policy's network would do with other thresholds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader
from markupsafe import Markup
import numpy as np
from numpy.typing import NDArray

from policies.errors import ExitSearchError
from policies.evaluation.cross_fitted import chosen_view
from policies.explorer.bounded import BoundedTable, bounded_table
from policies.explorer.table import DialledFigures, ExplorerTable
from policies.qualities import MeanOfAnswers, get_quality
from policies.registry import capital, title_of
from policies.rules import RuleView, get_rule
from policies.spacing import evenly_spaced
from policies.tables.base import ExitTable
from search.page.run import FinishedRun
from search.page.section import Section


if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_BYTES = 500_000
"""Most letters of the packed table; with thresholds and front the section keeps below 600 KB."""
_ANCHOR, _TITLE = "explorer", "Turn the thresholds yourself"
_QUALITIES = {"classification": "accuracy", "multi-label": "exact_match", "detection": "image_f1"}
_MOST_FRONT_POINTS = 300
_ALIKE = 1e-9


def explorer(run: FinishedRun, *, most_bytes: int = MOST_BYTES) -> Section | None:
    """Sliders for the thresholds of the selected policy; a sentence where there can be none.

    Args:
        run: The search.
        most_bytes: Most letters of the table that the page counts; for a larger one the grid is made coarser.
    """
    if not run.folder.policy_file.is_file():
        return None
    table = run.table(run.summary.selected.network, "search")
    if table is None:
        return _without("the table of the selected network on search is not in its place any more.")
    if run.policy.answering.pooling is not None:
        return _without(
            "answers are pooled over parents here, so that what one sample adds depends on where the others leave."
        )
    if table.task not in _QUALITIES:
        return _without(f"it does not know what answers of task {table.task!r} are worth.")
    try:
        return _of_table(run, table, most_bytes)
    except ExitSearchError as error:
        return _without(f"the policy could not be applied to the table again ({error}).")


def _of_table(run: FinishedRun, table: ExitTable, most_bytes: int) -> Section:
    quality = _QUALITIES[table.task]
    view = chosen_view(run.policy, table, seed=run.seed)
    bounded = bounded_table(run.policy, view, worth_of(quality, view, table), table.cost, most_bytes=most_bytes)
    selected = bounded.table.evaluate(bounded.table.own_levels)
    if _differs(selected, quality, run.summary.selected.by_split.get("search", {})):
        return _without("the table says something else than when the policy was chosen: it was changed since.")
    facts = _Facts(run, bounded, selected, quality, table.n_samples)
    data = {**bounded.form, "quality": quality, "thresholds": run.policy.to_dict()["thresholds"]}
    return Section(_ANCHOR, _TITLE, facts.html(), {_ANCHOR: facts.figure()}, data, "explorer.js")


def worth_of(quality: str, view: RuleView, table: ExitTable) -> NDArray[np.float64]:
    """What the answer of each exit is worth, shape (N, E).

    Args:
        quality: Name of the mean that is shown: a share of right answers, or a mean of figures that answers have.
        view: What a rule answers.
        table: Table with the truth.
    """
    judged = get_quality(quality)
    if quality in ("accuracy", "exact_match") or not isinstance(judged, MeanOfAnswers):
        return table.truth.right(view.answers).astype(np.float64)
    at_exits = [judged.of_answers(view.answers[:, k], table.truth) for k in range(table.n_exits)]
    return np.stack(at_exits, axis=1)


def _differs(found: DialledFigures, quality: str, told: Mapping[str, Any]) -> bool:
    """Whether figures that the summary tells are others."""
    pairs = [(found.worth, told.get(quality)), (found.mean_depth, told.get("mean_depth"))]
    return any(other is not None and abs(own - other) > _ALIKE for own, other in pairs)


def _without(reason: str) -> Section:
    return Section(_ANCHOR, _TITLE, Markup("<p>There are no sliders for this policy: {}</p>").format(reason))


@dataclass(frozen=True)
class _Facts:
    """What stands in the section before anything is turned."""

    run: FinishedRun
    bounded: BoundedTable
    selected: DialledFigures
    quality: str
    n_samples: int

    @property
    def table(self) -> ExplorerTable:
        """The samples, counted on the grid."""
        return self.bounded.table

    def html(self) -> Markup:
        """Sliders, figures and sentences."""
        environment = Environment(loader=PackageLoader("search.page", "template"), autoescape=True)
        policy = self.run.policy
        text = environment.get_template("explorer.html").render(
            rule=policy.rule,
            is_own_answer=policy.full_network.rule == policy.rule,
            is_fitted=get_rule(policy.rule).is_fitted,
            needs_all=self.table.needs_all,
            title=title_of(self.quality),
            quality=self.quality,
            is_main=self.quality == self.run.summary.main_quality,
            main=capital(title_of(self.run.summary.main_quality)),
            n_samples=self.n_samples,
            n_exits=policy.n_exits,
            selected=self.selected,
            dials=[self._label(d) for d in range(len(self.table.dials))],
            most=max((len(dial.thresholds) for dial in self.table.dials), default=0),
            coarser=self.bounded if self.bounded.is_coarser else None,
            n_fixed=policy.n_exits - 1 - len(self.table.stations),
            n_fixed_columns=self._n_fixed_columns(),
            is_closed_by_dials=not self.table.falls[:, :-1].any()
            and not (self.table.falls[:, -1] < policy.n_exits).any(),
        )
        return Markup(text)  # noqa: S704 - the template escapes

    def figure(self) -> go.Figure:
        """Depth against quality: the front, the target, the selected policy, and where the sliders are."""
        # Here, since the import takes its time.
        import plotly.graph_objects as go

        depths, worth = self._front()
        here = {"x": [self.selected.mean_depth], "y": [self.selected.worth], "mode": "markers"}
        figure = go.Figure(layout={"height": 380, "legend": {"orientation": "h", "y": 1.12}, "hovermode": "closest"})
        figure.add_scatter(
            x=depths, y=worth, name="front (all networks)", mode="markers", marker={"color": "#8a94a6", "size": 6}
        )
        figure.add_scatter(name="selected policy", **here, marker={"symbol": "star", "size": 15, "color": "#d98200"})
        figure.add_scatter(
            name="your thresholds",
            **here,
            marker={"symbol": "circle-open", "size": 16, "color": "#2f7fd1", "line": {"width": 3}},
        )
        target = self._target()
        if target is not None:
            figure.add_hline(
                y=target, line={"dash": "dash", "color": "#c2453d"}, annotation_text=f"asked for: {target:.4g}"
            )
        figure.update_xaxes(title="mean depth on search")
        figure.update_yaxes(title=f"{title_of(self.quality)} on search")
        return figure

    def _front(self) -> tuple[list[float], list[float]]:
        told = [point.figures for point in self.run.front if {"mean_depth", self.quality} <= point.figures.keys()]
        kept = [told[i] for i in evenly_spaced(len(told), _MOST_FRONT_POINTS).tolist()]
        return [float(own["mean_depth"]) for own in kept], [float(own[self.quality]) for own in kept]

    def _target(self) -> float | None:
        summary = self.run.summary
        return summary.least_quality if summary.quality == self.quality else None

    def _label(self, d: int) -> str:
        """What a person calls a dial."""
        dial = self.table.dials[d]
        of_exit = [one for one in self.table.dials if one.exit_index == dial.exit_index]
        is_alone = len(of_exit) == 1 and len(self.run.policy.thresholds[dial.exit_index]) == 1
        return f"exit {dial.exit_index + 1}" + ("" if is_alone else f", score {dial.column + 1}")

    def _n_fixed_columns(self) -> int:
        """Open columns of exits with dials that have none themselves."""
        dialled = {(dial.exit_index, dial.column) for dial in self.table.dials}
        own = [(k, c) for k in self.table.stations for c, t in enumerate(self.run.policy.thresholds[k]) if t < np.inf]
        return len(set(own) - dialled)
