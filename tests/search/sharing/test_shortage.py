"""How many would do where no shares of the splits certify anything, beside the sizes that first certify no loss."""

import re

import pytest

from policies.certificates.bounds.binomial import error_p_value
from policies.certificates.claims import Claim
from policies.selection.plan import passing_chance
from search.sharing.proposal import proposed_splits
from search.sharing.shortage import fractions_for_estimate, shortage
from search.sharing.units import SplitUnits, units_of


LABELS = {"positives": (0.5, 0.3, 0.02), "label_names": ("often", "at times", "rare")}
SHORT = {
    "class": (SplitUnits(1000, 10), Claim(target=0.9, class_floor=0.95)),
    "value": (SplitUnits(1000, 1000, smallest_share=0.02, n_subgroups=9), Claim(target=0.95, by="site")),
    "label": (SplitUnits(400, 400, **LABELS), Claim(target=0.9, quality="worst_label_recall")),
    "labels": (SplitUnits(400, 400, **LABELS), Claim(target=0.99, quality="label_micro_f1")),
}


@pytest.mark.parametrize("whose", SHORT)
def test_it_tells_the_size_of_certify_that_first_certifies_where_nothing_is_lost(whose):
    units, claim = SHORT[whose]
    told = shortage(units, claim, delta=0.05)
    fewest, whole = (int(one.replace(",", "")) for one in re.findall(r"about ([\d,]+) .*, of ([\d,]+) in all", told)[0])
    # By betting it is about that number, which depends on orders.
    few, enough = (0.9 * fewest, 1.1 * fewest) if "label" in whose else (fewest - 1, fewest)
    chances = [passing_chance(claim, units.size(int(n)), delta=0.05, share=0.0) for n in (few, enough)]
    assert chances[0] < 0.5 <= chances[1]
    assert whole == pytest.approx(fewest / 0.4, abs=2)
    assert proposed_splits(units, claim, delta=0.05, power=0.8).shortage == told
    assert ("where the value is rarest), of" in told) == (whose == "value")


def test_a_class_needs_as_many_as_the_exact_test():
    told = shortage(*SHORT["class"], delta=0.05)
    assert error_p_value(0, 59, 0.95) <= 0.05 < error_p_value(0, 58, 0.95)
    assert "takes about 5,900 even without an error (59 of the smallest class), of 14,750 in all" in told


@pytest.mark.parametrize(
    "claim", [Claim(max_drop=0.01), Claim(target=0.01, quality="hamming"), Claim(target=0.9, class_floor=0.8)]
)
def test_an_estimate_has_a_margin_of_every_limit(claim):
    assert fractions_for_estimate(SplitUnits(200, 10), claim) is None
    units = SplitUnits(700, 60)
    found = fractions_for_estimate(units, claim)
    fewest = {0.01: 230, 0.8: 11 * 700 // 60}[claim.class_floor or 0.01]
    assert units_of("search", found, units) >= fewest
