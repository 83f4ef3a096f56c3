"""Errors of data and training that a user can cause."""

from policies.errors import ExitSearchError


class DataError(ExitSearchError):
    """A data source is missing, damaged or unfit; the message says what was looked for and how to get it."""


class TrainingError(ExitSearchError):
    """Training options that cannot work together."""


class CheckpointError(ExitSearchError):
    """The checkpoint of a finished trial is gone or damaged."""


class StorageFullError(ExitSearchError):
    """There is no room for a checkpoint."""
