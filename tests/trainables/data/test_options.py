import pytest

from search.config.files import load_sweep
from trainables.data import SOURCES, DataOptions, SplitFractions
from trainables.errors import DataError
from trainables.workloads import get_workload


@pytest.mark.parametrize("size", [None, 8, 1024])
@pytest.mark.parametrize("share", [0.0, 0.999])
def test_values_in_range(size, share):
    assert DataOptions(image_size=size, max_damaged=share).image_size == size


@pytest.mark.parametrize("size", [7, 1025, 0, -96])
def test_image_sizes_out_of_range_are_refused(size):
    with pytest.raises(DataError, match=f"image_size must be 8 to 1024 pixels but is {size}"):
        DataOptions(image_size=size)


@pytest.mark.parametrize("share", [1.0, -0.01, float("nan")])
def test_shares_out_of_range_are_refused(share):
    with pytest.raises(DataError, match=rf"max_damaged must be a share of the files in \[0, 1\) but is {share}"):
        DataOptions(max_damaged=share)


@pytest.mark.parametrize(("name", "size"), [("digits", 8), ("fashion-mnist", 28)])
def test_sources_of_one_size_refuse_others(name, size):
    message = f"{name} has images of {size}x{size} pixels, so data.image_size cannot be 96; leave it out"
    with pytest.raises(DataError, match=message):
        SOURCES[name].load(None, DataOptions(image_size=96))


def test_a_source_may_be_asked_for_its_own_size():
    assert SOURCES["digits"].load(None, DataOptions(image_size=8)).inputs.shape[2:] == (8, 8)


def test_workloads_pass_options_on():
    workload = get_workload("digits")
    with pytest.raises(DataError, match="data.image_size cannot be 16"):
        workload.load(None, SplitFractions(), split_seed=0, options=DataOptions(image_size=16))


def test_classes_are_names_in_one_spelling():
    assert DataOptions(classes=(" red  cell ", "white cell")).classes == ("red cell", "white cell")


@pytest.mark.parametrize(("classes", "message"), [(("a", "a"), "'a' occurs twice"), (("a", " "), "one is empty")])
def test_classes_are_named_once(classes, message):
    with pytest.raises(DataError, match=f"classes must name each class once but {message}; correct data.classes"):
        DataOptions(classes=classes)


def test_a_sweep_file_names_classes():
    assert load_sweep("digits", ["data.classes=[RBC, WBC]"]).data.options().classes == ("RBC", "WBC")
