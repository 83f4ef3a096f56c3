"""Data sources by name. A new source is one new file and one line here.

What takes seconds to import is imported in its ``load``, since names and options are checked before.
"""

from trainables.data.audio.options import DEFAULT_AUDIO, LARGEST_AUDIO, AudioOptions
from trainables.data.base import DataSource, Samples
from trainables.data.boxes.samples import DetectionSamples
from trainables.data.label_files.samples import LabelledSamples
from trainables.data.loading import load_samples, source_code
from trainables.data.options import DEFAULT_OPTIONS, LARGEST_IMAGE, SMALLEST_IMAGE, DataOptions
from trainables.data.sources.audio_folder import AudioFolderSource
from trainables.data.sources.cifar import Cifar10Source, Cifar100Source
from trainables.data.sources.coco import CocoSource
from trainables.data.sources.digits import DigitsSource
from trainables.data.sources.fashion_mnist import FashionMnistSource
from trainables.data.sources.image_folder import ImageFolderSource
from trainables.data.sources.labelled_audio import LabelledAudioSource
from trainables.data.sources.labelled_images import LabelledImagesSource
from trainables.data.sources.pairs import PairsSource
from trainables.data.sources.spoken_mixtures import SpokenMixturesSource
from trainables.data.sources.voc import VocSource
from trainables.data.splitting.split import split_samples
from trainables.data.splitting.splits import SPLIT_NAMES, Split, SplitFractions, Splits


SOURCES: dict[str, DataSource] = {
    source.name: source
    for source in (
        DigitsSource(),
        FashionMnistSource(),
        Cifar10Source(),
        Cifar100Source(),
        ImageFolderSource(),
        AudioFolderSource(),
        VocSource(),
        CocoSource(),
        LabelledImagesSource(),
        LabelledAudioSource(),
        PairsSource(),
        SpokenMixturesSource(),
    )
}

__all__ = [
    "DEFAULT_AUDIO",
    "DEFAULT_OPTIONS",
    "LARGEST_AUDIO",
    "LARGEST_IMAGE",
    "SMALLEST_IMAGE",
    "SOURCES",
    "SPLIT_NAMES",
    "AudioOptions",
    "DataOptions",
    "DataSource",
    "DetectionSamples",
    "LabelledSamples",
    "Samples",
    "Split",
    "SplitFractions",
    "Splits",
    "load_samples",
    "source_code",
    "split_samples",
]
