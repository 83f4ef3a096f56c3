"""``mlflow models serve`` as a real process, on loopback."""

from contextlib import contextmanager, suppress
import json
import os
from pathlib import Path
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request

from tests.pages import ROOT
from tests.search.tracking.servers import free_port


# All of it are imports, which take minutes on a busy machine.
SECONDS_TO_START = 600


class ModelServer:
    """A server of one registered model, started as its user would."""

    def __init__(self, folder, model_uri, store, port=None):
        self.port = port or free_port()
        self.log = Path(folder) / "server.log"
        self._command = [sys.executable, "-m", "mlflow", "models", "serve", "-m", model_uri]
        self._command += ["--env-manager", "local", "-h", "127.0.0.1", "-p", str(self.port)]
        self._folder = folder
        self._environment = os.environ | {
            "MLFLOW_TRACKING_URI": store,
            "MLFLOW_DISABLE_TELEMETRY": "true",
            # The server is started by the name of its program.
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
        }
        self.seconds_to_start = None

    def launch(self):
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def wait(self):
        """Wait until it answers."""
        began = time.monotonic()
        while time.monotonic() < began + SECONDS_TO_START and self._process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ping", timeout=5):
                    self.seconds_to_start = time.monotonic() - began
                    return
            except OSError:
                time.sleep(0.2)
        raise RuntimeError(self.log.read_text()[-3000:])

    def ask(self, inputs, key="inputs"):
        """The status and the JSON of the answer about nested lists."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/invocations",
            data=json.dumps({key: inputs}).encode(),
            headers={"Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310 - our own address
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def kill(self):
        """End it with the process that it started."""
        with suppress(ProcessLookupError):  # it ended by itself
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


@contextmanager
def serving(folder, model_uri, store):
    """A started :class:`ModelServer`."""
    server = ModelServer(folder, model_uri, store)
    server.launch()
    try:
        server.wait()
        yield server
    finally:
        server.kill()
