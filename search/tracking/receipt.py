"""How many of a journal's events which store has confirmed: ``tracking.json``."""

from __future__ import annotations

from hashlib import pbkdf2_hmac
import json
from pathlib import Path

from search.redaction import redact_uri
from search.run_folder.result_files import write_json


_ROUNDS = 100_000


class Receipt:
    """A count that belongs to one store; another store starts at nothing.

    Args:
        path: File that holds the count.
        uri: The store's address. The file shows it without its password, beside a slow hash of the whole.
        experiment: Name of the experiment in the store.
        sweep_id: Identity of the sweep, the salt of the hash.
    """

    def __init__(self, path: Path, *, uri: str, experiment: str, sweep_id: str) -> None:
        self._path = path
        self._facts = {
            "uri": redact_uri(uri),
            "experiment": experiment,
            "store": pbkdf2_hmac("sha256", f"{uri}\n{experiment}".encode(), sweep_id.encode(), _ROUNDS).hex(),
        }

    def read(self) -> int:
        """How many events the store has; 0 where that is not known, since sending them again changes nothing."""
        try:
            stored = json.loads(self._path.read_text())
            return max(int(stored["confirmed"]), 0) if stored["store"] == self._facts["store"] else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0

    def write(self, n_confirmed: int) -> None:
        """Remember how many events the store has.

        Raises:
            OSError: If the file cannot be written.
        """
        write_json(self._path, {**self._facts, "confirmed": n_confirmed})
