import pytest

from tests.routing_detectors import rectangle_split, small_detector, with_larger_scores


@pytest.fixture(scope="session")
def routing_train():
    return rectangle_split(8)


@pytest.fixture(scope="session")
def detector(routing_train):
    return with_larger_scores(small_detector(objects=routing_train.labels))
