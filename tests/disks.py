"""Small file systems, so that a full disk is a real one."""

from contextlib import contextmanager
import subprocess

import pytest


@contextmanager
def small_disk(path, kibibytes):
    """A file system of that size at a path; skips the test where none can be mounted, which takes root."""
    path.mkdir()
    try:
        mounted = _mount("-t", "tmpfs", "-o", f"size={kibibytes}k", "tmpfs", path)
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("a small file system cannot be mounted here; that takes root")
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", str(path)], check=True)


def enlarge(path, kibibytes):
    """Make room."""
    assert _mount("-o", f"remount,size={kibibytes}k", path)


def _mount(*arguments):
    return subprocess.run(["mount", *map(str, arguments)], capture_output=True, check=False).returncode == 0
