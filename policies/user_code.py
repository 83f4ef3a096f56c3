"""What a user's own code raises, in one line: whose it is, what went wrong, and in which line of which file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from inspect import unwrap
from pathlib import Path
import sysconfig
import traceback
from typing import Any

from policies.errors import ExitSearchError


_MOST_CHARACTERS = 300
_PACKAGES = [Path(__file__).resolve().parents[1] / name for name in ("policies", "search", "spaces", "trainables")]
_LIBRARIES = [Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib", "platlib")]


@contextmanager
def user_code(what: str, error: type[ExitSearchError]) -> Iterator[None]:
    """Run what a user may have written; errors that are meant for a person pass as they are.

    Args:
        what: Name of the user's code that runs: "OddDigits.load()".
        error: Type of the error that is raised instead of anything else.

    Raises:
        ExitSearchError: Of the given class, in one line.
    """
    try:
        yield
    except ExitSearchError:
        raise
    except Exception as problem:
        raise error(f"{what} failed: {cause(problem)}") from problem


def cause(problem: BaseException) -> str:
    """An exception in one line: its kind, the first line of its text, and where in a user's own file it came from."""
    if isinstance(problem, SyntaxError) and problem.filename:
        return f"{type(problem).__name__}: {problem.msg} ({_shown(Path(problem.filename))}, line {problem.lineno})"
    kind, text = type(problem).__name__, str(problem).strip()
    told = f"{kind}: {text.splitlines()[0]}"[:_MOST_CHARACTERS] if text else kind
    where = place_in_user_code(problem)
    return f"{told} ({where})" if where else told


def place_in_user_code(problem: BaseException) -> str:
    """File and line of the innermost call that is neither a library's nor ours; empty where there is none."""
    for frame in reversed(traceback.extract_tb(problem.__traceback__)):
        path = Path(frame.filename)
        if path.is_file() and not any(path.resolve().is_relative_to(own) for own in (*_PACKAGES, *_LIBRARIES)):
            return f"{_shown(path)}, line {frame.lineno}"
    return ""


def name_of(code: Any) -> str:
    """What a person calls a function, a class, a partial of one, or an object that can be called."""
    code = unwrap(getattr(code, "func", code))
    return str(getattr(code, "__qualname__", None) or type(code).__name__)


def _shown(path: Path) -> str:
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
