"""The F1 of each label at each exit, beside the policy."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from policies.files.atomic import whole_file
from search.figures.class_bars import class_bars


def draw_label_f1(table: pd.DataFrame, path: Path, *, title: str) -> None:
    """Write a picture of bars as a PNG file: a group for each label, with a bar for each exit and one for the policy.

    Args:
        table: ``who``, ``label``, ``f1`` and ``n_on``, in the order in which they are shown, the policy last and the
            last exit before it.
        path: Where it is written.
        title: Title above the picture.
    """
    named = table.rename(columns={"label": "name", "f1": "value", "n_on": "count"})
    with whole_file(path) as partial:
        class_bars(named, what="labels", counted="on", ylabel="F1", title=title).savefig(partial)
