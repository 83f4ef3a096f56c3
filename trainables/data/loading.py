"""Reading a data source, a user's own among them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from policies.user_code import name_of, user_code
from trainables.data.base import DataSource, Samples
from trainables.data.options import DEFAULT_OPTIONS, DataOptions
from trainables.errors import DataError, SamplesError


@contextmanager
def source_code(source: DataSource) -> Iterator[None]:
    """Run what may be a user's own source, or look at what it gives; errors name it.

    Raises:
        DataError: If it fails, or what it gives does not fit together.
    """
    name = name_of(type(source))
    with user_code(f"{name}.load()", DataError):
        try:
            yield
        except SamplesError as error:
            raise DataError(f"{name}: {error}") from None


def load_samples(source: DataSource, data_dir: Path | None, options: DataOptions = DEFAULT_OPTIONS) -> Samples:
    """All samples of a source.

    Raises:
        DataError: If files are missing or damaged, the options ask for what the source does not have, or a user's own
            source fails or gives no samples; it is then named.
    """
    if options.classes and not getattr(source, "selects_classes", False):
        raise DataError(
            f"data.classes names the wanted classes of sources of boxes, such as voc, and of labels, but this "
            f"source is {getattr(source, 'name', name_of(type(source)))}; leave it out"
        )
    with source_code(source):
        samples = source.load(data_dir, options)
        if not isinstance(samples, Samples):
            raise SamplesError(f"load() must return Samples but returns {type(samples).__name__}")
        return samples
