"""A bundle as MLflow runs it, in a process that loads it and behind ``mlflow models serve``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc import PythonModel, PythonModelContext
import numpy as np
import pandas as pd

from policies.errors import ExitSearchError
from policies.runtime.answers import Answers
from policies.runtime.runtime import EarlyExitRuntime
from policies.runtime.stages import Device
from trainables.errors import BundleError
from trainables.export.bundle.bundle import Bundle
from trainables.export.named_boxes import named_boxes
from trainables.export.named_labels import named_labels


ARTIFACT = "bundle"
"""Name of the bundle's folder among the artifacts of the model."""

DEFAULT_CONFIG: Mapping[str, Any] = {"executor": None, "n_threads": 1, "device": "cpu", "chunk_size": 32}
"""Options of the model, which ``model_config`` of ``mlflow.pyfunc.load_model`` overrides.

``executor`` is ``torch`` or ``onnx``, the fastest that there is where None; ``n_threads`` is the number of threads that
one request takes; ``device`` is ``cpu`` or ``cuda``; ``chunk_size`` is the number of samples of a request that are run
together at most, which is not measured, since no request is there to wait for that.
"""


class BundleModel(PythonModel):  # type: ignore[misc]  # MLflow has no types
    """The network of a bundle under its policy: each sample leaves at the first exit whose gate is open.

    It may be asked by several threads at once.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Read the bundle, and see that it answers here as it did where it was written.

        Raises:
            BundleError: If the bundle is damaged, lacks the executor, or decides otherwise here.
        """
        config = {**DEFAULT_CONFIG, **(context.model_config or {})}
        self._bundle = Bundle.load(Path(context.artifacts[ARTIFACT]))
        self._runtime = _runtime(self._bundle, config)
        _require_expected(self._bundle, self._runtime)

    # MLflow reads the type of the inputs, and knows the plain one alone.
    def predict(
        self,
        context: PythonModelContext,
        model_input: np.ndarray,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Answer about samples.

        Args:
            context: Not used; the bundle is read once.
            model_input: Shape (n, channels, height, width), of the type that the model's signature states.
            params: Not used; the signature states none.

        Returns:
            A row per sample: ``label``, the name of a class; ``confidence`` in it, in 0..1; ``depth`` of the exit
            taken, from 1; and ``reason``, why it left there. A detector gives ``boxes`` instead of label and
            confidence, the surest first: mappings of ``label``, ``score``, ``left``, ``top``, ``right`` and ``bottom``,
            as shares of width and height, since a server does not know how large images were. A network with sets of
            labels gives ``labels`` instead, names with the likeliest first, and ``probabilities``, of each label by its
            name.

        Raises:
            MlflowException: If the inputs are none of the network's; a server makes status 400 of it.
        """
        inputs = np.asarray(model_input)
        try:
            self._require_no_lost_scale(inputs)
            answers = self._runtime.run(self._bundle.manifest.inputs.checked(inputs))
        except ExitSearchError as error:
            raise MlflowException(str(error), error_code=INVALID_PARAMETER_VALUE) from None
        return self._rows(answers)

    def _require_no_lost_scale(self, inputs: np.ndarray) -> None:
        """Refuse whole numbers that are all 0 or 1: what MLflow makes of pixels in 0..1 before they come here."""
        is_scaled = inputs.dtype == np.uint8 and inputs.size and int(inputs.max()) <= 1
        if is_scaled and self._bundle.manifest.inputs.highest > 1:
            raise BundleError(
                "pixels must be whole numbers in 0..255 but none is above 1; multiply pixels in 0..1 by 255"
            )

    def _rows(self, answers: Answers) -> pd.DataFrame:
        manifest = self._bundle.manifest
        told = {"depth": answers.depths, "reason": [answers.reason(row) for row in range(answers.n_samples)]}
        if manifest.has_label_sets:
            pairs = zip(answers.answers, answers.of_labels, strict=True)
            named = [named_labels(*pair, manifest.class_names) for pair in pairs]
            return pd.DataFrame(
                {"labels": [list(own) for own, _ in named], "probabilities": [own for _, own in named], **told}
            )
        if manifest.boxes is None:
            labels = [manifest.class_names[answer] for answer in answers.answers]
            return pd.DataFrame({"label": labels, "confidence": answers.confidences, **told})
        found = [[asdict(box) for box in named_boxes(own, manifest.class_names)] for own in answers.answers]
        return pd.DataFrame({"boxes": found, **told})


def _runtime(bundle: Bundle, config: Mapping[str, Any]) -> EarlyExitRuntime:
    unknown = sorted(set(config) - set(DEFAULT_CONFIG))
    if unknown:
        raise BundleError(f"model_config must have keys of {', '.join(DEFAULT_CONFIG)} but has {unknown[0]!r}")
    device = config["device"]
    if device not in get_args(Device):
        raise BundleError(f"device must be one of {', '.join(get_args(Device))} but is {device!r}")
    n_threads, chunk_size = (_count(config, key) for key in ("n_threads", "chunk_size"))
    executor = bundle.executor(config["executor"], device=device)
    if bundle.computes_with_torch(executor):
        # Here, since a classifier's bundle of graphs is served without torch.
        import torch

        torch.set_num_threads(n_threads)
    return bundle.runtime(executor, device=device, n_threads=n_threads, chunk_size=chunk_size)


def _count(config: Mapping[str, Any], key: str) -> int:
    value = config[key]
    if not isinstance(value, int) or value < 1:
        raise BundleError(f"{key} must be a whole number from 1 but is {value!r}")
    return value


def _require_expected(bundle: Bundle, runtime: EarlyExitRuntime) -> None:
    """Refuse to serve what decides otherwise on this machine; the first answers are slow, and these are nobody's."""
    found = bundle.check_runtime(runtime)
    if not found.holds:
        raise BundleError(
            f"{bundle.manifest.name}: the bundle must decide here as it did where it was written but "
            f"{found.sentence(bundle.check.names.tolist())}; install the packages that its requirements name"
        )
