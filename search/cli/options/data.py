"""How the samples of a command without a sweep file are read."""

from __future__ import annotations

from search.config.files import DEFAULT_PRESET, load_sweep
from search.errors import ConfigError
from trainables.data import DataOptions


def data_options(image_size: int | None, assignments: list[str] | None) -> DataOptions:
    """How samples are read, as a sweep file would say it.

    Args:
        image_size: Height and width that images are resized to, or None.
        assignments: Texts ``data.KEY=VALUE``.

    Raises:
        ConfigError: If a key is of another section, or a value cannot be.
    """
    assignments = assignments or []
    other = next((text for text in assignments if not text.strip().startswith("data.")), None)
    if other is not None:
        raise ConfigError(f"--set takes keys of the section data here, such as data.audio.n_mels=40, but got {other!r}")
    sized = [] if image_size is None else [f"data.image_size={image_size}"]
    return load_sweep(DEFAULT_PRESET, [*assignments, *sized]).data.options()
