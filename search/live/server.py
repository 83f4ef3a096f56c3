"""A server for one page on this machine: the standard library's, and nothing of the folder but the page."""

from __future__ import annotations

from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
import json
import sys
from typing import Any, Final
from urllib.parse import urlsplit

from search.errors import WatchError
from search.live.board import Board


ADDRESS: Final = "127.0.0.1"
"""The only address that it listens on: nobody from another machine is answered."""

HOSTS: Final = frozenset({ADDRESS, "localhost", "[::1]"})
"""What this machine calls itself. Another name in a request is that of a site that was made to lead here."""

_HTML = "text/html; charset=utf-8"


class PageServer(ThreadingHTTPServer):
    """Serves a board. Use as a context, and call ``serve_forever``.

    Args:
        board: What is shown.
        port: Port to listen on; 0 takes a free one.

    Raises:
        WatchError: If the port is taken, or not for everybody.
    """

    def __init__(self, board: Board, port: int = 0) -> None:
        self.board = board
        try:
            super().__init__((ADDRESS, port), _Handler)
        except OSError as error:
            raise WatchError(
                f"--port must be free but {port} is not ({error.strerror}); give another one, or leave it out for one "
                f"that is"
            ) from None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{ADDRESS}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that went away before its answer."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers GET and HEAD: ``/`` with the page, ``/content`` with it but for plotly, ``/state`` with its version."""

    server: PageServer
    server_version = "exitsearch"
    sys_version = ""
    # Seconds after which a connection that says nothing is closed.
    timeout = 10

    def do_GET(self) -> None:
        """Answer with a body."""
        self._answer()

    def do_HEAD(self) -> None:
        """Answer without a body."""
        self._answer()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Print nothing."""

    def _answer(self) -> None:
        if not _is_this_machine(self.headers.get("Host", "")):
            self.send_error(HTTPStatus.FORBIDDEN, "this page is for this machine only: use its own address")
            return
        path = urlsplit(self.path).path
        if path == "/favicon.ico":
            # Browsers ask for it by themselves; there is none.
            self._send("image/x-icon", b"")
            return
        if path not in {"/", "/content", "/state"}:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        shown = self.server.board.current()
        if path == "/state":
            state = {"version": shown.version, "final": shown.is_final, "trouble": self.server.board.trouble}
            self._send("application/json", json.dumps(state).encode())
        elif path == "/content":
            self._send(_HTML, shown.without_plotly, is_packed=True, version=shown.version)
        elif "gzip" in self.headers.get("Accept-Encoding", ""):
            self._send(_HTML, shown.packed, is_packed=True, version=shown.version)
        else:
            self._send(_HTML, shown.plain, version=shown.version)

    def _send(self, kind: str, body: bytes, *, is_packed: bool = False, version: str = "") -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        if is_packed:
            self.send_header("Content-Encoding", "gzip")
        if version:
            self.send_header("X-Version", version)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _is_this_machine(host: str) -> bool:
    """Whether a Host header, with or without a port, is one of this machine's own names."""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    return name.lower() in HOSTS
