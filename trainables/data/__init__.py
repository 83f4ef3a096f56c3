"""Data sources by name. A new source is one new file and one line here."""

from trainables.data.base import DataSource, Samples
from trainables.data.digits import DigitsSource
from trainables.data.fashion_mnist import FashionMnistSource
from trainables.data.splits import SPLIT_NAMES, Split, SplitFractions, Splits
from trainables.data.splitting import split_samples


SOURCES: dict[str, DataSource] = {source.name: source for source in (DigitsSource(), FashionMnistSource())}

__all__ = [
    "SOURCES",
    "SPLIT_NAMES",
    "DataSource",
    "Samples",
    "Split",
    "SplitFractions",
    "Splits",
    "split_samples",
]
