"""Views of samples whose answers are pooled over parents: small awkward ones for hypothesis."""

from hypothesis import strategies as st
import numpy as np

from policies.levels.answers import PooledAnswers, WholeAnswers
from policies.parents.membership import Parents
from policies.pooling.poolings import get_pooling
from policies.rules import Combine, RuleView
from policies.tables.classification import ClassLabels
from policies.tables.multilabel import LabelSets
from policies.views.distributions import Held


POOLINGS = ("mean", "max", "noisy-or", "evidence", "top-1", "top-2", "top-3", "p75", "p0", "p37.5", "p100")
LABEL_QUALITIES = (
    "exact_match",
    "hamming",
    "label_macro_f1",
    "label_micro_f1",
    "samples_f1",
    "jaccard",
    "worst_label_f1",
    "worst_label_recall",
    "label_f1[a]",
    "label_recall[0]",
    "label_precision[a]",
)
CLASS_QUALITIES = ("accuracy", "macro_f1", "worst_class_recall", "top5_accuracy", "flip_rate_to_exit")


def shuffled_parents(rng, sizes):
    """Parents of these sizes whose samples lie anywhere and are read in any order."""
    of_sample = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    rows = np.lexsort((rng.permutation(len(of_sample)), of_sample))
    return Parents(np.array([f"p{g}" for g in range(len(sizes))]), of_sample.astype(np.int64), rows)


@st.composite
def parent_views(draw, *, poolings=POOLINGS, max_parents=6, max_size=7, max_exits=4, whole=False):
    """A view, and the truth about its samples: of sets of labels, or of classes.

    Values lie on a coarse grid, so that pooled values tie with each other and with thresholds of labels.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sizes = draw(st.lists(st.integers(1, max_size), min_size=1, max_size=max_parents))
    n_exits, n_values = draw(st.integers(1, max_exits)), draw(st.sampled_from([1, 2, 3, 4, 9, 70]))
    has_labels = draw(st.booleans()) or n_values == 1
    n, parents = sum(sizes), shuffled_parents(rng, sizes)
    steps = draw(st.sampled_from([1, 2, 4, 10]))
    values = rng.integers(0, steps + 1, (n, n_exits, n_values)) / steps
    scores, eligible, combine = draw(gates(rng, parents if whole else None, n, n_exits))
    answers = values >= 0.5 if has_labels else values.argmax(axis=2)
    at = parents.first_rows[parents.of_sample]
    if has_labels:
        truth = LabelSets(rng.integers(0, 2, (n, n_values)).astype(np.uint8)[at], ("a", *map(str, range(1, n_values))))
        thresholds = rng.integers(1, 2 * steps, (parents.n, n_values)) / (2 * steps)
    else:
        truth, thresholds = ClassLabels(rng.integers(0, n_values, n)[at], n_values), None
    pooling = get_pooling(draw(st.sampled_from(poolings)))
    if whole:
        own = WholeAnswers(parents, "same", answers[parents.first_rows])
        return RuleView(scores, eligible, answers[at], None, combine, own), truth
    own = PooledAnswers(parents, "same", Held(values), pooling, thresholds)
    return RuleView(scores, eligible, answers, Held(values), combine, own), truth


@st.composite
def gates(draw, rng, parents, n, n_exits):
    """Scores with ties, shape (N, E, S), where leaving is allowed, (N, E), and how columns make gates."""
    n_columns, n_distinct = draw(st.integers(1, 3)), draw(st.integers(1, 6))
    scores = rng.integers(0, n_distinct, (n, n_exits, n_columns)) / n_distinct
    scores[rng.random(scores.shape) < draw(st.sampled_from([0.0, 0.3]))] = -np.inf
    eligible = rng.random((n, n_exits)) < draw(st.sampled_from([0.7, 1.0]))
    combine = draw(st.sampled_from(list(Combine)))
    if parents is not None:
        at = parents.first_rows[parents.of_sample]
        scores, eligible = scores[at], eligible[at]
    return scores, eligible, combine
