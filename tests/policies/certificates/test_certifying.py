from dataclasses import replace
import json

from mapie.risk_control.fwer_control import control_fwer
from mapie.risk_control.methods import compute_hoeffding_bentkus_p_value
import numpy as np
import pytest

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.bounds.binomial import error_p_value
from policies.certificates.certifying import certificate_of, certify_policy
from policies.certificates.claims import Claim
from policies.certificates.parts.base import BINOMIAL, MeanTest
from policies.certificates.testing.fixed_sequence import fixed_sequence
from policies.errors import ClaimError, PolicyError
from policies.policy import Policy
from tests.policies.outcomes import FULL, GATE, copied, is_near_level, outcome_table, table_with_errors


N_DRAWS = 2000
TARGET = Claim(target=0.95)


def certify_front(candidates, claim=TARGET, *, delta=0.05):
    """Index of the last that passed, or None, and the certificate of that one, or of the first."""
    steps = fixed_sequence(candidates, claim, delta=delta)
    n_passed = sum(step.passed for step in steps)
    policy, table = candidates[max(n_passed - 1, 0)]
    certificate = certificate_of(policy, table, steps, claim, delta=delta)
    return (n_passed - 1 if n_passed else None), certificate


def grouped_table(n_groups, size, rng, *, accuracy=0.95, spread=20.0, last=0.99):
    """Groups of differing accuracy."""
    first = rng.random((n_groups, size)) < rng.beta(accuracy * spread, (1 - accuracy) * spread, n_groups)[:, None]
    groups = np.repeat(np.char.add("g", np.arange(n_groups).astype(str)), size)
    return outcome_table(first.ravel(), rng.random(n_groups * size) < last, groups=groups)


def test_stops_at_the_first_failure_and_takes_the_one_before():
    good, bad = table_with_errors(400, first=10, last=2), table_with_errors(400, first=60, last=2)
    index, certificate = certify_front([(FULL, good), (GATE, good)])
    assert index == 1
    assert certificate.certified
    assert certificate.reason == ""
    assert certificate.observed == pytest.approx(0.975)
    assert certificate.policy_hash == GATE.policy_hash
    index, certificate = certify_front([(FULL, bad), (GATE, bad), (FULL, good)])
    assert index == 0
    assert certificate.policy_hash == FULL.policy_hash
    assert [step.passed for step in certificate.sequence] == [True, False]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("delta", [0.01, 0.05, 0.2])
def test_those_pass_that_pass_fixed_sequence_testing_of_learn_then_test(seed, delta):
    """MAPIE's p-values and its fixed sequence, for fronts that mostly, but not always, get worse."""
    n = 512
    errors = np.sort(np.random.default_rng(seed).integers(0, 45, 12))
    errors[[5, 6]] = errors[[6, 5]]
    front = [(GATE, table_with_errors(n, first=int(wrong), last=0)) for wrong in errors]
    p_values = compute_hoeffding_bentkus_p_value(errors / n, n, 0.05, binary=True)[:, 0]
    expected = control_fwer(p_values, delta, "fixed_sequence")
    steps = fixed_sequence(front, TARGET, delta=delta)
    assert [step.p_value for step in steps] == pytest.approx(p_values[: len(steps)].tolist())
    assert [index for index, step in enumerate(steps) if step.passed] == expected.tolist()


def test_nothing_certified_says_why_and_how_many_samples_are_missing():
    small = table_with_errors(50, first=1, last=1)
    index, certificate = certify_front([(FULL, small)])
    assert index is None
    assert not certificate.certified
    assert "50 samples are too few" in certificate.reason
    assert f"about {certificate.more_needed} more samples are needed" in certificate.reason
    needed = 50 + certificate.more_needed
    assert error_p_value(int(np.ceil(0.02 * needed)), needed, 0.95) <= 0.05
    _, certificate = certify_front([(FULL, table_with_errors(500, first=100, last=100))])
    assert certificate.reason == "the policy's accuracy on certify is 0.8000 but must be above 0.95"
    assert certificate.more_needed is None


def test_certificate_of_an_uncertified_policy_states_that_policys_own_figures():
    table = table_with_errors(50, first=9, last=1)
    steps = fixed_sequence([(FULL, table)], TARGET, delta=0.05)
    bold = certificate_of(GATE, table, steps, TARGET, delta=0.05)
    assert not bold.certified
    assert bold.policy_hash == GATE.policy_hash
    assert bold.observed == pytest.approx(0.82)
    assert bold.reason.startswith("the safest policy's accuracy")
    untested = certificate_of(GATE, table, (), TARGET, delta=0.05)
    assert untested.reason == "the policy was not among those that were tested"


def test_a_policy_that_passed_on_another_network_is_not_certified():
    good = table_with_errors(400, first=2, last=2, meta={"model_hash": "one"})
    other = table_with_errors(400, first=100, last=100, meta={"model_hash": "two"})
    steps = fixed_sequence([(FULL, good)], TARGET, delta=0.05)
    assert certificate_of(FULL, good, steps, TARGET, delta=0.05).certified
    assert not certificate_of(FULL, other, steps, TARGET, delta=0.05).certified


def test_every_part_must_pass_and_the_first_claim_leads():
    row = np.arange(1000)
    table = outcome_table(row >= 20, row >= 10, leaves=row % 2 == 0, labels=(row >= 950).astype(int))
    both = certify_policy(GATE, table, Claim(target=0.95, max_drop=0.03, class_floor=0.9, exit_floor=0.95))
    assert both.certified
    assert [part.name for part in both.parts] == [
        "accuracy",
        "drop",
        "recall of class 0",
        "recall of class 1",
        "accuracy at depth 1",
        "accuracy at depth 2",
    ]
    assert both.p_value == max(part.p_value for part in both.parts)
    assert both.loss == "error"
    assert both.bound == both.parts[0].bound
    for part in both.parts[2:]:
        assert part.simultaneous_bound < part.bound
    rare = certify_policy(GATE, table, Claim(target=0.95, class_floor=0.95))
    assert not rare.certified
    assert "recall of class 1 on certify is 1.0000, above 0.95, but 50 samples are too few" in rare.reason
    assert rare.more_needed == 9 * 20


def test_a_marginal_certificate_can_hide_a_bad_exit():
    row = np.arange(1000)
    table = outcome_table(row >= 20, np.ones(1000), leaves=row < 60)
    assert certify_policy(GATE, table, TARGET).certified
    certificate = certify_policy(GATE, table, Claim(target=0.95, exit_floor=0.9))
    assert not certificate.certified
    assert "accuracy at depth 1 on certify is 0.6667 but must be above 0.9" in certificate.reason


def test_an_exit_that_nobody_took_is_noted():
    certificate = certify_policy(FULL, table_with_errors(400, first=2, last=2), Claim(target=0.95, exit_floor=0.95))
    assert certificate.certified
    assert certificate.notes[0] == "nobody left at depth 1, so nothing is claimed about it"


def test_too_few_groups_are_not_replaced_by_their_samples():
    """1,000 samples without an error would certify, ten groups do not."""
    groups = np.repeat([f"g{i}" for i in range(10)], 100)
    grouped = table_with_errors(1000, first=0, last=0, groups=groups)
    certificate = certify_policy(FULL, grouped, TARGET)
    assert not certificate.certified
    assert (certificate.unit, certificate.n) == ("group", 10)
    assert f"10 groups are too few to be sure at level 0.05 (p = {certificate.p_value:.3g})" in certificate.reason
    assert f"about {certificate.more_needed} more groups are needed" in certificate.reason
    needed = 10 + certificate.more_needed
    assert betting_p_value(np.zeros(needed), limit=1 - 0.95, delta=0.05) <= 0.05
    assert betting_p_value(np.zeros(needed - 1), limit=1 - 0.95, delta=0.05) > 0.05


@pytest.mark.parametrize("claim", [TARGET, Claim(max_drop=0.02), Claim(target=0.9, class_floor=0.5, exit_floor=0.6)])
def test_copies_of_segments_make_no_certificate_stronger(claim):
    """Each segment of a recording ten times: the same units, the same p-values, the same bounds."""
    table = grouped_table(40, 8, np.random.default_rng(3))
    once, often = certify_policy(GATE, table, claim), certify_policy(GATE, copied(table, 10), claim)
    assert once.parts == often.parts
    assert (once.certified, once.n, once.more_needed) == (often.certified, often.n, often.more_needed)


def test_groups_of_one_sample_are_tested_as_samples_are():
    """Recordings of one segment: right or wrong as a whole, so that the exact test is theirs too."""
    alone = table_with_errors(400, first=12, last=12, groups=np.array([f"g{i}" for i in range(400)]))
    ungrouped = replace(alone, groups=None)
    one, other = certify_policy(FULL, alone, TARGET), certify_policy(FULL, ungrouped, TARGET)
    assert (one.unit, other.unit) == ("group", "sample")
    assert one.method == other.method
    assert (one.p_value, one.bound, one.certified) == (other.p_value, other.bound, other.certified)
    paired = replace(alone, groups=np.array([f"g{max(i, 1)}" for i in range(400)]))
    assert "betting" in certify_policy(FULL, paired, TARGET).method


def test_enough_groups_certify():
    certificate = certify_policy(GATE, grouped_table(200, 5, np.random.default_rng(0), accuracy=0.98), TARGET)
    assert certificate.certified
    assert certificate.unit == "group"
    assert 0.95 <= certificate.bound < certificate.observed


def independent(claim, n=150, *, wrong=0.0, degraded=0.0, gained=0.0, among=None):
    """A claim, and draws of tables with those rates; errors occur among half of the samples: a class, or an exit."""

    def draw(rng):
        kind, half = rng.random(n), rng.random(n) < 0.5
        both_wrong = (kind < wrong) & (half if among else True)
        first_wrong = (kind > 1 - degraded) | both_wrong
        last_wrong = ((kind > 0.5) & (kind < 0.5 + gained)) | both_wrong
        options = {"class": {"labels": half}, "exit": {"leaves": half}, None: {}}[among]
        return outcome_table(~first_wrong, ~last_wrong, **options)

    return claim, draw


@pytest.fixture
def only_passing_matters(monkeypatch):
    """How many more units a policy that failed would need takes up to half of a draw, and is tested above."""
    monkeypatch.setattr("policies.certificates.testing.fixed_sequence.more_units_needed", lambda *_: None)


@pytest.mark.slow
@pytest.mark.usefixtures("only_passing_matters")
@pytest.mark.parametrize(
    ("claim", "draw"),
    [
        independent(Claim(target=0.8), wrong=0.2),
        independent(Claim(max_degradation=0.1), wrong=0.1, degraded=0.1),
        independent(Claim(max_drop=0.03), degraded=0.05, gained=0.02),
        independent(Claim(target=0.5, class_floor=0.8), wrong=0.2, among="class"),
        independent(Claim(target=0.5, exit_floor=0.8), wrong=0.2, among="exit"),
        (Claim(target=0.8), lambda rng: grouped_table(100, 3, rng, accuracy=0.8)),
        (Claim(max_drop=0.05), lambda rng: grouped_table(100, 3, rng, accuracy=0.85, last=0.9)),
    ],
    ids=["accuracy", "degradation", "drop", "classes", "exits", "groups", "groups' drop"],
)
def test_violations_are_at_most_delta(claim, draw):
    """2,000 draws where the claim is at the edge of failing: whole tables, certified as a user would."""
    rng = np.random.default_rng(0)
    n_false = sum(fixed_sequence([(GATE, draw(rng))], claim, delta=0.05)[-1].passed for _ in range(N_DRAWS))
    assert is_near_level(n_false, N_DRAWS, 0.05)


def test_draws_at_the_limit_are_at_the_limit():
    """The simulated worlds above have the losses they are meant to have."""
    rng = np.random.default_rng(1)
    claim, draw = independent(Claim(max_drop=0.03), n=200_000, degraded=0.05, gained=0.02)
    assert certify_policy(GATE, draw(rng), claim).observed == pytest.approx(0.03, abs=0.003)
    claim, draw = independent(Claim(target=0.5, exit_floor=0.8), n=200_000, wrong=0.2, among="exit")
    first, second = certify_policy(GATE, draw(rng), claim).parts[1:]
    assert (first.observed, second.observed) == (pytest.approx(0.8, abs=0.005), 1.0)
    grouped = grouped_table(20_000, 3, rng, accuracy=0.85, last=0.9)
    assert certify_policy(GATE, grouped, Claim(max_drop=0.05)).observed == pytest.approx(0.05, abs=0.005)


@pytest.mark.usefixtures("only_passing_matters")
def test_violations_along_a_whole_front_are_at_most_delta():
    """Three policies, all at the edge of the target: any of them is wrongly certified in at most delta of the draws."""
    rng = np.random.default_rng(0)
    n_false = 0
    for _ in range(N_DRAWS):
        tables = [outcome_table(rng.random(100) >= 0.05, np.ones(100)) for _ in range(3)]
        n_false += any(step.passed for step in fixed_sequence([(GATE, table) for table in tables], TARGET, delta=0.05))
    assert is_near_level(n_false, N_DRAWS, 0.05)


def test_written_as_json(tmp_path):
    table = table_with_errors(400, first=10, last=2)
    _, certificate = certify_front([(FULL, table)], Claim(target=0.95, max_drop=0.1))
    certificate.save(tmp_path / "certificate.json", workload="made up")
    data = json.loads((tmp_path / "certificate.json").read_text())
    expected = {"method", "delta", "n", "unit", "loss", "observed", "bound", "p_value", "sequence", "certified"}
    assert expected <= data.keys()
    assert data["table_hash"] == table.split_hash
    assert data["policy_hash"] == FULL.policy_hash
    assert data["claim"]["target"] == 0.95
    assert data["workload"] == "made up"
    assert data["method"].startswith(f"fixed-sequence testing, {BINOMIAL}, {MeanTest.PAIRED}")
    assert [part["method"] for part in data["parts"]] == [BINOMIAL, MeanTest.PAIRED]


def test_wrong_input():
    table = table_with_errors(10, first=0, last=0)
    with pytest.raises(ClaimError, match="delta must lie strictly between 0 and 1 but is 1.5"):
        certify_policy(FULL, table, TARGET, delta=1.5)
    with pytest.raises(PolicyError, match="the number of exits is 3 in the policy and 2 in the table"):
        certify_policy(Policy("confidence", (0.5, 0.5), (1.0, 1.0, 1.0)), table, TARGET)
