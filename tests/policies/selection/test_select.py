"""Choosing one policy over all networks of a search."""

from dataclasses import replace

import numpy as np
import pytest

from policies.baselines.full_network import full_network
from policies.certificates.claims import Claim
from policies.evolution.settings import EvolveSettings
from policies.goals.figures import quality_of
from policies.goals.request import Request
from policies.parents.membership import Parents
from policies.pooling.answering import Answering
from policies.qualities.drop import DropLimit
from policies.selection.networks import search_network
from policies.selection.policy_search import PolicySearch
from policies.selection.references import references
from policies.selection.search_target import search_target
from policies.selection.select import select_policy
from policies.selection.split_size import SplitSize
from policies.tables.classification import ClassificationTable
from tests.multilabel_tables import make_label_table
from tests.tables import make_table


QUICK = EvolveSettings(population=8, generations=2, max_levels=64, front_size=20)
SEARCH = make_table(400, 3, 4)


def certify_table(n, seed=7):
    return make_table(n, 3, 4, seed=seed, prefix="c")


def table_target(asked, search, certify):
    sizes = []
    for table in (search, certify):
        parents = Parents.of(table)
        truth = table.truth.of_parents(parents.of_sample, parents.names, table.answering.parent_labels)
        sizes.append(SplitSize.of(table, truth, parents))
    return search_target(asked, search=sizes[0], certify=sizes[1])


def size(table: ClassificationTable):
    return SplitSize.of(table, table.truth)


def selected(asked, certify, search=SEARCH, rules=("confidence", "ensemble")):
    """The selection, and the least wanted figures that a bare choice would have settled for."""
    network = search_network("only", search, certify, PolicySearch(asked=asked, rules=rules, settings=QUICK))
    target = search_target(asked, search=size(search), certify=None if certify is None else size(certify))
    return select_policy([network], target, front_size=20), network


def figures(policy, table):
    decision = policy.decide(table)
    return float((decision.answers == table.labels).mean()), float(decision.exits.mean() + 1)


def full_accuracy(table):
    return float((table.logits[:, -1].argmax(axis=1) == table.labels).mean())


@pytest.mark.parametrize("certify", [None, certify_table(12)], ids=["no certify", "too few"])
def test_a_choice_that_is_not_certified_has_a_margin(certify):
    asked = Request(target=round(full_accuracy(SEARCH) - 0.08, 3))
    chosen, network = selected(asked, certify)
    assert chosen.estimate.meets
    assert not chosen.is_certified
    assert chosen.estimate.bound >= asked.target
    bare = next(point for point in network.front if point.feasible)
    (own,) = (point for point in chosen.front if point.selected)
    assert own.figures["mean_depth"] > bare.figures["mean_depth"]
    assert own.figures["accuracy"] >= chosen.estimate.bound + chosen.estimate.optimism
    assert chosen.estimate.n_certify == (0 if certify is None else 12)


def test_where_no_policy_has_the_margin_the_most_reliable_is_chosen():
    asked = Request(target=round(full_accuracy(SEARCH) - 0.001, 4))
    chosen, _ = selected(asked, None, rules=("confidence",))
    assert chosen.feasible
    assert not chosen.estimate.meets
    assert chosen.estimate.bound < asked.target
    # Nothing flatters the full network, and no policy is more accurate by as much as the choice may flatter.
    assert all(np.isinf(threshold) for row in chosen.policy.thresholds for threshold in row)


def test_certified_policies_need_no_estimate():
    asked = Request(target=round(full_accuracy(SEARCH) - 0.15, 3))
    chosen, _ = selected(asked, certify_table(2000))
    assert chosen.is_certified
    assert chosen.estimate is None


def test_policies_beyond_the_first_that_fails_are_not_tested():
    chosen, _ = selected(Request(target=round(full_accuracy(SEARCH) - 0.15, 3)), certify_table(2000))
    steps = {step.policy_hash: step.passed for step in chosen.certificate.sequence}
    marks = [point.certified for point in chosen.front]
    assert marks == [steps.get(point.policy.policy_hash) for point in chosen.front]
    assert set(marks) == {None, True}
    assert False in steps.values()
    assert [point.certified for point in chosen.front if point.selected] == [True]
    unclaimed, _ = selected(Request(target=0.5), None)
    assert {point.certified for point in unclaimed.front} == {None}


def test_what_nothing_reaches_is_missed_by_least():
    chosen, network = selected(Request(target=0.9999), None, rules=("confidence",))
    assert not chosen.feasible
    assert chosen.estimate is None
    nearest = network.front.policies[network.front.violation.argmin()]
    assert chosen.policy.policy_hash == nearest.policy_hash


def test_a_drop_is_compared_sample_by_sample():
    """The full network drops by nothing whatever its accuracy: it always has the margin."""
    asked = Request(max_drop=0.05)
    chosen, _ = selected(asked, None, rules=("confidence",))
    estimate = chosen.estimate
    assert (estimate.quality, estimate.side, estimate.limit) == ("drop", "at most", 0.05)
    assert estimate.meets
    dropped = full_accuracy(SEARCH) - figures(chosen.policy, SEARCH)[0]
    assert estimate.observed == pytest.approx(dropped)
    assert dropped < estimate.bound <= 0.05
    assert figures(chosen.policy, SEARCH)[1] < 3
    strict, _ = selected(Request(max_drop=0.0), None, rules=("confidence",))
    assert (strict.estimate.meets, figures(strict.policy, SEARCH)) == (True, (full_accuracy(SEARCH), 3.0))


def test_a_relative_drop_is_a_share_of_the_full_networks_right_answers():
    chosen, _ = selected(Request(max_relative_drop=0.05), None, rules=("confidence",))
    estimate, full = chosen.estimate, full_accuracy(SEARCH)
    assert (estimate.quality, estimate.side, estimate.limit) == ("relative drop", "at most", 0.05)
    assert estimate.meets
    assert estimate.observed == pytest.approx(1 - figures(chosen.policy, SEARCH)[0] / full)
    certified, _ = selected(Request(max_relative_drop=0.1), certify_table(2000), rules=("confidence",))
    assert certified.is_certified
    assert certified.certificate.loss == "relative_drop"
    assert certified.certificate.bound <= 0


def test_of_what_cannot_be_certified_policies_that_pass_are_chosen_by_estimate():
    asked = Request(quality="macro_f1", target=0.7, bounds={"accuracy": 0.7})
    chosen, _ = selected(asked, certify_table(2000), rules=("confidence",))
    assert chosen.is_certified
    assert (chosen.estimate.quality, chosen.estimate.meets) == ("macro_f1", True)
    assert chosen.estimate.bound >= 0.7


def test_a_drop_against_the_greedy_policy_is_compared_with_it():
    asked = Request(target=0.6, max_drop_greedy=0.02)
    chosen, network = selected(asked, None, rules=("confidence",))
    (greedy,) = references(asked, SEARCH, network.temperatures)
    dropped = figures(greedy, SEARCH)[0] - figures(chosen.policy, SEARCH)[0]
    assert dropped <= 0.02 + 1e-9
    assert chosen.estimate.quality == "accuracy"
    assert asked.drops == (DropLimit(0.02),)
    certified, _ = selected(asked, certify_table(800), rules=("confidence",))
    assert certified.is_certified
    assert certified.estimate.quality == "drop against the greedy shared threshold"


def test_of_several_drops_those_that_can_be_are_certified_and_the_rest_has_its_margin():
    asked = Request(max_drop={"accuracy": 0.05, "macro_f1": 0.08}, max_relative_drop={"worst_class_recall": 0.4})
    chosen, network = selected(asked, certify_table(800))
    assert len(references(asked, SEARCH, network.temperatures)) == 3
    assert chosen.is_certified
    assert chosen.certificate.claim == Claim(max_drop={"accuracy": 0.05})
    assert chosen.certificate.parts[0].method.startswith("exact paired test of what is lost and gained")
    assert chosen.estimate.meets
    assert chosen.estimate.quality == "drop of macro_f1"
    assert "paired" in chosen.estimate.method
    full = full_network(SEARCH, network.temperatures)
    for name, least in (("accuracy", 0.05), ("macro_f1", 0.08)):
        lost = [quality_of(name, SEARCH, one.decide(SEARCH)) for one in (full, chosen.policy)]
        assert lost[0] - lost[1] <= least


def test_several_drops_of_sets_of_labels_are_certified_by_parent():
    pooled = Answering(level="parent", pooling="mean")
    tables = [make_label_table(n, parents_of=3, seed=n, prefix=str(n)).answered(pooled) for n in (600, 2400)]
    asked = Request(max_drop={"exact_match": 0.06, "hamming": 0.03, "label_macro_f1": 0.1})
    target = table_target(asked, *tables)
    assert target.is_certifiable
    assert target.claim.max_drop == {"exact_match": 0.06, "hamming": 0.03}
    assert 0 < target.tightened.max_drop["hamming"] < 0.03
    assert target.tightened.max_drop["label_macro_f1"] == 0.1
    how = PolicySearch(asked=target.tightened, rules=("label-margin",), settings=QUICK)
    chosen = select_policy([search_network("only", *tables, how)], target, front_size=10)
    assert chosen.is_certified
    assert (chosen.certificate.unit, chosen.certificate.n) == ("parent", 800)
    assert chosen.estimate.quality == "drop of label_macro_f1"
    assert (np.asarray(chosen.policy.thresholds) < np.inf).any()


def test_a_budget_alone_takes_the_surest_policy_within_it():
    chosen, _ = selected(Request(budget=1.6), None)
    assert chosen.estimate.meets
    assert figures(chosen.policy, SEARCH)[1] <= 1.65
    assert chosen.certificate is None


def test_certify_vetoes():
    """A first exit that is wrong and sure on certify alone: nothing may leave there."""
    asked = Request(target=round(full_accuracy(SEARCH) - 0.15, 3))
    certify = certify_table(12)
    agreed, _ = selected(asked, certify, rules=("confidence",))
    logits = certify.logits.copy()
    logits[:, 0] = 0.0
    logits[np.arange(12), 0, (certify.labels + 1) % 4] = 40.0
    vetoed, _ = selected(asked, replace(certify, logits=logits), rules=("confidence",))
    assert vetoed.estimate.n_vetoed > agreed.estimate.n_vetoed
    assert figures(vetoed.policy, SEARCH)[1] > figures(agreed.policy, SEARCH)[1]
    assert not vetoed.is_certified


def test_networks_compete():
    better = replace(SEARCH, logits=SEARCH.logits + 2 * np.eye(4, dtype=np.float32)[SEARCH.labels][:, None])
    asked = Request(target=round(full_accuracy(SEARCH) - 0.02, 3))
    how = PolicySearch(asked=asked, rules=("confidence",), settings=QUICK)
    networks = [search_network(name, table, None, how) for name, table in (("poor", SEARCH), ("good", better))]
    chosen = select_policy(networks, search_target(asked, search=size(SEARCH), certify=None), front_size=20)
    assert chosen.network.network == "good"
