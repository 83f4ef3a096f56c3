"""A contact sheet shows every exit that is taken, and what was lost and gained most by leaving early."""

from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from search.reporting.tasks.detection_sheet import chosen_images, sheet_images
from tests.detection_tables import make_detection_table


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 60), st.integers(5, 14))
def test_images_are_chosen_once_and_every_exit_is_shown(seed, n_exits, n, n_images):
    rng = np.random.default_rng(seed)
    exits = rng.integers(0, n_exits, n)
    f1 = rng.choice([0.0, 0.5, 1.0], (n, n_exits))
    rows = chosen_images(exits, f1, n_images=n_images, seed=seed)
    assert len(rows) == len(set(rows.tolist())) == min(n_images, n)
    assert set(exits[rows]) == set(exits)
    assert (np.diff(exits[rows]) >= 0).all()
    assert np.array_equal(rows, chosen_images(exits, f1, n_images=n_images, seed=seed))
    gained = f1[np.arange(n), exits] - f1[:, -1]
    if n_images >= n_exits + 6:
        assert gained[rows].min() == gained.min()
        assert gained[rows].max() == gained.max()


def test_images_are_named_and_what_leaving_cost_is_said():
    table = make_detection_table(40, 3, 3, seed=2)
    exits = np.arange(40) % 3
    inputs = {str(name): np.full((3, 8, 8), i, dtype=np.uint8) for i, name in enumerate(table.ids)}
    images = sheet_images(table, exits, inputs)
    assert len(images) == 12
    for one in images:
        row = table.ids.tolist().index(one.name)
        assert one.pixels[0, 0, 0] == row
        assert one.taken == exits[row]
        assert np.array_equal(one.found, table.boxes[row])
        first, last = (float(one.captions[k].split()[1].rstrip(",")) for k in (one.taken, -1))
        (note,) = one.notes
        if one.taken == 2:
            assert note == "went to the last exit"
        elif first == last:
            assert note == f"left at exit {one.taken + 1} and lost nothing"
        else:
            what = "lost" if first < last else "gained"
            assert f"left at exit {one.taken + 1} and {what} " in note
            assert float(note.split()[6]) == pytest.approx(abs(first - last), abs=0.011)
