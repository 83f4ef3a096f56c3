"""Where Ray cannot start or be joined there is one line, exit status 2 and nothing left behind."""

import json
import socket
import subprocess
import sys

import pytest

from search.cli.app import ExitCode
from tests.tables import make_table


pytestmark = pytest.mark.ray

# Loads everything once, then types each request in a process of its own that has it from the start. The process of the
# tests will not do: it may be connected to Ray.
TYPIST = """
import atexit, json, os, sys, tempfile

import search.start
import search.table_search
from search.cli.app import main

print("ready", flush=True)
for line in sys.stdin:
    asked = json.loads(line)
    child = os.fork()
    if not child:
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        os.environ.update(asked["variables"])
        tempfile.tempdir = None
        os.chdir(asked["place"])
        code = 70
        try:
            main(asked["arguments"])
        except SystemExit as ended:
            code = ended.code
        finally:
            atexit._run_exitfuncs()
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


@pytest.fixture(scope="module")
def typist():
    with subprocess.Popen(
        [sys.executable, "-c", TYPIST], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "ready\n"
        yield process
        process.stdin.close()


@pytest.fixture
def command(typist, tmp_path):
    """Runs the installed command in an empty folder."""
    place = tmp_path / "work"
    place.mkdir()

    def run(*arguments, **variables):
        out, err = tmp_path / "out.txt", tmp_path / "err.txt"
        asked = {"arguments": [*map(str, arguments)], "place": str(place), "out": str(out), "err": str(err)}
        asked["variables"] = {key: str(value) for key, value in variables.items()}
        print(json.dumps(asked), file=typist.stdin, flush=True)
        code = int(typist.stdout.readline())
        assert list(place.iterdir()) == []
        return subprocess.CompletedProcess(arguments, code, out.read_text(), err.read_text())

    return run


def assert_one_line(done, *parts):
    assert done.returncode == ExitCode.WRONG_INPUT
    (line,) = done.stderr.splitlines()
    assert line.startswith("error: ")
    for part in parts:
        assert part in line


@pytest.fixture
def long_folder(tmp_path):
    """As batch systems have it: the paths of Ray's sockets in it are too long."""
    folder = tmp_path / "scratch" / "job.1234567.cluster.example.university" / ("a_rather_long_name_of_a_user" * 2)
    folder.mkdir(parents=True)
    return folder


@pytest.mark.slow
def test_a_long_folder_for_temporary_files(command, long_folder):
    assert_one_line(command("run", "--name", "long", TMPDIR=long_folder), str(long_folder), "RAY_TMPDIR=/tmp")


@pytest.mark.slow
def test_islands_need_ray_too(command, long_folder, tmp_path):
    make_table(200, 3, 4).save(tmp_path / "search.npz")
    request = ("policy", tmp_path / "search.npz", "--target", "0.7", "--islands", "2")
    for out in ((), ("--out", "new/found")):
        assert_one_line(command(*request, *out, TMPDIR=long_folder), "RAY_TMPDIR=/tmp", "--islands 1")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "variables", "parts"),
    [
        ((), {"RAY_raylet_start_wait_time_s": "0"}, ["RAY_raylet_start_wait_time_s", "'0'", "unset it"]),
        ((), {"RAY_TMPDIR": "/proc/nowhere"}, ["/proc/nowhere", "RAY_TMPDIR"]),
        (("--set", "resources.object_store_mb=10000000"), {}, ["resources.object_store_mb 10000000"]),
        (
            ("--set", "resources.cpus=1", "--set", "resources.cpus_per_trial=2"),
            {},
            ["a trial needs 2 CPUs", "there are 1"],
        ),
    ],
)
def test_what_a_person_can_put_right(command, options, variables, parts):
    assert_one_line(command("run", "--name", "first", *options, **variables), *parts)


@pytest.mark.slow
def test_a_start_that_fails_is_tried_once_more(command):
    """Ray's own server cannot have its port, and says so on the terminal by itself."""
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))  # noqa: S104 - Ray's address here is not known
        taken.listen()
        port = taken.getsockname()[1]
        done = command(
            "run",
            "--name",
            "busy",
            RAY_GCS_SERVER_PORT=port,
            RAY_py_gcs_connect_timeout_s=1,
            RAY_gcs_rpc_server_connect_timeout_s=1,
            RAY_NUM_REDIS_GET_RETRIES=1,
            RAY_raylet_start_wait_time_s=10,
        )
    assert_one_line(done, "tried 2 times", "logs")
