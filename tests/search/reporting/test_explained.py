"""Every name that stands beside the selected policy has a short and a long meaning."""

from dataclasses import replace

import numpy as np
import pytest

from policies.baselines import BASELINES
from policies.baselines.published_grids import published_choices
from policies.multilabel_notes.choices import notes_choices
from policies.multilabel_notes.versions import EVOLVED
from policies.tasks import TASKS
from search.reporting.explained import CONTROL, EXPLAINED, ORACLE, SELECTED, explained, is_published, policy_title
from search.reporting.terminal.legend import legend_of
from tests.multilabel_tables import make_label_table
from tests.policies.searching import with_stop_probabilities
from tests.tables import make_table


def published():
    """The names of all grids, whose table has all that any of them needs, and of all versions of the log."""
    table = with_stop_probabilities(make_table(40, 3))
    timed = replace(table, meta={**table.meta, "latency_ms": [1.0, 2.0, 3.0]})
    fixed = notes_choices(make_label_table(60, 4, 3), np.ones(4), evolves=False)
    return {*published_choices(timed, np.ones(3)), *(f"notes_{name}" for name in (*fixed, *EVOLVED))}


def test_every_baseline_and_every_published_choice_is_explained_and_nothing_else():
    assert set(EXPLAINED) == {SELECTED, CONTROL, ORACLE, "full_network_recalibrated", *BASELINES, *published()}


@pytest.mark.parametrize("name", EXPLAINED)
def test_a_name_is_explained_in_80_columns_and_in_a_sentence(name):
    found = explained(name)
    first, *_ = legend_of([name], fallback=False)
    assert first == f"{policy_title(name)} = {found.short}"
    assert len(first) <= 80
    assert found.long and "compare with" not in found.long
    assert not found.short.endswith(".") and not found.long.endswith(".")


@pytest.mark.parametrize("task", [*TASKS, "somebody:ELSE"])
def test_the_bound_is_told_in_the_words_of_the_answers(task):
    found = legend_of([], fallback=True, oracle_of=task)
    assert found[1] == f"oracle = {TASKS[task].oracle_name if task in TASKS else explained(ORACLE).short}"
    assert all(len(line) <= 80 for line in found)


def test_names_of_others_are_told_to_be_theirs():
    assert explained("mine:best").short == explained("mine:best").long == "a baseline of your own"
    assert explained("unheard of").short == "a policy to compare with"
    assert not is_published("mine:grid_search")
