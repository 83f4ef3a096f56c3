"""A new bundle as a version of a model in MLflow's registry, which the bundle then states."""

from __future__ import annotations

from pathlib import Path

from search.errors import RegistrationError
from search.export.finished_sweep import FinishedSweep
from search.serving.place import place_of_sweep, place_without_sweep
from search.serving.registration import RegisteredVersion, register_bundle
from trainables.export.bundle.bundle import Bundle
from trainables.export.bundle.manifest import RUN_KEY


def register(bundle: Bundle, run: Path | None, tracking_uri: str | None) -> RegisteredVersion:
    """Register a bundle where its sweep is tracked, and have its manifest name the run.

    Args:
        bundle: The bundle.
        run: Folder of the sweep that found it; None where it was no sweep.
        tracking_uri: Tracking URI of another store, or None.

    Raises:
        RegistrationError: With MLflow's reason, or where the manifest cannot be written; the bundle is whole then.
        RunFolderError: If the sweep's store is known without its password only.
    """
    if run is None:
        place = place_without_sweep(tracking_uri)
    else:
        sweep = FinishedSweep.load(run)
        place = place_of_sweep(sweep.folder, sweep.config, tracking_uri)
    version = register_bundle(bundle, place)
    told = {**bundle.manifest.training, RUN_KEY: version.run_id}
    try:
        # As it is: what lies in the folder by now was not looked at.
        bundle.manifest.model_copy(update={"training": told}).write(bundle.folder)
    except OSError as error:
        raise RegistrationError(
            f"{version.model_uri} is registered as version {version.version} but {bundle.folder} cannot state the run "
            f"{version.run_id} ({error.strerror or error}); make the folder writable to log times to that run"
        ) from None
    return version
