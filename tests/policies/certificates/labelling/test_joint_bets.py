"""Labels as they come, of whole units, for a least accuracy, and for several parts of a claim together."""

from dataclasses import replace
from itertools import pairwise
import math

import numpy as np
import pytest

from policies.certificates.bounds.betting import capital_path
from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.labelling.joint_bets import Standing
from policies.certificates.labelling.order import labelling_order
from policies.certificates.labelling.sequential import certify_as_labelled
from policies.errors import ClaimError
from policies.pooling.answering import Answering
from tests.policies.certificates.labelling.tables import SURE, labels_asked, true_labels, without_labels
from tests.policies.outcomes import GATE, is_near_level, outcome_table
from tests.tables import make_table


DELTA = 0.05
TARGET, DROP = Claim(target=0.8), Claim(max_drop=0.03)


def drawn(n, *, right=0.9, lost=0.004, gained=0.002, seed=0):
    """A table, with labels, of which so many are right by the full network, and lost and gained, on average."""
    rng = np.random.default_rng(seed)
    last, chance = rng.random(n) < right, rng.random(n)
    flips = np.where(last, chance < lost / right, chance < gained / (1 - right))
    return outcome_table(last ^ flips, last, labels=rng.integers(0, 2, n))


def in_groups(table, *, seed=0, largest=6):
    """The samples in groups of unequal sizes, whose rows are scattered."""
    rng = np.random.default_rng(seed)
    sizes = rng.integers(1, largest + 1, table.n_samples)
    of_row = np.repeat(np.arange(len(sizes)), sizes)[: table.n_samples]
    return replace(table, groups=np.char.add("g", rng.permutation(of_row).astype(str)))


def wrong_of(policy, table):
    return (policy.decide(table).answers != table.labels).astype(float)


def net_of(policy, table):
    full_wrong = (table.exit_answers[:, -1] != table.labels).astype(float)
    return wrong_of(policy, table) - full_wrong


LOSSES = {"target": (TARGET, wrong_of, 0.2, 0.0), "drop": (DROP, net_of, 0.03, -1.0)}


@pytest.mark.parametrize("what", LOSSES)
def test_whole_groups_are_bet_on_in_the_order_and_no_part_of_one(what):
    """The same p-value as bets on means that are counted here, after each of several numbers of labels."""
    claim, losses_of, limit, least = LOSSES[what]
    table = in_groups(make_table(400, seed=3))
    unknown = without_labels(table)
    order = labelling_order(SURE, unknown, claim, sequential=True)
    labels = list(labels_asked(SURE, table, unknown, claim, sequential=True).items())
    losses, group_of = losses_of(SURE, table), dict(zip(table.ids.tolist(), table.groups.tolist(), strict=True))
    groups = list(dict.fromkeys(group_of[name] for name in order.names.tolist()))
    means = [losses[table.groups == group].mean() for group in groups]
    for n_labels in (0, 1, 7, 40, len(labels)):
        missing = {name for name, _ in labels[n_labels:]}
        n_whole = next((n for n, one in enumerate(groups) if missing & {*table.ids[table.groups == one]}), len(groups))
        path = capital_path(np.array(means[:n_whole]), limit=limit, delta=DELTA, horizon=len(groups), least=least)
        progress = certify_as_labelled(SURE, unknown, claim, dict(labels[:n_labels]))
        assert progress.certificate.n == n_whole
        assert progress.certificate.unit == "group"
        assert progress.certificate.p_value == pytest.approx(math.exp(-max(path.max(initial=0.0), 0.0)))


def test_the_last_label_of_a_group_is_what_counts():
    table = in_groups(make_table(300, seed=1))
    unknown = without_labels(table)
    labels = list(labels_asked(SURE, table, unknown, TARGET, sequential=True).items())
    group_of = dict(zip(table.ids.tolist(), table.groups.tolist(), strict=True))
    known = [certify_as_labelled(SURE, unknown, TARGET, dict(labels[:n])).certificate.n for n in range(60)]
    assert known[0] == 0
    for n in range(1, 60):
        is_last = group_of[labels[n - 1][0]] != group_of[labels[n][0]]
        assert known[n] == known[n - 1] + is_last


def test_groups_are_gone_through_one_by_one_and_large_ones_no_sooner():
    """Each group's place depends on its name alone: the first one has the mean size of all, over many orders."""
    table = in_groups(make_table(400, seed=2), largest=9)
    group_of = dict(zip(table.ids.tolist(), table.groups.tolist(), strict=True))
    sizes = dict(zip(*np.unique(table.groups, return_counts=True), strict=True))
    first = []
    for seed in range(150):
        other = replace(without_labels(table), logits=table.logits + np.float32(seed / 8))
        groups = [group_of[name] for name in labelling_order(SURE, other, TARGET, sequential=True).names[:60].tolist()]
        assert sum(one != other for one, other in pairwise(groups)) + 1 == len({*groups})
        first.append(sizes[groups[0]])
    mean, deviation = np.mean([*sizes.values()]), np.std([*sizes.values()])
    assert abs(np.mean(first) - mean) < 4 * deviation / math.sqrt(len(first))


@pytest.mark.parametrize("shape", ["parents that are units", "pooled answers", "groups of pooled answers"])
def test_parents_are_units_too(shape):
    table = make_table(360, seed=5)
    parents = np.array([f"p{row // 3}" for row in range(360)])
    table = replace(table, parents=parents, labels=table.labels[np.arange(360) // 3 * 3])
    if shape == "groups of pooled answers":
        table = replace(table, groups=np.array([f"g{row // 6}" for row in range(360)]))
    policy = SURE if shape.startswith("parents") else replace(SURE, answering=Answering(level="parent", pooling="mean"))
    labels = labels_asked(policy, table, without_labels(table), DROP, sequential=True)
    progress = certify_as_labelled(policy, without_labels(table), DROP, labels)
    whole = certify_policy(policy, table, DROP)
    assert (progress.certificate.unit, progress.certificate.n) == (whole.unit, whole.n)
    assert progress.certificate.observed == pytest.approx(whole.observed)


def test_an_accuracy_is_proved_long_before_all_are_labelled():
    table = drawn(2000, right=0.95, seed=1)
    unknown = without_labels(table)
    claim = Claim(target=0.9)
    labels = list(labels_asked(GATE, table, unknown, claim, sequential=True).items())
    assert len(labels) == 2000
    progress = certify_as_labelled(GATE, unknown, claim, dict(labels))
    n_needed = progress.proved_after
    assert 30 < n_needed < 700
    before, after = (certify_as_labelled(GATE, unknown, claim, dict(labels[:n])) for n in (n_needed - 1, n_needed))
    assert (before.standing, after.standing) == (Standing.GO_ON, Standing.PROVED)
    assert after.certificate.bound >= 0.9
    assert after.certificate.parts[0].relation == ">="
    order = labelling_order(GATE, unknown, claim, sequential=True)
    wrong = dict(zip(table.ids.tolist(), wrong_of(GATE, table).tolist(), strict=True))
    seen = [wrong[name] for name in order.names[:n_needed].tolist()]
    assert after.certificate.observed == pytest.approx(1 - np.mean(seen))


def test_an_accuracy_that_is_missed_is_out_of_reach_before_the_last_label():
    table = drawn(300, right=0.6, seed=1)
    labels = list(labels_asked(GATE, table, without_labels(table), TARGET, sequential=True).items())
    half = certify_as_labelled(GATE, without_labels(table), TARGET, dict(labels[:250]))
    assert half.standing is Standing.OUT_OF_REACH
    assert (
        "whatever the labels are that are left (50), the accuracy cannot be proved to be at least 0.8; stop"
        in half.certificate.reason
    )


def test_a_joint_claim_is_proved_when_the_last_of_its_parts_is():
    """Each part has the bets that it has by itself; the order is that of the table and the policy."""
    table = drawn(2000, lost=0.004, gained=0.002, seed=5)
    unknown = without_labels(table)
    single = []
    for claim in (Claim(max_drop=0.01), Claim(max_degradation=0.01)):
        labels = labels_asked(GATE, table, unknown, claim, sequential=True)
        single.append(certify_as_labelled(GATE, unknown, claim, labels))
    joint = Claim(max_drop=0.01, max_degradation=0.01)
    both = certify_as_labelled(GATE, unknown, joint, labels_asked(GATE, table, unknown, joint, sequential=True))
    assert both.standing is Standing.PROVED
    assert both.proved_after == max(one.proved_after for one in single)
    assert len({one.proved_after for one in single} - {0}) == 2
    assert [part.p_value for part in both.certificate.parts] == [one.certificate.p_value for one in single]


def test_one_part_that_is_not_proved_keeps_the_claim_open():
    table = drawn(3000, lost=0.003, gained=0.002, seed=8)
    unknown, joint = without_labels(table), Claim(max_drop=0.01, target=0.88)
    labels = list(labels_asked(GATE, table, unknown, joint, sequential=True).items())
    assert len(labels) == 3000
    drop, accuracy = certify_as_labelled(GATE, unknown, joint, dict(labels)).certificate.parts[::-1]
    assert drop.passed
    seen = certify_as_labelled(GATE, unknown, joint, dict(labels[:1200]))
    passed = [part.passed for part in seen.certificate.parts]
    assert seen.certificate.certified == all(passed)
    assert accuracy.name == "accuracy"
    assert seen.standing is (Standing.PROVED if all(passed) else Standing.GO_ON)


def test_a_disagreement_beside_it_takes_no_label_and_is_tested_on_all():
    table = drawn(2000, lost=0.004, gained=0.002, seed=5)
    unknown = without_labels(table)
    claim = Claim(max_drop=0.01, max_disagreement=0.02)
    progress = certify_as_labelled(GATE, unknown, claim, {})
    part = progress.certificate.parts[1]
    assert (part.name, part.n, part.passed, part.method) == ("disagreement", 2000, True, "exact binomial")
    assert part.p_value == certify_policy(GATE, unknown, Claim(max_disagreement=0.02)).p_value
    assert progress.standing is Standing.GO_ON
    tight = certify_as_labelled(GATE, unknown, Claim(max_drop=0.01, max_disagreement=0.001), {})
    assert tight.standing is Standing.OUT_OF_REACH
    assert tight.certificate.reason.startswith("without any label, disagreement on certify is")


def test_every_value_of_a_column_is_proved_by_its_own_samples():
    table = drawn(3000, lost=0.003, gained=0.002, seed=8)
    site = np.where(np.arange(3000) % 3 == 0, "a", "b")
    known = table.with_columns({"site": site})
    unknown = without_labels(known)
    claim = Claim(max_drop=0.02, by="site")
    order = labelling_order(GATE, unknown, claim, sequential=True)
    labels = true_labels(known, order.asked)
    progress = certify_as_labelled(GATE, unknown, claim, labels)
    rows = dict(zip(known.ids.tolist(), range(3000), strict=True))
    in_order = np.array([rows[name] for name in order.names.tolist()])
    for part in progress.certificate.parts[1:]:
        own = in_order[site[in_order] == part.subgroup]
        losses = net_of(GATE, known)[own]
        path = capital_path(losses, limit=0.02, delta=DELTA, horizon=len(own), least=-1.0)
        assert part.n == len(own)
        assert part.p_value == pytest.approx(math.exp(-max(path.max(), 0.0)))
        assert part.simultaneous_bound >= part.bound
    assert progress.certificate.certified
    assert progress.certificate.worst_subgroup in {"a", "b"}


def by_site(n, *, differs_at, rare=3, seed=0):
    """A table of two sites, and without its labels: one of ``rare`` samples is of a; answers differ at some sites."""
    rng = np.random.default_rng(seed)
    site, last = np.where(np.arange(n) % rare == 0, "a", "b"), rng.random(n) < 0.9
    flips = (rng.random(n) < 0.01) & np.isin(site, differs_at)
    table = outcome_table(last ^ flips, last, labels=rng.integers(0, 2, n)).with_columns({"site": site})
    return table, without_labels(table)


def test_bounds_of_values_hold_together_with_those_of_parts_that_take_no_label():
    """As in a certificate of all labels, they are at delta over the number of all parts about values."""
    table, unknown = by_site(3000, differs_at=["a", "b"])
    claim = Claim(max_drop=0.02, max_disagreement=0.04, by="site")
    labels = labels_asked(GATE, table, unknown, claim, sequential=True)
    found = certify_as_labelled(GATE, unknown, claim, labels).certificate.parts
    whole = certify_policy(GATE, table, claim).parts
    assert [part.name for part in found] == [part.name for part in whole]
    of_values = [part for part in found if part.subgroup is not None]
    assert len(of_values) == 4
    for part in of_values:
        alone = certify_as_labelled(GATE, unknown, claim, labels, delta=DELTA / 4).certificate.parts
        assert part.simultaneous_bound == pytest.approx(next(one.bound for one in alone if one.name == part.name))
    for part, other in zip(found, whole, strict=True):
        if part.loss == "disagreement":
            assert part.simultaneous_bound == other.simultaneous_bound


def test_where_answers_of_a_value_never_differ_the_rest_is_expected_all_the_same():
    table, unknown = by_site(3000, differs_at=["b"])
    claim = Claim(max_drop=0.02, by="site")
    labels = list(labels_asked(GATE, table, unknown, claim, sequential=True).items())
    progress = certify_as_labelled(GATE, unknown, claim, dict(labels[:1]))
    assert progress.standing is Standing.GO_ON
    assert progress.chance > 0.9
    assert "about" in progress.certificate.reason


def test_where_nothing_was_seen_of_a_value_nothing_is_said_to_be_unlikely():
    table, unknown = by_site(3000, differs_at=["a", "b"], rare=6)
    claim = Claim(max_drop=0.01, by="site")
    labels = list(labels_asked(GATE, table, unknown, claim, sequential=True).items())
    site_of = dict(zip(table.ids.tolist(), table.columns["site"].tolist(), strict=True))
    n_first = next(n for n, (name, _) in enumerate(labels) if site_of[name] == "a")
    assert n_first > 0
    progress = certify_as_labelled(GATE, unknown, claim, dict(labels[:n_first]))
    assert progress.standing is Standing.GO_ON
    assert (progress.more_expected, progress.chance) == (None, None)
    assert progress.certificate.reason.endswith(f"go on with the {len(labels) - n_first} that may be given")


def test_what_is_expected_of_an_accuracy_over_groups_is_about_what_it_takes():
    table = in_groups(drawn(2400, right=0.95, seed=4))
    unknown, claim = without_labels(table), Claim(target=0.9)
    labels = list(labels_asked(GATE, table, unknown, claim, sequential=True).items())
    n_needed = certify_as_labelled(GATE, unknown, claim, dict(labels)).proved_after
    early = certify_as_labelled(GATE, unknown, claim, dict(labels[: n_needed // 2]))
    assert early.standing is Standing.GO_ON
    assert early.chance > 0.5
    assert n_needed / 4 < early.more_expected < n_needed * 2


def test_a_budget_counts_labels_not_groups():
    table = in_groups(drawn(900, right=0.95, seed=4))
    unknown, claim = without_labels(table), Claim(target=0.9)
    progress = certify_as_labelled(GATE, unknown, claim, {}, budget=12)
    assert (progress.standing, progress.n_left) == (Standing.OUT_OF_REACH, 12)
    assert progress.certificate.reason == (
        "after 0 labels p is 1, and whatever the labels are that the budget leaves (12), the accuracy cannot be proved "
        "to be at least 0.9; stop, or raise the budget"
    )


def test_a_constant_column_is_refused():
    table = without_labels(drawn(90)).with_columns({"site": np.full(90, "a")})
    with pytest.raises(ClaimError, match="a constant column"):
        certify_as_labelled(GATE, table, Claim(max_drop=0.1, by="site"), {})


def test_at_the_limit_groups_whose_size_tells_of_their_loss_pass_in_at_most_five_percent():
    """Large groups lose all and small ones nothing: an order that begins with small ones would pass far too often."""
    n_groups, n_draws, limit, n_passed = 100, 300, 0.1, 0
    for draw in range(n_draws):
        rng = np.random.default_rng(draw)
        loses = rng.random(n_groups) < limit
        sizes = np.where(loses, 6, 1)
        of_row = np.repeat(np.arange(n_groups), sizes)
        wrong = loses[of_row]
        table = replace(
            outcome_table(~wrong, np.ones(len(wrong), dtype=bool)), groups=np.char.add("g", of_row.astype(str))
        )
        labels = labels_asked(GATE, table, without_labels(table), Claim(target=1 - limit), sequential=True)
        n_passed += certify_as_labelled(
            GATE, without_labels(table), Claim(target=1 - limit), labels
        ).certificate.certified
    assert is_near_level(n_passed, n_draws, DELTA)
