"""The worked examples of ``docs/certificates.md`` print what the page shows, and labels are where it says."""

from tests.worked_certificates import PAGE, label, rewritten, worked_table, write_worked_files


def test_the_page_shows_what_is_printed(tmp_path):
    page = PAGE.read_text()
    assert page.count("\nexitsearch certify policy.json") >= 6
    assert rewritten(page, tmp_path) == page, "python -m tests.worked_certificates writes it anew"


def test_so_many_answers_differ_as_the_page_says():
    table = worked_table()
    right = table.exit_answers == table.labels[:, None]
    assert (table.exit_answers[:, 0] != table.exit_answers[:, 1]).sum() == 43
    assert (right[:, 1] & ~right[:, 0]).sum() == 8
    assert (right[:, 0] & ~right[:, 1]).sum() == 5


def test_labels_are_filled_from_the_first_row_on(tmp_path):
    write_worked_files(tmp_path)
    (tmp_path / "few.csv").write_text("place,id,label\n1,photo-0003,\n2,photo-0001,\n")
    label(tmp_path / "few.csv", 1)
    known = worked_table().labels[3]
    assert (tmp_path / "few.csv").read_text() == f"place,id,label\n1,photo-0003,{known}\n2,photo-0001,\n"
