"""What a user is told about recordings whose channels cancel each other."""

from __future__ import annotations

from pathlib import Path
import warnings

from trainables.data.audio.decoded_recordings import DecodedRecordings
from trainables.data.files.found import FoundFiles
from trainables.data.files.report import count_of, first_of, write_list
from trainables.errors import CancellingChannelsWarning


_LIST_FILE = "cancelling.csv"


def report_cancelling(files: FoundFiles, decoded: DecodedRecordings, folder: Path) -> None:
    """Warn of recordings of which one channel alone is used, since their mix is next to nothing.

    Args:
        files: All recordings of the data folder, for their paths.
        decoded: What was decoded of them, with those whose channels cancel.
        folder: Gets ``cancelling.csv``, the path of every such recording and the channel that is used.

    Warns:
        CancellingChannelsWarning: If there are some.
    """
    cancelling = decoded.cancelling(files.paths)
    if not cancelling:
        return
    listed = write_list(folder / _LIST_FILE, cancelling)
    warnings.warn(
        f"{files.folder}: the channels of {count_of(files, cancelling)} cancel each other when mixed, as those of a "
        f"microphone wired the wrong way round do, so that only the loudest is used: {first_of(cancelling)}; {listed}",
        CancellingChannelsWarning,
        stacklevel=3,
    )
