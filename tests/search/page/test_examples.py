from io import BytesIO
from types import SimpleNamespace
from typing import Any

import numpy as np
from PIL import Image
import pytest

from policies.goals.front import Front
from policies.selection.networks import NetworkPolicies
from policies.selection.select import Selection
from search.config.data import DataSection
from search.page.front.choice import Choice, groups_of
from search.page.front.examples import MOST_BYTES, Examples, keep_examples
from search.page.front.outcomes import outcomes
from search.page.front.thumbnails import LARGEST, LARGEST_WITH_BOXES, thumbnail
from search.page.sections.front import front as front_section
from tests.bundles import trained_digits
from tests.finished_sweeps import TRIAL, write_sweep
from tests.search.page.fronts import front, write_front_of_digits


def opened(content):
    return Image.open(BytesIO(content)).convert("RGB")


def chosen(most):
    choice, found = Choice(), []
    for _, outcome in outcomes(front().points, lambda _: trained_digits().tables["search"], seed=0):
        choice.add(outcome)
        found.append(outcome)
    return choice.chosen(most), found


@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 200, 100), (2, 40, 90), (5, 16, 16)])
@pytest.mark.parametrize("is_audio", [False, True])
@pytest.mark.parametrize("kind", ["bytes", "unit", "features"])
def test_thumbnails_of_all_inputs(shape, is_audio, kind):
    values = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    inputs = {"bytes": (values * 50).clip(0, 255).astype(np.uint8), "unit": values.clip(0, 1), "features": values}[kind]
    picture = opened(thumbnail(inputs, is_audio=is_audio))
    assert max(picture.size) <= LARGEST


def test_low_frequencies_are_drawn_low():
    bands = np.full((1, 32, 32), -1.0, dtype=np.float32)
    bands[:, :8] = 2.0
    pixels = np.asarray(opened(thumbnail(bands, is_audio=True))).sum(axis=2)
    assert pixels[-4:].mean() > pixels[:4].mean() + 100


def test_an_image_is_as_it_was():
    image = trained_digits().splits.search.inputs[0]
    pixels = np.asarray(opened(thumbnail(image, is_audio=False)))[..., 0]
    assert pixels.shape == image.shape[1:]
    scale = 1 if image.dtype == np.uint8 else 255
    assert np.abs(pixels - scale * image[0]).max() <= 1


def test_every_group_has_pictures_where_there_is_room():
    ids, found = chosen(120)
    assert len(set(ids)) == len(ids)
    for outcome in found:
        for own, most in groups_of(outcome):
            assert len({*outcome.ids[own]} & {*ids}) >= min(most, own.sum())


def test_few_pictures_serve_many_policies():
    ids, found = chosen(6)
    assert ids == chosen(6)[0] and len(ids) == 6
    served = sum(bool({*outcome.ids[own]} & {*ids}) for outcome in found for own, _ in groups_of(outcome))
    assert served >= 6


def test_examples_are_read_as_they_were_written(tmp_path):
    split = trained_digits().splits.search
    examples = Examples.of(split, split.ids[:5].tolist(), is_audio=False)
    examples.save(tmp_path / "examples.npz")
    assert Examples.load(tmp_path / "examples.npz") == examples
    assert examples.url(str(split.ids[0])).startswith("data:image/webp;base64,")
    assert sum(map(len, examples.pictures.values())) < MOST_BYTES


def test_no_examples_are_none(tmp_path):
    Examples({}).save(tmp_path / "empty.npz")
    assert Examples.load(tmp_path / "empty.npz") == Examples.load(tmp_path / "missing.npz") == Examples({})
    (tmp_path / "damaged.npz").write_bytes(b"PK damaged")
    assert Examples.load(tmp_path / "damaged.npz") == Examples({})


def test_the_page_tells_truth_answer_and_exit(tmp_path):
    data = front_section(write_front_of_digits(tmp_path / "digits-1")).data
    labels = trained_digits().tables["search"]
    for place, own in data["details"].items():
        for title, count, rows in own["examples"]:
            assert len(rows) <= count
            for number, truth, answer, depth in rows:
                assert 0 <= number < len(data["pictures"])
                assert 1 <= depth <= labels.n_exits
                assert (truth != answer) or not title.startswith("lost"), place
                assert (truth == answer) or not title.startswith("saved"), place


def test_a_run_without_pictures_says_so(tmp_path):
    section = front_section(write_front_of_digits(tmp_path / "digits-1", has_examples=False))
    assert "kept no pictures" in section.html
    assert "examples" not in section.data["details"]["0"]
    assert "saved" in section.data["details"]["0"]


def test_pictures_are_kept_for_the_selected_policy_too(tmp_path):
    """Whoever reads the page begins with it."""
    folder, trained = write_sweep(tmp_path / "digits-1"), trained_digits()
    table, points = trained.tables["search"], front().points
    network = NetworkPolicies(TRIAL, table, None, np.ones(table.n_exits), front(), ())
    selection = Selection(network, points[1].policy, None, None, True, Front(points[1:]))
    inputs: Any = SimpleNamespace(
        splits=trained.splits, config=SimpleNamespace(workload="digits", seed=0, data=DataSection())
    )
    tables: Any = SimpleNamespace(table=lambda network, split: trained.tables[split])
    assert keep_examples(folder, inputs, selection, tables) == ()
    kept = Examples.load(folder.examples_file).pictures
    ((_, outcome),) = outcomes([points[1]], lambda _: table, seed=0)
    assert all(len({*outcome.ids[own]} & {*kept}) >= min(most, own.sum()) for own, most in groups_of(outcome))


def test_pictures_with_boxes_are_larger():
    image = np.random.default_rng(0).integers(0, 255, (3, 200, 100), dtype=np.uint8)
    assert opened(thumbnail(image, is_audio=False, largest=LARGEST_WITH_BOXES)).size == (80, 160)
