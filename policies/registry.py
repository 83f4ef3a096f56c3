"""Finding implementations by name: those of a role, and a user's own as ``module:attribute``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import resolve_name
from types import ModuleType
from typing import Any, TypeVar

from policies.errors import ExitSearchError
from policies.user_code import cause, place_in_user_code


T = TypeVar("T")

OWN_PACKAGES = ("policies", "search", "spaces", "trainables")
"""The packages of this project; a user's own module cannot have such a name."""


_SPELLED = {
    "map": "mAP@[.5:.95]",
    "map_50": "mAP@.5",
    "map_75": "mAP@.75",
    "worst_class_map_50": "worst class AP@.5",
    "image_f1": "image F1",
    "mean_latency_ms": "mean latency in ms",
    "latency_ms": "latency in ms",
    "greedy_shared_threshold": "best shared threshold",
    "grid_f1_under_budget": "published grid: F1 within 4 ms",
}
"""Names that are written in a way of their own."""
_BEGINNINGS = {"grid_": "published grid: ", "notes_": "published log: "}
"""How names begin that say whose they are, as a person reads it."""


@dataclass(frozen=True)
class OnDemand:
    """A function or a class whose module is imported with the first call; picklable.

    Attributes:
        place: Where the function or class is, as ``module:attribute``.
    """

    place: str

    def __call__(self, *args: Any, **options: Any) -> Any:
        """What the function returns, or an instance of the class."""
        return self.__wrapped__(*args, **options)

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """The function or the class, where :func:`inspect.signature` and :func:`inspect.unwrap` look for it."""
        found: Callable[..., Any] = resolve_name(self.place)
        return found


class Registry(Mapping[str, T]):
    """The implementations of a role by name, each an instance that is made when it is first asked for.

    Args:
        places: Where the class of each name is, as ``module:attribute``.
    """

    def __init__(self, places: Mapping[str, str]) -> None:
        self._places = dict(places)
        self._made: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        if name not in self._made:
            self._made[name] = OnDemand(self._places[name])()
        return self._made[name]

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def title_of(name: str) -> str:
    """A registered name, or ``module:attribute``, as a person reads it."""
    if name in _SPELLED:
        return _SPELLED[name]
    for beginning, read in _BEGINNINGS.items():
        if name.startswith(beginning):
            return read + name.removeprefix(beginning).replace("_", " ")
    return name.rpartition(":")[2].replace("_", " ")


def capital(text: str) -> str:
    """A text with a capital at its beginning, the rest as it is; of names such as mAP the first letter stays small."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]


def number_of(count: int, noun: str) -> str:
    """A number with what is counted: ``1 trial``, ``2,000 trials``.

    Args:
        count: How many there are.
        noun: One of them, of which an ``s`` makes several.
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def resolve(role: str, name: str, registered: Mapping[str, Any], expected: type, *, as_class: bool = False) -> Any:
    """Return what ``name`` stands for.

    Args:
        role: What is looked up, for the message: "workload".
        name: A registered name, or ``module:attribute`` of an importable module.
        registered: What is registered for the role, by name.
        expected: What the result must be an instance of.
        as_class: Whether the result must be a subclass instead.

    Raises:
        ExitSearchError: If there is no such thing, it has another type, or its module cannot be imported: then with
            the file and the line that cannot.
    """
    if name in registered:
        return registered[name]
    if ":" not in name:
        raise ExitSearchError(_unknown(role, name, registered))
    module_name, _, attribute = name.partition(":")
    module = _import(role, name, module_name)
    found = getattr(module, attribute, None)
    if found is None:
        file = getattr(module, "__file__", None) or module_name
        raise ExitSearchError(
            f"{role} {name!r} cannot be imported: {file} has no {attribute!r}; "
            f"{_why_hidden(module_name) or _those_that_fit(module, expected, as_class=as_class)}"
        )
    if not _fits(found, expected, as_class=as_class):
        raise ExitSearchError(f"{role} {name!r} {_what_it_is(found, expected, as_class=as_class)}")
    return found


def _unknown(role: str, name: str, registered: Mapping[str, Any]) -> str:
    if not registered:
        return f"a {role} must be named as module:attribute, such as my_module:{name}, but {name!r} was given"
    near = get_close_matches(name, registered, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    known = ", ".join(sorted(registered))
    return f"there is no {role} {name!r}{hint} Known are {known}, and your own as module:attribute"


def _import(role: str, name: str, module_name: str) -> ModuleType:
    try:
        return import_module(module_name)
    # A module that ends the program when it is imported would end the sweep's.
    except (Exception, SystemExit) as error:
        is_absent = isinstance(error, ImportError | ValueError | TypeError) and not isinstance(error, UnicodeError)
        if is_absent and not place_in_user_code(error):
            hint = "; leave .py off" if module_name.endswith(".py") else ""
            fix = _why_hidden(module_name) or f"its module must be in the current folder or installed{hint}"
            raise ExitSearchError(f"{role} {name!r} cannot be imported ({error}); {fix}") from None
        raise ExitSearchError(f"{role} {name!r} cannot be imported: {cause(error)}; put that right") from error


def _fits(found: Any, expected: type, *, as_class: bool) -> bool:
    if as_class:
        return isinstance(found, type) and issubclass(found, expected)
    return isinstance(found, expected)


def _those_that_fit(module: ModuleType, expected: type, *, as_class: bool) -> str:
    names = [name for name, value in vars(module).items() if _fits(value, expected, as_class=as_class)]
    kind = f"{'subclass of ' if as_class else ''}{expected.__name__}"
    own = [name for name in names if vars(module)[name] is not expected]
    return f"its {kind} is {' or '.join(own)}" if own else f"it has no {kind} at all"


def _what_it_is(found: Any, expected: type, *, as_class: bool) -> str:
    if as_class:
        hint = "; name the class itself" if isinstance(found, expected) else ""
        return f"must be a subclass of {expected.__name__} but is {found!r:.60}{hint}"
    is_its_class = isinstance(found, type) and issubclass(found, expected)
    hint = "; name an instance of it" if is_its_class else ""
    return f"must be a {expected.__name__} but is {found!r:.60}{hint}"


def _why_hidden(module_name: str) -> str:
    """Why a module of the current folder is not the one that its name stands for; empty where that is not so."""
    name = module_name.partition(".")[0]
    own = next((path for path in (Path(f"{name}.py"), Path(name)) if name and path.exists()), None)
    spec = find_spec(name) if own is not None else None
    if own is None or spec is None or Path.cwd() in Path(spec.origin or "").parents:
        return ""
    owner = "a package of exitsearch" if name in OWN_PACKAGES else "a module that is installed or Python's own"
    return f"{name!r} is the name of {owner}, which hides {own} of the current folder; give yours another name"
