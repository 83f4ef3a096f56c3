"""The errors a user can cause. Each message is one line: the rule, what was given, what to do."""


class ExitSearchError(Exception):
    """Base of every error that exitsearch raises for wrong input; the command line turns it into exit code 2."""


class ExitTableError(ExitSearchError):
    """An exit table breaks its contract; the message names the key and, where there is one, the row."""


class PolicyError(ExitSearchError):
    """A policy is malformed or does not fit the table it is applied to."""


class ClaimError(ExitSearchError):
    """A claim, its level or the losses it is tested with cannot be."""


class StagesError(ExitSearchError):
    """The stages of a network cannot be run: a file or a library is missing, or the samples do not fit."""


class MonitoringError(ExitSearchError):
    """A policy cannot be watched: what it did before, or what it answers now, is missing, damaged or does not fit."""


class MonitoringWarning(UserWarning):
    """Some answers could not be watched, or something of a watch could not be shown; the others were."""


class ExitTableWarning(UserWarning):
    """What was cast or assumed when an exit table was read, and what makes it doubtful."""
