"""Qualities of sets of labels against scikit-learn's and torchmetrics' own."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from sklearn.metrics import f1_score, hamming_loss, jaccard_score, precision_score, recall_score
import torch
from torchmetrics.functional import classification as torchmetrics

from policies.certificates.outcomes import is_certifiable
from policies.errors import ExitSearchError
from policies.estimates.quality_bounds import quality_bounds
from policies.evaluation.population import PopulationEvaluator
from policies.evaluation.tallies import SharedTallies
from policies.qualities import CountedQuality, MeanOfAnswers, get_quality, require_judges
from policies.rules import RuleView
from policies.tables.multilabel import LabelSets, MultiLabelTable
from policies.tables.units import Units
from tests.multilabel_tables import make_label_table


SHARED = ("hamming", "label_macro_f1", "label_micro_f1", "worst_label_f1", "worst_label_recall")


@st.composite
def label_cases(draw):
    """True and answered sets of 2 to 5 labels: some never on, some always, some sets empty."""
    n, n_labels = draw(st.integers(1, 12)), draw(st.integers(2, 5))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shares = [draw(st.sampled_from([0.0, 0.3, 0.7, 1.0])) for _ in range(2)]
    truth, answers = (rng.random((n, n_labels)) < share * rng.choice([0, 1, 2], n_labels) for share in shares)
    return truth, answers


def value_of(name, truth, answers):
    view = RuleView(np.zeros((len(answers), 1, 1)), np.ones((len(answers), 1), dtype=bool), answers[:, None])
    sets = LabelSets(truth.astype(np.uint8), names_of(truth))
    return get_quality(name).values(view, sets, np.zeros((1, len(answers)), dtype=int))[0]


def names_of(truth):
    return tuple("abcdefgh"[: truth.shape[1]])


def scikit_learns(truth, answers):
    f1s = f1_score(truth, answers, average=None, zero_division=0)
    recalls = recall_score(truth, answers, average=None, zero_division=0)
    occurs = truth.any(axis=0)
    return {
        "exact_match": (truth == answers).all(axis=1).mean(),
        "hamming": hamming_loss(truth, answers),
        "label_macro_f1": f1s.mean(),
        "label_micro_f1": f1_score(truth, answers, average="micro", zero_division=0),
        "samples_f1": f1_score(truth, answers, average="samples", zero_division=0),
        "jaccard": jaccard_score(truth, answers, average="samples", zero_division=0),
        "worst_label_f1": f1s[occurs].min() if occurs.any() else 0.0,
        "worst_label_recall": recalls[occurs].min() if occurs.any() else 0.0,
        "label_f1[b]": f1s[1],
        "label_recall[1]": recalls[1],
        "label_precision[a]": precision_score(truth, answers, average=None, zero_division=0)[0],
    }


@settings(max_examples=150, deadline=None)
@given(case=label_cases())
@pytest.mark.filterwarnings("ignore")
def test_they_equal_scikit_learns(case):
    for name, expected in scikit_learns(*case).items():
        assert value_of(name, *case) == pytest.approx(expected, abs=1e-12), name


@settings(max_examples=60, deadline=None)
@given(case=label_cases())
def test_they_equal_torchmetrics(case):
    truth, answers = (torch.tensor(own.astype(int)) for own in case)
    options = {"num_labels": truth.shape[1]}
    expected = {
        "exact_match": torchmetrics.multilabel_exact_match(answers, truth, **options),
        "hamming": torchmetrics.multilabel_hamming_distance(answers, truth, average="micro", **options),
        "label_micro_f1": torchmetrics.multilabel_f1_score(answers, truth, average="micro", **options),
    }
    own = torchmetrics.multilabel_f1_score(answers, truth, average="none", **options)
    expected |= {f"label_f1[{name}]": value for name, value in zip(names_of(truth), own, strict=True)}
    # Their macro average leaves labels out that neither occur nor are answered.
    expected["label_macro_f1"] = own.mean()
    for name, value in expected.items():
        assert value_of(name, *case) == pytest.approx(float(value), abs=1e-6), name


@pytest.mark.parametrize(("on", "expected"), [(False, 0.0), (True, 1.0)])
def test_empty_sets_and_full_ones_that_are_all_right(on, expected):
    truth = np.full((3, 2), on)
    for name in ("label_macro_f1", "label_micro_f1", "samples_f1", "jaccard", "worst_label_f1", "label_recall[a]"):
        assert value_of(name, truth, truth) == expected, name
    assert value_of("exact_match", truth, truth) == 1.0
    assert value_of("hamming", truth, truth) == 0.0


def test_of_one_label_the_averages_are_its_own_f1():
    truth, answers = np.array([[1], [1], [0], [0]], dtype=bool), np.array([[1], [0], [1], [0]], dtype=bool)
    for name in ("label_macro_f1", "label_micro_f1", "worst_label_f1", "label_f1[a]", "label_f1[0]"):
        assert value_of(name, truth, answers) == 0.5, name


@settings(max_examples=30, deadline=None)
@given(case=label_cases())
def test_means_over_answers_are_their_figures(case):
    truth, answers = case
    sets = LabelSets(truth.astype(np.uint8), names_of(truth))
    for name in ("exact_match", "hamming", "samples_f1", "jaccard"):
        quality = get_quality(name)
        assert isinstance(quality, MeanOfAnswers)
        figures = quality.of_answers(answers, sets)
        assert ((figures >= 0) & (figures <= 1)).all()
        assert figures.mean() == pytest.approx(value_of(name, truth, answers))


def test_what_can_be_certified_by_betting():
    assert all(is_certifiable(name) for name in ("exact_match", "samples_f1", "jaccard"))
    assert not is_certifiable("label_macro_f1")


def test_what_several_share_is_counted_once():
    table = make_label_table(40)
    names = (*SHARED, "exact_match", "label_f1[dog]", "label_recall[dog]", "label_recall[rain]")
    qualities = {name: get_quality(name) for name in names}
    assert all(isinstance(own, CountedQuality) for own in qualities.values())
    tallies = SharedTallies(qualities, table.truth)
    assert tallies.n == 3 * 5 + 1 + 3 + 3
    answers = table.exit_answers
    view = RuleView(np.zeros((40, 3, 1)), np.ones((40, 3), dtype=bool), answers)
    assert len(tallies.marks(view, table.truth)) == 5 + 1 + 1 + 1


def test_shared_tallies_give_each_quality_its_own_value():
    table = make_label_table(80)
    names = ("label_precision[2]", *SHARED, "exact_match", "label_f1[dog]", "jaccard")
    scores = np.random.default_rng(0).random((80, 3, 1))
    view = RuleView(scores, np.ones((80, 3), dtype=bool), table.exit_answers)
    evaluator = PopulationEvaluator(view, table.truth, table.cost, qualities=names)
    genomes = np.random.default_rng(1).integers(0, evaluator.n_levels, (10, evaluator.n_genes))
    together = evaluator.evaluate(genomes).qualities
    for name in names:
        alone = PopulationEvaluator(view, table.truth, table.cost, qualities=[name]).evaluate(genomes).qualities
        np.testing.assert_array_equal(together[name], alone[name], name)


def test_bounds_of_labels_are_on_the_safe_side():
    table = make_label_table(60)
    view = RuleView(np.zeros((60, 3, 1)), np.ones((60, 3), dtype=bool), table.exit_answers)
    for name in ("exact_match", "hamming", "label_macro_f1", "label_f1[dog]"):
        quality = get_quality(name)
        marks = quality.marks(view, table.truth)[:, :, 2]
        (bound,) = quality_bounds(quality, [marks], table.truth, Units.of(table), level=0.1)
        (seen,) = quality.values(view, table.truth, np.full((1, 60), 2))
        assert quality.sign * bound < quality.sign * seen, name


def test_hamming_is_a_loss():
    quality = get_quality("hamming")
    assert not quality.is_maximised
    np.testing.assert_array_equal(quality.lack(np.array([0.0, 0.25, 1.0])), [0.0, 0.25, 1.0])


def table_of(names):
    table = make_label_table(12, n_labels=len(names))
    return MultiLabelTable(
        logits=table.logits, labels=table.labels, cost=table.cost, ids=table.ids, meta={"label_names": list(names)}
    )


@pytest.mark.parametrize("label", ["a[b]", "x:y", "ärger, laut", "3", "]", "a=b", "  two  words "])
def test_labels_of_any_name_have_qualities(label):
    names = ("first", " ".join(label.split()), "last")
    quality = get_quality(f"label_f1[{label}]")
    require_judges(f"label_f1[{label}]", table_of(names))
    assert quality.place(names) == 1
    assert quality.name == f"label_f1[{names[1]}]"


def test_a_label_may_be_given_by_its_number_unless_one_is_called_so():
    quality = get_quality("label_recall[1]")
    assert quality.place(("dog", "cat")) == 1
    assert quality.place(("1", "cat")) == 0


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("label_f1[dgo]", r"'label_f1\[dgo\]' is of none of the table's 5 labels; did you mean 'dog'\?"),
        ("label_recall[5]", "name one of 'dog', 'rain', 'siren', 'voice', 'music', or its number from 0"),
        ("label_f1", r"'label_f1' must name its label in brackets; write it as label_f1\[dog\]"),
        ("label_precision[]", r"'label_precision\[\]' must name its label in brackets"),
        ("label_f1[dog", "must name its label in brackets"),
        ("accuracy", "judges answers of task 'classification' but the table has those of 'multi-label'"),
    ],
)
def test_labels_that_do_not_exist_are_refused_in_one_line(name, message):
    with pytest.raises(ExitSearchError, match=message) as caught:
        require_judges(name, make_label_table(20))
    assert "\n" not in str(caught.value)


def test_an_unknown_label_is_refused_by_the_evaluator():
    table = make_label_table(20)
    view = RuleView(np.zeros((20, 3, 1)), np.ones((20, 3), dtype=bool), table.exit_answers)
    with pytest.raises(ExitSearchError, match="did you mean 'dog'"):
        PopulationEvaluator(view, table.truth, table.cost, qualities=["label_f1[dgo]"])
