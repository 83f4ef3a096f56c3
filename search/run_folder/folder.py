"""The files of one sweep: ``runs/<name>/``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
import json
from pathlib import Path
import re
from shutil import rmtree
from typing import Any

import yaml

from policies.files.atomic import write_text
from policies.names import list_some
from search.config.reading.yaml_text import read_yaml
from search.config.sweep import SweepConfig
from search.errors import RunFolderError, SweepInterruptedError
from search.run_folder.journal import read_events
from search.run_folder.new_folder import new_folder, require_writable
from search.run_folder.result_files import CONTROL_FILE, MODEL_FILE, ResultFiles


# Keys that say where and how fast a sweep runs and what is measured of its result, not what it is; they may change
# between a sweep and its resumption.
_FREE_KEYS = ("name", "data_dir", "runs_dir", "report", "resources", "tracking")


def require_sweep(path: Path) -> None:
    """Refuse a folder to watch that is not that of a sweep, running or not.

    Raises:
        RunFolderError: If it has no sweep file.
    """
    file = RunFolder(path).sweep_file
    if not file.is_file():
        raise RunFolderError(
            f"{path}: a folder of a sweep must be watched but it has no {file.name}; name one, such as runs/digits-1"
        )


@dataclass(frozen=True)
class RunFolder(ResultFiles):
    """Paths of one sweep's files."""

    @property
    def name(self) -> str:
        """The sweep's name."""
        return self.path.name

    @property
    def sweep_file(self) -> Path:
        """The configuration as resolved."""
        return self.path / "sweep.yaml"

    @property
    def environment_file(self) -> Path:
        """Packages, seeds and split hashes."""
        return self.path / "environment.json"

    @property
    def model_file(self) -> Path:
        """Weights of the selected network."""
        return self.path / MODEL_FILE

    @property
    def control_file(self) -> Path:
        """Weights of the plain network that the selected policy is compared with, where there is one."""
        return self.path / CONTROL_FILE

    @property
    def tracking_file(self) -> Path:
        """Which MLflow run belongs to this sweep."""
        return self.path / "tracking.json"

    @property
    def journal_file(self) -> Path:
        """What happened, event by event: all that a resumption needs."""
        return self.path / "journal.jsonl"

    @property
    def checkpoints(self) -> Path:
        """A folder of checkpoints for each trial; all nodes must see it."""
        return self.path / "checkpoints"

    @property
    def seeds_csv(self) -> Path:
        """Figures of each configuration with each seed, where there are several seeds."""
        return self.path / "seeds.csv"

    @property
    def importance_csv(self) -> Path:
        """Which training parameters mattered."""
        return self.path / "importance.csv"

    @property
    def importance_png(self) -> Path:
        """The same as a picture."""
        return self.path / "importance.png"

    @property
    def kept(self) -> list[Path]:
        """The files that exist and are not made from others: all but the page."""
        own = (self.sweep_file, self.environment_file, self.model_file, self.control_file, self.journal_file)
        return [*super().kept, *self.all_trials_files, *(path for path in own if path.exists())]

    @property
    def all_trials_files(self) -> list[Path]:
        """The files about all trials that exist."""
        return [path for path in (self.seeds_csv, self.importance_csv, self.importance_png) if path.exists()]

    @property
    def architecture_file(self) -> Path:
        """Which operations each edge of the selected network chooses, in JSON, where there is something to choose."""
        return self.path / "architecture.json"

    @property
    def architecture_png(self) -> Path:
        """The same as a picture."""
        return self.path / "architecture.png"

    @property
    def examples_file(self) -> Path:
        """Small pictures of samples of ``search``, for the page."""
        return self.path / "examples.npz"

    @property
    def architecture_files(self) -> list[Path]:
        """The files about the architecture that exist."""
        return [path for path in (self.architecture_file, self.architecture_png) if path.exists()]

    def teacher(self, name: str) -> Path:
        """The network of a teacher that the sweep trained itself."""
        return self.path / "teachers" / name / MODEL_FILE

    @property
    def full_network_file(self) -> Path:
        """The network without early exits that was trained first; all nodes must see it."""
        return self.path / "full_network.safetensors"

    @property
    def full_network_checkpoints(self) -> Path:
        """Checkpoints of that training; all nodes must see them."""
        return self.checkpoints / "full-network"

    @property
    def full_network_csv(self) -> Path:
        """Loss and quality of each epoch of that training."""
        return self.path / "full_network.csv"

    @property
    def validity_file(self) -> Path:
        """What the validity gate found, in JSON."""
        return self.path / "validity.json"

    @property
    def full_network_files(self) -> list[Path]:
        """The files about the full network that exist."""
        paths = (self.validity_file, self.full_network_csv, self.full_network_file)
        return [path for path in paths if path.exists()]

    @property
    def alignment_file(self) -> Path:
        """How well soft labels fit the data, in JSON."""
        return self.path / "alignment.json"

    @property
    def tune(self) -> Path:
        """Tune's own folder; nothing is read from it again."""
        return self.path / "tune"

    def table(self, trial_id: str, split: str) -> Path:
        """The exit table of one trial on one split."""
        return self.path / "tables" / trial_id / f"{split}.npz"

    @property
    def holds_trials(self) -> bool:
        """Whether a trial was begun, so that there is something to resume."""
        try:
            return any(event["event"] == "suggested" for event in read_events(self.journal_file))
        except RunFolderError:
            # One that cannot be read is nothing to throw away.
            return self.journal_file.exists()

    @property
    def is_worth_resuming(self) -> bool:
        """Whether something is there that an interrupted sweep need not do again: a trial, or a network before it."""
        trained = ((self.path / "teachers").glob(f"*/{MODEL_FILE}"), self.full_network_checkpoints.glob("*"))
        return self.holds_trials or any(any(found) for found in trained)

    def is_kept_after(self, error: BaseException) -> bool:
        """Whether something is there that is worth keeping of a sweep that ends with an error.

        Args:
            error: What ended it; a network that was trained before the first trial is only kept of an interrupted one.
        """
        is_interrupted = isinstance(error, KeyboardInterrupt | SweepInterruptedError)
        is_kept = self.is_worth_resuming if is_interrupted else self.holds_trials
        return is_kept or self.validity_file.exists()

    @classmethod
    def require_new(cls, config: SweepConfig) -> None:
        """Refuse a new sweep for which no folder can be made; nothing is made.

        Raises:
            RunFolderError: If a sweep of that name exists or the folder for runs cannot be written to.
        """
        if config.name and (config.runs_dir / config.name).exists():
            raise _exists(config.runs_dir / config.name)
        require_writable(config.runs_dir, what="runs_dir")

    @classmethod
    @contextmanager
    def new(cls, config: SweepConfig, stem: str) -> Iterator[tuple[RunFolder, SweepConfig]]:
        """The folder of a new sweep, as :meth:`create` makes it; removed again where no trial is begun in it.

        A network that the sweep has trained before is kept where the sweep was only interrupted, and what the validity
        gate found whatever came after it.
        """
        with new_folder(config.runs_dir, what="runs_dir"):
            folder, config = cls.create(config, stem)
            try:
                yield folder, config
            except BaseException as error:
                if not folder.is_kept_after(error):
                    rmtree(folder.path, ignore_errors=True)
                raise

    @classmethod
    def create(cls, config: SweepConfig, stem: str) -> tuple[RunFolder, SweepConfig]:
        """Make the folder of a new sweep; without a name it is numbered: ``<stem>-1``, ``<stem>-2``, ...

        Returns:
            The folder and the configuration with its name filled in; the same is in ``sweep.yaml``.

        Raises:
            RunFolderError: If a sweep of that name exists or the folder cannot be made.
        """
        try:
            config.runs_dir.mkdir(parents=True, exist_ok=True)
            path = _new_named(config.runs_dir / config.name) if config.name else _new_numbered(config.runs_dir, stem)
        except OSError as error:
            raise RunFolderError(f"{config.runs_dir}: the folder for runs cannot be made ({error.strerror})") from None
        folder = cls(path)
        config = config.model_copy(update={"name": folder.name})
        try:
            write_text(folder.sweep_file, config.to_yaml())
        except OSError as error:
            rmtree(path, ignore_errors=True)
            raise RunFolderError(f"{path}: the sweep cannot be written there ({error.strerror})") from None
        return folder, config

    @classmethod
    def latest(cls, runs_dir: Path, stem: str) -> RunFolder:
        """The sweep with the highest number of those without a given name.

        Raises:
            RunFolderError: If there is none.
        """
        numbers = _numbers(runs_dir, stem)
        if not numbers:
            raise RunFolderError(f"there is no sweep {stem}-<number> in {runs_dir} to resume; name one with --name")
        return cls(runs_dir / f"{stem}-{max(numbers)}")

    def read_environment(self) -> dict[str, Any]:
        """What ``environment.json`` states; empty where it is gone or damaged."""
        try:
            return dict(json.loads(self.environment_file.read_text()))
        except (OSError, ValueError):
            return {}

    def read_config(self) -> SweepConfig:
        """The configuration that this sweep was started with.

        Raises:
            RunFolderError: If there is no such sweep or its file is damaged.
        """
        if not self.sweep_file.is_file():
            existing = sorted(entry.parent.name for entry in self.path.parent.glob("*/sweep.yaml"))
            near = get_close_matches(self.name, existing, n=1)
            known = f"there are {list_some(existing)}" if existing else "there are no sweeps yet"
            hint = f"did you mean {near[0]!r}?" if near else known
            raise RunFolderError(f"there is no sweep {self.name!r} in {self.path.parent} to resume; {hint}")
        try:
            values = read_yaml(self.sweep_file.read_text())
        except (yaml.YAMLError, ValueError):
            values = None
        if not isinstance(values, dict):
            raise RunFolderError(f"{self.sweep_file}: damaged, so the sweep cannot be resumed; start a new one")
        return SweepConfig.from_mapping(values)

    def require_same(self, config: SweepConfig) -> None:
        """Refuse to resume with another sweep file.

        Raises:
            RunFolderError: With the first key that differs.
        """
        stored, given = (_flat(one.model_dump(mode="json")) for one in (self.read_config(), config))
        for key in sorted({*stored, *given}):
            if key.split(".")[0] in _FREE_KEYS or stored.get(key) == given.get(key):
                continue
            raise RunFolderError(
                f"{self.name!r} belongs to another sweep file: {key} was {stored.get(key)!r} and is now "
                f"{given.get(key)!r}; resume it as it was, or give the new sweep another --name"
            )


def _new_named(path: Path) -> Path:
    try:
        path.mkdir()
    except FileExistsError:
        raise _exists(path) from None
    return path


def _exists(path: Path) -> RunFolderError:
    return RunFolderError(
        f"there is already a sweep {path.name!r} in {path.parent}; continue it with --resume, or choose another --name"
    )


def _new_numbered(runs_dir: Path, stem: str) -> Path:
    number = max(_numbers(runs_dir, stem), default=0)
    while True:
        number += 1
        path = runs_dir / f"{stem}-{number}"
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path


def _numbers(runs_dir: Path, stem: str) -> list[int]:
    pattern = re.compile(re.escape(stem) + r"-(\d+)")
    names = (entry.name for entry in runs_dir.iterdir()) if runs_dir.is_dir() else ()
    return [int(match[1]) for match in map(pattern.fullmatch, names) if match]


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in values.items():
        if isinstance(value, dict) and value:
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[f"{prefix}{key}"] = value
    return flat
