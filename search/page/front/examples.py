"""Examples: small pictures of the samples of ``search`` that the page shows, kept in the folder of a sweep."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from policies.errors import ExitTableError
from policies.files.npz import read_archive, write_npz
from policies.selection.select import Selection
from policies.tables.detection import DetectionTable
from search.finalists.tables import NetworkTables
from search.inputs import SweepInputs
from search.page.front.choice import Choice
from search.page.front.outcomes import outcomes
from search.page.front.thumbnails import LARGEST, LARGEST_WITH_BOXES, thumbnail
from search.run_folder.folder import RunFolder
from trainables.data import Split
from trainables.data.readers import AudioReader
from trainables.models.exits.tracing import first_line
from trainables.workloads import get_workload


MOST_EXAMPLES = 120
MOST_BYTES = 320_000
"""Of all pictures together: in the page they take a third more."""
_SCHEMA = 1


@dataclass(frozen=True)
class Examples:
    """Pictures of samples.

    Attributes:
        pictures: A WebP picture of each sample, by its id.
    """

    pictures: dict[str, bytes]

    @classmethod
    def of(cls, split: Split, ids: list[str], *, is_audio: bool, largest: int = LARGEST) -> Examples:
        """Draw samples, in their order, as long as all pictures together are small.

        Args:
            split: The samples.
            ids: Names of those that are drawn.
            is_audio: Whether inputs are features of sounds.
            largest: Pixels along the longer side of a picture.
        """
        rows = {name: row for row, name in enumerate(split.ids.tolist())}
        pictures: dict[str, bytes] = {}
        size = 0
        for name in ids:
            picture = thumbnail(split.inputs[rows[name]], is_audio=is_audio, largest=largest)
            size += len(picture)
            if size > MOST_BYTES:
                break
            pictures[name] = picture
        return cls(pictures)

    def save(self, path: Path) -> None:
        """Write them as one file.

        Raises:
            OSError: If the file cannot be written.
        """
        content = b"".join(self.pictures.values())
        ends = np.cumsum([len(picture) for picture in self.pictures.values()], dtype=np.int64)
        arrays = {"ids": np.array(list(self.pictures), dtype=np.str_), "ends": ends}
        write_npz(path, {**arrays, "content": np.frombuffer(content, dtype=np.uint8)}, {}, schema=_SCHEMA)

    @classmethod
    def load(cls, path: Path) -> Examples:
        """Read a file; none where there is no file that can be read."""
        try:
            arrays = read_archive(path, "file of examples", ExitTableError).arrays
            content, ends = arrays["content"].tobytes(), arrays["ends"].tolist()
            starts = [0, *ends[:-1]]
            cut = [content[start:end] for start, end in zip(starts, ends, strict=True)] if ends else []
            return cls(dict(zip(arrays["ids"].tolist(), cut, strict=True)))
        except (ExitTableError, KeyError, ValueError):
            return cls({})

    def url(self, name: str) -> str:
        """A picture for a page."""
        return f"data:image/webp;base64,{b64encode(self.pictures[name]).decode()}"


def keep_examples(
    folder: RunFolder, inputs: SweepInputs, selection: Selection, tables: NetworkTables
) -> tuple[str, ...]:
    """Draw the samples of ``search`` that say most of the policies of the front, and write them beside the results.

    Args:
        folder: Folder of the sweep.
        inputs: The sweep on its data.
        selection: The front, and the selected policy.
        tables: What its networks say.

    Returns:
        What could not be done, one line each: it costs pictures and not what the sweep has found.
    """
    try:
        choice, search = Choice(), inputs.splits.search
        table_of = partial(tables.table, split="search")
        for _, outcome in outcomes(selection.front.points, table_of, seed=inputs.config.seed):
            choice.add(outcome)
        workload, options = get_workload(inputs.config.workload), inputs.config.data.options()
        is_audio = isinstance(workload.source.reader(search.inputs.shape[1:], options), AudioReader)
        largest = LARGEST_WITH_BOXES if workload.task == DetectionTable.task else LARGEST
        examples = Examples.of(search, choice.chosen(MOST_EXAMPLES), is_audio=is_audio, largest=largest)
        examples.save(folder.examples_file)
    except Exception as error:
        return (f"no samples of search are drawn for the page: {first_line(error)}",)
    return ()
