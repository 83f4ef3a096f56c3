"""What Ray's workers import: the same as the driver, whatever lies in its working folder.

Ray puts the driver's working folder in front of the workers' module path, so that a user's own ``policies.py`` or
``random.py`` there hides packages that the driver has from elsewhere. A user's own workload in it must still be found.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from typing import Any

from policies.registry import OWN_PACKAGES


def runtime_env() -> dict[str, Any]:
    """Ray's runtime environment for a job whose workers look into the working folder where the driver does: last.

    Empty where the driver itself looks there first, as with ``python -m`` or a PYTHONPATH that names it.
    """
    folder = os.getcwd()  # noqa: PTH109 - Ray's own spelling of it is what must be found again
    if _looks_first_into(folder):
        return {}
    return {"worker_process_setup_hook": _hook(folder, OWN_PACKAGES)}


def _looks_first_into(folder: str) -> bool:
    """Whether the folder stands before Python's own modules, where only a user can have put it."""
    path = [os.path.abspath(entry) for entry in sys.path]  # noqa: PTH100 - "" is the working folder here
    standard = sysconfig.get_path("stdlib")
    return folder in path[: path.index(standard) if standard in path else len(path)]


def _hook(folder: str, packages: tuple[str, ...]) -> Any:
    """What a worker does when it starts, and before it is given the path of the driver.

    The function is defined in here so that Ray sends its code, not its name: a worker could not import it yet.
    """

    def order_imports() -> None:
        from contextlib import suppress
        from importlib import import_module
        import sys

        # An editable installation is found after everything on the path, the working folder included.
        for package in packages:
            with suppress(ImportError):
                import_module(package)

        class WorkingFolderLast:
            """Finds nothing itself: it puts the folder last before others look."""

            @staticmethod
            def find_spec(name: str, path: Any = None, target: Any = None) -> None:
                if path is None and folder in sys.path[:-1]:
                    sys.path[:] = [*(entry for entry in sys.path if entry != folder), folder]

        sys.meta_path.insert(0, WorkingFolderLast)

    return order_imports
