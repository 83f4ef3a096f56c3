"""The packed evaluator against brute force: sample by sample, exit by exit."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score, recall_score

from policies.errors import ExitSearchError
from policies.evaluation.population import PopulationEvaluator
from policies.evaluation.sample_marks import pack
from policies.policy import first_open_exit
from policies.rules import Combine, RuleView
from tests.tables import CLASSIFIER_QUALITIES, class_view, classes, rule_views


def brute_force(view, thresholds):
    """The exit that each sample takes, the slow obvious way; thresholds are (E - 1, S)."""
    n_samples, n_exits, n_columns = view.scores.shape
    exits = []
    for i in range(n_samples):
        taken = n_exits - 1
        for k in reversed(range(n_exits - 1)):
            reached = []
            for s in range(n_columns):
                score, threshold = view.scores[i, k, s], thresholds[k][s]
                reached.append(threshold < np.inf and score > -np.inf and score >= threshold)
            is_open = all(reached) if view.combine is Combine.ALL else any(reached)
            if is_open and view.eligible[i, k]:
                taken = k
        exits.append(taken)
    return exits


def direct_qualities(view, labels, exits):
    """Each quality from the answers of single samples."""
    rows = np.arange(len(labels))
    answers = view.answers[rows, exits]
    on_the_way = [view.answers[i, : k + 1] for i, k in enumerate(exits)]
    ranked = np.argsort(-view.probabilities[rows, exits], axis=1)
    return {
        "accuracy": accuracy_score(labels, answers),
        "macro_f1": f1_score(labels, answers, average="macro", zero_division=0),
        "worst_class_recall": recall_score(labels, answers, labels=np.unique(labels), average=None).min(),
        "top5_accuracy": np.mean([label in five for label, five in zip(labels, ranked[:, :5], strict=True)]),
        "flip_rate_to_exit": np.mean([len(set(answers.tolist())) > 1 for answers in on_the_way]),
    }


def evaluator_of(view, labels, **options):
    n_exits = view.scores.shape[1]
    truth = classes(labels, view.distributions.shape[2])
    return PopulationEvaluator(view, truth, np.linspace(1 / n_exits, 1, n_exits), **options)


def random_genomes(evaluator, n_policies, seed):
    rng = np.random.default_rng(seed)
    return rng.integers(0, evaluator.n_levels, (n_policies, evaluator.n_genes))


@pytest.mark.parametrize("max_levels", [1024, 2, 3])
@settings(max_examples=120, deadline=None)
@given(case=rule_views(max_samples=200, max_columns=4), seed=st.integers(0, 1000))
def test_counts_equal_brute_force(max_levels, case, seed):
    view, labels = case
    evaluator = evaluator_of(view, labels, max_levels=max_levels)
    genomes = random_genomes(evaluator, 4, seed)
    outcome = evaluator.evaluate(genomes)
    for i, genome in enumerate(genomes):
        thresholds = evaluator.thresholds(genome)
        exits = brute_force(view, thresholds)
        assert outcome.exit_counts[i].tolist() == np.bincount(exits, minlength=evaluator.n_exits).tolist()
        assert outcome.qualities["accuracy"][i] == pytest.approx(direct_accuracy(view, labels, exits))
        as_array = np.array(thresholds).reshape(-1, view.n_columns)
        assert first_open_exit(view, as_array).tolist() == exits


def direct_accuracy(view, labels, exits):
    return np.mean([np.argmax(view.probabilities[i, k]) == labels[i] for i, k in enumerate(exits)])


@settings(max_examples=80, deadline=None)
@given(case=rule_views(max_samples=90, max_classes=8, max_columns=3), seed=st.integers(0, 1000))
def test_qualities_equal_scikit_learns(case, seed):
    view, labels = case
    evaluator = evaluator_of(view, labels, qualities=CLASSIFIER_QUALITIES)
    genomes = random_genomes(evaluator, 2, seed)
    outcome = evaluator.evaluate(genomes)
    for i, genome in enumerate(genomes):
        exits = brute_force(view, evaluator.thresholds(genome))
        for name, expected in direct_qualities(view, labels, exits).items():
            assert outcome.qualities[name][i] == pytest.approx(expected), name
        assert outcome.mean_depth[i] == pytest.approx(np.mean(exits) + 1)
        assert outcome.mean_cost[i] == pytest.approx(evaluator.cost[exits].mean())
    assert (outcome.n_samples == len(labels)).all()


@settings(max_examples=80, deadline=None)
@given(case=rule_views(max_samples=150, max_columns=4), seed=st.integers(0, 1000))
def test_a_line_equals_its_policies_one_by_one(case, seed):
    view, labels = case
    evaluator = evaluator_of(view, labels, qualities=CLASSIFIER_QUALITIES, max_levels=7)
    (genome,) = random_genomes(evaluator, 1, seed)
    for gene in range(evaluator.n_genes):
        policies = np.repeat(genome[None], evaluator.n_levels[gene], axis=0)
        policies[:, gene] = np.arange(evaluator.n_levels[gene])
        line, one_by_one = evaluator.line(genome, gene), evaluator.evaluate(policies)
        np.testing.assert_array_equal(line.exit_counts, one_by_one.exit_counts)
        for name in CLASSIFIER_QUALITIES:
            np.testing.assert_array_equal(line.qualities[name], one_by_one.qualities[name])


def random_thresholds(view, seed):
    """Thresholds of any value, (6, E - 1, S); one finite column per exit where the rule demands it."""
    rng = np.random.default_rng(seed)
    shape = (6, view.scores.shape[1] - 1, view.n_columns)
    thresholds = rng.choice([-0.3, 0.0, 0.25, 1 / 3, 0.5, 0.61, 0.8, 1.1, np.inf], shape)
    if view.combine is Combine.ONE:
        used = rng.integers(0, view.n_columns, shape[:2])
        thresholds = np.where(used[:, :, None] == np.arange(view.n_columns), thresholds, np.inf)
    return thresholds


@settings(max_examples=120, deadline=None)
@given(case=rule_views(max_columns=4), seed=st.integers(0, 1000))
def test_every_decision_has_a_genome(case, seed):
    """Any thresholds at all decide as the nearest genome does."""
    view, labels = case
    evaluator = evaluator_of(view, labels)
    thresholds = random_thresholds(view, seed)
    genomes = evaluator.nearest_genome(thresholds)
    for given_thresholds, genome in zip(thresholds, genomes, strict=True):
        assert brute_force(view, given_thresholds) == brute_force(view, evaluator.thresholds(genome))


@settings(max_examples=80, deadline=None)
@given(case=rule_views(max_columns=4), seed=st.integers(0, 1000), max_levels=st.sampled_from([2, 3, 1024]))
def test_a_genome_is_its_own_nearest(case, seed, max_levels):
    """By what it decides: where no sample may leave at all, several levels mean the same."""
    view, labels = case
    evaluator = evaluator_of(view, labels, max_levels=max_levels)
    for genome in random_genomes(evaluator, 4, seed):
        thresholds = np.array(evaluator.thresholds(genome)).reshape(-1, view.n_columns)
        np.testing.assert_array_equal(evaluator.nearest_genome(thresholds), genome)


@settings(max_examples=80, deadline=None)
@given(case=rule_views(max_exits=2), seed=st.integers(0, 1000))
def test_nearest_of_thinned_levels_lets_nobody_leave_below_the_thresholds(case, seed):
    view, labels = case
    evaluator = evaluator_of(view, labels, max_levels=2)
    if not evaluator.n_genes:
        return
    for wanted in random_thresholds(view, seed):
        (level,) = evaluator.nearest_genome(wanted)
        allowed = leavers(view, wanted)
        assert leavers(view, evaluator.thresholds([level])) <= allowed
        if level > 0:
            assert not leavers(view, evaluator.thresholds([level - 1])) <= allowed


def leavers(view, thresholds):
    """Samples that leave at the first of two exits."""
    return {i for i, k in enumerate(brute_force(view, thresholds)) if k == 0}


def plain_view(n_samples=70):
    rng = np.random.default_rng(3)
    probabilities = rng.dirichlet(np.ones(3), (n_samples, 2))
    return RuleView.of_one_score(probabilities.max(axis=2), probabilities), rng.integers(0, 3, n_samples)


def test_closed_exits_never_open_and_level_zero_always_does():
    evaluator = evaluator_of(*plain_view())
    closed = evaluator.evaluate(evaluator.n_levels[None] - 1)
    assert closed.exit_counts.tolist() == [[0, 70]]
    everyone = evaluator.evaluate(np.zeros((1, 1), dtype=int))
    assert everyone.exit_counts.tolist() == [[70, 0]]


def test_columns_of_single_classes_fill_few_words():
    """The layout that makes class-wise thresholds fast; what they decide is checked above."""
    rng = np.random.default_rng(0)
    answers = rng.integers(0, 4, 1000)
    probabilities = 0.1 + 0.6 * np.eye(4)[answers][:, None].repeat(2, axis=1)
    scores = np.where(np.eye(4, dtype=bool)[answers][:, None], rng.random((1000, 2, 1)), -np.inf)
    evaluator = evaluator_of(class_view(scores, np.ones((1000, 2), dtype=bool), probabilities), answers)
    n_words = np.diff(evaluator._rows.first_word)
    assert n_words.max() <= 6
    assert n_words.sum() <= 16 + 3
    outcome = evaluator.evaluate(np.zeros((1, 4), dtype=int))
    assert outcome.exit_counts.tolist() == [[1000, 0]]
    assert outcome.qualities["accuracy"].tolist() == [1.0]


def test_one_gene_per_exit_where_a_policy_uses_one_column():
    view, labels = plain_view()
    scores = np.concatenate([view.scores, view.scores.round(1)], axis=2)
    sizes = [len(np.unique(scores[:, 0, s])) for s in range(2)]
    one = evaluator_of(replace(view, scores=scores, combine=Combine.ONE), labels)
    assert one.n_levels.tolist() == [sum(sizes) + 1]
    several = evaluator_of(replace(view, scores=scores, combine=Combine.ALL), labels)
    assert several.n_levels.tolist() == [size + 1 for size in sizes]


def test_levels_separate_neighbouring_floats():
    view, labels = plain_view()
    low, high = 0.5, np.nextafter(0.5, 1.0)
    scores = view.scores.copy()
    scores[:, 0, 0] = np.where(np.arange(70) < 30, low, high)
    evaluator = evaluator_of(replace(view, scores=scores), labels)
    counts = evaluator.evaluate(np.arange(3)[:, None]).exit_counts[:, 0]
    assert counts.tolist() == [70, 40, 0]


def test_thinned_levels_keep_both_ends():
    evaluator = evaluator_of(*plain_view(), max_levels=5)
    assert evaluator.n_levels.tolist() == [6]
    counts = evaluator.evaluate(np.arange(6)[:, None]).exit_counts[:, 0]
    assert counts[0] == 70
    assert counts[-2:].tolist() == [1, 0]
    assert (np.diff(counts) < 0).all()


@pytest.mark.parametrize("n_bits", [1, 63, 64, 65, 200])
def test_packed_words_hold_the_bits_in_order(n_bits):
    bits = np.random.default_rng(n_bits).random((3, n_bits)) < 0.5
    words = pack(bits)
    assert words.shape == (3, -(-n_bits // 64))
    unpacked = [[int(words[row, i // 64]) >> (i % 64) & 1 for i in range(n_bits)] for row in range(3)]
    np.testing.assert_array_equal(unpacked, bits)
    assert sum(int(word).bit_count() for word in words.ravel()) == bits.sum()


@pytest.mark.parametrize("genomes", [np.zeros((2, 2), dtype=int), np.zeros(1, dtype=int), [[99]], [[-1]]])
def test_genomes_that_do_not_fit_are_refused(genomes):
    evaluator = evaluator_of(*plain_view(), max_levels=5)
    with pytest.raises(ExitSearchError, match=r"genomes must have shape|level indices"):
        evaluator.evaluate(np.asarray(genomes))


@pytest.mark.parametrize("genome", [[0, 0], [99], [-1]])
def test_lines_of_genomes_that_do_not_fit_are_refused(genome):
    evaluator = evaluator_of(*plain_view(), max_levels=5)
    with pytest.raises(ExitSearchError, match=r"genomes must have shape|level indices"):
        evaluator.line(np.asarray(genome), 0)


def test_too_few_levels_and_unknown_qualities_are_refused():
    view, labels = plain_view()
    with pytest.raises(ExitSearchError, match="at least 2 but is 1"):
        evaluator_of(view, labels, max_levels=1)
    with pytest.raises(ExitSearchError, match="no quality 'beauty'. Known are accuracy"):
        evaluator_of(view, labels, qualities=("beauty",))
