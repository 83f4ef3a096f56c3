"""Sets of labels that a data source hands over: converted to 0 and 1 where it is plain what is meant, else refused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from policies.names import clean_name, list_some
from trainables.data.given_arrays import as_array, described
from trainables.errors import SamplesError


def as_label_sets(given: Any, label_names: Sequence[str], n: int) -> NDArray[np.uint8]:
    """Whether each label of ``n`` samples is on, shape (n, L), uint8.

    Args:
        given: 0 or 1, or truth values, of each sample and label, shape (n, L); or for each sample a list of the names
            of its labels, which may be empty.
        label_names: One per label.
        n: How many samples there are.

    Raises:
        SamplesError: If there are not ``n``, a value is neither 0 nor 1, or a name is none of a label.
    """
    if isinstance(given, list | tuple) and any(_names_labels(own) for own in given):
        given = _from_names(given, label_names)
    array = as_array("labels", given)
    if array.shape != (n, len(label_names)):
        raise SamplesError(
            f"labels must have shape ({n}, {len(label_names)}), 0 or 1 of each sample and label, but have {array.shape}"
        )
    if array.dtype.kind not in "buif":
        raise SamplesError(f"labels must be 0 or 1 but row 0 holds {described(array[0, 0])}")
    bad = np.argwhere((array != 0) & (array != 1))
    if bad.size:
        row, label = bad[0]
        raise SamplesError(
            f"labels must be 0 or 1 but row {row} has {array[row, label]} for {label_names[label]!r} ({len(bad)} such "
            f"values); give sets of labels, not scores or counts"
        )
    return array.astype(np.uint8)


def _names_labels(own: Any) -> bool:
    return isinstance(own, list | tuple | set | frozenset) and all(isinstance(name, str) for name in own)


def _from_names(given: Sequence[Any], label_names: Sequence[str]) -> NDArray[np.uint8]:
    places = {clean_name(name): place for place, name in enumerate(label_names)}
    labels = np.zeros((len(given), len(label_names)), dtype=np.uint8)
    for row, own in enumerate(given):
        if not _names_labels(own):
            raise SamplesError(
                f"labels must be lists of names for all samples or none but row {row} is {described(own)}"
            )
        for name in own:
            if clean_name(name) not in places:
                raise SamplesError(
                    f"labels must be among class_names, {list_some(label_names)}, but row {row} has {name!r}; correct "
                    f"it, or name it among them"
                )
            labels[row, places[clean_name(name)]] = 1
    return labels
