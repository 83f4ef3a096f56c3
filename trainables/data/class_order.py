"""Classes in the order of a network's outputs, which need not be that of the data."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from policies.names import clean_name, describe_clash, list_some
from trainables.data.base import Samples
from trainables.errors import DataError


def in_class_order(samples: Samples, class_names: Sequence[str]) -> Samples:
    """The samples with their classes numbered as a network numbers them.

    Args:
        samples: All samples, labelled.
        class_names: One for each output of the network, in their order; there may be more than the data have.

    Raises:
        DataError: If two are one to a person, or one of the data's classes is not among them.
    """
    names = [clean_name(name) for name in class_names]
    clash = describe_clash(names)
    if clash or "" in names:
        raise DataError(f"class names must differ but {clash or 'one is empty'}; name each output of the network once")
    absent = [name for name in samples.class_names if name not in names]
    if absent:
        raise DataError(
            f"class names must hold every class of the data, {list_some(samples.class_names)}, but lack "
            f"{list_some(absent)}; name the network's outputs as the data call their classes"
        )
    places = np.array([names.index(name) for name in samples.class_names], dtype=np.int64)
    return samples.renumbered(places, names)
