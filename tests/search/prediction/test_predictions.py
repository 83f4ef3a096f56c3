"""What is said about inputs, and of which recording they are pieces, so that a pipe can be watched over groups."""

from dataclasses import replace
import json

import pytest

from policies.certificates.claims import Claim
from search.prediction.saying import said_of_files
from search.watching.levels import Levels
from search.watching.stream import watch_lines
from tests.bundles import trained_digits, write_digits_bundle
from trainables.data.readers import ReadInputs


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_digits_bundle(tmp_path_factory.mktemp("bundles") / "digits", claim=Claim(target=0.6))


class Pieces:
    """Four inputs of each of thirty files."""

    def __init__(self, *, are_pieces):
        self.are_pieces = are_pieces
        self.paths = tuple(f"take#{number}.wav" for number in range(30))

    def read(self):
        origins = tuple(path for path in self.paths for _ in range(4))
        names = tuple(f"{origin}#{place % 4:03d}" for place, origin in enumerate(origins))
        inputs = trained_digits().splits.test.inputs[:120]
        yield ReadInputs(names, inputs, origins, are_pieces=self.are_pieces)


def lines_of(bundle, *, are_pieces):
    found = said_of_files(bundle, bundle.runtime("torch"), Pieces(are_pieces=are_pieces), batch_size=16)
    return [one.to_json() for one in found]


def test_pieces_of_a_recording_name_it_and_can_be_watched_over_groups(bundle):
    lines = lines_of(bundle, are_pieces=True)
    assert [json.loads(line)["group"] for line in lines[3:5]] == ["take#0.wav", "take#1.wav"]
    grouped = replace(bundle, reference={**bundle.reference, "unit": "group"})
    watch = watch_lines(grouped, [*lines, *(line.replace("take#", "more#") for line in lines)], Levels())
    data = watch.report().data
    assert (data.unit, data.n_units, data.last) == ("group", 50, 50)
    assert watch.report().notes[0].startswith("no true classes were given")


def test_inputs_of_their_own_have_no_group(bundle):
    lines = lines_of(bundle, are_pieces=False)
    assert all("group" not in json.loads(line) for line in lines)
    assert watch_lines(bundle, lines, Levels()).report().data.unit == "sample"
