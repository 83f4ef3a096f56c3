"""Sizes of splits, and how probably they certify a target."""

import numpy as np
from scipy.stats import binom

from policies.certificates.sample_size import certifiable_accuracy
from policies.selection.split_size import SplitSize
from policies.tables.units import Units


def size(n_units, *, grouped=False, smallest_class=None):
    """So many samples, or groups of two samples each."""
    of_sample = np.repeat(np.arange(n_units), 2 if grouped else 1)
    return SplitSize(Units("group" if grouped else "sample", of_sample, n_units), smallest_class)


def passing(n, *, loss, target):
    """How probably so many samples certify a target where each is lost with some probability."""
    most = round((1 - certifiable_accuracy(n, target=target, delta=0.05)) * n)
    return binom.cdf(most, n, loss)
