"""What a bundle takes and answers, as MLflow writes it down and enforces it."""

from __future__ import annotations

from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
from mlflow.types.schema import Array, Object, Property
import numpy as np

from trainables.export.bundle.manifest import Manifest


_OF_CLASSES = (ColSpec(DataType.string, "label"), ColSpec(DataType.double, "confidence"))
_BOX = [
    Property("label", DataType.string),
    *(Property(name, DataType.double) for name in ("score", "left", "top", "right", "bottom")),
]
_OF_BOXES = (ColSpec(Array(Object(_BOX)), "boxes"),)


def signature_of(manifest: Manifest) -> ModelSignature:
    """Inputs of shape (n, channels, height, width) with the type of the bundle's, and a row of answers for each."""
    return ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(manifest.inputs.dtype), (-1, *manifest.inputs.shape))]),
        outputs=Schema(
            [
                *(_OF_CLASSES if manifest.boxes is None else _OF_BOXES),
                ColSpec(DataType.long, "depth"),
                ColSpec(DataType.string, "reason"),
            ]
        ),
    )
