"""Real servers for tests: PostgreSQL and MLflow, on loopback, in folders of their own."""

from contextlib import contextmanager, suppress
import os
from pathlib import Path
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
from urllib.parse import quote
import urllib.request

import pytest


PASSWORD = "pg/pass?word-42"  # noqa: S105 - of a database that lives for one test; the marks need escaping
POSTGRES_USER = "postgres"
ADMIN_PASSWORD = "right-password-42"  # noqa: S105 - of MLflow's own user, as short-lived
# All of it are imports, which take minutes on a busy machine.
_SECONDS_TO_START = 600


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def postgres_binaries():
    """The folder with initdb and pg_ctl, which Debian keeps off the path; None where there is none."""
    found = shutil.which("initdb")
    if found:
        return Path(found).resolve().parent
    folders = sorted(path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return folders[-1] if folders else None


class Postgres:
    """A database server that can be stopped and started again."""

    def __init__(self, folder, binaries, as_user):
        self.port = free_port()
        self.uri = f"postgresql://mlflow:{quote(PASSWORD, safe='')}@127.0.0.1:{self.port}/postgres"
        self._folder = folder
        self._as_user = as_user
        self._pg_ctl = [*as_user, binaries / "pg_ctl", "-D", folder / "data", "-w"]
        password = folder / "password"
        password.write_text(PASSWORD)
        if as_user:
            shutil.chown(folder, POSTGRES_USER)
            shutil.chown(password, POSTGRES_USER)
        options = ["-U", "mlflow", "--pwfile", password, "-A", "scram-sha-256", "--no-sync"]
        _run([*as_user, binaries / "initdb", "-D", folder / "data", *options], folder)

    def start(self):
        places = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories={self._folder}"
        _run([*self._pg_ctl, "-l", self._folder / "log", "-o", f"{places} -c fsync=off", "start"], self._folder)

    def stop(self):
        _run([*self._pg_ctl, "-m", "immediate", "stop"], self._folder)


@contextmanager
def postgres():
    """A new, started :class:`Postgres`. Skips where PostgreSQL or its Python driver is missing."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg", reason="psycopg, the Python driver of PostgreSQL, is not installed")
    as_user = _unprivileged()
    # Not in pytest's folder, which other users may not enter.
    folder = Path(tempfile.mkdtemp(prefix="exitsearch-postgres-"))
    try:
        server = Postgres(folder, binaries, as_user)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class MlflowServer:
    """An `mlflow server` that can be killed and started again on the same address and store."""

    def __init__(self, folder, backend_uri, *, auth=False):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.backend_uri = backend_uri
        self._auth = auth
        self._process = None

    def launch(self):
        """Start without waiting."""
        artifacts = self.folder / "artifacts"
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--backend-store-uri", self.backend_uri, "--workers", "1"]
        command += ["--serve-artifacts", "--artifacts-destination", artifacts.as_uri()]
        env = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        if self._auth:
            command += ["--app-name", "basic-auth"]
            env |= {"MLFLOW_FLASK_SERVER_SECRET_KEY": "of-a-test", "MLFLOW_AUTH_CONFIG_PATH": str(self._auth_config())}
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=env, stdout=log, stderr=log, start_new_session=True
            )

    def wait(self):
        """Wait until it answers."""
        deadline = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"{self.uri}/health", timeout=5):  # noqa: S310 - our own address
                    return
            except urllib.error.HTTPError:
                return  # it wants credentials
            except OSError:
                time.sleep(0.1)
        raise RuntimeError((self.folder / "server.log").read_text()[-3000:])

    def kill(self):
        if self._process is not None:
            with suppress(ProcessLookupError):  # it ended by itself
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def pause(self):
        """Accepts connections but answers nothing, until :meth:`go_on`."""
        os.killpg(self._process.pid, signal.SIGSTOP)

    def go_on(self):
        os.killpg(self._process.pid, signal.SIGCONT)

    def _auth_config(self):
        path = self.folder / "basic_auth.ini"
        path.write_text(
            "[mlflow]\ndefault_permission = READ\n"
            f"database_uri = sqlite:///{self.folder / 'basic_auth.db'}\n"
            f"admin_username = admin\nadmin_password = {ADMIN_PASSWORD}\n"
            "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
        )
        return path


class Gate:
    """A way to a server that can be shut, and that can lose answers."""

    def __init__(self, port):
        self._target = port
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.n_lost = 0
        self._swallowed = None
        self._listener = None
        self._connections = set()

    def open(self):
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def shut(self):
        """New connections are refused, those that exist are cut."""
        if self._listener is not None:
            # Closing alone does not wake the thread that accepts.
            with suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        for connection in list(self._connections):
            _cut(connection)

    def lose_answer_to(self, path):
        """Forward the next request that holds this text, but cut the line when it is answered."""
        self._swallowed = path.encode()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._connections |= {client, server}
            is_lost = threading.Event()
            for pump in (self._pump_requests, self._pump_answers):
                threading.Thread(target=pump, args=(client, server, is_lost), daemon=True).start()

    def _pump_requests(self, client, server, is_lost):
        with suppress(OSError):
            while data := client.recv(65536):
                if self._swallowed and self._swallowed in data:
                    self._swallowed = None
                    is_lost.set()
                server.sendall(data)
        _cut(server)

    def _pump_answers(self, client, server, is_lost):
        with suppress(OSError):
            while data := server.recv(65536):
                if is_lost.is_set():
                    self.n_lost += 1
                    break
                client.sendall(data)
        _cut(client)
        _cut(server)


def _cut(connection):
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()


def _unprivileged():
    """How to start a program as another user where this one is root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        pytest.skip("PostgreSQL does not run as root, and setpriv is not installed")
    return ["setpriv", f"--reuid={POSTGRES_USER}", f"--regid={POSTGRES_USER}", "--clear-groups"]


def _run(command, folder):
    # pg_ctl leaves the server behind with its output; a pipe would be waited for.
    with (folder / "commands.log").open("ab") as log:
        done = subprocess.run(command, cwd=folder, stdout=log, stderr=log, check=False)
    if done.returncode != 0:
        raise RuntimeError((folder / "commands.log").read_text()[-3000:])
