"""Tables with all labels and without any, and the labels that are asked for, as whoever labels knows them."""

from dataclasses import replace

import numpy as np

from policies.certificates.labelling.order import labelling_order
from policies.policy import Policy
from tests.tables import make_table


SURE = Policy("confidence", (0.8, 0.8), (1.0, 1.0, 1.0))


def without_labels(table):
    return replace(table, labels=np.full(table.n_samples, -1), is_labelled=False)


def pair(n=600, *, seed=0, **options):
    """The same table with its labels and without."""
    table = make_table(n, seed=seed, **options)
    return table, without_labels(table)


def true_labels(table, names):
    """The classes of some samples, or of parents whose samples have one class, by name."""
    known = dict(zip(table.ids.tolist(), table.labels.tolist(), strict=True))
    if table.parents is not None:
        known |= dict(zip(table.parents.tolist(), table.labels.tolist(), strict=True))
    return {name: known[name] for name in names}


def labels_asked(policy, known, unknown, claim, **options):
    """The labels that an order asks for, first to last."""
    return true_labels(known, labelling_order(policy, unknown, claim, **options).asked)
