"""Streams of lines: damage, Ctrl-C, the full network's answers, and what is said at once."""

from dataclasses import replace
import json
import warnings

import pytest

from policies.certificates.claims import Claim
from policies.errors import MonitoringError, MonitoringWarning
from policies.monitoring.watch import CertificateWatch
from search.watching.levels import Levels
from search.watching.stream import watch_lines
from tests.bundles import write_digits_bundle


@pytest.fixture(scope="module")
def bundle(tmp_path_factory):
    """Certified of something that holds, with room."""
    return write_digits_bundle(tmp_path_factory.mktemp("bundles") / "digits", claim=Claim(target=0.6, max_drop=0.5))


def line(label="1", truth="1", **fields):
    return json.dumps({"label": label, "probability": 0.99, "depth": 1, "truth": truth, **fields})


def followed(bundle, lines, **options):
    return watch_lines(bundle, lines, Levels(), **options).report()


def test_damaged_lines_are_left_out_and_told(bundle):
    bad = ["what", line(depth=9), line(label="cow"), "[]"]
    lines = [bad[0], *[line()] * 5, *bad[1:], *[line()] * 5, "", line(group="a")]
    with pytest.warns(MonitoringWarning) as told:
        report = followed(bundle, lines)
    assert report.certificate.n_units == 10
    assert len(told) == 1
    text = str(told[0].message)
    assert text.startswith("5 of 15 lines could not be used and were left out: line 1: each line must be a JSON object")
    assert "line 7: a depth must be 1 to 3 but is 9" in text
    assert "line 8: a class must be one of " in text
    assert text.endswith("; and 2 more")


def test_where_every_line_is_damaged_it_is_refused(bundle):
    with pytest.raises(MonitoringError, match="no line of 2 could be used: line 1: .* line 2: each line must"):
        followed(bundle, [line(depth=9), "what"])


def test_nothing_at_all_is_nothing_to_call_good(bundle):
    with pytest.raises(MonitoringError, match="--follow must name answers to watch but there was none"):
        followed(bundle, ["\n"])


def test_ctrl_c_is_an_end_as_any_other(bundle):
    grouped = replace(bundle, reference={**bundle.reference, "unit": "group"})

    def lines():
        for number in range(6):
            yield line(group=number // 2)
        raise KeyboardInterrupt

    messages = []
    report = followed(grouped, lines(), on_message=messages.append)
    assert report.certificate.n_units == 3
    assert messages == ["stopped: what follows is about what had come by then"]


@pytest.mark.parametrize("first", ["", "what\n", line(depth=9)])
def test_the_first_good_line_tells_whether_the_full_network_answers(bundle, first):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MonitoringWarning)
        full = followed(bundle, [first, *[line(label="2", full_label="1")] * 30])
        alone = followed(bundle, [first, *[line(label="2")] * 30])
    assert [part.name for part in full.certificate.parts] == ["accuracy", "drop"]
    assert full.certificate.parts[1].observed == 1
    assert full.not_watched == ()
    assert [part.name for part in alone.certificate.parts] == ["accuracy"]
    assert alone.not_watched == ("drop",)
    assert "or full_label in every JSON line" in alone.notes[0]


def test_reports_are_made_only_where_there_is_news(bundle, monkeypatch):
    n_reports = 0
    report = CertificateWatch.report

    def counted(watch):
        nonlocal n_reports
        n_reports += 1
        return report(watch)

    monkeypatch.setattr(CertificateWatch, "report", counted)
    messages = []
    watch = watch_lines(bundle, [line(label="2")] * 60, Levels(), on_message=messages.append)
    assert n_reports <= len(messages) < 30
    assert any("the certified claim does not hold on these data" in one for one in messages)
    assert any("data changed: " in one for one in messages)
    assert watch.history() is None
    kept = watch_lines(bundle, [line(label="2")] * 60, Levels(), keeps_history=True)
    assert len(kept.history().log_wealth) == 60
