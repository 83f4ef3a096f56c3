"""A front as files: ``pareto_front.csv``, and ``front_params.json`` for what its rules learnt where that is long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
from typing import Any

import pandas as pd

from policies.errors import PolicyError
from policies.goals.front import Front, FrontPoint
from policies.outline import MOST_NUMBERS, count_numbers
from policies.policy import Policy
from search.errors import RunFolderError
from search.run_folder.result_files import PARAMS_FILE, ResultFiles, write_csv, write_json


_THRESHOLD = "threshold_"
_MARKED = {"True": True, "False": False, "": None}
_MARKS = ("violation", "feasible", "rule", "network", "certified", "selected", "policy")
"""Columns that are no figures."""


def write_front(files: ResultFiles, front: Front) -> None:
    """Write figures, marks, plain thresholds by depth, and each policy as JSON.

    Policies with several thresholds per exit have theirs in the JSON alone.

    Raises:
        OSError: If the folder cannot be written to.
    """
    texts, params = _as_json(front.policies)
    thresholds = [
        {f"{_THRESHOLD}{depth}": row[0] for depth, row in enumerate(policy.thresholds, start=1) if len(row) == 1}
        for policy in front.policies
    ]
    table = pd.concat([front.to_frame().drop(columns="policy"), pd.DataFrame(thresholds)], axis=1)
    write_csv(files.front_csv, table.assign(policy=texts))
    if params:
        write_json(files.front_params_file, params)


def read_front(files: ResultFiles) -> Front:
    """Read what :func:`write_front` wrote.

    Raises:
        RunFolderError: If there is no front that can be read.
    """
    try:
        # As text: a name such as NA is a name, and a number is read to its last digit.
        table = pd.read_csv(files.front_csv, dtype=str, keep_default_na=False)
        path = files.front_params_file
        params = json.loads(path.read_text()) if path.exists() else {}
        return Front(tuple(_point(row, params) for row in table.to_dict("records")))
    except (OSError, ValueError, KeyError, TypeError, PolicyError) as error:
        raise RunFolderError(
            f"{files.path}: a finished search has {files.front_csv.name}, but there is none that can be read ({error})"
        ) from None


def _as_json(policies: Sequence[Policy]) -> tuple[list[str], dict[str, dict[str, Any]]]:
    """Each policy as text; and by name the parameters that are given apart.

    Policies of one rule and network share what the rule learnt. Where that is more than ``MOST_NUMBERS`` numbers, as
    with many classes, the policy has its name under ``params``, and it is given once for all.
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


def _point(row: Mapping[str, str], params: Mapping[str, Any]) -> FrontPoint:
    form = json.loads(row["policy"])
    if isinstance(form["params"], str):
        form["params"] = params[form["params"].removeprefix(f"{PARAMS_FILE}: ")]
    return FrontPoint(
        policy=Policy.from_dict(form),
        figures={
            name: float(text) for name, text in row.items() if name not in _MARKS and not name.startswith(_THRESHOLD)
        },
        violation=float(row["violation"]),
        network=row.get("network", ""),
        certified=_MARKED[row.get("certified", "")],
        selected=_MARKED[row.get("selected", "")],
    )
