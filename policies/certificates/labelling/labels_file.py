"""The CSV file that asks for labels, and the same file with its column of labels filled."""

from __future__ import annotations

from collections import Counter
import csv
import io
from pathlib import Path

from policies.certificates.labelling.digests import OrderDigests
from policies.certificates.labelling.order import LabellingOrder
from policies.errors import ClaimError
from policies.files.atomic import write_text
from policies.names import clean_id, list_some


PLACE, ID, POLICY, FULL_NETWORK, FIXED, LABEL = COLUMNS = ("place", "id", "policy", "full_network", "fixed", "label")
"""Place in the order, from 1; the sample, or parent; what each answers; digests of all that fixes the order; its label.
"""


def write_labels_file(order: LabellingOrder, path: Path) -> None:
    """Write the file that asks for labels, a row for each, in the order, with an empty column of labels.

    Raises:
        ClaimError: If there is such a file already, which may be labelled in part, or it cannot be written.
    """
    if path.exists():
        raise ClaimError(
            f"labels that are given already must not be lost but {path} is there; give another name, or remove it"
        )
    named = _names(order)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    own = zip(order.asked, order.answers[order.needed], order.full_answers[order.needed], strict=True)
    for place, (name, answer, full) in enumerate(own, start=1):
        rows.writerow([place, name, named[int(answer)], named[int(full)], str(order.digests), ""])
    try:
        write_text(path, text.getvalue())
    except OSError as error:
        raise ClaimError(f"the file of labels must be writable but {path} is not ({error.strerror})") from None


def read_labels_file(path: Path, order: LabellingOrder) -> dict[str, int]:
    """The labels that were given so far, by the names of what they are of.

    Labels are names of classes where the table has names, else their numbers from 0. Rows may come in any order.

    Args:
        path: The file that :func:`write_labels_file` has written, with labels.
        order: The order that the file must have.

    Raises:
        ClaimError: If the file is missing or no such file, was written for something else, has a row twice or of what
            is not asked for, another place in the order, or a label that is no class.
    """
    asked = {clean_id(name): (place, name) for place, name in enumerate(order.asked, start=1)}
    rows = _rows(path)
    _require_fixed(path, rows, order.digests)
    twice = [name for name, count in Counter(clean_id(row[ID]) for row in rows).items() if count > 1]
    if twice:
        raise ClaimError(f"{path}: each {order.unit} must have one row but {list_some(twice[:3])} has several")
    others = [row[ID] for row in rows if clean_id(row[ID]) not in asked]
    if others:
        raise ClaimError(
            f"{path}: labels must be of the {len(asked)} {order.unit}s that are asked for but {len(others)} rows are "
            f"of others, such as {list_some(others[:3])}; leave those out"
        )
    moved = [row for row in rows if row[PLACE].strip() != str(asked[clean_id(row[ID])][0])]
    if moved:
        place, name = asked[clean_id(moved[0][ID])]
        raise ClaimError(
            f"{path}: the order must be the one that was fixed, where {name!r} is at place {place}, but it is at "
            f"{moved[0][PLACE]!r} here ({len(moved)} such rows); take the file as it was written"
        )
    found = sorted((*asked[clean_id(row[ID])], row[LABEL].strip()) for row in rows)
    return {name: _label(path, order, name, text) for _, name, text in found if text}


def _names(order: LabellingOrder) -> tuple[str, ...]:
    """What classes are called in the file: by their names, if they have names of their own, else by their numbers."""
    named = order.table.class_names
    is_plain = named is not None and len({*map(str.strip, named)} - {""}) == order.table.n_classes
    return named if named is not None and is_plain else tuple(map(str, range(order.table.n_classes)))


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ClaimError(f"{path}: there is no such file of labels; --to-label writes it") from None
    except IsADirectoryError:
        raise ClaimError(f"{path}: labels are a file but this is a folder; name the file in it") from None
    except (OSError, ValueError) as error:
        raise ClaimError(
            f"{path}: not a readable file of labels ({error}); give the file that --to-label has written, as UTF-8 text"
        ) from None
    first = text.partition("\n")[0]
    delimiter = next((one for one in (",", ";", "\t") if one in first), ",")
    try:
        lines = [line for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(line)]
    except csv.Error as error:
        raise ClaimError(f"{path}: not a readable file of labels ({error})") from None
    heading = [name.strip() for name in lines[0]] if lines else []
    missing = [name for name in (ID, PLACE, FIXED, LABEL) if heading.count(name) != 1]
    if missing:
        raise ClaimError(
            f"{path}: a file of labels must have the columns {', '.join(COLUMNS)} but {missing[0]!r} is not one of its "
            f"columns; fill {LABEL!r} of the file that --to-label writes"
        )
    short = next((number for number, line in enumerate(lines, start=1) if len(line) != len(heading)), None)
    if short is not None:
        raise ClaimError(
            f"{path}: each row must have {len(heading)} values but row {short} has {len(lines[short - 1])}"
        )
    return [dict(zip(heading, line, strict=True)) for line in lines[1:]]


def _require_fixed(path: Path, rows: list[dict[str, str]], digests: OrderDigests) -> None:
    for text in dict.fromkeys(row[FIXED] for row in rows):
        stated = OrderDigests.from_text(text)
        if stated is None:
            raise ClaimError(
                f"{path}: column {FIXED!r} must be as --to-label writes it but is {text[:60]!r}; without it nobody "
                f"knows that the order was fixed before labels were seen"
            )
        differences = digests.differences(stated)
        if differences:
            raise ClaimError(
                f"{path}: the order must be fixed, before labels are seen, for what is certified but {differences} "
                f"differs from what the file was written for; ask for the same as with --to-label"
            )


def _label(path: Path, order: LabellingOrder, name: str, text: str) -> int:
    known = _names(order)
    spelled = {one.strip(): number for number, one in enumerate(known)}
    if text in spelled:
        return spelled[text]
    if known != order.table.class_names or known == tuple(map(str, range(len(known)))):
        try:
            # Spreadsheets and pandas write 3.0 where a column has empty cells.
            value = float(text)
        except ValueError:
            value = -1.0
        if value.is_integer() and 0 <= value < order.table.n_classes:
            return int(value)
        raise ClaimError(f"{path}: labels must lie in 0..{len(known) - 1} but that of {name!r} is {text[:60]!r}")
    raise ClaimError(
        f"{path}: labels must be names of the {len(known)} classes, such as {list_some(known[:3])}, but that of "
        f"{name!r} is {text[:60]!r}"
    )
