"""Small pieces of HTML: whole, escaped, and cut where they would be long."""

from html.parser import HTMLParser
import math

import numpy as np
import pytest

from policies.certificates.certifying import certify_policy
from policies.certificates.claims import Claim
from policies.html import html_block, html_notes, html_table, numbers_in_words
from policies.policy import Policy
from policies.pooling.answering import Answering, Level
from tests.notebook_html import read_html
from tests.tables import make_table


def test_cells_are_escaped_and_rows_beyond_the_most_are_counted():
    rows = [[f"<script>{row}</script>", row / 7, None] for row in range(60)]
    page = read_html(html_block("a < b", html_table(["<b>", "share", ""], rows), html_notes(["<script>"] * 21)))
    assert page.sentence == "a < b"
    assert page.headings == ["<b>", "share", ""]
    assert page.rows == [[f"<script>{row}</script>", f"{row / 7:.4f}", ""] for row in range(20)]
    assert "... and 40 more" in page.text
    assert "... and 1 more" in page.text


def test_many_numbers_are_counted_and_closed_gates_said():
    assert numbers_in_words([math.inf] * 3, infinity="closed") == "closed"
    assert numbers_in_words([0.25, math.inf], infinity="closed") == "0.25, closed"
    assert numbers_in_words(np.arange(1000.0), infinity="closed").endswith("7 ... and 992 more")


def test_policy_tells_its_gates():
    page = read_html(Policy("confidence", (0.9, math.inf), (2.0, 1.5, 1.0))._repr_html_())
    assert page.sentence.startswith("Policy of rule confidence for 3 exits")
    assert page.rows == [["1", "0.9", "2"], ["2", "closed", "1.5"], ["3", "", "1"]]


def test_policy_of_parents_tells_how_answers_are_pooled_and_the_full_network_that_nobody_leaves():
    policy = Policy("confidence", (math.inf,), (1.0, 1.0), answering=Answering(level=Level.PARENT, pooling="mean"))
    sentence = read_html(policy._repr_html_()).sentence
    assert sentence.endswith("a sample takes the last; whole parents leave, answers pooled by mean")
    one = read_html(Policy("confidence", (), (1.0,))._repr_html_())
    assert one.rows == [["1", "", "1"]]


def test_large_policies_stay_short():
    policy = Policy("confidence", tuple((0.5,) for _ in range(59)), (1.0,) * 60)
    page = policy._repr_html_()
    assert "... and 40 more" in page
    assert len(page) < 20_000


PROVED = "Certified: with confidence 95 %, on new data of the same kind accuracy is at least 0.6 (bound 0."


@pytest.mark.parametrize(("target", "beginning"), [(0.6, PROVED), (0.999, "Not certified: the policy's accuracy on")])
def test_certificate_tells_whether_it_holds_and_its_parts(target, beginning):
    policy = Policy("confidence", (0.9, 0.9), (2.0, 2.0, 2.0))
    certificate = certify_policy(policy, make_table(600, seed=2, prefix="c"), Claim(target=target))
    page = read_html(certificate._repr_html_())
    assert page.sentence.startswith(beginning)
    (row,) = page.rows
    assert row[:4] == ["accuracy", f">= {target:g}", f"{certificate.observed:.4f}", f"{certificate.bound:.4f}"]
    assert all(note in page.text for note in certificate.notes)


def test_a_relative_drop_is_told_without_the_bound_of_another_number():
    certificate = certify_policy(
        Policy("confidence", (0.9, 0.9), (2.0, 2.0, 2.0)), make_table(600, prefix="c"), Claim(max_relative_drop=0.2)
    )
    assert certificate.certified
    assert "(bound" not in read_html(certificate._repr_html_()).sentence


def test_what_reads_html_sees_what_is_left_open():
    assert issubclass(type(read_html("<p>a</p>")), HTMLParser)
    with pytest.raises(AssertionError):
        read_html("<p><b>a</p>")
