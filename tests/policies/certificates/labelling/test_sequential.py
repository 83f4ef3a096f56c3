"""Labels that are looked at as they come: valid however often one looks, and in the order that was fixed."""

import math

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.certificates.bounds.betting import capital_path, most_growth, path_upper_bound
from policies.certificates.claims import Claim
from policies.certificates.labelling.joint_bets import Standing
from policies.certificates.labelling.order import labelling_order
from policies.certificates.labelling.sequential import certify_as_labelled
from policies.errors import ClaimError
from tests.policies.certificates.labelling.tables import labels_asked, without_labels
from tests.policies.outcomes import GATE, is_near_level, outcome_table


N_DRAWS, DELTA = 2000, 0.05
DROP, DEGRADATION = Claim(max_drop=0.01), Claim(max_degradation=0.01)


def drawn(n, *, lost, gained, seed):
    """A table, with labels, of which so many are lost and gained on average."""
    rng = np.random.default_rng(seed)
    last, chance = rng.random(n) < 0.9, rng.random(n)
    flips = np.where(last, chance < lost / 0.9, chance < gained / 0.1)
    return outcome_table(last ^ flips, last, labels=rng.integers(0, 2, n))


def signed(n_draws, n, *, lost, gained, seed):
    chance = np.random.default_rng(seed).random((n_draws, n))
    return np.where(chance < lost, 1.0, np.where(chance < lost + gained, -1.0, 0.0))


@pytest.mark.parametrize(("lost", "gained"), [(0.01, 0.0), (0.0125, 0.0025), (0.03, 0.02)])
@pytest.mark.parametrize("n", [400, 1000])
def test_at_the_limit_it_is_proved_at_any_time_in_at_most_five_percent(lost, gained, n):
    losses = signed(N_DRAWS, n, lost=lost, gained=gained, seed=n)
    paths = capital_path(losses, limit=0.01, delta=DELTA, horizon=n, least=-1.0)
    assert is_near_level((paths.max(axis=1) >= math.log(1 / DELTA)).sum(), N_DRAWS, DELTA)


@pytest.mark.parametrize("lost", [0.01, 0.05])
def test_at_the_limit_a_degradation_is_proved_at_any_time_in_at_most_five_percent(lost):
    losses = signed(N_DRAWS, 800, lost=lost, gained=0.0, seed=3)
    paths = capital_path(losses, limit=lost, delta=DELTA, horizon=800)
    assert is_near_level((paths.max(axis=1) >= math.log(1 / DELTA)).sum(), N_DRAWS, DELTA)


def test_power_is_that_of_the_documentation():
    """A true drop of .0025 with 1,000 samples and a limit of .01; see docs/certificates.md."""
    losses = signed(N_DRAWS, 1000, lost=0.0025, gained=0.0, seed=0)
    paths = capital_path(losses, limit=0.01, delta=DELTA, horizon=1000, least=-1.0)
    assert (paths.max(axis=1) >= math.log(1 / DELTA)).mean() == pytest.approx(0.77, abs=0.03)


LOSSES = st.lists(st.sampled_from([-1.0, 0.0, 0.0, 0.0, 1.0]), min_size=2, max_size=40).map(np.array)


@given(losses=LOSSES, extra=st.integers(0, 30), limit=st.sampled_from([0.01, 0.2]))
def test_a_path_is_that_of_its_beginning(losses, extra, limit):
    """What comes later changes nothing of what was."""
    horizon = len(losses) + extra
    whole = capital_path(losses, limit=limit, delta=DELTA, horizon=horizon, least=-1.0)
    for n in range(1, len(losses)):
        part = capital_path(losses[:n], limit=limit, delta=DELTA, horizon=horizon, least=-1.0)
        np.testing.assert_allclose(part, whole[:n])


@given(losses=LOSSES, limit=st.sampled_from([0.01, 0.2]))
def test_no_loss_grows_the_capital_by_more_than_the_most(losses, limit):
    path = capital_path(losses, limit=limit, delta=DELTA, horizon=len(losses), least=-1.0)
    for loss, growth in zip(losses, np.diff(path, prepend=0.0), strict=True):
        if loss <= limit:
            assert growth <= most_growth(limit=limit, loss=loss) + 1e-12


@given(losses=LOSSES, limit=st.sampled_from([0.05, 0.2, 0.5]))
def test_the_bound_is_below_the_limit_where_it_is_proved(losses, limit):
    horizon = len(losses) + 5
    path = capital_path(losses, limit=limit, delta=DELTA, horizon=horizon, least=-1.0)
    bound = path_upper_bound(losses, delta=DELTA, horizon=horizon, least=-1.0)
    if abs(path.max() - math.log(1 / DELTA)) > 1e-6:
        assert (bound <= limit) == (path.max() >= math.log(1 / DELTA))


def test_samples_that_are_answered_alike_cost_no_label():
    table = drawn(1500, lost=0.0, gained=0.0, seed=1)
    progress = certify_as_labelled(GATE, without_labels(table), DROP, {})
    assert (progress.standing, progress.proved_after, progress.n_labels) == (Standing.PROVED, 0, 0)
    assert progress.certificate.certified
    assert progress.certificate.n == 1500


@pytest.mark.parametrize("claim", [DROP, DEGRADATION])
def test_label_by_label_until_it_is_proved_and_ever_after(claim):
    table = drawn(2000, lost=0.004, gained=0.002, seed=5)
    unknown = without_labels(table)
    labels = list(labels_asked(GATE, table, unknown, claim, sequential=True).items())
    standings = []
    for n in range(len(labels) + 1):
        progress = certify_as_labelled(GATE, unknown, claim, dict(labels[:n]))
        standings.append(progress.standing)
        assert progress.certificate.certified == (progress.standing is Standing.PROVED)
        assert (progress.certificate.p_value <= DELTA) == progress.certificate.certified
        if progress.standing is Standing.PROVED:
            assert progress.proved_after == standings.index(Standing.PROVED)
            assert progress.certificate.bound <= 0.01
    n_before = standings.index(Standing.PROVED)
    assert 0 < n_before < len(labels)
    assert standings == [Standing.GO_ON] * n_before + [Standing.PROVED] * (len(labels) + 1 - n_before)


def test_losses_are_those_of_the_samples_in_the_order():
    table = drawn(900, lost=0.02, gained=0.01, seed=2)
    unknown = without_labels(table)
    order = labelling_order(GATE, unknown, DROP, sequential=True)
    labels = labels_asked(GATE, table, unknown, DROP, sequential=True)
    row = {name: place for place, name in enumerate(table.ids.tolist())}
    right = table.exit_answers == table.labels[:, None]
    loss = np.array([right[row[name], 1].astype(float) - right[row[name], 0] for name in order.names.tolist()])
    n_labels = 5
    end = np.flatnonzero(order.differs)[n_labels]
    path = capital_path(loss[:end], limit=0.01, delta=DELTA, horizon=900, least=-1.0)
    progress = certify_as_labelled(GATE, unknown, DROP, dict(list(labels.items())[:n_labels]))
    assert progress.certificate.p_value == pytest.approx(math.exp(-max(path.max(), 0.0)))
    assert (progress.certificate.n, progress.certificate.observed) == (end, pytest.approx(loss[:end].mean()))


def test_what_is_expected_is_about_what_it_takes():
    table = drawn(4000, lost=0.003, gained=0.002, seed=8)
    unknown = without_labels(table)
    labels = list(labels_asked(GATE, table, unknown, DROP, sequential=True).items())
    n_needed = next(
        n
        for n in range(len(labels) + 1)
        if certify_as_labelled(GATE, unknown, DROP, dict(labels[:n])).standing is Standing.PROVED
    )
    early = certify_as_labelled(GATE, unknown, DROP, dict(labels[:3]))
    assert early.standing is Standing.GO_ON
    assert early.chance > 0.5
    assert 0 < early.more_expected <= n_needed * 3
    assert f"about {early.more_expected} more of those that are left" in early.certificate.reason


def test_what_is_lost_too_often_is_not_expected():
    table = drawn(2000, lost=0.03, gained=0.0, seed=3)
    unknown = without_labels(table)
    labels = list(labels_asked(GATE, table, unknown, DROP, sequential=True).items())
    progress = certify_as_labelled(GATE, unknown, DROP, dict(labels[:20]))
    assert progress.standing is Standing.GO_ON
    assert progress.more_expected is None
    assert progress.chance < 0.1
    assert "will rather not prove it" in progress.certificate.reason


def test_all_labels_without_a_proof_are_the_end():
    table = drawn(2000, lost=0.03, gained=0.0, seed=3)
    unknown = without_labels(table)
    progress = certify_as_labelled(GATE, unknown, DROP, labels_asked(GATE, table, unknown, DROP, sequential=True))
    assert (progress.standing, progress.n_left) == (Standing.OUT_OF_REACH, 0)
    assert "no label is left" in progress.certificate.reason
    assert progress.certificate.n == 2000


def test_a_degradation_is_out_of_reach_before_the_last_label():
    table = drawn(2000, lost=0.03, gained=0.0, seed=3)
    unknown = without_labels(table)
    labels = list(labels_asked(GATE, table, unknown, DEGRADATION, sequential=True).items())
    standings = [
        certify_as_labelled(GATE, unknown, DEGRADATION, dict(labels[:n])).standing for n in range(0, len(labels), 5)
    ]
    first = standings.index(Standing.OUT_OF_REACH)
    assert 0 < first < len(standings) - 1
    assert set(standings[first:]) == {Standing.OUT_OF_REACH}


def test_a_budget_ends_it_and_may_be_raised():
    table = drawn(2000, lost=0.004, gained=0.002, seed=5)
    unknown = without_labels(table)
    labels = list(labels_asked(GATE, table, unknown, DROP, sequential=True).items())
    two = dict(labels[:2])
    assert certify_as_labelled(GATE, unknown, DROP, two, budget=2).standing is Standing.OUT_OF_REACH
    raised = certify_as_labelled(GATE, unknown, DROP, two, budget=9)
    assert (raised.standing, raised.n_left) == (Standing.GO_ON, 7)
    assert raised.certificate.p_value == certify_as_labelled(GATE, unknown, DROP, two).certificate.p_value


def test_labels_out_of_order_are_refused():
    table = drawn(2000, lost=0.004, gained=0.002, seed=5)
    unknown = without_labels(table)
    labels = labels_asked(GATE, table, unknown, DROP, sequential=True)
    first = next(iter(labels))
    with pytest.raises(ClaimError, match=f"in the order that was fixed but '{first}', at place 1, has none and"):
        certify_as_labelled(GATE, unknown, DROP, {name: label for name, label in labels.items() if name != first})


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (Claim(target=0.9, class_floor=0.5), "the claim has class_floor, which needs every label at once"),
        (Claim(max_drop=0.01, exit_floor=0.5), "the claim has exit_floor, which needs every label at once"),
        (
            Claim(max_drop=0.01, bounds={"macro_f1": 0.9}),
            "has bounds of macro_f1, which needs every label at once",
        ),
        (Claim(max_disagreement=0.1), "max_disagreement alone needs no labels at all"),
    ],
)
def test_what_is_no_mean_over_units_is_refused(claim, message):
    with pytest.raises(ClaimError, match=message):
        certify_as_labelled(GATE, without_labels(drawn(90, lost=0.0, gained=0.0, seed=0)), claim, {})


def test_a_budget_is_at_least_one():
    with pytest.raises(ClaimError, match="a budget must be at least 1 label but is 0"):
        certify_as_labelled(GATE, without_labels(drawn(90, lost=0.0, gained=0.0, seed=0)), DROP, {}, budget=0)
