"""Errors of the sweep that a user can cause."""

from typing import Self

from policies.errors import ExitSearchError


class ConfigError(ExitSearchError):
    """A sweep file, an option or a preset is wrong; the message names the key, the value and what would be right."""


class GivenWeightsWarning(UserWarning):
    """Networks start from weights of which only the user knows what they were trained on."""


class UntrainedWarning(UserWarning):
    """Nothing is trained, and the sweep asks for what only training gives."""


class DerivedWarning(UserWarning):
    """A sweep of a derived network leaves something out that the sweep did that it comes from."""


class RunFolderError(ExitSearchError):
    """A run folder exists, is missing or belongs to another sweep."""


class RegistrationError(ExitSearchError):
    """A bundle is written but could not be registered in MLflow."""


class StatisticsError(ExitSearchError):
    """Two groups of runs cannot be compared."""


class SweepError(ExitSearchError):
    """A sweep cannot give a result."""


class ValidityError(SweepError):
    """The full network does not pass the validity gate, so that nothing downstream is run."""


class SweepInterruptedError(ExitSearchError):
    """A sweep was stopped before its last trial; it can be resumed."""

    @classmethod
    def unwritable(cls, when: str, why: str, sweep: str) -> Self:
        """Of a sweep that could not write any more, such as on a full disk.

        Args:
            when: How far it was, such as ``before its first trial``.
            why: What went wrong.
            sweep: Name of the sweep.
        """
        return cls(
            f"the sweep was stopped {when}, since nothing can be written ({why}); put that right, then continue it "
            f"with --resume --name {sweep}"
        )


class WatchError(ExitSearchError):
    """The page of a sweep that runs cannot be served."""


class PredictionError(ExitSearchError):
    """What a bundle should be run on is missing, or is nothing that it takes."""


class PredictionWarning(UserWarning):
    """Some files could not be read, so that nothing was predicted of them."""


class BenchError(ExitSearchError):
    """A bundle cannot be timed as it was asked, or what was measured cannot be kept."""


class BenchWarning(UserWarning):
    """What a bundle is timed with is not what it would meet."""
