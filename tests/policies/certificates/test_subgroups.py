"""Claims for every value of a column: each tested as if its samples were a table of their own."""

from dataclasses import replace
import json

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.certificates.certificate import certify_policy
from policies.certificates.claims import Claim
from policies.certificates.testing import fixed_sequence as fixed_sequence_module
from policies.certificates.testing.fixed_sequence import fixed_sequence
from policies.certificates.testing.fixed_sequence import tested_parts as parts_tested
from policies.errors import ClaimError
from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from tests.policies.outcomes import FULL, GATE, is_near_level, outcome_table, table_with_errors
from tests.tables import make_table


TARGET = Claim(target=0.9, by="site")


def with_sites(table, sites):
    return table.with_columns({"site": np.array(sites)})


def two_sites(n, *, wrong_a, wrong_b):
    """Sites A and B with n samples each, of which so many are wrong."""
    row = np.arange(n)
    table = outcome_table(np.concatenate([row >= wrong_a, row >= wrong_b]), np.ones(2 * n))
    return with_sites(table, ["A"] * n + ["B"] * n)


@st.composite
def tables(draw):
    """Samples, perhaps in groups of uneven sizes, with two to four sites that are those of their groups."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n_units, n_sites = draw(st.integers(12, 40)), draw(st.integers(2, 4))
    sizes = rng.integers(1, 4, n_units) if draw(st.booleans()) else np.ones(n_units, dtype=np.int64)
    unit = np.repeat(np.arange(n_units), sizes)
    site = np.append(np.arange(n_sites), rng.integers(0, n_sites, n_units - n_sites))
    n, share = unit.size, draw(st.sampled_from([0.0, 0.1, 0.4]))
    table = outcome_table(
        rng.random(n) >= share,
        rng.random(n) >= share / 2,
        leaves=rng.random(n) < 0.7,
        labels=rng.integers(0, 2, n),
        groups=np.char.add("g", unit.astype(str)) if draw(st.booleans()) or sizes.max() > 1 else None,
    )
    return with_sites(table, np.array(list("WXYZ"))[site[unit]] if draw(st.booleans()) else site[unit])


@given(
    tables(),
    st.sampled_from(
        [
            Claim(target=0.8, by="site"),
            Claim(max_drop=0.2, by="site"),
            Claim(target=0.7, max_drop=0.2, max_degradation=0.3, class_floor=0.4, by="site"),
            Claim(max_relative_drop=0.3, by="site"),
        ]
    ),
    st.sampled_from([0.05, 0.2]),
)
@settings(deadline=None, max_examples=40)
def test_parts_of_a_subgroup_are_those_of_a_table_of_its_own(table, claim, delta):
    _, parts = parts_tested(GATE, table, claim, search=None, delta=delta)
    n_others = len(parts) - sum(part.subgroup is not None for part in parts)
    _, overall = parts_tested(GATE, table, claim.overall, search=None, delta=delta)
    assert [part.name for part in parts[:n_others]] == [part.name for part in overall]
    at = n_others
    n_statements = len(claim.statements)
    values = np.unique(table.columns["site"])
    for place in range(n_statements):
        for value in values:
            own = table.take(np.flatnonzero(table.columns["site"] == value))
            _, alone = parts_tested(GATE, own, claim.overall, search=None, delta=delta)
            expected, found = alone[place], parts[at]
            assert found.name == f"{expected.name} where site = {value}"
            assert (found.family, found.subgroup, found.method) == ("subgroup", str(value), expected.method)
            np.testing.assert_array_equal(found.losses, expected.losses)
            assert found.p_value(delta) == expected.p_value(delta)
            assert found.bound(delta) == expected.bound(delta)
            assert found.more_needed(delta) == expected.more_needed(delta)
            at += 1
    assert at == len(parts)


def test_all_subgroups_hold_together_and_the_worst_is_named(tmp_path):
    certificate = certify_policy(GATE, two_sites(300, wrong_a=5, wrong_b=12), TARGET)
    assert certificate.certified and certificate.worst_subgroup == "B"
    assert [part.name for part in certificate.parts] == [
        "accuracy",
        "accuracy where site = A",
        "accuracy where site = B",
    ]
    assert certificate.p_value == certificate.parts[2].p_value > certificate.parts[1].p_value
    certificate.save(tmp_path / "certificate.json")
    told = json.loads((tmp_path / "certificate.json").read_text())
    assert [part["subgroup"] for part in told["parts"]] == [None, "A", "B"]
    assert (told["worst_subgroup"], told["claim"]["by"]) == ("B", "site")
    assert Claim.from_dict(told["claim"]) == TARGET
    assert "nothing is claimed about values of site beside these 2" in certificate.notes


def test_one_subgroup_that_fails_is_the_reason():
    table = two_sites(300, wrong_a=5, wrong_b=40)
    assert certify_policy(GATE, table, TARGET.overall).certified
    certificate = certify_policy(GATE, table, TARGET)
    assert not certificate.certified and certificate.worst_subgroup == "B"
    assert certificate.reason == ("the policy's accuracy where site = B on certify is 0.8667 but must be above 0.9")
    (step,) = fixed_sequence([(GATE, table)], TARGET, delta=0.05)
    assert not step.passed and "site = B" in step.reason


def test_bounds_of_all_subgroups_hold_together():
    certificate = certify_policy(GATE, two_sites(300, wrong_a=5, wrong_b=12), TARGET)
    for part in certificate.parts[1:]:
        alone = certify_policy(
            GATE, table_with_errors(300, first={"A": 5, "B": 12}[part.subgroup], last=0), TARGET.overall, delta=0.025
        )
        assert part.simultaneous_bound == alone.bound < part.bound


def test_a_false_claim_about_one_site_is_rarely_certified():
    rng, n_draws, delta = np.random.default_rng(0), 300, 0.1
    n_false = 0
    for _ in range(n_draws):
        first = np.concatenate([rng.random(200) < 0.99, rng.random(150) < 0.9])
        table = with_sites(outcome_table(first, np.ones(350)), ["A"] * 200 + ["B"] * 150)
        n_false += certify_policy(GATE, table, TARGET, delta=delta).certified
    assert n_false > 0 and is_near_level(n_false, n_draws, delta)


def test_each_subgroup_is_tested_as_its_own_search_samples_settle_it():
    """Groups of site A neither lose nor gain; those of B do alike, so that there the net has more power."""
    claim = Claim(max_drop=0.03, by="site")

    def drawn(n, prefix, seed):
        rng = np.random.default_rng(seed)
        first, last = np.ones(2 * n, dtype=bool), np.ones(2 * n, dtype=bool)
        order = n + rng.permutation(n)
        first[order[: n // 20]], last[order[n // 20 : n // 10]] = False, False
        pair = np.arange(4 * n) // 2
        groups = np.char.add(prefix, pair.astype(str))
        table = outcome_table(first[pair], last[pair], groups=groups, prefix=prefix)
        return with_sites(table, ["A"] * 2 * n + ["B"] * 2 * n)

    search, certify = drawn(400, "s", 0), drawn(400, "c", 1)
    _, parts = parts_tested(GATE, certify, claim, search=search, delta=0.05)
    method = {part.subgroup: part.method for part in parts}
    assert method["A"] != method["B"]
    notes = certify_policy(GATE, certify, claim, search=search).notes
    (told,) = [note for note in notes if note.startswith("parts about each site are tested as was settled for it: by ")]
    assert all(f"by {method[value]} for '{value}'" in told for value in "AB")
    assert sum("where site" in note for note in notes) == 0
    for value in "AB":
        own, seen = (one.take(np.flatnonzero(one.columns["site"] == value)) for one in (certify, search))
        _, (alone,) = parts_tested(GATE, own, claim.overall, search=seen, delta=0.05)
        assert alone.method == method[value]
    _, parts = parts_tested(GATE, certify, claim, search=replace(search, columns={}), delta=0.05)
    for part, rows in zip(parts[1:], (np.arange(800), np.arange(800, 1600)), strict=True):
        _, (alone,) = parts_tested(GATE, certify.take(rows), claim.overall, search=search, delta=0.05)
        assert part.method == alone.method


def test_parents_are_counted_by_their_value():
    table = make_table(400, seed=3)
    clips = np.char.add("clip ", (np.arange(400) // 4).astype(str))
    labels = np.repeat(table.labels[::4], 4)
    table = replace(table, labels=labels, parents=clips, order=np.arange(400) % 4)
    table = with_sites(table, np.array(["A", "B"])[np.arange(400) // 4 % 2])
    policy = Policy("confidence", (0.9, 0.9), (1.0,) * 3, answering=Answering(pooling="mean", level=Level.SAMPLE))
    _, parts = parts_tested(
        policy, table.answered(policy.answering), Claim(target=0.1, by="site"), search=None, delta=0.05
    )
    assert [(part.subgroup, part.n, part.unit) for part in parts] == [
        (None, 100, "parent"),
        ("A", 50, "parent"),
        ("B", 50, "parent"),
    ]
    assert parts[0].losses.sum() == parts[1].losses.sum() + parts[2].losses.sum()


ENOUGH = table_with_errors(60, first=0, last=0)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({}, "'site' there must be a column of that name but there is none; save one as 'column.site'"),
        ({"device": ["x", "y"] * 30, "age": [1, 2] * 30}, "there is only 'age', 'device'"),
        ({"site": ["A"] * 60}, r"all 60 samples have 'A' \(a constant column\)"),
        ({"site": np.arange(60)}, "but there are 60 values in 60 samples; take a column that names kinds"),
        ({"site": np.arange(60) % 51}, "at most 50, and fewer than samples, but there are 51 values in 60 samples"),
    ],
)
def test_columns_that_cannot_be_meant_are_refused(columns, message):
    with pytest.raises(ClaimError, match=message):
        certify_policy(GATE, ENOUGH.with_columns(columns), TARGET)


def test_units_must_have_one_value():
    groups = np.char.add("g", (np.arange(60) // 3).astype(str))
    table = with_sites(table_with_errors(60, first=0, last=0, groups=groups), ["A", "B"] * 30)
    with pytest.raises(ClaimError, match=r"samples of a group .* of 'g0' have 'A' and 'B' \(20 of 20 such groups\)"):
        certify_policy(GATE, table, TARGET)
    clips = replace(
        with_sites(ENOUGH, ["A"] * 30 + ["B"] * 30), parents=np.char.add("clip", (np.arange(60) // 4).astype(str))
    )
    with pytest.raises(
        ClaimError, match=r"samples of a parent .* of 'clip7' have 'A' and 'B' \(1 of 15 such parents\)"
    ):
        certify_policy(GATE, clips, TARGET)


def test_values_with_too_few_units_are_told_before_anything_is_tested():
    table = with_sites(table_with_errors(120, first=0, last=0), ["A"] * 90 + ["B"] * 20 + ["C"] * 10)
    with pytest.raises(ClaimError) as refused:
        certify_policy(GATE, table, TARGET)
    assert str(refused.value) == (
        "every value of 'site' needs enough samples to certify accuracy 0.9 but too few even without a loss have "
        "'B (20 samples, about 9 more needed)', 'C (10 samples, about 19 more needed)'; nothing was tested: add "
        "samples of these, ask for less, or claim it without by"
    )
    enough = with_sites(table_with_errors(120, first=0, last=0), ["A"] * 62 + ["B"] * 29 + ["C"] * 29)
    assert certify_policy(GATE, enough, TARGET).certified


@pytest.mark.parametrize("claim", [Claim(max_drop=0.1), Claim(max_relative_drop=0.1), Claim(max_degradation=0.1)])
def test_just_enough_units_pass_where_nothing_is_lost(claim):
    claim = replace(claim, by="site")
    n = next(n for n in range(5, 80) if not _is_refused(FULL, two_sites(n, wrong_a=0, wrong_b=0), claim))
    assert certify_policy(FULL, two_sites(n, wrong_a=0, wrong_b=0), claim).certified
    with pytest.raises(ClaimError, match=r"about \d+ more needed"):
        certify_policy(FULL, two_sites(n - 1, wrong_a=0, wrong_b=0), claim)


def _is_refused(policy, table, claim):
    try:
        certify_policy(policy, table, claim)
    except ClaimError:
        return True
    return False


def test_a_claim_says_for_what_it_is_made():
    assert str(TARGET) == "accuracy is at least 0.9, each also for every value of site by itself"
    with pytest.raises(ClaimError, match="by must be the name of a column but is empty"):
        Claim(target=0.9, by=" ")
    with pytest.raises(ClaimError, match="a claim's by must be the name of a column but is '3'"):
        Claim.from_dict({"target": 0.9, "by": 3})


def test_the_parts_are_measured_once(monkeypatch):
    measured, measure = [], fixed_sequence_module.measure
    monkeypatch.setattr(
        fixed_sequence_module, "measure", lambda *given, **more: measured.append(1) or measure(*given, **more)
    )
    assert certify_policy(GATE, two_sites(300, wrong_a=5, wrong_b=12), TARGET).certified
    assert len(measured) == 1


def gaining_sites(n, *, gained, differ=0):
    """Sites A and B with n samples each: so many are put right, and as many as ``differ`` says are changed beside."""
    row = np.tile(np.arange(n), 2)
    last = row >= gained
    first = (row < gained) | (row >= gained + differ)
    return with_sites(outcome_table(first, last), ["A"] * n + ["B"] * n)


@pytest.mark.parametrize("claim", [Claim(max_drop=0.01), Claim(max_relative_drop=0.01)])
def test_values_of_few_units_are_tested_where_what_is_gained_may_do(claim):
    """200 samples that lose nothing cannot show a drop of .01, but those that gain in 20 of them do."""
    table = gaining_sites(200, gained=20)
    alone = certify_policy(GATE, table.take(np.arange(200)), claim)
    assert alone.certified
    by_site = certify_policy(GATE, table, replace(claim, by="site"))
    assert by_site.certified
    assert by_site.parts[1].p_value == alone.p_value


@pytest.mark.parametrize("claim", [Claim(max_drop=0.01, by="site"), Claim(max_relative_drop=0.01, by="site")])
def test_values_are_refused_by_where_answers_differ_whatever_the_labels_are(claim):
    """A refusal that looked at labels would be a test: it is the same for those that gain and those that lose."""
    told = []
    for table in (gaining_sites(60, gained=1), gaining_sites(60, gained=0, differ=1)):
        with pytest.raises(ClaimError, match="too few even without a loss") as refused:
            certify_policy(GATE, table, claim)
        told.append(str(refused.value))
    assert told[0] == told[1]
    lost = certify_policy(GATE, gaining_sites(200, gained=0, differ=20), claim)
    assert not lost.certified
