"""A real HTTP server on a loopback socket whose answers a test decides; as ``remote`` it stands for a service."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Seen:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Reply:
    status: int = 200
    content: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    drop: bool = False


Answer = Reply | list[Reply] | Callable[[Seen], Reply]


@dataclass
class FakeServer:
    """``answers[(method, path)]`` is a reply, a list of replies (the last one stays), or a function of the request."""

    url: str
    answers: dict[tuple[str, str], Answer] = field(default_factory=dict)
    seen: list[Seen] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, method: str, path: str, answer: Answer) -> None:
        self.answers[(method, path)] = answer

    def reply(self, status: int = 200, content: Any = None, **fields: Any) -> Reply:
        return Reply(status, content, **fields)

    def requests(self, method: str, path: str) -> list[Seen]:
        return [s for s in self.seen if (s.method, s.path) == (method, path)]

    def reply_to(self, seen: Seen) -> Reply:
        with self.lock:
            self.seen.append(seen)
            answer = self.answers.get((seen.method, seen.path))
            if answer is None:
                missing = {"code": "NotAuthorizedOrNotFound", "message": f"nothing at {seen.path}"}
                return Reply(404, missing)
            if isinstance(answer, list):
                return answer.pop(0) if len(answer) > 1 else answer[0]
        return answer(seen) if callable(answer) else answer


def _handler(server: FakeServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path, _, query = self.path.partition("?")
            headers = {k.lower(): v for k, v in self.headers.items()}
            reply = server.reply_to(Seen(self.command, path, query, headers, body))
            if reply.drop:
                self.close_connection = True
                self.connection.close()
                return
            raw = reply.raw if reply.raw is not None else b""
            if reply.content is not None:
                raw = json.dumps(reply.content).encode()
            self.send_response(reply.status)
            self.send_header("opc-request-id", "req-1")
            for name, value in {"content-length": str(len(raw)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(raw)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = answer  # noqa: N815

        def log_message(self, *args: Any) -> None:
            pass

        def finish(self) -> None:
            with contextlib.suppress(OSError):
                super().finish()

    return Handler


class _Listener(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that a test dropped is no news."""


@pytest.fixture
def server() -> Iterator[FakeServer]:
    fake = FakeServer(url="")
    listener = _Listener(("127.0.0.1", 0), _handler(fake))
    listener.daemon_threads = True
    fake.url = f"http://127.0.0.1:{listener.server_address[1]}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield fake
    listener.shutdown()
    listener.server_close()
    thread.join()


@pytest.fixture
def remote(server: FakeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[FakeServer]:
    """The server as a service, found as users' programs do: by OPENADS_URL."""
    from ads.client import Service

    monkeypatch.setenv("OPENADS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("OPENADS_URL", server.url)
    monkeypatch.setenv("OPENADS_TOKEN", "the-token")
    server.on("GET", "/openads/v1/service", server.reply(content={"compartmentId": "c1", "projectId": "p1"}))
    yield server
    Service.find().close()
