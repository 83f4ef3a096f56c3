"""How long a network takes to answer at each exit: measured, not counted."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
import torch

from policies.runtime.threads import torch_threads
from trainables.models import MultiExitModel


_WARM_UP, _ROUNDS = 5, 30


def exit_latencies_ms(model: MultiExitModel, input_shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Milliseconds until each exit has answered for one sample, shape (E,), increasing.

    An exit needs its stages and every head up to its own. Each stage with its head is timed by itself, one sample and
    one thread on the processor, as the median of 30 runs after five that do not count; an exit takes the sum.

    Args:
        model: The network, on the CPU; it is left in evaluation mode.
        input_shape: (channels, height, width) of one sample.
    """
    model.eval()
    times = np.empty((_WARM_UP + _ROUNDS, model.n_exits))
    with torch_threads(1), torch.inference_mode():
        sample = torch.zeros(1, *input_shape)
        for own in times:
            began = time.perf_counter()
            features = model.normalise(sample)
            for k, (stage, head) in enumerate(zip(model.stages, model.heads, strict=True)):
                features = stage(features)
                head(features)
                ended = time.perf_counter()
                own[k], began = ended - began, ended
    return np.asarray(1000 * np.cumsum(np.median(times[_WARM_UP:], axis=0)))
