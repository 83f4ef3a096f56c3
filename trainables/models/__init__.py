"""Network families. A new family is one new file; a workload names the function that builds it."""

from trainables.models.base import MultiExitModel, cumulative_macs, relative_cost
from trainables.models.small_cnn import small_cnn


__all__ = ["MultiExitModel", "cumulative_macs", "relative_cost", "small_cnn"]
