"""Reading files of weights from elsewhere, without running any code that they hold."""

from __future__ import annotations

import argparse
from pathlib import Path, PosixPath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import Any
import warnings

import numpy as np
from safetensors import SafetensorError, safe_open
import torch
from torch.serialization import get_unsafe_globals_in_checkpoint, safe_globals

from policies.names import list_some
from trainables.errors import TrainingError


_SAVE = "torch.save(model.state_dict(), ...)"
_SAFETENSORS = ".safetensors"
# Checkpoints hold their options and figures beside the weights; to make these again runs nothing.
_PLAIN: list[Any] = [
    argparse.Namespace,
    *(PosixPath, PurePosixPath, WindowsPath, PureWindowsPath),
    np.dtype,
    *(type(np.dtype(code)) for code in "?bhilqBHILQefd"),
    *((np.float64(0).__reduce__()[0], f"numpy.{core}.multiarray.scalar") for core in ("_core", "core")),
]


def read_weights(path: Path) -> object:
    """What a file of weights holds, on the CPU: of ``torch.save`` or safetensors.

    Only tensors, plain values, numbers of numpy, paths and namespaces of options are made.

    Raises:
        TrainingError: If it is missing, damaged or holds anything else.
    """
    if not path.is_file():
        raise TrainingError(f"{path}: there is no such file of weights; {_SAVE} writes one")
    return _read_safetensors(path) if path.suffix.lower() == _SAFETENSORS else _read_torch(path)


def _read_safetensors(path: Path) -> object:
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (SafetensorError, OSError) as error:
        raise TrainingError(
            f"{path}: a safetensors file must be whole but is not ({str(error).splitlines()[0]})"
        ) from None
    if "exitsearch" in metadata:
        raise TrainingError(
            f"{path}: weights from elsewhere are wanted but this is a model file of exitsearch; name it as it is, such "
            f"as under teachers in a sweep file"
        )
    return weights


def _read_torch(path: Path) -> object:
    try:
        with warnings.catch_warnings(), safe_globals(_PLAIN):
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    # A damaged file makes zipfile, pickle and torch raise a dozen kinds.
    except Exception:
        raise TrainingError(f"{path}: {_why_not(path)}; where you trust it, write it anew with {_SAVE}") from None


def _why_not(path: Path) -> str:
    rule = "a file of weights must be readable without running code but"
    try:
        with safe_globals(_PLAIN):
            foreign = get_unsafe_globals_in_checkpoint(path)
    # Not even its parts can be listed.
    except Exception:
        foreign = []
    if foreign:
        return f"{rule} this one holds objects of classes of its own, such as a whole network ({list_some(foreign)})"
    return f"{rule} this one is not (damaged, of another kind, or a TorchScript program)"
