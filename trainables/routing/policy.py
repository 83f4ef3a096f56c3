"""A trained router as a policy like any other: it can be saved, judged, exported and run."""

from __future__ import annotations

from typing import Any

from policies.policy import Policy
from policies.tables.detection import DetectionTable
from policies.tables.origin import Origin
from trainables.routing.router import Router


_RULE, _GATED_RULE = "routed", "quality-gate"


def routed_policy(router: Router, table: DetectionTable) -> Policy:
    """The policy with a router's thresholds, temperatures and quality gate; boxes keep their scores.

    It decides on the boxes that are kept, the router on those of all anchors: on the same scores they take the same
    exits, and kept boxes have lower ones; see :mod:`trainables.routing.confidence`.

    Args:
        router: A trained router.
        table: What its detector finds on the split that it is chosen on, for the policy's origin.
    """
    gate = router.settings.gate
    params: dict[str, Any] = {
        "k": router.settings.n_top,
        "confidence_temperatures": [float(value) for value in router.temperatures.detach().cpu()],
    }
    if gate is not None:
        params |= {"objectness": gate.objectness, "least_objects": gate.n_objects}
    return Policy(
        rule=_RULE if gate is None else _GATED_RULE,
        thresholds=tuple((float(value),) for value in router.thresholds.detach().cpu()),
        temperatures=(1.0,) * router.n_exits,
        params=params,
        origin=Origin.of(table),
    )
