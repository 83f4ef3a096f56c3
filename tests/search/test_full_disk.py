"""A disk that fills up stops a sweep with one line, and costs nothing that was done."""

import pytest

from search.errors import SweepInterruptedError
from tests.disks import enlarge, small_disk
from tests.search.trial_logs import open_log


def test_a_sweep_goes_on_once_there_is_room(runner, tmp_path):
    with small_disk(tmp_path / "disk", 1600) as disk:
        settings = (f"runs_dir={disk}", "search.trials=6", "resources.concurrent=1")
        with pytest.raises(SweepInterruptedError, match=r"[Nn]o space left|disk is full") as stopped:
            runner("full", *settings)
        assert "--resume --name full" in str(stopped.value)
        assert "\n" not in str(stopped.value)
        with open_log(disk / "full") as log:
            ended = {trial.trial_id for trial in log.finished}
            assert len(ended) < 6
            assert not [trial for trial in log.finished if trial.failure]
        enlarge(disk, 64 * 1024)
        summary, _, printed = runner("full", *settings, resume=True)
        assert f"{len(ended)} {'trial was' if len(ended) == 1 else 'trials were'} finished before" in printed
        assert summary["trials"] == {"started": 6, "complete": 6, "pruned": 0, "fail": 0}
