"""The one way to write a folder whole: it is there with all of its files, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import secrets
from shutil import rmtree

from policies.files.real_path import real_path


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a new, empty folder beside ``path`` to write to; it becomes ``path`` when the context ends well.

    Where the context ends with an exception nothing is left of it, nor of the folders above that were made for it.

    Args:
        path: The folder to write, which must not exist or be empty.

    Raises:
        OSError: If it cannot be written, or ``path`` holds files.
    """
    final = real_path(path)
    made = [folder for folder in final.parents if not folder.exists()]
    partial = final.with_name(f"{final.name}.partial-{secrets.token_hex(6)}")
    try:
        partial.mkdir(parents=True)
        yield partial
        # Replacing works for an empty folder alone, and refuses any other.
        partial.replace(final)
    except BaseException:
        rmtree(partial, ignore_errors=True)
        for folder in made:
            if folder.exists() and not any(folder.iterdir()):
                folder.rmdir()
        raise
