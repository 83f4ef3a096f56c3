"""A network as a teacher: what its last exit says, whatever else its heads say."""

import torch

from tests.stopping_network import SHAPE, stopping_network, stopping_split
from trainables.teachers.teacher import NetworkTeacher


def test_of_a_network_with_stop_heads_the_logits_are_taken():
    model, images = stopping_network(), torch.as_tensor(stopping_split(9).inputs)
    found = NetworkTeacher(model, SHAPE[1:])(images, torch.arange(9), 0)
    with torch.inference_mode():
        torch.testing.assert_close(found, model(images)[:, -1])
