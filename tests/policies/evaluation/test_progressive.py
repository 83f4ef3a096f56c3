import math

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.evaluation.evaluators import evaluator_for
from policies.evolution.genome import RuleSpace
from policies.goals.goal import Goal
from policies.judging.judged import Judged
from policies.levels.seen import Seen
from policies.parents.parent_answers import UNREAD, spent_at
from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from policies.pooling.poolings import get_pooling
from policies.qualities import get_quality
from policies.rules import get_rule
from policies.tables.classification import ClassificationTable
from policies.tables.multilabel import MultiLabelTable


def table(sizes, n_exits, *, labels=False, seed=0, pooling="mean"):
    rng = np.random.default_rng(seed)
    n = sum(sizes)
    logits = rng.normal(size=(n, n_exits, 3)).astype(np.float32) * 2
    rows = rng.permutation(n)
    ids = np.array([f"p{g}#{m}" for g, size in enumerate(sizes) for m in range(size)])
    own = {"cost": np.linspace(0.2, 1, n_exits) if n_exits > 1 else np.ones(1), "ids": ids[rows]}
    of = np.repeat(np.arange(len(sizes)), sizes)[rows]
    answering = Answering(level=Level.PROGRESSIVE, pooling=pooling)
    if labels:
        true = rng.integers(2, size=(len(sizes), 3)).astype(np.uint8)[of]
        return MultiLabelTable(logits=logits, labels=true, **own).answered(answering)
    return ClassificationTable(logits=logits, labels=rng.integers(3, size=len(sizes))[of], **own).answered(answering)


def by_hand(own, rule, thresholds, until):
    """Exits of samples, and the answer about each parent by name, one parent after the other."""
    said = own.probabilities(np.ones(own.n_exits))
    pooling = get_pooling(own.answering.pooling)
    names = np.array([str(one).partition("#")[0] for one in own.ids])
    place = np.array([int(str(one).partition("#")[2]) for one in own.ids])
    exits, answers = np.full(own.n_samples, UNREAD), {}
    for name in np.unique(names):
        rows = np.flatnonzero(names == name)
        rows = rows[np.argsort(place[rows])]
        done = False
        for k in range(own.n_exits):
            for m, row in enumerate(rows):
                exits[row] = k
                values = np.array([said[one, exits[one]] for one in rows if exits[one] != UNREAD])
                pooled = pooling.of(values)
                if isinstance(own, MultiLabelTable):
                    sure, answer = np.abs(pooled - 0.5).min(), pooled >= 0.5
                else:
                    sure, answer = pooled.max(), pooled.argmax()
                answers[name] = answer
                is_last = k == own.n_exits - 1
                if not is_last and not isinstance(own, MultiLabelTable):
                    # What is pooled need be no distribution; rules are shown one.
                    sure = sure / pooled.sum()
                if sure >= (until if is_last else thresholds[k]) or (is_last and m == len(rows) - 1):
                    done = True
                    break
            if done:
                break
    return exits, answers


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    n_exits=st.integers(1, 3),
    labels=st.booleans(),
    pooling=st.sampled_from(["mean", "max", "top-2", "p75", "noisy-or"]),
    seed=st.integers(0, 100),
)
def test_parents_are_read_as_a_loop_reads_them(sizes, n_exits, labels, pooling, seed):
    own = table(sizes, n_exits, labels=labels, seed=seed, pooling=pooling)
    rng = np.random.default_rng(seed)
    level = (0.05, 0.5) if labels else (0.4, 1.0)
    thresholds = [float(one) for one in rng.uniform(*level, n_exits - 1)]
    until = float(rng.uniform(*level))
    rule = "label-margin" if labels else "confidence"
    answering = own.answering.model_copy(update={"read_until": until})
    policy = Policy(rule, tuple((one,) for one in thresholds), (1.0,) * n_exits, answering=answering)
    decision = policy.decide(own)
    exits, answers = by_hand(own, rule, thresholds, until)
    assert decision.exits.tolist() == exits.tolist()
    judged = Judged(decision.view, own.truth)
    assert judged.answers(decision.exits).tolist() == [answers[name].tolist() for name in sorted(answers)]
    assert Policy.from_dict(policy.to_dict()) == policy


@pytest.mark.parametrize("labels", [False, True])
def test_populations_are_judged_as_single_policies(labels):
    own = table([3, 1, 4, 2, 5, 3, 3], 3, labels=labels, seed=3)
    qualities = ("exact_match", "hamming", "jaccard") if labels else ("accuracy", "macro_f1", "top5_accuracy")
    if not labels:
        qualities = qualities[:2]
    seen = Seen.of(own, np.ones(3))
    rule = get_rule("label-margin" if labels else "confidence")
    view = seen.lift(rule.view(seen.table, seen.temperatures))
    evaluator = evaluator_for(view, own.truth, own.cost, own.answering, qualities=qualities)
    rng = np.random.default_rng(0)
    genomes = rng.integers(0, evaluator.n_levels, size=(50, evaluator.n_genes))
    genomes[0] = evaluator.n_levels - 1
    found = evaluator.evaluate(genomes)
    for at, genome in enumerate(genomes):
        policy = Policy(
            rule.name, evaluator.thresholds(genome), (1.0,) * 3, answering=evaluator.answering(genome, own.answering)
        )
        decision = policy.decide(own)
        assert evaluator.decide(genome, view).tolist() == decision.exits.tolist()
        assert found.mean_cost[at] == pytest.approx(spent_at(own.cost, decision.exits).mean())
        for name in qualities:
            one = Judged(decision.view, own.truth).values(get_quality(name), decision.exits[None])[0]
            assert found.qualities[name][at] == pytest.approx(one), name
    assert found.mean_cost[0] == 1
    line = evaluator.line(genomes[1], 0)
    assert line.mean_cost[genomes[1, 0]] == pytest.approx(found.mean_cost[1])


def test_a_rule_that_learns_is_fitted_on_whole_parents():
    own = table([4] * 30, 2, labels=True, seed=5)
    space = RuleSpace("label-gate", own, np.ones(2), Goal(quality="exact_match", target=0.0))
    policy = space.policy(np.zeros(1 + space.n_genes, dtype=np.int64))
    assert policy.answering.level is Level.PROGRESSIVE
    assert math.isfinite(policy.answering.read_until)
    assert Seen.of(own, np.ones(2)).table.groups is not None
