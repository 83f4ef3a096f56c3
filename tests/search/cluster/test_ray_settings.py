import os
import re
import subprocess
import sys

import pytest

from search.cluster.ray_settings import START_SECONDS, set_defaults, silence_lost_workers


def test_settings_are_made_before_ray_is_imported():
    asked = f"import os, sys, search; print(os.environ[{START_SECONDS!r}], 'ray' in sys.modules)"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RAY_")}
    done = subprocess.run([sys.executable, "-c", asked], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["60", "False"]


def test_what_the_user_has_set_stays(monkeypatch):
    monkeypatch.setenv(START_SECONDS, "7")
    monkeypatch.setenv("RAY_DEDUP_LOGS_SKIP_REGEX", "mine")
    set_defaults()
    silence_lost_workers()
    assert os.environ[START_SECONDS] == "7"
    assert os.environ["RAY_DEDUP_LOGS_SKIP_REGEX"] == "mine"


@pytest.mark.parametrize(
    ("line", "is_silent"),
    [
        # As Ray 2.60 writes them, shortened.
        ("A worker died or was killed while executing a task by an unexpected system error. To troubleshoot", True),
        ("2 Workers (tasks / actors) killed due to memory pressure (OOM), 0 Workers crashed", True),
        ("1 worker(s) were killed due to the node running low on memory. Memory on the node", True),
        ("The node with node id: 71f4 has been marked dead because the detector has missed too many", True),
        ("Warning: The following resource request cannot be scheduled right now: {'CPU': 2.0}", False),
    ],
)
def test_only_what_the_sweep_tells_itself_is_silent(monkeypatch, line, is_silent):
    monkeypatch.delenv("RAY_DEDUP_LOGS_SKIP_REGEX", raising=False)
    silence_lost_workers()
    assert bool(re.search(os.environ["RAY_DEDUP_LOGS_SKIP_REGEX"], line)) == is_silent
