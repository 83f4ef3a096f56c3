"""Writing a bundle: whole, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Any

from policies.files.atomic import write_text
from policies.files.whole_folder import whole_folder
from policies.policy import Policy
from trainables.errors import BundleError
from trainables.export.bundle.bundle import Bundle, require_own_policy
from trainables.export.bundle.card import card_text
from trainables.export.bundle.check_inputs import CheckInputs
from trainables.export.bundle.manifest import (
    CARD_FILE,
    CERTIFICATE_FILE,
    CHECK_FILE,
    CONTROL_FILE,
    MODEL_FILE,
    POLICY_FILE,
    REFERENCE_FILE,
    Manifest,
)
from trainables.export.bundle.named_modules import named_modules
from trainables.export.model_file import ModelConfig, save_model
from trainables.models import MultiExitModel


@dataclass(frozen=True, kw_only=True)
class StoredNetwork:
    """A network, and what it is built from.

    Attributes:
        model: The trained network.
        config: What the network is built from.
    """

    model: MultiExitModel
    config: ModelConfig


@dataclass(frozen=True, kw_only=True)
class BundleContent:
    """Everything that is written to a bundle.

    Attributes:
        manifest: What the bundle holds; the digests of its files are added.
        policy: Policy of the network.
        check: Inputs with the exits and answers that are expected of them.
        certificate: What is certain about the policy, as JSON; None where nothing was certified.
        reference: What the policy did on ``certify``, as JSON; None where that is not known.
        network: The network in torch; None where it is there as ONNX graphs alone.
        control: The plain network beside it, which costs at most as much, or None.
        write_graphs: Writes ONNX graphs into the folder that it is given; None writes none.
    """

    manifest: Manifest
    policy: Policy
    check: CheckInputs
    certificate: Mapping[str, Any] | None = None
    reference: Mapping[str, Any] | None = None
    network: StoredNetwork | None = None
    control: StoredNetwork | None = None
    write_graphs: Callable[[Path], None] | None = None


def write_bundle(folder: Path, content: BundleContent) -> Bundle:
    """Write a bundle, read it again, and see that every executor answers as is expected, to batches and single samples.

    Args:
        folder: The folder to make; it must not exist or be empty.
        content: What is written.

    Returns:
        The bundle as it was read.

    Raises:
        BundleError: If the folder holds something or cannot be written, the policy is another network's, or an executor
            decides otherwise; then nothing is left behind.
    """
    require_new(folder)
    require_own_policy(content.manifest, content.policy)
    try:
        with whole_folder(folder) as partial:
            _write(partial, content)
            written = Bundle.load(partial)
            for executor in content.manifest.executors:
                _require_expected(written, executor)
    except OSError as error:
        raise BundleError(f"{folder}: the bundle cannot be written ({error.strerror or error})") from None
    return Bundle.load(folder)


def require_new(folder: Path) -> None:
    """Refuse a folder that holds something, or is none.

    Raises:
        BundleError: If it does.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BundleError(f"--out must be a new or an empty folder but {folder} holds files; give another")


def _write(folder: Path, content: BundleContent) -> None:
    manifest = content.manifest
    for name, network in ((MODEL_FILE, content.network), (CONTROL_FILE, content.control)):
        if network is not None:
            save_model(folder / name, network.model, network.config)
    content.policy.save(folder / POLICY_FILE, model_hash=manifest.model_hash)
    for name, data in ((CERTIFICATE_FILE, content.certificate), (REFERENCE_FILE, content.reference)):
        if data is not None:
            write_text(folder / name, json.dumps(data, indent=2) + "\n")
    content.check.save(folder / CHECK_FILE)
    if content.write_graphs is not None:
        content.write_graphs(folder)
    write_text(folder / CARD_FILE, card_text(manifest, content.certificate, modules=named_modules(folder)))
    manifest.save(folder)


def _require_expected(bundle: Bundle, executor: str) -> None:
    found = bundle.check_runtime(bundle.runtime(executor))
    if not found.holds:
        raise BundleError(
            f"executor {executor!r} must decide as the policy does on the exit table but "
            f"{found.sentence(bundle.check.names.tolist())}; the network cannot be exported like that"
        )
