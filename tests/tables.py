"""Exit tables for tests: plausible ones, and small awkward ones for hypothesis."""

from hypothesis import strategies as st
import numpy as np

from policies.exit_table import ExitTable
from policies.rules import RuleView


def make_table(n_samples=300, n_exits=3, n_classes=4, *, seed=0, prefix="s", groups=None):
    """A network that gets better with depth, on samples of differing difficulty."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, n_classes, n_samples)
    difficulty = rng.exponential(1.0, n_samples)
    logits = rng.normal(size=(n_samples, n_exits, n_classes))
    for k in range(n_exits):
        logits[np.arange(n_samples), k, labels] += 2.5 + 1.5 * k - 1.2 * difficulty
    return ExitTable(
        logits=(2 * logits).astype(np.float32),
        labels=labels.astype(np.int64),
        cost=np.linspace(1 / n_exits, 1.0, n_exits),
        ids=np.array([f"{prefix}{i}" for i in range(n_samples)]),
        groups=groups,
        meta={"workload": "made up"},
    )


@st.composite
def rule_views(draw, max_samples=40, max_exits=4):
    """Views with many tied scores and ineligible exits, and labels to go with them."""
    n_samples = draw(st.integers(1, max_samples))
    n_exits = draw(st.integers(1, max_exits))
    n_classes = draw(st.integers(2, 4))
    n_distinct = draw(st.integers(1, 6))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scores = rng.integers(0, n_distinct, (n_samples, n_exits)) / n_distinct
    eligible = rng.random((n_samples, n_exits)) < draw(st.sampled_from([0.0, 0.7, 1.0]))
    probabilities = rng.dirichlet(np.ones(n_classes), (n_samples, n_exits))
    labels = rng.integers(0, n_classes, n_samples)
    return RuleView(scores, eligible, probabilities), labels
