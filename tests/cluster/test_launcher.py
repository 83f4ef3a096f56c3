"""cluster.yaml does what the README says: from bare machines to a finished sweep, with Ray's own commands.

A client, a head and a worker are namespaces on this machine (see ``machines``), so that ``ray stop``, which the
launcher runs by ssh, ends no Ray process but theirs. The tests go through one cluster's life, in this order.
"""

from collections import Counter
from dataclasses import dataclass
import json
import os
import re
import shutil
import subprocess
import sys
import time

import pytest

from tests.cluster.launcher_file import ROOT, fitted
from tests.cluster.machines import HOME, SHARED, Machine, machines, visible_here, why_not
from tests.sweeps import AT_ONCE, SMALL


REASON = why_not()
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(REASON is not None, reason=f"no machines to launch a cluster on: {REASON}"),
]

# Long enough for the node that is ready later to find something left to do.
SETTINGS = [
    *SMALL,
    AT_ONCE,
    "search.trials=4",
    "training.epochs=25",
    "policy.best_trials=1",
    "policy.rules=[confidence]",
]
SWEEP = "digits " + " ".join(f"--set {setting}" for setting in SETTINGS)
ASK_MLFLOW = """
import json, sys, urllib.request
def ask(path, **body):
    data = json.dumps(body).encode() if body else None
    request = urllib.request.Request(f"{sys.argv[1]}/api/2.0/mlflow/{path}", data, {"Content-Type": "application/json"})
    return json.load(urllib.request.urlopen(request, timeout=300))
found = ask("experiments/get-by-name?experiment_name=exitsearch")["experiment"]["experiment_id"]
runs = ask("runs/search", experiment_ids=[found], max_results=1000)["runs"]
parents = [run["info"]["run_id"] for run in runs if not any("parent" in tag["key"] for tag in run["data"]["tags"])]
files = [ask(f"artifacts/list?run_id={run}").get("files", []) for run in parents]
print(json.dumps({"runs": runs, "files": [file["path"] for part in files for file in part]}))
"""


@dataclass(frozen=True)
class Cluster:
    """Three machines, and the launcher file on the first."""

    client: Machine
    head: Machine
    worker: Machine

    def ray(self, command):
        """Run a Ray command where a person would: in the root of the repository, on the machine before them."""
        path = f"{sys.prefix}/bin:{os.environ['PATH']}"
        environment = {"PATH": path, "RAY_USAGE_STATS_ENABLED": "0"}
        done = self.client.run(f"ray {command}", cwd=ROOT, environment=environment, seconds=1500)
        assert done.returncode == 0, done.stdout
        return done.stdout

    def on(self, machine, command):
        """Run a command in a shell such as Ray opens by ssh."""
        return machine.run(["bash", "--login", "-i", "-c", f"source ~/.bashrc; {command}"], seconds=1500)

    def up(self):
        """Bring the cluster up; Ray adds the worker afterwards."""
        self.ray("up -y --no-config-cache ~/cluster.yaml")

    def wait_for_worker(self):
        deadline = time.monotonic() + 1200
        while "/2.0 CPU" not in (status := self.on(self.head, "ray status")).stdout:
            assert time.monotonic() < deadline, status.stdout + self.log()
            time.sleep(5)

    def log(self):
        """What the head did to get the worker, for a test that fails."""
        return self.head.run("tail -n 50 /tmp/ray/session_latest/logs/monitor.*").stdout

    def asked(self, program, *arguments):
        """What a program on the head prints, which must be JSON."""
        done = self.head.run([sys.executable, "-c", program, *arguments])
        assert done.returncode == 0, done.stdout
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
def bystander(tmp_path_factory):
    """A process of this machine that ``ray stop`` would take for one of Ray's, by its name."""
    program = tmp_path_factory.mktemp("bystander") / "raylet"
    shutil.copy(shutil.which("sleep"), program)
    with subprocess.Popen([program, "3600"]) as process:
        yield process
        process.kill()


@pytest.fixture(scope="module")
def cluster(tmp_path_factory, bystander):
    folder = tmp_path_factory.mktemp("machines")
    with machines(folder, ["client", "head", "worker"], visible=visible_here()) as running:
        made = Cluster(**running)
        (made.client.home / "cluster.yaml").write_text(fitted(made.head, [made.worker]))
        made.up()
        made.wait_for_worker()
        yield made


@pytest.fixture(scope="module")
def printed(cluster):
    return cluster.ray(f"submit ~/cluster.yaml search/run.py -- {SWEEP}")


@pytest.fixture(scope="module")
def shared(cluster):
    """The folder that head and worker share, seen from here."""
    return cluster.client.folder.parent / SHARED.name


@pytest.fixture(scope="module")
def run_folder(shared, printed):
    return shared / "runs" / "digits-1"


def test_nodes_have_the_code_that_was_brought(cluster):
    for machine in (cluster.head, cluster.worker):
        told = cluster.on(machine, "python -c 'import search; print(search.__file__)'").stdout
        assert f"{HOME}/exitsearch/search/__init__.py" in told


def test_pages_are_for_the_head_alone(cluster):
    listening = [line.split()[3] for line in cluster.head.run("ss -ltnH").stdout.splitlines()]
    for port in (5000, 8265):
        assert [address for address in listening if address.endswith(f":{port}")] == [f"127.0.0.1:{port}"]


def test_submitted_sweep_runs_on_all_nodes(cluster, printed, run_folder):
    assert f"on the cluster at {cluster.head.address}" in printed
    assert "2 CPUs" in printed
    assert "2 nodes" in printed
    assert "selected policy" in printed
    summary = json.loads((run_folder / "summary.json").read_text())
    assert summary["feasible"]
    assert summary["trials"]["complete"] == 4
    states = "".join(path.read_text() for path in (run_folder / "tune").rglob("experiment_state*"))
    assert set(re.findall(r"node_ip\W+([\d.]+)", states)) == {cluster.head.address, cluster.worker.address}


def test_mlflow_on_the_head_has_the_sweep(cluster, run_folder, shared):
    told = cluster.asked(ASK_MLFLOW, "http://127.0.0.1:5000")
    tags = [{tag["key"]: tag["value"] for tag in run["data"]["tags"]} for run in told["runs"]]
    kinds = Counter(own["exitsearch.kind"] for own in tags)
    assert kinds["sweep"] == 1
    assert kinds["trial"] == 4
    assert kinds["policy"] >= 1
    assert {run["info"]["status"] for run in told["runs"]} == {"FINISHED"}
    assert "summary.json" in told["files"]
    assert list((shared / "mlflow-artifacts").rglob("summary.json"))
    assert not (cluster.head.home / "mlflow.db").exists()


def test_up_again_restarts_ray_but_not_mlflow(cluster, printed):
    before = mlflow_servers(cluster.head)
    assert len(before) == 1
    cluster.up()
    assert mlflow_servers(cluster.head) == before


def test_job_resumes_after_the_restart(cluster, run_folder):
    summary = run_folder / "summary.json"
    summary.unlink()
    submit = "ray job submit --address http://127.0.0.1:8265"
    done = cluster.on(cluster.head, f"{submit} -- exitsearch run --resume --name {run_folder.name}")
    assert done.returncode == 0, done.stdout
    assert f"on the cluster at {cluster.head.address}" in done.stdout
    assert json.loads(summary.read_text())["trials"]["complete"] == 4


def test_down_stops_ray_on_the_head(cluster, printed):
    assert cluster.head.processes("raylet")
    cluster.ray("down -y ~/cluster.yaml")
    assert not cluster.head.processes("raylet")
    assert len(mlflow_servers(cluster.head)) == 1


def mlflow_servers(machine):
    """Process ids of the servers, not of their workers."""
    lines = machine.run(["ps", "-ewwo", "pid=,args="]).stdout.splitlines()
    return [line.split()[0] for line in lines if "mlflow server" in line]


def test_processes_of_this_machine_are_left_alone(cluster, bystander):
    assert bystander.poll() is None
