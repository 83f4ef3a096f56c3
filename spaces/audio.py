"""Distillation, and what is particular to sound: SpecAugment, mixup, class weights, width, heads, learning rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from spaces.base import Asker
from spaces.dimensions import Choice, Dimension, Number
from spaces.distillation import DistillationSpace


class AudioSpace(DistillationSpace):
    """What :class:`DistillationSpace` has, for networks over mels and time such as ``audio-cnn``.

    ``spec_augment`` is the share of the samples that are masked, ``mixup`` the parameter of its Beta distribution;
    ``width`` and ``head`` are the network's own.
    """

    name: ClassVar[str] = "audio"

    @classmethod
    def defaults(cls, n_exits: int, teachers: Sequence[str] = ()) -> dict[str, Dimension]:
        """All dimensions; depths in names count from 1."""
        return super().defaults(n_exits, teachers) | {
            "width": Choice((16, 24, 32), is_open=True),
            "head": Choice(("attentive-statistics", "max-mean")),
            "learning_rate_schedule": Choice(("one-cycle", "constant")),
            "spec_augment": Number(0.0, 1.0),
            "spec_augment_bands": Number(4, 16),
            "spec_augment_frames": Number(6, 24),
            "mixup": Number(0.0, 0.4),
            "class_weighting": Choice(("none", "balanced")),
        }

    def walk(self, ask: Asker) -> None:
        """Ask for the network and for what is done to its samples, and then for the rest."""
        ask("width")
        if self.n_exits > 1:
            ask("head")
        if ask("spec_augment") > 0:
            ask("spec_augment_bands")
            ask("spec_augment_frames")
        ask("learning_rate_schedule")
        ask("mixup")
        ask("class_weighting")
        super().walk(ask)
