"""What must be installed where a bundle is served."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.manifest import MODEL_FILE


# This project first: it brings the rest, and its version is what reads the bundle.
_ALWAYS = ("exitsearch", "markupsafe", "mlflow", "numpy", "pandas", "pydantic", "pyyaml", "scipy")
_BY_EXECUTOR = {
    "onnx": ("onnxruntime",),
    "torch": ("safetensors", "torch", "torchaudio", "torchvision"),
}


def requirements_of(bundle: Bundle) -> list[str]:
    """Exact pins of the packages that answer, as installed here, for pip.

    They are given rather than found out by MLflow, which starts a process for it that loads the model once more.
    """
    executors = bundle.manifest.executors
    names = [*_ALWAYS, *(name for one in sorted(executors) for name in _BY_EXECUTOR[one])]
    if bundle.manifest.boxes is not None:
        # Whatever runs the network, these keep boxes.
        names += ["torch", "torchvision"]
    names += [name for module in own_modules(bundle) for name in packages_distributions().get(module, [])[:1]]
    return list(dict.fromkeys(f"{name}=={_public(version(name))}" for name in names))


def code_of(bundle: Bundle) -> list[str]:
    """Files and folders of the user's own modules that the bundle needs and that no package brings."""
    own = [module for module in own_modules(bundle) if module not in packages_distributions()]
    return [str(path) for path in map(_place, own) if path is not None]


def own_modules(bundle: Bundle) -> list[str]:
    """Names of the top-level modules that hold a rule, a workload or a network of the user's own."""
    names = [bundle.policy.rule]
    if "torch" in bundle.manifest.executors:
        # Here, since a bundle of graphs needs no torch.
        from trainables.export.model_file import load_model

        _, config = load_model(bundle.folder / MODEL_FILE)
        # Of an imported network the workload is only what its data are called.
        builders = (config.workload, config.network.family) if config.imported is None else (config.imported,)
        names += [name for name in builders if name]
    return _top_level(name for name in names if ":" in name)


def _top_level(names: Iterable[str]) -> list[str]:
    return sorted({name.partition(":")[0].partition(".")[0] for name in names})


def _place(module: str) -> Path | None:
    """The file of a module, or the folder of a package."""
    spec = find_spec(module)
    if spec is None:
        return None
    folders: Sequence[str] = list(spec.submodule_search_locations or ())
    return Path(folders[0]) if folders else Path(spec.origin or "")


def _public(text: str) -> str:
    """A version without what a builder adds to it, such as ``+cpu``, which no index has."""
    return text.partition("+")[0]
