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
import time
import urllib.error
import urllib.request

import pytest


PASSWORD = "pg/pass?word-42"  # noqa: S105 - of a database that lives for one test; the marks need escaping
POSTGRES_USER = "postgres"
_SECONDS_TO_START = 120


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


@contextmanager
def postgres():
    """A new database; gives its URI, with a password. Skips where PostgreSQL or its Python driver is missing."""
    binaries = postgres_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL is not installed")
    pytest.importorskip("psycopg", reason="the Python driver of PostgreSQL is not installed")
    as_user = _unprivileged()
    # Not in pytest's folder, which other users may not enter.
    folder = Path(tempfile.mkdtemp(prefix="exitsearch-postgres-"))
    try:
        (folder / "password").write_text(PASSWORD)
        if as_user:
            shutil.chown(folder, POSTGRES_USER)
            shutil.chown(folder / "password", POSTGRES_USER)
        data, port = folder / "data", free_port()
        initdb = ["-D", data, "-U", "mlflow", "--pwfile", folder / "password", "-A", "scram-sha-256", "--no-sync"]
        _run([*as_user, binaries / "initdb", *initdb], folder)
        settings = f"-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories={folder} -c fsync=off"
        pg_ctl = [*as_user, binaries / "pg_ctl", "-D", data, "-w"]
        _run([*pg_ctl, "-l", folder / "log", "-o", settings, "start"], folder)
        try:
            yield f"postgresql://mlflow:{PASSWORD.replace('/', '%2F').replace('?', '%3F')}@127.0.0.1:{port}/postgres"
        finally:
            _run([*pg_ctl, "-m", "immediate", "stop"], folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class MlflowServer:
    """An `mlflow server` that can be killed and started again on the same address and store."""

    def __init__(self, folder, backend_uri, *, auth=False):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self._backend_uri = backend_uri
        self._auth = auth
        self._process = None

    def start(self):
        artifacts = self.folder / "artifacts"
        command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)]
        command += ["--backend-store-uri", self._backend_uri, "--workers", "1"]
        command += ["--serve-artifacts", "--artifacts-destination", artifacts.as_uri()]
        env = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        if self._auth:
            command += ["--app-name", "basic-auth"]
            env |= {"MLFLOW_FLASK_SERVER_SECRET_KEY": "of-a-test", "MLFLOW_AUTH_CONFIG_PATH": str(self._auth_config())}
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, cwd=self.folder, env=env, stdout=log, stderr=log, start_new_session=True
            )
        self._wait_until_healthy()
        return self

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
            "admin_username = admin\nadmin_password = right-password-42\n"
            "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
        )
        return path

    def _wait_until_healthy(self):
        deadline = time.monotonic() + _SECONDS_TO_START
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.uri}/health", timeout=5):  # noqa: S310 - our own address
                    return
            except urllib.error.HTTPError:
                return  # it wants credentials
            except OSError:
                time.sleep(0.1)
        raise RuntimeError((self.folder / "server.log").read_text()[-3000:])


@contextmanager
def mlflow_server(folder, backend_uri, **options):
    server = MlflowServer(folder, backend_uri, **options)
    try:
        yield server.start()
    finally:
        server.kill()


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
