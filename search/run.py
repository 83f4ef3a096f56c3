"""Run a sweep: ``python search/run.py [SWEEP.yaml | PRESET] [options]``, the same as ``exitsearch run``.

``ray submit`` copies this one file to the cluster, so it needs nothing beside it but the installed package.
"""

from pathlib import Path
import sys


def _leave_own_folder() -> None:
    """Take the script's folder off the path: its modules would shadow others, here and in Ray's workers."""
    if sys.path and sys.path[0] and Path(sys.path[0]).resolve() == Path(sys.argv[0]).resolve().parent:
        del sys.path[0]


if __name__ == "__main__":
    _leave_own_folder()
    from search.cli.app import main

    main(["run", *sys.argv[1:]])
