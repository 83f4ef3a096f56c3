import pytest
import torch

from tests.routing_detectors import rectangles, small_detector


@pytest.fixture(scope="session")
def routing_train():
    return rectangles(8)


@pytest.fixture(scope="session")
def detector(routing_train):
    """Untrained, but with scores that differ: the last layers are larger."""
    model = small_detector(objects=routing_train.labels)
    with torch.no_grad():
        for head in model.heads:
            for prediction in head.predictions:
                prediction[-1].weight *= 4
    return model
