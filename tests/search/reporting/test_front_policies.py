"""The policies of a front as JSON: whole where they are short, what was learnt once where it is long."""

import json

import numpy as np

from policies.policy import Policy
from policies.rules import get_rule
from search.reporting.front_policies import front_policies
from tests.tables import make_table


def ensembles(n_classes):
    params = get_rule("ensemble").fit(make_table(200, 3, n_classes), np.ones(3))
    return [Policy("ensemble", ((level,), (level,)), (1.0, 1.0, 1.0), params) for level in (0.3, 0.6, 0.9)]


def test_short_policies_are_whole():
    texts, apart = front_policies(ensembles(4))
    assert [Policy.from_dict(json.loads(text)) for text in texts] == ensembles(4)
    assert apart == {}


def test_what_was_learnt_for_many_classes_is_given_once():
    plain = Policy("confidence", ((0.5,), (0.5,)), (1.0, 1.0, 1.0))
    texts, apart = front_policies([plain, *ensembles(100)])
    assert apart.keys() == {"ensemble-1"}
    assert sum(map(len, texts)) < 1000
    assert Policy.from_dict(json.loads(texts[0])) == plain
    for text, policy in zip(texts[1:], ensembles(100), strict=True):
        form = json.loads(text)
        file, name = form["params"].split(": ")
        assert file == "front_params.json"
        assert Policy.from_dict({**form, "params": apart[name]}) == policy
