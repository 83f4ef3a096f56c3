"""What a sweep says before it trains: what it searches for, and whether anything can be certified."""

from dataclasses import replace
import warnings

import numpy as np
import pytest
from scipy.stats import binom

from policies.certificates.bounds.betting import betting_p_value
from policies.certificates.bounds.binomial import error_p_value
from policies.estimates.estimated_bounds import LEVEL
from search.config.files import load_sweep
from search.inputs import SweepInputs, load_splits
from search.preflight.announcement import announcement
from tests.toys.label_images import PLACE
from trainables.data import LabelledSamples, Samples, split_samples
from trainables.errors import OneSidedLabelsWarning


CONFIG = load_sweep("digits", ["target=0.95"])
SPLITS = load_splits(CONFIG)


def with_certify(n_groups, size):
    """So many groups of so many samples."""
    rows = np.arange(n_groups * size)
    certify = SPLITS.certify
    taken = replace(
        certify,
        inputs=certify.inputs[rows],
        labels=certify.labels[rows],
        ids=certify.ids[rows],
        groups=np.array([f"g{row // size}" for row in rows]),
    )
    return replace(SPLITS, certify=taken)


def test_what_trials_aim_at_is_certified_four_times_of_five():
    n = len(SPLITS.certify.ids)
    inputs = SweepInputs.of(CONFIG, SPLITS)
    target = inputs.target
    assert (n, round(target.tightened.target, 4)) == (360, 0.9773)
    (most,) = [k for k in range(n) if error_p_value(k, n, 0.95) <= CONFIG.delta < error_p_value(k + 1, n, 0.95)]
    assert binom.cdf(most, n, 1 - target.tightened.target) == pytest.approx(0.8)
    assert target.why_not == ""
    line, *plan = announcement(inputs)
    assert [one.startswith("Plan: ") for one in plan] == [True] * 3
    told = "Asked for accuracy 0.95; the search target, with the margin for a certificate, is"
    assert line == f"{told} {target.tightened}"


@pytest.mark.parametrize(
    ("n_groups", "size", "message"),
    [
        (1, 40, "certify has 1 group, too few to certify accuracy 0.95 even without an error: about 59 are needed"),
        (40, 2, "certify has 40 groups, too few to certify accuracy 0.95 even without an error: about 59 are needed"),
        (58, 1, "certify has 58 groups, too few to certify accuracy 0.95 even without an error: about 59 are needed"),
    ],
)
def test_too_few_units_are_told_beforehand(n_groups, size, message):
    few = with_certify(n_groups, size)
    inputs = SweepInputs.of(CONFIG, few)
    target = inputs.target
    assert target.why_not.startswith(message)
    first, *others = announcement(inputs)
    assert "the search target, with the margin for a lower bound on search, is" in first
    notes = [line for line in others if line.startswith("Note: ")]
    assert notes[0] == f"Note: {target.why_not}"
    # The margin is then that of the search split: as accurate as certifies the target there.
    n = len(SPLITS.search.ids)
    most = round((1 - target.tightened.target) * n)
    assert error_p_value(most, n, 0.95) <= LEVEL < error_p_value(most + 1, n, 0.95)


def last_line(n, target):
    """What is told last of so many samples of two classes, shared out as usual."""
    samples = Samples(
        inputs=np.zeros((n, 1, 1, 1), dtype=np.uint8),
        labels=np.arange(n) % 2,
        ids=np.array([f"s{i}" for i in range(n)]),
        class_names=("chirp", "noise"),
    )
    splits = split_samples(samples, CONFIG.splits.fractions(), seed=0)
    return announcement(SweepInputs.of(load_sweep("digits", [f"target={target}"]), splits))[-1]


def test_better_splits_are_proposed_before_training():
    assert last_line(142, 0.94).startswith(
        "Note: splits: auto would propose splits {train: 0.45, search: 0.1, certify: 0.35, test: 0.1}: certify has "
        "about 49 of 142 samples, with which a policy that loses half of what may be lost is certified with probability"
    )


@pytest.mark.parametrize(
    ("n", "estimate"),
    [
        (40, "for an estimate there are too few too; ask for less, or collect more"),
        (120, "an estimate takes about 38 of search, which it has with a share of 0.32"),
    ],
)
def test_where_no_splits_would_do_it_is_said_in_one_sentence(n, estimate):
    assert last_line(n, 0.94) == (
        f"Note: no other splits would do: certify can have at most {2 * n // 5} of the {n} samples, but to certify "
        f"that accuracy is at least 0.94 takes about 49 even without an error, of 123 in all; {estimate}"
    )


def test_as_many_as_are_needed_are_enough():
    assert betting_p_value(np.zeros(66), limit=0.05, delta=0.05) <= 0.05
    for n_groups, size in ((66, 2), (59, 1)):
        assert SweepInputs.of(CONFIG, with_certify(n_groups, size)).target.why_not == ""


def test_certainty_is_never_certified():
    config = load_sweep("digits", ["target=1.0"])
    assert SweepInputs.of(config, SPLITS).target.why_not == "accuracy 1 can never be certified; ask for less"


def test_what_has_no_margin_beforehand_is_not_said_to_have_one():
    config = load_sweep("digits", ["target=0.8", "policy.quality=tests.toys.parts:AGREEMENT"])
    (line,) = announcement(SweepInputs.of(config, SPLITS))
    assert line.startswith("Asked for tests.toys.parts:AGREEMENT 0.8; that is the search target too: no margin")


def test_a_label_that_hardly_occurs_does_not_keep_splits_as_they_are():
    n = 200
    labels = np.zeros((n, 3), dtype=np.uint8)
    labels[::2, 0], labels[0, 1] = 1, 1
    samples = LabelledSamples(
        inputs=np.zeros((2 * n, 1, 8, 8), dtype=np.uint8),
        labels=np.repeat(labels, 2, axis=0),
        ids=[f"view-{row}" for row in range(2 * n)],
        class_names=("often", "once", "never"),
        parents=[f"object {row // 2:03d}" for row in range(2 * n)],
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OneSidedLabelsWarning)
        splits = split_samples(samples, CONFIG.splits.fractions(), seed=0)
    asked = ("search.first_trials=[]", "target=null", "policy.max_drop={exact_match: 0.05}", "policy.pooling=mean")
    last = announcement(SweepInputs.of(load_sweep("digits", [f"workload={PLACE}", *asked]), splits))[-1]
    assert last.startswith("Note: splits: auto would propose splits {train: ")
    assert "certify has about 60 of 200 parents, with which a policy that loses half" in last
