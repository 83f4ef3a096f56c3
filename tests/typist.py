"""Requests that are typed one after the other in a process of their own, and what became of each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
import json
from pathlib import Path
import subprocess
import sys


HEAVY = (
    *("PIL", "deap", "matplotlib", "mlflow", "numba", "optuna", "pandas", "plotly", "ray", "scipy", "sklearn"),
    *("safetensors", "soundfile", "sqlalchemy", "torch", "torchaudio", "torchvision"),
)
"""Modules whose import takes so long that nobody waits for it to be told of a mistake."""

# Types each request, and tells of each how it ended, what it printed and what heavy modules were then imported.
_TYPIST = """
from contextlib import redirect_stderr, redirect_stdout
import io, json, sys

from search.cli.app import main

heavy, found = set(sys.argv[1].split(",")), []
for arguments in json.loads(sys.stdin.read()):
    # Else a request that does not end would be told to have ended as the one before.
    code = "it did not end"
    before, out, err = set(sys.modules), io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        try:
            main(arguments)
        except SystemExit as ended:
            code = ended.code
    found.append([code, out.getvalue(), err.getvalue(), sorted(heavy & (set(sys.modules) - before))])
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Outcome:
    """What became of a request: its exit status, what it printed, and which heavy modules it imported."""

    code: int | str | None
    out: str
    err: str
    imported: list[str]


def type_all(requests: Iterable[Sequence[str]], folder: Path) -> list[Outcome]:
    """What becomes of requests that are typed in a folder, all in one process."""
    done = subprocess.run(
        [sys.executable, "-c", _TYPIST, ",".join(HEAVY)],
        input=json.dumps([list(one) for one in requests]),
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [Outcome(*one) for one in json.loads(done.stdout)]
