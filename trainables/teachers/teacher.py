"""Teachers: networks that look at the student's images, or what they said before about the same images."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
import torch
from torch import Tensor, nn
import torch.nn.functional as F

from trainables.export.model_file import load_model
from trainables.models import MultiExitModel


class Teacher(ABC):
    """Gives logits for the samples of a batch."""

    @abstractmethod
    def __call__(self, images: Tensor, rows: Tensor, view: int) -> Tensor:
        """Logits, shape (N, C), without a gradient.

        Args:
            images: What the student sees: augmented, in 0..1, shape (N, channels, height, width).
            rows: Their rows in the training split, shape (N,).
            view: Which of the fixed augmentations they are; 0 where there are none.
        """

    @abstractmethod
    def to(self, device: torch.device) -> Teacher:
        """The same teacher on a device."""


class SoftLabelTeacher(Teacher):
    """What a teacher said before.

    Args:
        logits: Shape (V, N, C), by view and row of the training split; see
            :meth:`~trainables.teachers.soft_labels.SoftLabels.logits`.
    """

    def __init__(self, logits: Tensor) -> None:
        self._logits = logits

    def __call__(self, images: Tensor, rows: Tensor, view: int) -> Tensor:
        """The rows of a view; the images are not looked at."""
        return self._logits[view, rows]

    def to(self, device: torch.device) -> SoftLabelTeacher:
        """The same logits on a device."""
        return SoftLabelTeacher(self._logits.to(device))


class NetworkTeacher(Teacher):
    """The last exit of a trained network, which sees the student's augmented images in its own size.

    Args:
        network: The trained network; it is put into evaluation mode.
        image_size: Height and width that it was trained with; images of another size are resized bilinearly.
    """

    def __init__(self, network: MultiExitModel, image_size: Sequence[int]) -> None:
        self._network = network.eval()
        self._image_size = tuple(image_size)

    def __call__(self, images: Tensor, rows: Tensor, view: int) -> Tensor:
        """Its logits for the images."""
        with torch.no_grad():
            return last_logits(self._network, resized(images, self._image_size))

    def to(self, device: torch.device) -> NetworkTeacher:
        """The same network on a device."""
        return NetworkTeacher(self._network.to(device), self._image_size)


class Teachers:
    """``M`` teachers, asked together."""

    def __init__(self, teachers: Sequence[Teacher]) -> None:
        self._teachers = tuple(teachers)

    def __call__(self, images: Tensor, rows: Tensor, view: int) -> Tensor:
        """Logits of all teachers, shape (N, M, C); see :meth:`Teacher.__call__`."""
        return torch.stack([teacher(images, rows, view) for teacher in self._teachers], dim=1)

    def to(self, device: torch.device) -> Teachers:
        """The same teachers on a device."""
        return Teachers([teacher.to(device) for teacher in self._teachers])


@dataclass(frozen=True)
class TeacherSet:
    """Teachers as they travel to workers.

    Attributes:
        logits: Of those that spoke before, by their place, shape (V, N, C) each.
        models: Files of those that are networks, by their place, seen by all nodes.
    """

    logits: Mapping[int, NDArray[np.float32]]
    models: Mapping[int, Path]

    def build(self) -> Teachers:
        """The teachers in their order.

        Raises:
            ModelFileError: If a network cannot be read.
        """
        return Teachers([self._build(place) for place in range(len(self.logits) + len(self.models))])

    def _build(self, place: int) -> Teacher:
        if place in self.logits:
            # Arrays from the object store are read-only, which torch warns about: copy them once.
            return SoftLabelTeacher(torch.from_numpy(self.logits[place].copy()))
        network, config = load_model(self.models[place])
        return NetworkTeacher(network, config.input_shape[1:])


def resized(images: Tensor, size: Sequence[int]) -> Tensor:
    """Images, shape (N, channels, height, width), in another height and width: bilinear, with antialiasing."""
    if tuple(images.shape[-2:]) == tuple(size):
        return images
    return F.interpolate(images, size=tuple(size), mode="bilinear", align_corners=False, antialias=True)


def last_logits(network: MultiExitModel, images: Tensor) -> Tensor:
    """Logits of the last exit, shape (N, C); the earlier heads are not computed."""
    features = network.normalise(images)
    for stage in network.stages:
        features = stage(features)
    head: nn.Module = network.heads[-1]
    logits: Tensor = network.logits_of(head(features))
    return logits
