"""Stages of a torch module, on a CPU or a GPU."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor, nn

from policies.runtime.stages import require_shape
from policies.tables.classification import ExitOutputs


class StagedModule(Protocol):
    """A torch module that can be run stage by stage, such as :class:`trainables.models.MultiExitModel`."""

    @property
    def stages(self) -> Iterable[nn.Module]:
        """Each takes the features of the one before; the first takes standardised inputs."""

    @property
    def heads(self) -> Iterable[nn.Module]:
        """Each takes the features of its stage and gives what is said at its exit, such as logits."""

    def normalise(self, inputs: Tensor) -> Tensor:
        """Standardise inputs in 0..1, shape (n, channels, height, width)."""

    def eval(self) -> Any:
        """Set evaluation mode."""

    def to(self, device: torch.device) -> Any:
        """Move the weights."""


def classifier_outputs(said: Tensor | tuple[Tensor, Tensor]) -> ExitOutputs:
    """What the head of a classifier gives, as rules take it.

    Args:
        said: Logits of the classes, shape (n, C); or these, and the logit of the probability to stop, shape (n,).
    """
    if isinstance(said, Tensor):
        return ExitOutputs(said.float().numpy(force=True))
    logits, stop_logits = said
    return ExitOutputs(logits.float().numpy(force=True), stop_logits.float().sigmoid().numpy(force=True))


def unit_scale(inputs: Tensor) -> Tensor:
    """Samples as float32 in 0..1, from uint8 in 0..255 divided by 255, or from other numbers as they are."""
    return inputs.float() / 255.0 if inputs.dtype == torch.uint8 else inputs.float()


class TorchStages:
    """Stages of a torch module, in evaluation mode.

    Features are tensors, or tuples of tensors, with samples first.

    Args:
        module: The network. It is moved to the device and set to evaluation mode.
        device: Where it is run.
        outputs: From what a head gives to what rules take; None takes the module's own ``exit_outputs``, and those of a
            classifier where it has none.
        input_shape: (channels, height, width) that samples must have; None takes what the module takes.
    """

    def __init__(
        self,
        module: StagedModule,
        device: torch.device | str = "cpu",
        *,
        outputs: Callable[[Any], Any] | None = None,
        input_shape: tuple[int, ...] | None = None,
    ) -> None:
        self._device = torch.device(device)
        module.eval()
        module.to(self._device)
        self._module, self._input_shape = module, input_shape
        # What a user's own module need not have.
        own: Callable[[Any], Any] = getattr(module, "exit_outputs", classifier_outputs)
        self._outputs = own if outputs is None else outputs
        self._stages = tuple(zip(module.stages, module.heads, strict=True))

    @property
    def n_exits(self) -> int:
        """Number of exits, ``E``."""
        return len(self._stages)

    @torch.inference_mode()
    def begin(self, inputs: NDArray[Any]) -> Tensor:
        """Inputs on the device, as float32 in 0..1 and standardised; uint8 is divided by 255.

        Raises:
            StagesError: If the network's shape is known and the samples are of another.
        """
        if self._input_shape is not None:
            require_shape(inputs, self._input_shape)
        return self._module.normalise(unit_scale(torch.as_tensor(inputs, device=self._device)))

    @torch.inference_mode()
    def run(self, exit_index: int, features: Any, *, with_head: bool = True) -> tuple[Any, Any]:
        """Run one stage, and its head unless the exit is not asked."""
        stage, head = self._stages[exit_index]
        features = stage(features)
        return features, self._outputs(head(features)) if with_head else None

    @torch.inference_mode()
    def take(self, features: Any, rows: NDArray[np.int64]) -> Any:
        """The features of some of the samples."""
        index = torch.as_tensor(rows, device=self._device)
        if isinstance(features, Tensor):
            return features.index_select(0, index)
        return tuple(part.index_select(0, index) for part in features)
