import warnings

import pytest

from tests.trainables.data.image_sets import write_classes


@pytest.fixture
def folder(tmp_path):
    """Two classes of ten images."""
    return write_classes(tmp_path / "data")


@pytest.fixture
def no_other_warnings():
    """Warnings that a test does not expect are errors."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield
