import warnings

import pytest

from tests.trainables.data.image_sets import write_classes
from tests.trainables.data.recordings import write_recording


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


@pytest.fixture
def flat(tmp_path):
    """Recordings of two classes by two speakers, three each, in one folder."""
    for k, name in enumerate(("cat", "dog")):
        for speaker in range(2):
            for i in range(3):
                write_recording(tmp_path / "flat" / f"{name}_s{speaker}_{i}.wav", seed=(k, speaker, i))
    return tmp_path / "flat"
