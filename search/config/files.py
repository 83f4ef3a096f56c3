"""Reading sweep files and presets, and changing single keys of them."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from search.config.reading.messages import unknown_key_message
from search.config.reading.yaml_text import RepeatedKeyError, read_yaml, reason_of
from search.config.sweep import SweepConfig, known_keys
from search.errors import ConfigError


DEFAULT_PRESET = "digits"
_SUFFIXES = (".yaml", ".yml")


def preset_names() -> list[str]:
    """Names of the presets that come with the package."""
    folder = files("spaces") / "presets"
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(_SUFFIXES))


def load_sweep(sweep: str, assignments: list[str], **options: Any) -> SweepConfig:
    """Read a preset or sweep file, apply ``key=value`` assignments, then command-line options, and validate.

    Args:
        sweep: A preset's name, or the path of a YAML file.
        assignments: Each ``dotted.key=value``, the value written as YAML.
        **options: Top-level keys or dotted keys (with ``__`` for the dot); None leaves the key alone.

    Raises:
        ConfigError: If there is no such preset or file, it is not YAML, or a key or value is wrong.
    """
    return SweepConfig.from_mapping(read_values(sweep, assignments, **options))


def read_values(sweep: str, assignments: list[str], **options: Any) -> dict[str, Any]:
    """The same as :func:`load_sweep` before validation.

    Raises:
        ConfigError: If there is no such preset or file, or something is not YAML.
    """
    values = read_sweep_file(sweep)
    for key, value in read_assignments("--set", assignments).items():
        set_key(values, key, value)
    for key, value in options.items():
        if value is not None:
            set_key(values, key.replace("__", "."), value)
    return values


def read_assignments(option: str, assignments: list[str]) -> dict[str, Any]:
    """Read ``key=value`` assignments, the values written as YAML; of equal keys the last counts.

    Raises:
        ConfigError: If one has no key, or its value is not YAML.
    """
    values = {}
    for assignment in assignments:
        key, separator, text = assignment.partition("=")
        if not separator or not key.strip():
            example = "search.trials=10" if option == "--set" else "weight_decay=0.0001"
            raise ConfigError(f"{option} takes key=value but was given {assignment!r}; for example {option} {example}")
        values[key.strip()] = _parse_value(key, text)
    return values


def read_sweep_file(sweep: str) -> dict[str, Any]:
    """The mapping in a preset or a sweep file.

    Raises:
        ConfigError: If there is none, or it holds no YAML mapping.
    """
    text = _read_text(sweep)
    try:
        values = read_yaml(text)
    except RepeatedKeyError as error:
        raise ConfigError(f"{sweep}: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{sweep}: not a YAML file ({reason_of(error)})") from None
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ConfigError(f"{sweep}: a sweep file must be a mapping of keys to values but is a {type(values).__name__}")
    return {str(key): value for key, value in values.items()}


def set_key(values: dict[str, Any], key: str, value: Any) -> None:
    """Set a dotted key in nested mappings.

    Raises:
        ConfigError: If the key goes below something that is not a section.
    """
    *path, last = key.split(".")
    section = values
    for part in path:
        if section.get(part) is None:
            section[part] = {}
        section = section[part]
        if not isinstance(section, dict):
            raise ConfigError(unknown_key_message(key, value, known_keys()))
    section[last] = value


def _parse_value(key: str, text: str) -> Any:
    try:
        return read_yaml(text)
    except RepeatedKeyError as error:
        raise ConfigError(f"--set {key}: {error}") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ConfigError(f"--set {key}: the value {text!r} is not YAML; quote it") from None


def _read_text(sweep: str) -> str:
    if not sweep.endswith(_SUFFIXES) and "/" not in sweep and "\\" not in sweep:
        names = preset_names()
        if sweep not in names:
            near = get_close_matches(sweep, names, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise ConfigError(
                f"there is no preset {sweep!r}{hint} Presets are {', '.join(names)}; a sweep file ends in .yaml"
            )
        return (files("spaces") / "presets" / f"{sweep}.yaml").read_text()
    try:
        return Path(sweep).read_text()
    except FileNotFoundError:
        raise ConfigError(f"{sweep}: there is no such sweep file; presets are {', '.join(preset_names())}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{sweep}: not a readable sweep file ({error})") from None
