"""What a bundle takes and answers, as MLflow writes it down and enforces it."""

from __future__ import annotations

from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import Array, Map, Object, Property
import numpy as np

from trainables.export.bundle.manifest import Manifest


_OF_CLASSES = (ColSpec(DataType.string, "label"), ColSpec(DataType.double, "confidence"))
_BOX = [
    Property("label", DataType.string),
    *(Property(name, DataType.double) for name in ("score", "left", "top", "right", "bottom")),
]
_OF_BOXES = (ColSpec(Array(Object(_BOX)), "boxes"),)
_OF_LABELS = (ColSpec(Array(DataType.string), "labels"), ColSpec(Map(DataType.double), "probabilities"))


def signature_of(manifest: Manifest) -> ModelSignature:
    """Inputs of shape (n, channels, height, width) with the type of the bundle's, and a row of answers for each."""
    return ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(manifest.inputs.dtype), (-1, *manifest.inputs.shape))]),
        outputs=Schema(
            [
                *_answers(manifest),
                ColSpec(DataType.long, "depth"),
                ColSpec(DataType.string, "reason"),
            ]
        ),
    )


def _answers(manifest: Manifest) -> tuple[ColSpec, ...]:
    if manifest.boxes is not None:
        return _OF_BOXES
    return _OF_LABELS if manifest.has_label_sets else _OF_CLASSES
