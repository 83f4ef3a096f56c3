"""What an error of MLflow means: wait for the store, make a run anew, or leave one event out."""

from __future__ import annotations

from enum import Enum, auto

from mlflow.exceptions import MlflowException
from requests import HTTPError, RequestException
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from search.redaction import redact_text


_REASON_LENGTH = 300
# An error page of a proxy has its reason somewhere else.
_PERMANENT_CODES = {
    "ALREADY_EXISTS",
    "BAD_REQUEST",
    "INVALID_PARAMETER_VALUE",
    "INVALID_STATE",
    "NOT_IMPLEMENTED",
    "RESOURCE_ALREADY_EXISTS",
    "RESOURCE_CONFLICT",
    "RESOURCE_DOES_NOT_EXIST",
}
_PASSING_STATUSES = {401, 403, 407, 408, 425, 429}


class Fault(Enum):
    """Kinds of errors."""

    STORE = auto()
    """The store cannot be reached or written to, or refuses the credentials: wait."""
    GONE = auto()
    """A run or the experiment was deleted."""
    EVENT = auto()
    """The store works, but refuses this."""


def fault_of(error: Exception) -> Fault:
    """Which kind of fault an error is."""
    if isinstance(error, MlflowException):
        return _fault_of_code(error)
    if isinstance(error, HTTPError) and error.response is not None:
        status = error.response.status_code
        return Fault.STORE if status >= 500 or status in _PASSING_STATUSES else Fault.EVENT
    if isinstance(error, (RequestException, SQLAlchemyError, ConnectionError, TimeoutError)):
        return Fault.STORE
    return Fault.EVENT


def is_internal(error: Exception) -> bool:
    """Whether the store failed inside, which one event alone may be the cause of."""
    return isinstance(error, MlflowException) and str(error.error_code) == "INTERNAL_ERROR"


def reason_of(error: BaseException, uri: str) -> str:
    """An error as one short line without passwords."""
    # What follows the first line of a database's error is the statement.
    lines = [line.strip() for line in str(_cause_of(error)).splitlines() if line.strip()]
    # Cut last: half a password would not be recognised.
    text = redact_text(lines[0] if lines else type(error).__name__, uri)
    return text if len(text) <= _REASON_LENGTH else text[: _REASON_LENGTH - 3] + "..."


def _cause_of(error: BaseException) -> BaseException:
    """What a network or a database said; MLflow wraps that in long lines."""
    cause = error.__cause__ or error.__context__ if isinstance(error, MlflowException) else error
    if isinstance(cause, DBAPIError):
        return cause.orig or cause
    if isinstance(error, MlflowException) and isinstance(cause, RequestException):
        reason = getattr(cause.args[0], "reason", None) if cause.args else None
        return reason if isinstance(reason, Exception) else cause
    return error


def _fault_of_code(error: MlflowException) -> Fault:
    code = str(error.error_code)
    if code == "RESOURCE_DOES_NOT_EXIST" or "must be in the 'active' state" in str(error):
        return Fault.GONE
    return Fault.EVENT if code in _PERMANENT_CODES else Fault.STORE
