from search.page.page import page_of
from search.page.run import FinishedRun
from tests.finished_sweeps import copied, write_sweep


def test_a_section_without_its_files_says_so_and_the_others_stay(tmp_path):
    run = write_sweep(tmp_path / "whole")
    other = copied(run, tmp_path / "damaged")
    other.policy_file.write_text("{")
    other.front_csv.write_text("accuracy\nmany")
    page = page_of(FinishedRun.read(other.path))
    assert "The files of this search do not give this section (RunFolderError: " in page
    assert all(f'id="{anchor}"' in page for anchor in ("verdict", "front", "environment"))
