"""Where a bundle is registered: which MLflow store, which experiment, and for which sweep."""

from __future__ import annotations

from dataclasses import dataclass
import os

from search.config.sweep import SweepConfig
from search.config.tracking import TrackingSection
from search.errors import RunFolderError
from search.redaction import HIDDEN
from search.run_folder.folder import RunFolder
from search.run_folder.journal import read_events
from search.tracking.uri import TRACKING_VARIABLE, default_tracking_uri


@dataclass(frozen=True, kw_only=True)
class RegistryPlace:
    """A place in an MLflow store.

    Attributes:
        uri: Tracking URI of the store; it may hold a password.
        experiment: Name of the experiment that the model is logged in.
        sweep_id: Identity of the sweep that found the policy; None where it was no sweep, or is not known.
    """

    uri: str
    experiment: str
    sweep_id: str | None = None


def place_of_sweep(folder: RunFolder, config: SweepConfig, given: str | None = None) -> RegistryPlace:
    """Where a sweep's own runs are: what is given, the environment's, where the sweep was kept, the default.

    Args:
        folder: Folder of the sweep.
        config: Configuration of the sweep.
        given: Tracking URI that this call names, or None.

    Raises:
        RunFolderError: If the sweep's journal is damaged, or its store is known without its password only.
    """
    stored = config.tracking.uri
    candidates = (given, os.environ.get(TRACKING_VARIABLE), stored)
    uri = next((uri for uri in candidates if uri and HIDDEN not in uri), None)
    if uri is None and stored is not None:
        raise RunFolderError(
            f"the tracking URI of this sweep is {stored}, whose password is not kept; give the whole address again in "
            f"{TRACKING_VARIABLE} or with --tracking-uri, or leave the registry out with --no-register"
        )
    return RegistryPlace(
        uri=uri or default_tracking_uri(), experiment=config.tracking.experiment, sweep_id=_sweep_id(folder)
    )


def place_without_sweep(given: str | None = None) -> RegistryPlace:
    """Where what no sweep found is registered: what is given, the environment's, the default."""
    return RegistryPlace(
        uri=given or os.environ.get(TRACKING_VARIABLE) or default_tracking_uri(),
        experiment=TrackingSection().experiment,
    )


def _sweep_id(folder: RunFolder) -> str | None:
    """The id that the journal begins with; None where somebody has copied the results without it."""
    if not folder.journal_file.is_file():
        return None
    created = [event for event in read_events(folder.journal_file) if event["event"] == "created"]
    return str(created[0]["sweep_id"]) if created else None
