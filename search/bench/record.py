"""``bench.json``: what was measured of a bundle, for each executor and machine. Written and read here alone."""

from __future__ import annotations

from importlib.metadata import version
import json
from pathlib import Path
from typing import Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policies.files.atomic import write_text
from policies.runtime.candidates import CONTROL, FULL
from policies.runtime.speed import Speed
from policies.runtime.verdict import throughput_line, verdict
from policies.tables.exit_times import ExitTimes
from trainables.errors import BundleError
from trainables.export.bundle.manifest import BENCH_FILE


SCHEMA: Final = 1


class BenchRecord(BaseModel):
    """What one executor took on one machine.

    Attributes:
        executor: What ran the network: ``torch`` or ``onnx``.
        device: ``cpu`` or ``cuda``.
        processor: Name of what computed.
        threads: Threads that it was computed with.
        model_hash: Digest of the network.
        stream: What samples were timed, for a person.
        speeds: What was measured at each batch size, in the order that was asked for.
        version: Version of exitsearch that measured.
    """

    model_config = ConfigDict(frozen=True, protected_namespaces=())

    executor: str
    device: str
    processor: str
    threads: int
    model_hash: str
    stream: str
    speeds: tuple[Speed, ...]
    version: str = version("exitsearch")

    @property
    def place(self) -> tuple[str, str, str, int]:
        """Where it was measured: a newer record of the same place replaces an older one."""
        return self.executor, self.device, self.processor, self.threads

    @property
    def title(self) -> str:
        """Where it was measured, for a person."""
        return f"{self.executor}, {self.threads} thread{'' if self.threads == 1 else 's'}, {self.processor}"

    @property
    def verdicts(self) -> tuple[str, ...]:
        """Whether leaving early pays, in sentences without an end."""
        has_control = all(speed.has_control for speed in self.speeds)
        names = (FULL, CONTROL) if has_control else (FULL,)
        return (*(verdict(self.speeds, name) for name in names), throughput_line(self.speeds))

    def times(self) -> ExitTimes:
        """What a search takes, at the first batch size."""
        return ExitTimes(
            executor=self.executor,
            batch_size=self.speeds[0].batch_size,
            device=self.device,
            processor=self.processor,
            threads=self.threads,
            model_hash=self.model_hash,
            latency_ms=self.speeds[0].exit_ms,
        )


class BenchFile(BaseModel):
    """All that was measured of a bundle.

    Attributes:
        bench_schema: Version of the layout.
        records: The last record of each executor and machine, in the order in which they were first measured.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    bench_schema: Literal[1] = Field(default=SCHEMA, alias="schema")
    records: tuple[BenchRecord, ...] = ()

    @classmethod
    def load(cls, folder: Path, *, model_hash: str) -> Self:
        """Read a bundle's; what another network took is left out.

        Raises:
            BundleError: If there is one that cannot be read.
        """
        path = folder / BENCH_FILE
        if not path.is_file():
            return cls()
        try:
            found = cls.model_validate(json.loads(path.read_text()))
        except (OSError, ValueError, RecursionError) as error:
            raise BundleError(f"{path}: not what exitsearch bench writes ({_reason(error)}); remove it") from None
        own = tuple(record for record in found.records if record.model_hash == model_hash)
        return found.model_copy(update={"records": own})

    def with_record(self, record: BenchRecord) -> Self:
        """The same with a record, in the place of an older one of the same executor and machine."""
        by_place = {one.place: one for one in (*self.records, record)}
        return self.model_copy(update={"records": tuple(by_place.values())})

    def save(self, folder: Path) -> None:
        """Write it into a bundle in one step.

        Raises:
            OSError: If it cannot be written.
        """
        write_text(folder / BENCH_FILE, self.model_dump_json(indent=2, by_alias=True) + "\n")


def _reason(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False)[0]
        return f"{'.'.join(str(part) for part in first['loc']) or 'the file'}: {first['msg']}"
    return str(error).splitlines()[0]
