"""``bundle.json``: what a bundle holds. Written and read here alone."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256
import json
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from policies.files.atomic import write_text
from policies.files.real_path import real_path
from policies.names import list_some
from policies.runtime.detection.box_likeness import BoxLikeness
from policies.runtime.detection.post_processing import PostProcessing
from policies.runtime.likeness import Comparison, equal_answers
from policies.runtime.stages import Executor
from policies.tables.multilabel import MultiLabelTable
from trainables.errors import BundleError
from trainables.export.bundle.inputs import InputSpec


SCHEMA = 1
BOXES_SCHEMA = 2
"""Of bundles of detectors, which versions that do not know these must not read as others."""
MANIFEST_FILE = "bundle.json"
CARD_FILE = "README.md"
MODEL_FILE = "model.safetensors"
CONTROL_FILE = "control.safetensors"
POLICY_FILE = "policy.json"
CERTIFICATE_FILE = "certificate.json"
REFERENCE_FILE = "reference.json"
CHECK_FILE = "check.npz"
ONNX_FOLDER = "onnx"
SINGLE_GRAPH_FILE = "single_graph.onnx"
BENCH_FILE = "bench.json"
"""What ``exitsearch bench`` measured last; the only file that is added later."""
RUN_KEY = "mlflow_run_id"
"""Key of what a manifest states of its training: the MLflow run that the bundle is shown in."""
_READ = (MODEL_FILE, CONTROL_FILE, POLICY_FILE, CERTIFICATE_FILE, REFERENCE_FILE, CHECK_FILE, SINGLE_GRAPH_FILE)


def require_bundle(folder: Path) -> None:
    """Refuse a folder that is no bundle, by its files alone, of which none is read.

    Raises:
        BundleError: If it is none.
    """
    if not folder.is_dir():
        raise BundleError(f"{folder}: there is no such bundle; exitsearch export makes one")
    if not (folder / MANIFEST_FILE).exists():
        raise BundleError(f"{folder}: a bundle has {MANIFEST_FILE} but there is none; make one with exitsearch export")


class Manifest(BaseModel):
    """What a bundle holds, and where it is from.

    Attributes:
        bundle_schema: Version of the layout.
        version: Version of exitsearch that wrote it.
        name: Name of the bundle: that of the sweep, or what the user says.
        task: The kind of answers.
        class_names: Of classes, or labels, in the order of the logits.
        boxes: How boxes are kept; None where answers are no boxes.
        inputs: What inputs the network takes.
        model_hash: Digest of the network.
        cost: Compute up to each exit relative to the full network, shape (E,).
        macs: Multiply-accumulates up to each exit, shape (E,); None where they were not counted.
        executors: What can run the network: ``torch``, ``onnx``, or both.
        is_quantised: Whether the network is the int8 one.
        certified: Whether the policy is certified.
        figures: Figures of the policy by split.
        training: What the network was trained on, and how, for people.
        control: The plain network beside it, which costs at most as much, for people; None where there is none.
        changes: What quantising changed, for people; None where nothing was quantised.
        environment: Python, platform and versions of the packages that wrote the bundle.
        files: SHA-256 of each file but this one, by its path in the folder.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    bundle_schema: int = Field(default=SCHEMA, alias="schema")
    version: str
    name: str
    task: str = "classification"
    class_names: tuple[str, ...]
    boxes: PostProcessing | None = None
    inputs: InputSpec
    model_hash: str
    cost: tuple[float, ...]
    macs: tuple[int, ...] | None = None
    executors: Annotated[tuple[Executor, ...], Field(min_length=1)]
    is_quantised: bool = False
    certified: bool = False
    figures: dict[str, dict[str, Any]] = {}
    training: dict[str, Any] = {}
    control: dict[str, Any] | None = None
    changes: dict[str, Any] | None = None
    environment: dict[str, Any] = {}
    files: dict[str, str] = {}

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return len(self.cost)

    @property
    def has_label_sets(self) -> bool:
        """Whether answers are sets of labels."""
        return self.task == MultiLabelTable.task

    def comparison(self, temperatures: Sequence[float]) -> Comparison:
        """Whether answers are the same as others.

        Args:
            temperatures: Divisor of the outputs of each exit, as the policy states it, length E.
        """
        return equal_answers if self.boxes is None else BoxLikeness(self.boxes, temperatures)

    def save(self, folder: Path) -> None:
        """Write it with the digests of all files that lie in the folder now.

        Raises:
            OSError: If it cannot be written.
        """
        self.model_copy(update={"files": digests(folder)}).write(folder)

    def write(self, folder: Path) -> None:
        """Write it as it is: what it does not name as a file of the bundle becomes none by that.

        Raises:
            OSError: If it cannot be written.
        """
        # Older versions read bundles of classifiers too, and know no boxes.
        unknown = {"boxes"} if self.boxes is None else set()
        text = self.model_dump_json(indent=2, by_alias=True, exclude=unknown)
        write_text(folder / MANIFEST_FILE, text + "\n")

    @classmethod
    def load(cls, folder: Path) -> Manifest:
        """Read it, and see that the files are those that it names.

        Raises:
            BundleError: If the folder is no bundle, is of a newer version, or a file is missing or damaged.
        """
        require_bundle(folder)
        path = folder / MANIFEST_FILE
        try:
            data = json.loads(path.read_text())
            if not isinstance(data, dict):
                raise TypeError("no JSON object")
        except (OSError, ValueError, TypeError, RecursionError) as error:
            raise BundleError(f"{path}: damaged ({_line(error)}); export the bundle again") from None
        schema = data.get("schema")
        if isinstance(schema, int) and schema > BOXES_SCHEMA:
            raise BundleError(
                f"{folder}: written by exitsearch {data.get('version', 'of a newer version')} with bundle schema "
                f"{schema}, and this version reads {BOXES_SCHEMA}; update exitsearch"
            )
        known = SCHEMA if data.get("boxes") is None else BOXES_SCHEMA
        if schema != known or isinstance(schema, bool):
            raise BundleError(f"{path}: damaged (schema must be {known} but is {schema!r}); export the bundle again")
        try:
            manifest = cls.model_validate(data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(str(part) for part in first["loc"])
            raise BundleError(f"{path}: damaged ({key!r}: {first['msg']}); export the bundle again") from None
        manifest.require_files(folder)
        return manifest

    def require_files(self, folder: Path) -> None:
        """Refuse a folder whose files are not those that were written.

        Raises:
            BundleError: If one is missing, or was changed, or there is one of a bundle's that was not exported.
        """
        for name, digest in self.files.items():
            path = folder / name
            if not real_path(path).is_relative_to(real_path(folder)):
                raise BundleError(f"{folder}: a bundle's files lie in its folder but {name!r} does not; do not use it")
            if not path.is_file():
                raise BundleError(f"{folder}: {name} is missing; copy the whole folder, or export the bundle again")
            if digest_of(path) != digest:
                raise BundleError(
                    f"{path}: not the file that was exported (its SHA-256 differs); export the bundle again"
                )
        added = sorted(_found(folder) - set(self.files))
        if added:
            raise BundleError(
                f"{folder}: a bundle's files are named in {MANIFEST_FILE} but {list_some(added)} "
                f"{'is' if len(added) == 1 else 'are'} not; remove what was added, or export the bundle again"
            )


def bundle_files(folder: Path) -> list[Path]:
    """The files there that a bundle is read from, and its manifest."""
    return [folder / name for name in (MANIFEST_FILE, *sorted(_found(folder)))]


def _found(folder: Path) -> set[str]:
    """Paths with slashes of the files there that a bundle is read from."""
    graphs = folder / ONNX_FOLDER
    names = {path.relative_to(folder).as_posix() for path in graphs.rglob("*") if path.is_file()}
    return names | {name for name in _READ if (folder / name).is_file()}


def digests(folder: Path) -> dict[str, str]:
    """SHA-256 of each file of a folder that belongs to what was exported, by its path with slashes."""
    others = (MANIFEST_FILE, BENCH_FILE, CARD_FILE)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = {path.relative_to(folder).as_posix(): path for path in paths}
    return {name: digest_of(path) for name, path in names.items() if name not in others}


def digest_of(path: Path) -> str:
    """SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


def _line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
