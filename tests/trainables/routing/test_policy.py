from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest
import torch

from policies.policy import Policy
from policies.rules.detection.box_scores import mean_of_best, scores_of
from policies.tables.boxes import SCORE, is_box
from tests.detection_tables import make_detection_table
from trainables.routing.confidence import ExitSignals, tempered
from trainables.routing.policy import routed_policy
from trainables.routing.router import Router
from trainables.routing.settings import QualityGate, RoutingSettings, Thresholds


TABLE = make_detection_table(40)


def signals_of_kept_boxes(router):
    """What a router would see if the kept boxes were all that there is."""
    means = np.stack([mean_of_best(TABLE.boxes[:, k], router.settings.n_top) for k in range(3)], axis=1)
    confidences = tempered(torch.as_tensor(means), router.temperatures.double())
    gate = router.settings.gate
    is_open = torch.ones(confidences.shape, dtype=torch.bool)
    if gate is not None:
        is_open = torch.as_tensor((scores_of(TABLE.boxes) > gate.objectness).sum(axis=2) >= gate.n_objects)
    return ExitSignals(confidences, torch.ones_like(confidences), is_open)


@settings(deadline=None)
@given(
    starts=st.tuples(st.floats(0, 0.99), st.floats(0, 0.99)),
    temperatures=st.tuples(*[st.floats(0.3, 30)] * 3),
    n_top=st.integers(1, 5),
    gate=st.none() | st.builds(QualityGate, objectness=st.floats(0.1, 0.9), n_objects=st.integers(1, 4)),
    thresholds=st.sampled_from([Thresholds.FIXED, Thresholds.LEARNABLE]),
)
def test_a_policy_decides_as_its_router_on_the_same_confidences(starts, temperatures, n_top, gate, thresholds):
    router = Router(RoutingSettings(thresholds=thresholds, start=starts, n_top=n_top, gate=gate), 3)
    router.log_temperatures.data = torch.tensor(temperatures).log()
    policy = routed_policy(router, TABLE)
    view, seen = policy.view(TABLE), signals_of_kept_boxes(router)
    assert view.scores[:, :, 0] == pytest.approx(seen.confidences.detach().numpy(), abs=1e-6)
    # Within rounding of a threshold either exit is right.
    margins = np.abs(view.scores[:, :-1, 0] - router.thresholds.detach().numpy())
    is_clear = (margins > 1e-6).all(axis=1)
    exits = policy.decide(TABLE).exits
    assert exits[is_clear].tolist() == router.exits(seen).numpy()[is_clear].tolist()


def test_a_policy_is_portable_and_is_for_its_own_network(tmp_path):
    gate = QualityGate(objectness=0.6, n_objects=2)
    router = Router(RoutingSettings(thresholds=Thresholds.FIXED, start=(0.3, 0.4), gate=gate), 3)
    table = replace(TABLE, meta={**TABLE.meta, "model_hash": "own"})
    policy = routed_policy(router, table)
    policy.save(tmp_path / "policy.json", phase="1.9")
    loaded = Policy.load(tmp_path / "policy.json")
    assert loaded == policy and loaded.network.model_hash == "own"
    assert np.array_equal(loaded.decide(table).exits, policy.decide(table).exits)


def test_boxes_keep_their_scores():
    policy = routed_policy(Router(RoutingSettings(thresholds=Thresholds.FIXED, start=(0.3, 0.4)), 3), TABLE)
    there = is_box(TABLE.boxes)
    assert policy.view(TABLE).answers[there][:, SCORE] == pytest.approx(TABLE.boxes[there][:, SCORE], abs=1e-6)
