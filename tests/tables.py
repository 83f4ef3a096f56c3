"""Exit tables for tests: plausible ones, and small awkward ones for hypothesis."""

from dataclasses import replace

from hypothesis import strategies as st
import numpy as np

from policies.qualities import QUALITIES
from policies.rules import RULES, Combine, RuleView
from policies.tables.classification import ClassificationTable, ClassLabels
from policies.views.distributions import Held


CLASSIFIER_QUALITIES = tuple(sorted(name for name, quality in QUALITIES.items() if quality.task == "classification"))
"""Names of the registered qualities that judge classes."""
CLASSIFIER_RULES = {name: rule for name, rule in RULES.items() if rule.task == ClassificationTable.task}
"""The registered rules that look at logits, by name."""


def make_table(n_samples=300, n_exits=3, n_classes=4, *, seed=0, prefix="s", groups=None):
    """A network that gets better with depth, on samples of differing difficulty."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n_samples)
    difficulty = rng.exponential(1.0, n_samples)
    logits = rng.normal(size=(n_samples, n_exits, n_classes))
    for k in range(n_exits):
        logits[np.arange(n_samples), k, labels] += 2.5 + 1.5 * k - 1.2 * difficulty
    return ClassificationTable(
        logits=(2 * logits).astype(np.float32),
        labels=labels.astype(np.int64),
        cost=np.linspace(1 / n_exits, 1.0, n_exits),
        ids=np.array([f"{prefix}{i}" for i in range(n_samples)]),
        groups=groups,
        meta={"workload": "made up"},
    )


def with_stop_prob(table, *, seed=0):
    """The table with learned stop probabilities, in steps of a quarter so that they tie."""
    rng = np.random.default_rng(seed)
    stop_prob = rng.integers(0, 5, (table.n_samples, table.n_exits)) / 4
    return replace(table, stop_prob=stop_prob.astype(np.float32))


@st.composite
def tied_tables(draw, *, max_samples=10, max_exits=4, max_classes=4):
    """Small tables whose logits are few small integers, so that scores and answers tie."""
    n_samples = draw(st.integers(1, max_samples))
    n_exits = draw(st.integers(1, max_exits))
    n_classes = draw(st.integers(2, max_classes))
    highest = draw(st.integers(0, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    table = ClassificationTable(
        logits=rng.integers(0, highest + 1, (n_samples, n_exits, n_classes)).astype(np.float32),
        labels=rng.integers(0, n_classes, n_samples),
        cost=np.linspace(1 / n_exits, 1.0, n_exits),
        ids=np.array([f"t{i}" for i in range(n_samples)]),
    )
    return with_stop_prob(table, seed=int(rng.integers(1000)))


@st.composite
def rule_views(draw, *, max_samples=40, max_exits=4, max_classes=4, max_columns=1):
    """Views with many tied scores, ineligible exits and scores of minus infinity, and labels to go with them.

    With several columns there are also views in which each sample has its score in the column of its answer.
    """
    n_samples = draw(st.integers(1, max_samples))
    n_exits = draw(st.integers(1, max_exits))
    n_classes = draw(st.integers(2, max_classes))
    n_distinct = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    probabilities = rng.dirichlet(np.ones(n_classes), (n_samples, n_exits))
    is_by_class = max_columns > 1 and draw(st.booleans())
    n_columns = n_classes if is_by_class else draw(st.integers(1, max_columns))
    scores = rng.integers(0, n_distinct, (n_samples, n_exits, n_columns)) / n_distinct
    if is_by_class:
        scores[probabilities.argmax(axis=2)[:, :, None] != np.arange(n_classes)] = -np.inf
    else:
        scores[rng.random(scores.shape) < draw(st.sampled_from([0.0, 0.0, 0.3]))] = -np.inf
    eligible = rng.random((n_samples, n_exits)) < draw(st.sampled_from([0.0, 0.7, 1.0]))
    combine = draw(st.sampled_from(list(Combine))) if max_columns > 1 else Combine.ANY
    labels = rng.integers(0, n_classes, n_samples)
    return class_view(scores, eligible, probabilities, combine), labels


def class_view(scores, eligible, probabilities, combine=Combine.ANY):
    """A classifier's view that answers with the most probable class."""
    return RuleView(scores, eligible, probabilities.argmax(axis=2), Held(probabilities), combine)


def classes(labels, n_classes=None):
    """The truth about samples of these classes."""
    labels = np.asarray(labels, dtype=np.int64)
    return ClassLabels(labels, int(labels.max()) + 1 if n_classes is None else n_classes)
