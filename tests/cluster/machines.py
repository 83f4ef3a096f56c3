"""Machines on this machine: Linux namespaces with an sshd, for tests of what connects, installs and kills by ssh.

A machine has processes, a network address, a host name, a home, ``/tmp``, ``/run`` and ``/dev/shm`` of its own. The
rest of the file system is this machine's, to read only. Nothing of a machine is left once its first process is gone,
and that one is gone with the test process, however that ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
import os
from pathlib import Path
import shlex
import shutil
import signal
import subprocess
import sys
import time


HOME = Path("/tmp/home")  # noqa: S108
SHARED = Path("/tmp/shared")  # noqa: S108
KEY = HOME / ".ssh" / "id_ed25519"
COMMANDS = ("ip", "nsenter", "rsync", "setpriv", "ssh", "ssh-keygen", "sshd", "unshare")

_HIDDEN = (Path("/tmp"), Path("/run"), Path("/dev/shm"))  # noqa: S108
_NAMESPACES = ("--mount", "--pid", "--net", "--uts", "--ipc")
_START_SECONDS = 300
_SSHD = """
HostKey /tmp/etc/host_key
AuthorizedKeysFile /tmp/etc/authorized_keys
PermitRootLogin prohibit-password
PasswordAuthentication no
UsePAM no
UseDNS no
StrictModes no
PidFile none
MaxStartups 100
"""
# The first process of a machine. It has this machine's /proc until it mounts its own, so it can tell its id here.
_INIT = """
set -e
read -r pid _ < /proc/self/stat
mount -t proc proc /proc
hostname {name}
{binds}
mount --rbind {tmp} /tmp
mount -t tmpfs tmpfs /run
mount -t tmpfs -o size=512m tmpfs /dev/shm
mount -o remount,bind,ro /
for name in passwd shadow hosts resolv.conf; do mount --bind /tmp/etc/$name /etc/$name; done
mkdir -p /run/sshd
cd {home}
{sshd}
echo $pid > /tmp/etc/pid.new
mv /tmp/etc/pid.new /tmp/etc/pid
# Waits for the processes that Ray leaves to it; bash does so on its own.
while true; do sleep 86400; done
"""


@dataclass(frozen=True)
class Machine:
    """One running machine.

    Attributes:
        name: Also its host name.
        address: In the network of the machines.
        folder: Where its files are, seen from here; ``folder / "tmp"`` is its ``/tmp``.
        pid: Its first process, seen from here.
    """

    name: str
    address: str
    folder: Path
    pid: int

    @property
    def home(self) -> Path:
        """Its home folder, seen from here."""
        return self.folder / "tmp" / HOME.name

    def run(
        self,
        command: str | Sequence[str],
        *,
        cwd: Path = HOME,
        environment: Mapping[str, str] | None = None,
        seconds: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on it, with what its own shells would see and nothing of this process's environment."""
        arguments = ["bash", "-c", command] if isinstance(command, str) else list(command)
        variables = {"HOME": str(HOME), "USER": "root", "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TERM": "dumb"}
        inside = ["env", "-i", *(f"{key}={value}" for key, value in (variables | dict(environment or {})).items())]
        return subprocess.run(
            ["nsenter", "--target", str(self.pid), *_NAMESPACES, f"--wdns={cwd}", *inside, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=seconds,
            check=False,
        )

    def processes(self, *words: str) -> list[str]:
        """Command lines of its processes that hold all the words."""
        lines = self.run(["ps", "-ewwo", "args="]).stdout.splitlines()
        return [line for line in lines if all(word in line for word in words) and "ps -eww" not in line]


def _which(command: str) -> str | None:
    """Where a command is; sshd is in a folder that many people's PATH leaves out."""
    return shutil.which(command, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")


def why_not() -> str | None:
    """What is missing on this machine, or None where machines can be made."""
    absent = [command for command in COMMANDS if _which(command) is None]
    if absent:
        return f"needs {', '.join(absent)}"
    if os.geteuid() != 0:
        return "needs root"
    trial = "mount -t tmpfs tmpfs /run && mount -t proc proc /proc && ip link add name t0 type veth peer name t1"
    trial += " && ip link add name t2 type bridge"
    made = subprocess.run(
        ["unshare", *_NAMESPACES, "--fork", "bash", "-c", trial], capture_output=True, text=True, check=False
    )
    return None if made.returncode == 0 else f"namespaces cannot be made here ({made.stderr.strip()})"


@contextmanager
def machines(folder: Path, names: Sequence[str], *, visible: Sequence[Path] = ()) -> Iterator[dict[str, Machine]]:
    """Start machines that reach each other, and this one not; all of them can log in to each other with one key.

    Args:
        folder: An empty folder for their files; ``folder / "shared"`` is ``SHARED`` on all of them.
        names: The first one is also the switch that the others hang on.
        visible: Folders to be seen even where they lie in what the machines have for themselves, such as ``/tmp``.
    """
    (folder / "shared").mkdir()
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True)
    addresses = {name: f"10.77.0.{number}" for number, name in enumerate(names, start=1)}
    with ExitStack() as stack:
        running: dict[str, Machine] = {}
        for name in names:
            running[name] = stack.enter_context(_started(folder, name, addresses, visible))
        _connect(list(running.values()))
        yield running


@contextmanager
def _started(folder: Path, name: str, addresses: Mapping[str, str], visible: Sequence[Path]) -> Iterator[Machine]:
    own = folder / name
    _write_files(folder, own, addresses)
    init = _INIT.format(
        name=shlex.quote(name),
        binds="\n".join(_binds(own / "tmp", {**{path: path for path in visible}, SHARED: folder / "shared"})),
        tmp=shlex.quote(str(own / "tmp")),
        home=HOME,
        sshd=f"{_which('sshd')} -f /tmp/etc/sshd_config -E /tmp/etc/sshd.log",
    )
    (own / "init.sh").write_text(init)
    with (own / "init.log").open("w") as log:
        maker = subprocess.Popen(
            [
                "setpriv",
                "--pdeathsig",
                "KILL",
                "unshare",
                "--fork",
                "--kill-child",
                *_NAMESPACES,
                "bash",
                own / "init.sh",
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    last = maker.pid
    try:
        last = _wait_for_pid(maker, own)
        yield Machine(name, addresses[name], own, last)
    finally:
        # With the first process of a machine all others end, and then its maker, which waits for it: as long as the
        # maker is there, the id is no other process's.
        if maker.poll() is None:
            os.kill(last, signal.SIGKILL)
        maker.wait()


def _write_files(folder: Path, own: Path, addresses: Mapping[str, str]) -> None:
    etc, home = own / "tmp" / "etc", own / "tmp" / HOME.name
    for path in (etc, home / ".ssh"):
        path.mkdir(parents=True)
    (own / "tmp").chmod(0o1777)
    public = (folder / "key.pub").read_text()
    (etc / "authorized_keys").write_text(public)
    shutil.copy(folder / "key", home / ".ssh" / KEY.name)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", etc / "host_key"], check=True)
    (etc / "sshd_config").write_text(_SSHD)
    (etc / "passwd").write_text(f"root:x:0:0:root:{HOME}:/bin/bash\nsshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n")
    (etc / "shadow").write_text("root:*:20000::::::\nsshd:!:20000::::::\n")
    (etc / "hosts").write_text(
        "".join(f"{address} {name}\n" for name, address in {"localhost": "127.0.0.1", **addresses}.items())
    )
    (etc / "resolv.conf").write_text("")
    (home / ".bashrc").write_text("")


def _binds(tmp: Path, targets: Mapping[Path, Path]) -> Iterator[str]:
    """Commands that put the folders into a machine's own /tmp; those that lie elsewhere are seen anyway."""
    for target, source in targets.items():
        if target.is_relative_to("/tmp"):  # noqa: S108
            place = tmp / target.relative_to("/tmp")  # noqa: S108
            place.mkdir(parents=True, exist_ok=True)
            yield f"mount --rbind {shlex.quote(str(source))} {shlex.quote(str(place))}"
        elif any(target.is_relative_to(hidden) for hidden in _HIDDEN):
            raise ValueError(f"{target} cannot be seen on the machines; move it out of {', '.join(map(str, _HIDDEN))}")


def _wait_for_pid(maker: subprocess.Popen[bytes], own: Path) -> int:
    deadline = time.monotonic() + _START_SECONDS
    path = own / "tmp" / "etc" / "pid"
    while not path.is_file():
        if maker.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"machine {own.name} did not start: {(own / 'init.log').read_text()}")
        time.sleep(0.02)
    return int(path.read_text())


def _connect(running: Sequence[Machine]) -> None:
    """Hang all machines on a bridge of the first one, which also answers at once for all that is not there."""
    switch = running[0]
    _ip(switch, "link add name lan type bridge")
    _ip(switch, f"addr add {switch.address}/24 dev lan")
    _ip(switch, "link set lan up")
    for machine in running:
        _ip(machine, "link set lo up")
        if machine is switch:
            continue
        _ip(switch, f"link add name to-{machine.name} type veth peer name eth0 netns {machine.pid}")
        _ip(switch, f"link set to-{machine.name} master lan up")
        _ip(machine, f"addr add {machine.address}/24 dev eth0")
        _ip(machine, "link set eth0 up")
        # Ray finds its own address by asking for the way out.
        _ip(machine, f"route add default via {switch.address}")
    switch.run("echo 1 > /proc/sys/net/ipv4/ip_forward")


def _ip(machine: Machine, command: str) -> None:
    subprocess.run(["nsenter", "--target", str(machine.pid), "--net", "ip", *command.split()], check=True)


def visible_here() -> list[Path]:
    """What a Python process of this environment reads: the environment, its interpreter and this repository."""
    found = {Path(sys.prefix), Path(sys.prefix).resolve(), Path(sys.base_prefix), Path(__file__).parents[2]}
    return sorted(found)
