"""What the selected policy is compared with: baselines, the oracle, baseline trials, plain networks, budgets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from markupsafe import Markup

from policies.goals.objectives import get_objective
from policies.qualities import PooledQuality, get_quality
from policies.registry import capital, title_of
from search.page.asked import meets
from search.page.blocks import heading, html_table, marked, paragraph
from search.page.run import FinishedRun
from search.page.section import Section
from search.reporting.explained import CONTROL, FALLBACK, ORACLE, SELECTED, explanation_of, policy_title
from search.run_folder.summary import SPLITS, BaselineTrialFigures, PolicyFigures, Summary


_NAME = Markup('<div style="min-width: 230px"><b>{title}</b><br><span class="dim">{explained}</span></div>')


def baselines(run: FinishedRun) -> Section:
    """Every policy beside the selected one, each with what its name means."""
    summary = run.summary
    html = [paragraph(_sentence(summary)), _policies(summary), _oracle(summary)]
    html += [_baseline_trials(summary), _control(summary), _budgets(summary)]
    return Section("baselines", "Baselines and oracle", Markup("").join(html))


def _sentence(summary: Summary) -> str:
    last = list(summary.selected.by_split)[-1]
    return (
        f"All were chosen on search, for {summary.verdict.asked or 'what was asked'}. Differences are to the "
        f"selected policy on {last}; of depth, more than 0 means that the baseline goes deeper."
    )


def _compared(summary: Summary) -> Iterator[tuple[str, str, PolicyFigures]]:
    """Name, path in ``summary.json`` and figures of each policy, the selected one first."""
    yield SELECTED, "selected", summary.selected
    if summary.control is not None:
        yield CONTROL, "control", summary.control
    for name, figures in summary.baselines.items():
        yield name, f"baselines.{name}", figures


def _policies(summary: Summary) -> Markup:
    splits = [name for name in summary.selected.by_split if name != "certify"] or list(summary.selected.by_split)
    last, main = splits[-1], summary.main_quality
    columns = _columns(summary)
    headings = ["policy", *(f"{title}, {split}" for split in splits for title in columns.values())]
    headings += [f"does what was asked, {last}", f"{title_of(main)}, difference", "depth, difference"]
    rows = []
    for name, path, policy in _compared(summary):
        cells = [
            marked(f"{path}.{split}.{key}", policy.by_split.get(split, {}).get(key), 4 if key == main else 3)
            for split in splits
            for key in columns
        ]
        rows.append(
            (_named(name, policy), *cells, _answer(meets(summary, policy, last)), *_differences(summary, policy, last))
        )
    return html_table(headings, rows)


def _columns(summary: Summary) -> dict[str, str]:
    """Keys of the figures that are shown, with their headings."""
    columns = {summary.main_quality: title_of(summary.main_quality), summary.quality: title_of(summary.quality)}
    columns |= {"mean_depth": "depth", "mean_cost": "cost"}
    objective = get_objective(summary.objective)
    return columns | ({} if objective.column in columns else {objective.column: title_of(objective.column)})


def _named(name: str, policy: PolicyFigures) -> Markup:
    is_fallback = getattr(policy, "is_fallback", False)
    explained = explanation_of(name) + (f"; fallback: {FALLBACK}" if is_fallback else "")
    return _NAME.format(title=policy_title(name), explained=explained)


def _fixed(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"


def _answer(is_met: bool | None) -> str:
    return "-" if is_met is None else "yes" if is_met else "no"


def _differences(summary: Summary, policy: PolicyFigures, split: str) -> tuple[str, str]:
    own, selected = policy.by_split.get(split, {}), summary.selected.by_split[split]
    if policy is summary.selected:
        return "", ""
    return _difference(own, selected, summary.main_quality, 4), _difference(own, selected, "mean_depth", 3)


def _difference(own: dict[str, float], selected: dict[str, float], key: str, digits: int) -> str:
    return f"{own[key] - selected[key]:+.{digits}f}" if key in own and key in selected else "-"


def _oracle(summary: Summary) -> Markup:
    if not summary.oracle:
        return Markup("")
    told = [
        Markup("{} on {}").format("out of reach" if depth is None else marked(f"oracle.{split}", depth, 3), split)
        for split in SPLITS
        if split in summary.oracle
        for depth in (summary.oracle[split],)
    ]
    text = Markup("Mean depth {depths}. This is {what}")
    return heading("Oracle") + paragraph(text.format(depths=Markup(", ").join(told), what=_oracle_is(summary)))


def _oracle_is(summary: Summary) -> str:
    if isinstance(get_quality(summary.quality), PooledQuality):
        return (
            "what is reached where somebody who knows the truth sends those samples deeper that gain most by it. It is "
            f"no bound: {title_of(summary.quality)} judges all samples together, so that a policy may be better."
        )
    return (
        f"{explanation_of(ORACLE)}. What lies between it and the selected policy is the most that better thresholds "
        "could still save on this network."
    )


def _baseline_trials(summary: Summary) -> Markup:
    if not summary.baseline_trials:
        return Markup("")
    main = summary.main_quality
    split = list(summary.baseline_trials[0].by_split)[-1]
    rows = [
        (one.trial, _named(one.policy, one), *_pair(one, split, main), *_matches(one, split, main))
        for one in summary.baseline_trials
    ]
    headings = ("network", "policy", title_of(main), "depth", "front, no deeper", f"front, no less {title_of(main)}")
    told = f"The sweep file's own settings, on {split}, and beside each the best of the front at its depth and quality."
    return heading("Baseline trials") + paragraph(told) + html_table(headings, rows)


def _pair(policy: PolicyFigures, split: str, main: str) -> list[str]:
    own = policy.by_split.get(split, {})
    return [f"{own[key]:.{digits}f}" if key in own else "-" for key, digits in ((main, 4), ("mean_depth", 3))]


def _matches(one: BaselineTrialFigures, split: str, main: str) -> list[str]:
    found = (one.same_depth, one.same_accuracy)
    return ["none" if match is None else " at ".join(_pair(match, split, main)) for match in found]


def _control(summary: Summary) -> Markup:
    if summary.control is None:
        return Markup("").join(paragraph(f"Static control: none; {note}") for note in summary.control_notes[-1:])
    told = ". ".join(filter(None, (summary.control.verdict, summary.control.times)))
    return heading("Static control") + paragraph(f"{capital(explanation_of(CONTROL))}: {told}.")


def _budgets(summary: Summary) -> Markup:
    if not summary.fixed_budgets:
        return Markup("")
    main = summary.main_quality
    alike = (list(group) for _, group in groupby(summary.fixed_budgets, key=lambda one: one.position))
    rows = [
        (
            " to ".join(dict.fromkeys(f"{one.budget:g}" for one in (same[0], same[-1]))),
            f"{same[0].rule} {same[0].network}".strip(),
            f"{same[0].search[main]:.4f}",
            *(_fixed((same[0].test or {}).get(key)) for key in (main, "mean_cost")),
        )
        for same in alike
    ]
    sign = "highest" if get_quality(main).sign > 0 else "lowest"
    told = (
        f"Within each mean cost (1 = the full network), the front's policy with the {sign} {title_of(main)} on search; "
        "where it is the same within several, they share a row."
    )
    headings = ("largest cost", "policy", f"{title_of(main)}, search", f"{title_of(main)}, test", "cost, test")
    return heading("Fixed budgets") + paragraph(told) + html_table(headings, rows)
