"""What every detector with exits is: a multi-exit network whose exits predict a box and a class of every anchor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor, nn

from policies.runtime.detection.post_processing import PostProcessing
from trainables.models.base import MultiExitModel
from trainables.models.detection.anchors import AnchorGrids, default_anchors, fit_anchors
from trainables.models.detection.coding import decode
from trainables.models.detection.stages import Trunk


class DetectorModel(MultiExitModel):
    """A detector with ``E`` exits that share one set of ``A`` anchors; :meth:`forward` gives (N, E, A, 4 + 1 + C).

    An exit says of each anchor the offsets of its box and logits of background and classes, the background first.

    Args:
        stages: Each takes the features of the one before; the first takes the normalised input.
        heads: Each takes its stage's features and gives shape (N, A, 4 + 1 + C).
        grids: Of the anchors, whose shapes are the default ones until they are fitted.
        mean: Mean of each input channel, for inputs in 0..1; it is subtracted from them.
        std: Standard deviation of each input channel, for inputs in 0..1; they are divided by it.
        post_processing: Which of the predicted boxes are kept.

    Attributes:
        anchors: Left, top, right and bottom as shares of the image, shape (A, 4); saved with the weights.
        grids: Of the anchors.
        post_processing: Which of the predicted boxes are kept.
    """

    n_axes: ClassVar[int] = 3
    anchors: Tensor

    def __init__(
        self,
        stages: Sequence[nn.Module],
        heads: Sequence[nn.Module],
        *,
        grids: AnchorGrids,
        mean: Sequence[float],
        std: Sequence[float],
        post_processing: PostProcessing,
    ) -> None:
        super().__init__(stages, heads, mean=mean, std=std)
        self.grids = grids
        self.post_processing = post_processing
        self.register_buffer("anchors", torch.as_tensor(default_anchors(grids)))

    def fit_anchors(self, objects: NDArray[np.float32], *, seed: int = 0) -> None:
        """Have anchors of the shapes that objects have; what heads have learnt so far is then of other boxes.

        Args:
            objects: True boxes of ``train``, shape (N, M, 6).
            seed: Of the clusters' first centres.
        """
        self.anchors.copy_(torch.as_tensor(fit_anchors(objects, self.grids, seed=seed)))

    def decoded(self, raw: Tensor) -> Tensor:
        """The box of every anchor, and the probability of each class there, shape (N, A, 4 + C).

        Args:
            raw: What a head gives, shape (N, A, 4 + 1 + C).
        """
        boxes = decode(raw[..., :4], self.anchors)
        # Over the anchors at once: over the few classes of each it takes as long as all the rest.
        probabilities = raw[..., 4:].transpose(1, 2).softmax(dim=1)[:, 1:].transpose(1, 2)
        return torch.cat([boxes, probabilities], dim=-1)

    def found(self, raw: Tensor) -> Tensor:
        """The boxes that an exit finds, the surest first, shape (N, D, 6); rows as in :mod:`policies.tables.boxes`.

        Args:
            raw: What its head gives, shape (N, A, 4 + 1 + C).
        """
        return self.post_processing.kept(self.decoded(raw.float()))

    def exit_outputs(self, said: Tensor) -> NDArray[np.float32]:
        """The boxes that an exit finds, as rules take them, shape (N, D, 6)."""
        found: NDArray[np.float32] = self.found(said).numpy(force=True)
        return found

    def alone(self, stage: nn.Module, head: nn.Module) -> DetectorModel:
        """A detector of one stage and one head, with the same anchors."""
        plain = DetectorModel(
            [stage],
            [head],
            grids=self.grids,
            mean=self.mean.flatten().tolist(),
            std=self.std.flatten().tolist(),
            post_processing=self.post_processing,
        )
        plain.anchors.copy_(self.anchors)
        return plain

    def parameter_groups(self) -> dict[str, list[nn.Parameter]]:
        """The two that may be trained at rates of their own: ``backbone``, and ``heads``, which are all others."""
        backbone = [weight for trunk in self.backbone() for weight in trunk.parameters()]
        known = {id(weight) for weight in backbone}
        return {"backbone": backbone, "heads": [weight for weight in self.parameters() if id(weight) not in known]}

    def backbone(self) -> list[nn.Module]:
        """The parts of the network that the detector is built on.

        Neither heads nor what an exit tells the next are among them, which are new where a backbone was trained before.
        Where no stage has a :class:`~trainables.models.detection.stages.Trunk`, they are all of the stages.
        """
        return [module for module in self.modules() if isinstance(module, Trunk)] or super().backbone()
