"""The receipt: which store has how much of a journal."""

import pytest

from search.run_folder.journal import Journal
from tests.search.tracking.sinks import URI, happen, receipt


@pytest.fixture
def journal(tmp_path):
    with Journal(tmp_path / "journal.jsonl") as journal:
        yield journal


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"uri": "x", "run_id": "y"}', '{"confirmed": 3, "store": "z"}'])
def test_receipt_of_nobody_or_of_another_store_counts_nothing(journal, text):
    happen(journal, range(3))
    if text is not None:
        (journal.path.parent / "tracking.json").write_text(text)
    assert receipt(journal).read() == 0


def test_receipts_tell_stores_apart_without_showing_passwords(journal):
    receipt(journal).write(7)
    assert receipt(journal).read() == 7
    assert receipt(journal, URI.replace("42", "43")).read() == 0
    assert receipt(journal, "http://127.0.0.1:1").read() == 0
    assert "secret-42" not in (journal.path.parent / "tracking.json").read_text()
