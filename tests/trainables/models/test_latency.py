import time

import torch
from torch import nn

from trainables.models import MultiExitModel
from trainables.models.latency import exit_latencies_ms


class Wait(nn.Module):
    """A stage that takes its time."""

    def __init__(self, seconds):
        super().__init__()
        self.seconds = seconds

    def forward(self, features):
        time.sleep(self.seconds)
        return features


def test_an_exit_takes_the_time_of_all_stages_and_heads_up_to_it():
    stages = [Wait(0.001), Wait(0.004), Wait(0.002)]
    heads = [nn.Sequential(Wait(0.001), nn.Flatten()) for _ in stages]
    model = MultiExitModel(stages, heads, mean=[0.0], std=[1.0])
    n_threads = torch.get_num_threads()
    latency = exit_latencies_ms(model, (1, 2, 2))
    assert torch.get_num_threads() == n_threads
    # Sleeping takes at least what was asked for.
    assert (latency >= [2, 7, 10]).all()
    assert latency[0] < latency[1] < latency[2]


def test_each_stage_runs_on_one_sample(spec, digits):
    seen = []
    model = spec.build_model(digits.train)
    model.stages[0].register_forward_hook(lambda module, inputs, output: seen.append(inputs[0].shape))
    assert len(exit_latencies_ms(model, digits.train.inputs.shape[1:])) == model.n_exits
    assert set(seen) == {(1, *digits.train.inputs.shape[1:])}
    assert not model.training
