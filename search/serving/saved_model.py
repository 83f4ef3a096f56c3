"""A bundle in MLflow's own layout: the bundle as an artifact, code that loads it, and what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
import os
from pathlib import Path
from typing import Any
import warnings

from mlflow import pyfunc
from mlflow.models import Model

from search.serving.bundle_model import ARTIFACT, DEFAULT_CONFIG
from search.serving.requirements import code_of, requirements_of
from search.serving.signature import signature_of
from trainables.export.bundle.bundle import Bundle


_CODE = Path(__file__).with_name("model_from_code.py")
# MLflow would copy the lock file of whatever project the working folder is, and draw bars.
_SETTINGS = {"MLFLOW_UV_AUTO_DETECT": "false", "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}


def save_bundle(bundle: Bundle, path: Path, *, model: Any, run_id: str) -> None:
    """Write the bundle as a model that MLflow loads without this project's command.

    Args:
        bundle: What is written; its folder is copied.
        path: The folder to make.
        model: Where the store will keep it: MLflow's ``LoggedModel``.
        run_id: The run that it came from.

    Raises:
        Exception: What MLflow raises.
    """
    stated = Model(
        artifact_path=model.artifact_location,
        model_uuid=model.model_id,
        model_id=model.model_id,
        run_id=run_id,
        metadata={"policy_hash": bundle.policy.policy_hash, "model_hash": bundle.manifest.model_hash},
    )
    with _quiet():
        pyfunc.save_model(
            path=str(path),
            python_model=str(_CODE),
            artifacts={ARTIFACT: bundle.folder.resolve().as_uri()},
            model_config=dict(DEFAULT_CONFIG),
            signature=signature_of(bundle.manifest),
            # One sample: MLflow's page shows it as JSON, and so does whoever wants to try the model.
            input_example=bundle.check.inputs[:1],
            pip_requirements=requirements_of(bundle),
            code_paths=code_of(bundle) or None,
            mlflow_model=stated,
        )


@contextmanager
def _quiet() -> Iterator[None]:
    """MLflow without its advice to whoever writes models."""
    before = {name: os.environ.get(name) for name in _SETTINGS}
    os.environ.update(_SETTINGS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
