"""A bundle that is read: its parts, and the network under its policy in one executor or the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from policies.errors import ExitSearchError
from policies.policy import Policy
from policies.runtime.agreement import Agreement
from policies.runtime.answers import Answers
from policies.runtime.onnx_stages import has_device
from policies.runtime.stages import EXECUTORS, Device, Stages
from policies.tables.network import NetworkIdentity, differences
from trainables.errors import BundleError
from trainables.export.bundle.check_inputs import CheckInputs
from trainables.export.bundle.manifest import (
    CERTIFICATE_FILE,
    CHECK_FILE,
    CONTROL_FILE,
    MODEL_FILE,
    ONNX_FOLDER,
    POLICY_FILE,
    REFERENCE_FILE,
    SINGLE_GRAPH_FILE,
    Manifest,
)
from trainables.export.bundle.named_modules import require_modules_elsewhere


if TYPE_CHECKING:
    from policies.runtime.runtime import EarlyExitRuntime
    from policies.runtime.single_graph import SingleGraph
    from trainables.models import MultiExitModel


@dataclass(frozen=True)
class Bundle:
    """A network with its policy, certificate and everything that it takes to run and to watch them.

    Attributes:
        folder: Folder that holds the bundle.
        manifest: What the bundle holds.
        policy: Policy that decides which exit a sample takes.
        certificate: What is certain about the policy, as ``certificate.json`` states it; None where there is none.
        reference: What the policy did on ``certify``, as ``reference.json`` states it; None where that is not known.
        check: Inputs with the exits and answers that are expected of them.

    Example:
        >>> bundle = Bundle.load(folder / "digits")  # doctest: +SKIP
        >>> bundle.runtime("torch").run(images).answers  # doctest: +SKIP
    """

    folder: Path
    manifest: Manifest
    policy: Policy
    certificate: Mapping[str, Any] | None
    reference: Mapping[str, Any] | None
    check: CheckInputs

    @classmethod
    def load(cls, folder: Path) -> Bundle:
        """Read a bundle; nothing is unpickled, and no network is built yet.

        A policy's rule, and a workload or network, may be named as ``module:attribute``: a bundle that names modules of
        somebody's own imports them, from where Python finds them, the rule's here and the network's with the network.

        Raises:
            BundleError: If the folder is no bundle, is of a newer version, a file is missing, damaged or one that was
                not exported, a module that is named lies in the folder, or the policy is not the network's or the
                certificate not the policy's.
        """
        manifest = Manifest.load(folder)
        require_modules_elsewhere(folder)
        try:
            policy = Policy.load(folder / POLICY_FILE)
        except ExitSearchError as error:
            raise BundleError(f"{error}; export the bundle again") from None
        require_own_policy(manifest, policy)
        certificate = _read_json(folder / CERTIFICATE_FILE)
        if certificate is not None:
            _require_own_certificate(folder, certificate, manifest, policy)
        return cls(
            folder,
            manifest,
            policy,
            certificate,
            _read_json(folder / REFERENCE_FILE),
            CheckInputs.load(folder / CHECK_FILE),
        )

    def executor(self, wanted: str | None = None, *, device: Device = "cpu") -> str:
        """The executor that is asked for, or the fastest that this bundle and this environment have for a device.

        Raises:
            BundleError: If the bundle does not have the one that is asked for.
        """
        known = self.manifest.executors
        if wanted is None:
            usable = [name for name in EXECUTORS if name in known and (name != "onnx" or has_device(device))]
            wanted = usable[0] if usable else known[0]
        if wanted not in known:
            raise BundleError(
                f"{self.folder}: the executor must be one that the bundle has ({', '.join(known)}) but is {wanted!r}; "
                f"choose one of them{', or export it with --onnx' if wanted == 'onnx' else ''}"
            )
        return wanted

    def model(self) -> MultiExitModel:
        """The network in torch, on the CPU, in evaluation mode.

        Raises:
            BundleError: If it cannot be built, or is not the one that was exported.
        """
        # Here and below, since these imports take seconds, and a bundle is told about without them.
        from trainables.export.model_file import load_model
        from trainables.models.inference import model_hash

        model, _ = load_model(self.folder / MODEL_FILE)
        if model_hash(model) != self.manifest.model_hash:
            raise BundleError(f"{self.folder}: the weights are not those of the policy's network; export it again")
        return model

    def control(self) -> MultiExitModel | None:
        """The plain network beside it, which costs at most as much; None where there is none."""
        from trainables.export.model_file import load_model

        path = self.folder / CONTROL_FILE
        return load_model(path)[0] if path.is_file() else None

    def computes_with_torch(self, executor: str) -> bool:
        """Whether torch computes something where an executor runs the network: all, or which boxes are kept."""
        return executor == "torch" or self.manifest.boxes is not None

    def stages(self, executor: str | None = None, *, device: Device = "cpu", n_threads: int = 1) -> Stages:
        """The network as the runtime takes it.

        Args:
            executor: ``torch`` or ``onnx``; the fastest that there is where None.
            device: ``cpu`` or ``cuda``.
            n_threads: Threads of ONNX Runtime; torch has its own setting, for the whole process.

        Raises:
            ExitSearchError: If the bundle does not have the executor, or the environment lacks it or the device.
        """
        if self.executor(executor, device=device) == "onnx":
            from policies.runtime.onnx_stages import OnnxStages

            stages = OnnxStages(self.folder / ONNX_FOLDER, n_threads=n_threads, device=device)
            if stages.metadata.get("model_hash") != self.manifest.model_hash:
                raise BundleError(f"{self.folder}: the graphs are not of the policy's network; export the bundle again")
            return stages
        import torch

        from policies.runtime.torch_stages import TorchStages

        if device != "cpu" and not torch.cuda.is_available():
            raise BundleError(f"the device must be there but torch finds no {device}; leave --device out")
        return TorchStages(self.model(), device, input_shape=self.manifest.inputs.shape)

    def runtime(
        self,
        executor: str | None = None,
        *,
        device: Device = "cpu",
        n_threads: int = 1,
        chunk_size: int | None = None,
    ) -> EarlyExitRuntime:
        """The network under its policy; arguments as of :meth:`stages` and of the runtime."""
        from policies.runtime.runtime import EarlyExitRuntime

        stages = self.stages(executor, device=device, n_threads=n_threads)
        single = self.single_graph(executor, device=device, n_threads=n_threads)
        answer = None if single is None else single.answer
        return EarlyExitRuntime(stages, self.policy, chunk_size=chunk_size, single=answer)

    def single_graph(
        self, executor: str | None = None, *, device: Device = "cpu", n_threads: int = 1
    ) -> SingleGraph | None:
        """The graph that an executor answers about single samples with; None where it goes stage by stage.

        Raises:
            ExitSearchError: If the graph is not of the bundle's policy, or the environment lacks what it needs.
        """
        path = self.folder / SINGLE_GRAPH_FILE
        if self.executor(executor, device=device) != "onnx" or device != "cpu" or not path.is_file():
            return None
        from policies.runtime.single_graph import SingleGraph

        graph = SingleGraph(path, n_threads=n_threads)
        if graph.policy != self.policy:
            raise BundleError(f"{path}: states another policy than the bundle's; export the bundle again")
        return graph

    def check_runtime(self, runtime: EarlyExitRuntime) -> Agreement:
        """Run the check inputs together and each alone, which may go another way, and compare with what is expected.

        What is close to a threshold is told by the stages, on the way of the batch: a single graph does not say it of
        the exits before the one taken.
        """
        inputs = self.check.inputs
        together = runtime.run(inputs)
        alone = Answers.joined([runtime.run(inputs[row : row + 1]) for row in range(len(inputs))])
        closeness = np.minimum(alone.closeness, together.closeness)
        comparison = self.manifest.comparison(self.policy.temperatures)
        found = self.check.compare(together, comparison)
        return found.with_another(self.check.compare(replace(alone, closeness=closeness), comparison))


def require_own_policy(manifest: Manifest, policy: Policy) -> None:
    """Refuse a policy of another network.

    Raises:
        BundleError: If it is for one.
    """
    own = NetworkIdentity(
        n_exits=manifest.n_exits,
        n_classes=len(manifest.class_names),
        class_names=manifest.class_names,
        cost=tuple(np.asarray(manifest.cost).tolist()),
        model_hash=manifest.model_hash,
    )
    found = differences(policy.network, own, names=("the policy", "the network"))
    if found:
        raise BundleError(
            f"a bundle needs the policy of its own network but {'; '.join(found)}; take the policy that was made for it"
        )


def _require_own_certificate(folder: Path, certificate: Mapping[str, Any], manifest: Manifest, policy: Policy) -> None:
    own = {"policy_hash": policy.policy_hash, "model_hash": manifest.model_hash}
    for key, value in own.items():
        if certificate.get(key) != value:
            raise BundleError(
                f"{folder / CERTIFICATE_FILE}: a certificate is of one policy and network but its {key} is "
                f"{str(certificate.get(key))[:12]} and the bundle's {value[:12]}; export the bundle again"
            )


def _read_json(path: Path) -> Mapping[str, Any] | None:
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text())
    except (OSError, ValueError, RecursionError) as error:
        raise BundleError(f"{path}: not readable ({error}); export the bundle again") from None
    if not isinstance(data, dict):
        raise BundleError(f"{path}: a JSON object is needed but it holds a {type(data).__name__}; export it again")
    return data
