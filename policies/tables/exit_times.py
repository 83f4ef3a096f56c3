"""Milliseconds up to each exit as an executor takes them: a JSON file that ``bench`` writes and a search reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policies.errors import ExitSearchError
from policies.files.atomic import write_text
from policies.tables.latency import checked_latency
from policies.tables.network import NetworkIdentity, differences


class ExitTimes(BaseModel):
    """What one executor takes up to each exit of one network, on one device.

    Attributes:
        executor: What ran the network: ``torch`` or ``onnx``.
        batch_size: Samples that were run together.
        device: ``cpu`` or ``cuda``.
        processor: Name of what computed it.
        threads: Threads that it was computed with.
        model_hash: Digest of the network; None where that is not known.
        latency_ms: Milliseconds per sample up to each exit, shape (E,), increasing.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    executor: str
    batch_size: int
    device: str
    processor: str
    threads: int
    model_hash: str | None = None
    latency_ms: tuple[float, ...] = Field(min_length=1)

    def save(self, path: Path) -> None:
        """Write them in one step.

        Raises:
            OSError: If they cannot be written.
        """
        write_text(path, self.model_dump_json(indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read them.

        Raises:
            ExitSearchError: If the file is missing or is none of times.
        """
        try:
            found = cls.model_validate(json.loads(path.read_text()))
            checked_latency(found.latency_ms, len(found.latency_ms))
        except OSError as error:
            raise ExitSearchError(f"{path}: there must be a file of times but {error.strerror}; {_FIX}") from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(str(part) for part in first["loc"]) or "the file"
            raise ExitSearchError(f"{path}: not a file of times ({key}: {first['msg']}); {_FIX}") from None
        except (ValueError, RecursionError) as error:
            raise ExitSearchError(f"{path}: not a file of times ({error}); {_FIX}") from None
        except ExitSearchError as error:
            raise ExitSearchError(f"{path}: {error}; {_FIX}") from None
        return found

    def require_network(self, network: NetworkIdentity, *, names: tuple[str, str]) -> None:
        """Refuse times of another network.

        Args:
            network: What is known of the network that they are used for.
            names: What a person calls the times and the network.

        Raises:
            ExitSearchError: If the number of exits differs, or the digest where both are known.
        """
        own = NetworkIdentity(n_exits=len(self.latency_ms), model_hash=self.model_hash)
        found = differences(own, network, names=names)
        if found:
            raise ExitSearchError(f"times must be those of the tables' network but {'; '.join(found)}; {_FIX}")

    @property
    def source(self) -> str:
        """Where they were measured, for a person."""
        threads = f"{self.threads} thread{'' if self.threads == 1 else 's'}"
        return f"{self.executor}, batch {self.batch_size}, {threads}, {self.processor}"


_FIX = "make one with exitsearch bench BUNDLE --times FILE.json"
