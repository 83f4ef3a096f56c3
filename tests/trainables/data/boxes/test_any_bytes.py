"""Whatever annotations hold, the data are read or refused in one line; nothing else is raised."""

import json
import warnings

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import numpy as np
import pytest

from policies.tables.boxes import CORNERS, CROWD, LABEL, is_box
from tests.trainables.data.box_sets import COCO, TOLERANT, VOC, coco_of, objects_of, write_coco, write_voc, xml_of
from trainables.data.boxes.voc_xml import parse_voc
from trainables.errors import DataError


FUZZED = settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
IMAGES = objects_of(n_images=6)
HARM = {
    "at": st.floats(0, 1, exclude_max=True),
    "values": st.binary(max_size=6),
    "keep": st.sampled_from([1.0, 1.0, 0.4]),
}
KEYS = ["id", "file_name", "width", "height", "image_id", "category_id", "bbox", "iscrowd", "name", ""]
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=3),
    max_leaves=5,
)


def harmed(data, at, values, keep):
    """Some bytes overwritten from a place on, and the end cut off."""
    harm = bytearray(data)
    start = int(at * len(harm))
    harm[start : start + len(values)] = values
    return bytes(harm[: int(keep * len(harm)) + 1])


def read_or_refused(source, folder):
    """What is read is sound, or it is refused in one line."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            samples = source.load(folder, TOLERANT)
        except DataError as error:
            assert "\n" not in str(error)
            assert str(error)
            return
    own = samples.labels[is_box(samples.labels)]
    assert np.isfinite(own).all()
    assert (own[:, CORNERS] >= 0).all()
    assert (own[:, CORNERS] <= 1).all()
    assert (own[:, :2] < own[:, 2:4]).all()
    assert np.isin(own[:, CROWD], (0, 1)).all()
    assert (own[:, LABEL] < len(samples.class_names)).all()
    assert len(samples.ids) == len(samples.labels) == len(samples.inputs)


@pytest.fixture
def voc(tmp_path):
    return write_voc(tmp_path / "data", IMAGES, sets={"train": range(4), "test": [4, 5]})


@pytest.fixture
def coco(tmp_path):
    return write_coco(tmp_path / "data", IMAGES)


@FUZZED
@given(**HARM)
def test_annotations_of_voc(voc, at, values, keep):
    path = voc / "Annotations" / "001.xml"
    path.write_bytes(harmed(xml_of(IMAGES[1]).encode(), at, values, keep))
    read_or_refused(VOC, voc)


@FUZZED
@given(st.binary(max_size=40))
def test_image_sets_of_voc(voc, content):
    (voc / "ImageSets" / "Main" / "train.txt").write_bytes(content)
    read_or_refused(VOC, voc)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60) | st.text(alphabet="<>/&;!?annotationobjectbndboxxminDOCTYPE \"'=", max_size=80))
def test_any_bytes_are_an_annotation_or_a_reason(content):
    data = content if isinstance(content, bytes) else content.encode()
    try:
        parse_voc(data)
    except ValueError as error:
        assert str(error).startswith(("broken XML (", "empty file"))
        assert "\n" not in str(error)


@pytest.mark.parametrize("value", ["", "nan", "1e999", "-1e308", "1_0", "٣", "0x10", " 12 ", "12.5", "12,5", "9" * 400])
def test_numbers_as_people_and_programs_write_them(voc, value):
    text = xml_of([("disc", 5, 6, 20, 30)]).replace("<xmax>20</xmax>", f"<xmax>{value}</xmax>")
    (voc / "Annotations" / "001.xml").write_text(text)
    read_or_refused(VOC, voc)


@FUZZED
@given(**HARM)
def test_bytes_of_coco(coco, at, values, keep):
    (coco / "annotations.json").write_bytes(harmed(json.dumps(coco_of(IMAGES)).encode(), at, values, keep))
    read_or_refused(COCO, coco)


@FUZZED
@given(
    place=st.sampled_from(["images", "annotations", "categories"]),
    key=st.sampled_from(KEYS),
    junk=JUNK,
)
def test_values_of_coco(coco, place, key, junk):
    content = coco_of(IMAGES)
    if key:
        content[place][1][key] = junk
    else:
        content[place][1] = junk
    (coco / "annotations.json").write_text(json.dumps(content))
    read_or_refused(COCO, coco)


def test_halves_of_characters(coco):
    content = coco_of(IMAGES)
    content["images"][0]["file_name"] = "\ud800.png"
    content["categories"][0]["name"] = "\udfff"
    (coco / "annotations.json").write_text(json.dumps(content))
    read_or_refused(COCO, coco)
