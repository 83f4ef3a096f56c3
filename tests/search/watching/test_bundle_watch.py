"""A bundle on tables and files: what it claimed, whether that was certified, and what counts as a group."""

from dataclasses import replace

import pytest

from policies.certificates.claims import Claim
from policies.errors import MonitoringError
from search.watching.bundle_watch import FILES_ARE_GROUPS, claim_of, is_certified, watch_data
from search.watching.levels import Levels
from search.watching.new_data import outputs_on_files
from search.watching.stream import watch_lines
from tests.bundles import trained_digits, write_digits_bundle
from tests.digit_files import write_images


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    return write_digits_bundle(tmp_path_factory.mktemp("bundles") / "digits", claim=Claim(target=0.6))


@pytest.fixture(scope="module")
def refused(tmp_path_factory):
    """Of a claim that its certificate says could not be shown."""
    return write_digits_bundle(tmp_path_factory.mktemp("bundles") / "refused", claim=Claim(target=0.999))


def test_what_was_not_certified_is_not_called_so(bundle, refused, tmp_path):
    assert (is_certified(bundle), is_certified(refused)) == (True, False)
    assert not is_certified(replace(bundle, certificate=None))
    trained_digits().tables["test"].save(tmp_path / "test.npz")
    write_images(tmp_path / "photos", most=30)
    line = '{"label": 1, "probability": 0.9, "depth": 1, "truth": 1}'
    for own, words in ((bundle, "the certified claim"), (refused, "the claim, which was NOT certified, ")):
        watches = (
            watch_data(own, tmp_path / "test.npz", Levels()),
            watch_data(own, tmp_path / "photos", Levels()),
            watch_lines(own, [line], Levels()),
        )
        for watch in watches:
            report = watch.report()
            assert words in report.sentences[0]
            assert any(note.startswith("the claim could not be shown") for note in report.notes) == (own is refused)


@pytest.mark.parametrize("certificate", [{}, {"claim": None}, {"claim": {"x": 1}}, {"claim": {"target": "high"}}])
def test_a_damaged_claim_is_refused(bundle, certificate):
    with pytest.raises(MonitoringError, match="the certificate must state its claim but does not"):
        claim_of(replace(bundle, certificate=certificate))
    assert claim_of(bundle) == Claim(target=0.6)


def test_files_are_groups_by_what_was_read_and_not_by_their_names(bundle, tmp_path):
    folder = tmp_path / "photos"
    written = sorted(write_images(folder, most=8))
    renamed = [folder / f"photo#{number}.png" for number in range(len(written))]
    for name, new in zip(written, renamed, strict=True):
        (tmp_path / name).rename(new)
    for rest in [entry for entry in folder.iterdir() if entry.is_dir()]:
        rest.rmdir()
    found = outputs_on_files(bundle, folder, None)
    assert sorted(found.origins) == [str(path) for path in renamed]
    assert found.answered(bundle.policy, unit="sample").groups is None
    grouped = replace(bundle, reference={**bundle.reference, "unit": "group"})
    report = watch_data(grouped, folder, Levels()).report()
    assert (report.data.unit, report.data.n_units) == ("group", len(renamed))
    assert report.notes[-1] == FILES_ARE_GROUPS
    assert FILES_ARE_GROUPS not in watch_data(bundle, folder, Levels()).report().notes
