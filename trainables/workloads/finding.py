"""Which data are meant: by the name of a source or a workload, or by a folder."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from policies.errors import ExitSearchError
from trainables.data import SOURCES, DataSource
from trainables.data.audio.files import RECORDINGS
from trainables.data.boxes.coco_folder import is_coco
from trainables.data.boxes.voc_folder import is_voc
from trainables.data.files.kinds import files_below
from trainables.data.images.files import IMAGES
from trainables.data.label_files.labelled_files import LABELS_FILE
from trainables.errors import DataError
from trainables.workloads import WORKLOADS, get_workload


_KINDS = {"image-folder": IMAGES, "audio-folder": RECORDINGS}
_LABELLED = {"image-folder": "labelled-images", "audio-folder": "labelled-audio"}
_LAYOUTS = {"voc": is_voc, "coco": is_coco}


def find_source(name: str) -> tuple[DataSource, Path | None]:
    """A data source, and the folder that it reads where the name is that of a folder.

    Args:
        name: A registered source or workload, a user's own workload as ``module:attribute``, or the path of a folder of
            images, with boxes or without, or of recordings, whose files tell which they are, and whether they have a
            table of labels. A registered name comes first.

    Raises:
        ExitSearchError: If there is nothing of that name.
        DataError: If a folder cannot be read, or holds no such files or both kinds.
    """
    if name in WORKLOADS:
        return WORKLOADS[name].source, None
    if name in SOURCES:
        return SOURCES[name], None
    if Path(name).is_dir():
        return SOURCES[_kind_of(Path(name))], Path(name)
    if ":" in name and "/" not in name:
        return get_workload(name).source, None
    known = sorted({*WORKLOADS, *SOURCES})
    near = get_close_matches(name, known, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise ExitSearchError(
        f"data must be a folder, or have a name, but there is neither a folder nor data {name!r}{hint} Known are "
        f"{', '.join(known)}, and your own workload as module:attribute"
    )


def _kind_of(folder: Path) -> str:
    """The source of a folder's layout, where it has one with boxes, else of its files, labelled in a table or not."""
    layout = next((name for name, is_one in _LAYOUTS.items() if is_one(folder)), None)
    if layout is not None:
        return layout
    try:
        files = files_below(folder)
    except OSError as error:
        raise DataError(f"{error.filename}: cannot be read ({error.strerror}); make it readable") from None
    counts = {name: sum(kind.has(path) for path in files) for name, kind in _KINDS.items()}
    found = [name for name, count in counts.items() if count]
    if len(found) != 1:
        has = " and ".join(f"{counts[name]} {kind.plural}" for name, kind in _KINDS.items() if found) or "neither"
        raise DataError(
            f"{folder}: a folder of data must hold images or recordings but holds {has}; name the kind, "
            f"{' or '.join(_KINDS)}, and the folder as --data-dir"
        )
    return _LABELLED[found[0]] if (folder / LABELS_FILE).is_file() else found[0]
