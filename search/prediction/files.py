"""Which files a user means, and what a bundle's network is given of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any
import warnings

import numpy as np
from numpy.typing import NDArray

from search.errors import PredictionError, PredictionWarning
from trainables.data.files.kinds import files_below
from trainables.data.readers import ArrayReader, InputReader, ReadInputs
from trainables.errors import BundleError
from trainables.export.bundle.inputs import InputSpec


STANDARD_INPUT = "-"
"""Stands for a list of files, one a line."""
_FILES_AT_ONCE = 256
_MOST_NAMED = 3


class InputFiles:
    """The files that a user named, and how each is read: as the bundle's own kind, or as an array.

    Args:
        named: Files, folders, whose files at any depth are meant, and ``-`` for a list.
        spec: What inputs the network takes.
        listed: Lines of the list that ``-`` stands for.

    Raises:
        PredictionError: If a name is of nothing, a file is of a kind that is not read, or a folder has none that is.
        DataError: If this version has no reader for the bundle's kind of files.
    """

    def __init__(self, named: Sequence[str], spec: InputSpec, *, listed: Iterable[str] = ()) -> None:
        self._spec = spec
        self._readers: tuple[InputReader, ...] = (spec.make_reader(), ArrayReader(spec.shape))
        self.paths = tuple(self._paths(named, listed))
        if not self.paths:
            raise PredictionError("INPUT must name at least one file but none was given; name files or folders, or -")

    def read(self) -> Iterator[ReadInputs]:
        """What the files hold, as the network takes it, in their order and some hundred files at a time.

        What cannot be read, or is nothing that the network takes, is left out, and told at the end.

        Raises:
            PredictionError: If no input at all could be read.

        Warns:
            PredictionWarning: If some could not.
        """
        failures: list[tuple[str, str]] = []
        is_empty = True
        for reader, paths in groupby(self.paths, key=self._reader_of):
            own = list(paths)
            for start in range(0, len(own), _FILES_AT_ONCE):
                found = self._taken(reader.read(own[start : start + _FILES_AT_ONCE]))
                failures += found.failures
                if found.names:
                    is_empty = False
                    yield found
        if failures:
            told = f"of {len(self.paths)} files {len(failures)} could not be read: {_listed(failures)}"
            if is_empty:
                raise PredictionError(f"INPUT must hold something that the network takes but {told}")
            warnings.warn(f"{told}; the others were", PredictionWarning, stacklevel=2)

    def _taken(self, read: ReadInputs) -> ReadInputs:
        """The inputs that the network takes; one that it does not keeps none of the others from it."""
        if not read.names:
            return read
        try:
            return replace(read, inputs=self._spec.checked(read.inputs))
        except BundleError:
            pass
        kept: list[int] = []
        inputs: list[NDArray[Any]] = []
        failures = list(read.failures)
        for row, name in enumerate(read.names):
            try:
                inputs.append(self._spec.checked(read.inputs[row : row + 1]))
                kept.append(row)
            except BundleError as error:
                failures.append((name, str(error)))
        taken = replace(read.taken(kept), failures=tuple(failures))
        return replace(taken, inputs=np.concatenate(inputs)) if inputs else taken

    def _paths(self, named: Sequence[str], listed: Iterable[str]) -> Iterator[Path]:
        for name in named:
            if not name:
                raise PredictionError("INPUT must be files, folders or - but one is empty; is a variable not set?")
            if name == STANDARD_INPUT:
                lines = (line.rstrip("\r\n") for line in listed)
                yield from (self._file(Path(line)) for line in lines if line.strip())
            elif Path(name).is_dir():
                yield from self._folder(Path(name))
            else:
                yield self._file(Path(name))

    def _file(self, path: Path) -> Path:
        if not path.is_file():
            raise PredictionError(f"INPUT must be files, folders or - but there is no {path}; correct the name")
        self._reader_of(path)
        return path

    def _folder(self, folder: Path) -> list[Path]:
        try:
            found = [path for path in files_below(folder) if any(reader.has(path) for reader in self._readers)]
        except OSError as error:
            raise PredictionError(f"{error.filename}: cannot be read ({error.strerror}); make it readable") from None
        if not found:
            raise PredictionError(f"{folder}: there are no {self._kinds()} in it; name another folder")
        return sorted(found)

    def _reader_of(self, path: Path) -> InputReader:
        reader = next((one for one in self._readers if one.has(path)), None)
        if reader is None:
            raise PredictionError(f"{path}: this bundle takes {self._kinds()}; convert it")
        return reader

    def _kinds(self) -> str:
        kinds = dict.fromkeys(f"{reader.plural} ({list_suffixes(reader)})" for reader in self._readers)
        return " or ".join(kinds)


def list_suffixes(reader: InputReader) -> str:
    """How names of a reader's files end, for a person."""
    return ", ".join(reader.suffixes[:4]) + (", ..." if len(reader.suffixes) > 4 else "")


def _listed(failures: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{path} ({reason})" for path, reason in failures[:_MOST_NAMED]) + (
        f"; and {len(failures) - _MOST_NAMED} more" if len(failures) > _MOST_NAMED else ""
    )
