"""The machines that the launcher is tested on are apart from this one and leave nothing behind."""

import os
from pathlib import Path

import pytest

from tests.cluster.machines import HOME, KEY, SHARED, machines, why_not


REASON = why_not()
pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(REASON is not None, reason=f"machines cannot be made: {REASON}"),
]
SSH = f"ssh -o StrictHostKeyChecking=no -o LogLevel=error -i {KEY}"


@pytest.fixture
def pair(tmp_path):
    with machines(tmp_path, ["first", "second"]) as running:
        yield running.values()


def exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_machines_log_in_to_each_other(pair):
    first, second = pair
    done = first.run(f"{SSH} root@{second.address} 'hostname; echo $HOME'")
    assert done.stdout.split() == ["second", str(HOME)]
    done = second.run(f"{SSH} root@first hostname")
    assert done.stdout.split() == ["first"]


def test_machines_share_one_folder_and_no_other(pair):
    first, second = pair
    first.run(f"touch {SHARED}/both /tmp/mine")
    assert second.run(f"ls {SHARED} /tmp/mine").stdout.split()[-1] == "both"
    assert "No such file" in second.run("ls /tmp/mine").stdout
    assert first.run("touch /etc/here").returncode
    assert not Path("/etc/here").exists()


def test_machines_see_and_end_only_their_own_processes(pair):
    first, _ = pair
    assert len(first.processes("sshd")) == 1
    assert first.run(f"kill -0 {os.getpid()}").returncode
    assert len(first.run(["ps", "-eo", "pid="]).stdout.split()) < 10


def test_nothing_is_left(tmp_path):
    with machines(tmp_path, ["first", "second"]) as running:
        pids = [machine.pid for machine in running.values()]
        assert all(exists(pid) for pid in pids)
        assert running["first"].address not in Path("/proc/net/fib_trie").read_text()
    assert not any(exists(pid) for pid in pids)
    assert str(tmp_path) not in Path("/proc/self/mounts").read_text()


def test_machines_end_where_starting_one_fails(tmp_path):
    hidden = Path("/run")
    with pytest.raises(ValueError, match="cannot be seen"), machines(tmp_path, ["first"], visible=[hidden]):
        pass
