"""The loss of a detector with exits: boxes and classes of matched anchors, and the last exit as their teacher."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

import torch
from torch import Tensor
import torch.nn.functional as F

from policies.tables.boxes import CORNERS, LABEL
from trainables.errors import TrainingError
from trainables.losses.exit_loss import COMBINATIONS, CROSS_ENTROPY_ALONE, ExitLoss, LossWeights
from trainables.losses.hard_negatives import NEGATIVES_PER_MATCH, hard_negatives
from trainables.models.detection.coding import encode
from trainables.models.detection.matching import IGNORED, match_anchors


CLASSIFICATIONS = ("hard-negatives", "focal")
_FOCAL_ALPHA, _FOCAL_GAMMA = 0.25, 2.0


@dataclass(frozen=True)
class DetectionLoss:
    """Loss of a detector with ``E`` exits that share ``A`` anchors, to be minimised.

    With ``L_k`` the loss of an exit and ``S_k`` what pulls it towards the last, an exit k costs, as in
    :class:`~trainables.losses.exit_loss.ExitLoss`:

    ``convex``: ``w_k [(1 - alpha) L_k + alpha v_k S_k]``; ``additive``: ``w_k L_k + alpha v_k S_k``.

    The last exit has no ``S``, and its alpha is 0. All are sums over a batch divided by the number of its matched
    anchors, at least 1 (Liu et al., SSD, 2016):

    ``L_k``: smooth L1 between the offsets that are said and those of the object, over matched anchors, and the
    classification. ``hard-negatives``: cross-entropy of matched anchors, and of those unmatched ones at which the exit
    is most wrong: ``negatives_per_match`` times as many in each image as are matched, or as of one match where none is.
    ``focal``: cross-entropy of all anchors, weighted by ``a (1 - p)^2`` with p the probability of the truth and a .25
    for objects, .75 for background (Lin et al., 2017).

    ``S_k``: ``c T^2 KL(p_T^E || p_T^k)``, background included, over the anchors that the classification counts, with c
    the last exit's largest probability at T to the power gamma, and smooth L1 between the offsets of both over matched
    anchors. The last exit is detached.

    Anchors in crowds are neither right nor wrong.

    Attributes:
        anchors: Those that the heads predict from, shape (A, 4).
        exit_weights: ``w``, length E, not negative.
        teacher_weights: ``v``, length E - 1, not negative.
        temperature: ``T`` of the self-distillation, positive.
        gamma: Exponent of the last exit's confidence, not negative.
        label_smoothing: Of every cross-entropy, in [0, 1).
        combination: How an exit's own loss and its teacher are joined: ``convex`` or ``additive``, as above.
        classification: ``hard-negatives`` or ``focal``.
        negatives_per_match: Unmatched anchors that count for each matched one, positive.

    Raises:
        TrainingError: If a number is out of range.
    """

    anchors: Tensor = field(repr=False, compare=False)
    exit_weights: tuple[float, ...]
    teacher_weights: tuple[float, ...]
    temperature: float = 2.0
    gamma: float = 0.0
    label_smoothing: float = 0.0
    combination: str = COMBINATIONS[0]
    classification: str = CLASSIFICATIONS[0]
    negatives_per_match: float = NEGATIVES_PER_MATCH

    def __post_init__(self) -> None:
        # The rules of the weights are the same.
        ExitLoss(
            self.exit_weights,
            self.teacher_weights,
            temperature=self.temperature,
            gamma=self.gamma,
            label_smoothing=self.label_smoothing,
            combination=self.combination,
        )
        if self.classification not in CLASSIFICATIONS:
            raise TrainingError(f"classification must be one of {CLASSIFICATIONS} but is {self.classification!r:.60}")
        if not self.negatives_per_match > 0:
            raise TrainingError(f"negatives_per_match must be positive but is {self.negatives_per_match}")

    @classmethod
    def of(cls, exit_loss: ExitLoss, anchors: Tensor, *, classification: str = CLASSIFICATIONS[0]) -> Self:
        """With what the loss of a classifier's exits says of weights, smoothing and the last exit as a teacher.

        Args:
            exit_loss: Without teachers from outside and class weights.
            anchors: Those that the heads predict from, shape (A, 4); fit them before.
            classification: ``hard-negatives`` or ``focal``.

        Raises:
            TrainingError: If teachers from outside are to teach, or classes have weights.
        """
        if exit_loss.teachers is not None:
            raise TrainingError("detectors have no teachers from outside; say distillation: self or none")
        if exit_loss.class_weights is not None:
            raise TrainingError("detectors weigh all classes alike; say class_weighting: none")
        return cls(
            anchors,
            exit_loss.exit_weights,
            exit_loss.teacher_weights,
            temperature=exit_loss.temperature,
            gamma=exit_loss.gamma,
            label_smoothing=exit_loss.label_smoothing,
            combination=exit_loss.combination,
            classification=classification,
        )

    def __call__(
        self,
        outputs: Tensor,
        targets: Tensor,
        weights: LossWeights = CROSS_ENTROPY_ALONE,
        *,
        teacher_logits: Tensor | None = None,
    ) -> Tensor:
        """Loss of one batch, a scalar.

        Args:
            outputs: What the network gives at every exit, shape (N, E, A, 4 + 1 + C).
            targets: True boxes, shape (N, M, 6), rows as in :mod:`policies.tables.boxes`.
            weights: How much each part of the loss counts in this epoch; ``alpha`` alone is known here.
            teacher_logits: None, since nobody from outside teaches detectors.

        Raises:
            TrainingError: If there are teachers from outside, or a margin is to be learnt from the last exit.
        """
        if teacher_logits is not None or weights.margin:
            raise TrainingError("detectors learn from their last exit's boxes and classes alone; say margin_weight: 0")
        truth = _Truth.of(self.anchors.to(outputs.device), targets)
        said = outputs.transpose(0, 1)
        counted = torch.stack([self._counted(own, truth) for own in said.detach()])
        losses = torch.stack([self._own_loss(own, truth, of) for own, of in zip(said, counted, strict=True)])
        exit_weights = outputs.new_tensor(self.exit_weights)
        is_convex = self.combination == "convex"
        if not is_convex:
            losses = exit_weights * losses
        if weights.alpha and len(said) > 1:
            kept = 1 - weights.alpha if is_convex else 1.0
            pull = [self._pull(own, said[-1].detach(), truth, of) for own, of in zip(said[:-1], counted, strict=False)]
            taught = weights.alpha * outputs.new_tensor(self.teacher_weights) * torch.stack(pull)
            losses = torch.cat([kept * losses[:-1] + taught, losses[-1:]])
        return (exit_weights * losses if is_convex else losses).sum()

    def _counted(self, said: Tensor, truth: _Truth) -> Tensor:
        """The anchors whose classes count, shape (N, A)."""
        if self.classification == "focal":
            return ~truth.is_ignored
        return truth.is_matched | hard_negatives(
            said[..., 4:], truth.is_matched, truth.is_ignored, per_match=self.negatives_per_match
        )

    def _own_loss(self, said: Tensor, truth: _Truth, counted: Tensor) -> Tensor:
        offsets = F.smooth_l1_loss(said[truth.is_matched][:, :4], truth.offsets, reduction="sum")
        labels = truth.labels[counted]
        errors = F.cross_entropy(said[counted][:, 4:], labels, reduction="none", label_smoothing=self.label_smoothing)
        if self.classification == "focal":
            true_prob = said[counted][:, 4:].softmax(dim=-1).gather(1, labels[:, None])[:, 0]
            alpha = torch.where(labels > 0, _FOCAL_ALPHA, 1 - _FOCAL_ALPHA)
            errors = alpha * (1 - true_prob) ** _FOCAL_GAMMA * errors
        return (offsets + errors.sum()) / truth.n_matched

    def _pull(self, said: Tensor, teacher: Tensor, truth: _Truth, counted: Tensor) -> Tensor:
        """``S_k`` of an exit."""
        matched = truth.is_matched
        offsets = F.smooth_l1_loss(said[matched][:, :4], teacher[matched][:, :4], reduction="sum")
        log_teacher, log_student = (
            F.log_softmax(one[counted][:, 4:] / self.temperature, dim=-1) for one in (teacher, said)
        )
        confidence = log_teacher.exp().amax(dim=-1) ** self.gamma
        divergence = (log_teacher.exp() * (log_teacher - log_student)).sum(dim=-1)
        return (offsets + self.temperature**2 * (confidence * divergence).sum()) / truth.n_matched


@dataclass(frozen=True)
class _Truth:
    """What is to be said of every anchor.

    Attributes:
        is_matched: Whether it stands for an object, shape (N, A).
        is_ignored: Whether it lies in a crowd, shape (N, A).
        labels: 0 for background, else the class and 1, shape (N, A).
        offsets: From the matched anchors to their objects, image by image, shape (matched, 4).
    """

    is_matched: Tensor
    is_ignored: Tensor
    labels: Tensor
    offsets: Tensor

    @classmethod
    def of(cls, anchors: Tensor, objects: Tensor) -> Self:
        """Of true boxes, shape (N, M, 6)."""
        matches = match_anchors(anchors, objects)
        is_matched = matches >= 0
        images, places = is_matched.nonzero(as_tuple=True)
        own = objects[images, matches[images, places]]
        labels = torch.zeros_like(matches)
        labels[images, places] = own[:, LABEL].long() + 1
        return cls(is_matched, matches == IGNORED, labels, encode(own[:, CORNERS], anchors[places]))

    @property
    def n_matched(self) -> int:
        """Number of matched anchors in the batch, at least 1."""
        return max(1, len(self.offsets))
