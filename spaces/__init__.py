"""Search spaces by name. A new space is one new file and one line here."""

from spaces.audio import AudioSpace
from spaces.base import Asker, Space
from spaces.darts import DartsSpace
from spaces.detection import DetectionSpace
from spaces.dimensions import Choice, Dimension, Fixed, Number
from spaces.distillation import DistillationSpace
from spaces.multilabel import MultiLabelSpace
from spaces.self_distillation import SelfDistillationSpace


SPACES: dict[str, type[Space]] = {
    space.name: space
    for space in (SelfDistillationSpace, DistillationSpace, AudioSpace, DartsSpace, DetectionSpace, MultiLabelSpace)
}

__all__ = ["SPACES", "Asker", "Choice", "Dimension", "Fixed", "Number", "Space"]
