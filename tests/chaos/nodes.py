"""A Ray cluster of several nodes on this machine, in a process of its own, whose nodes can be killed.

Run as a script it prints the cluster's address, then obeys a line at a time: ``kill N`` kills the N-th node that is
not the head (as a machine that loses power) and adds a new one; ``quit`` ends.
"""

from contextlib import contextmanager
import os
from pathlib import Path
import subprocess
import sys


N_NODES = 2
_MEMORY = 200 * 1024**2


def main():
    """Run the cluster until told to end."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "object_store_memory": _MEMORY, "include_dashboard": False},
    )
    nodes = [cluster.add_node(num_cpus=1, object_store_memory=_MEMORY) for _ in range(N_NODES)]
    cluster.wait_for_nodes()
    print(f"address {cluster.address}", flush=True)
    for line in sys.stdin:
        command, _, number = line.strip().partition(" ")
        if command == "kill":
            cluster.remove_node(nodes.pop(int(number) % len(nodes)), allow_graceful=False)
            nodes.append(cluster.add_node(num_cpus=1, object_store_memory=_MEMORY))
            print("killed", flush=True)
        else:
            break
    cluster.shutdown()


class RunningCluster:
    """The cluster as seen from the test."""

    def __init__(self, process):
        self._process = process
        self.address = self._answer("address ")

    def kill_node(self, number):
        """Kill a node and add a new one."""
        print(f"kill {number}", file=self._process.stdin, flush=True)
        self._answer("killed")

    def _answer(self, start):
        for line in self._process.stdout:
            if line.startswith(start):
                return line.removeprefix(start).strip()
        raise RuntimeError("the cluster's process ended")


@contextmanager
def running_cluster():
    """Start a cluster; it is gone afterwards."""
    from tests.chaos.killing import kill_tree

    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.chaos.nodes"]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    environment.pop("RAY_ADDRESS", None)
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=root,
        env=environment,
    ) as process:
        try:
            yield RunningCluster(process)
            print("quit", file=process.stdin, flush=True)
            process.wait(60)
        finally:
            kill_tree(process.pid)


if __name__ == "__main__":
    main()
