"""What a bundle takes and answers, as MLflow writes it down and enforces it."""

from __future__ import annotations

from mlflow.models import ModelSignature
from mlflow.types import ColSpec, DataType, Schema, TensorSpec
import numpy as np

from trainables.export.bundle.manifest import Manifest


def signature_of(manifest: Manifest) -> ModelSignature:
    """Inputs of shape (n, channels, height, width) with the type of the bundle's, and a row of answers for each."""
    return ModelSignature(
        inputs=Schema([TensorSpec(np.dtype(manifest.inputs.dtype), (-1, *manifest.inputs.shape))]),
        outputs=Schema(
            [
                ColSpec(DataType.string, "label"),
                ColSpec(DataType.double, "confidence"),
                ColSpec(DataType.long, "depth"),
                ColSpec(DataType.string, "reason"),
            ]
        ),
    )
