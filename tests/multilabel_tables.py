"""Tables of several labels a sample for tests: plausible ones, and small awkward ones for hypothesis."""

from hypothesis import strategies as st
import numpy as np

from policies.tables.multilabel import MultiLabelTable


LABEL_NAMES = ("dog", "rain", "siren", "voice", "music", "engine", "bird", "wind", "bell", "door", "water", "saw")


def make_label_table(
    n=200,
    n_exits=3,
    n_labels=5,
    *,
    parents_of=None,
    seed=0,
    prefix="s",
    cost=None,
    groups=None,
    labels_differ=False,
    float16=False,
    meta=None,
):
    """A network whose later exits say more about each label, on samples of differing difficulty.

    Labels have prevalences from about .5 to .12. Exits see one noisy sign of each label, each a clearer one. ``n``
    counts samples. With ``parents_of`` M, each M samples in a row have a parent (the last may have fewer), its labels
    (unless they differ: then each label of a sample is off in a quarter of the cases), most of its difficulty, and the
    order in which they lie.
    """
    rng = np.random.default_rng(seed)
    of = np.arange(n) // (parents_of or 1)
    n_parents = int(of[-1]) + 1
    prevalence = np.linspace(0.5, 0.12, n_labels)
    labels = (rng.random((n_parents, n_labels)) < prevalence)[of]
    if labels_differ:
        labels = labels & (rng.random(labels.shape) < 0.75)
    difficulty = 0.7 * rng.exponential(size=n_parents)[of] + 0.3 * rng.exponential(size=n)
    sign = np.where(labels, 1.0, -1.0)
    shared = rng.normal(size=(n, n_labels))
    logits = np.empty((n, n_exits, n_labels))
    for k in range(n_exits):
        clearness = 1.2 + 1.6 * (k + 1) / n_exits - 0.6 * difficulty[:, None]
        noise = 0.8 * shared + 0.6 * rng.normal(size=shared.shape)
        logits[:, k] = 2.0 * (clearness * sign + noise) - 0.5
    return MultiLabelTable(
        logits=logits.astype(np.float16 if float16 else np.float32),
        labels=labels.astype(np.uint8),
        cost=np.linspace(1 / n_exits, 1.0, n_exits) if cost is None else np.asarray(cost, dtype=np.float64),
        ids=np.array([f"{prefix}{i}" for i in range(n)]),
        groups=groups,
        parents=None if parents_of is None else np.array([f"{prefix}-parent-{p}" for p in of]),
        order=None if parents_of is None else (np.arange(n) - np.searchsorted(of, of)).astype(np.int64),
        meta={"workload": "made up", "label_names": label_names(n_labels)} | (meta or {}),
    )


def label_names(n_labels):
    """Names of labels: words, and numbers when they run out."""
    return [*LABEL_NAMES[:n_labels], *(f"label-{number}" for number in range(len(LABEL_NAMES), n_labels))]


@st.composite
def awkward_label_tables(draw, *, max_samples=8, max_exits=3, max_labels=4, parents=None):
    """Small tables on a coarse grid: tied logits, labels that are never or always on, parents of unequal size.

    ``parents`` says whether there are any; drawn if None. Samples of a parent need not lie together, nor have the same
    labels.
    """
    n, n_exits = draw(st.integers(1, max_samples)), draw(st.integers(1, max_exits))
    n_labels = draw(st.integers(1, max_labels))
    has_parents = draw(st.booleans()) if parents is None else parents
    prevalence = draw(st.sampled_from([0.0, 0.3, 0.5, 1.0]))
    step = draw(st.sampled_from([0.5, 1.0, 2.0]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    of = rng.integers(0, draw(st.integers(1, 4)), n)
    return MultiLabelTable(
        logits=(step * rng.integers(-3, 4, (n, n_exits, n_labels))).astype(np.float32),
        labels=(rng.random((n, n_labels)) < prevalence).astype(np.uint8),
        cost=np.linspace(1 / n_exits, 1.0, n_exits),
        ids=np.array([f"a{i}" for i in range(n)]),
        parents=np.array([f"p{p}" for p in of]) if has_parents else None,
        order=rng.permutation(n).astype(np.int64) if has_parents else None,
        meta={"label_names": label_names(n_labels)},
    )
