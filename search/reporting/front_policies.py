"""The policies of a front as JSON, of which each learnt parameter is written once."""

from __future__ import annotations

from collections.abc import Sequence
import json
from typing import Any

from policies.outline import MOST_NUMBERS, count_numbers
from policies.policy import Policy
from search.run_folder.result_files import PARAMS_FILE


def front_policies(policies: Sequence[Policy]) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """Write policies as JSON.

    Policies of one rule and network share what the rule learnt. Where that is more than ``MOST_NUMBERS`` numbers, as
    with many classes, the policy has its name under ``params``, and it is given once for all.

    Args:
        policies: The policies of a front.

    Returns:
        Each policy; and by name the parameters that are given apart, for ``front_params.json``.
    """
    texts: list[str] = []
    names: dict[str, str] = {}
    apart: dict[str, dict[str, Any]] = {}
    for policy in policies:
        form = policy.to_dict()
        if count_numbers(form["params"]) > MOST_NUMBERS:
            key = json.dumps([policy.rule, form["params"]])
            name = names.setdefault(key, f"{policy.rule}-{len(names) + 1}")
            apart[name] = form["params"]
            form["params"] = f"{PARAMS_FILE}: {name}"
        texts.append(json.dumps(form))
    return texts, apart
