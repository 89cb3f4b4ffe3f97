"""Files from web servers: whole, bounded, and nothing left behind when it went wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ads.client.web_file import download_file, public_address
from ads.errors import InputError, ServiceTimeout, ServiceUnreachable

CONTENT = bytes(range(256)) * 5000


class Pages(BaseHTTPRequestHandler):
    """One page per way in which a download goes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        if path == "/file":
            self._send(200, CONTENT, {"content-length": str(len(CONTENT))})
        elif path == "/endless":
            self._send(200, CONTENT, {"connection": "close"})
        elif path == "/short":
            self._send(200, CONTENT[:100], {"content-length": str(len(CONTENT)), "connection": "close"})
        elif path == "/moved":
            self._send(302, b"", {"location": "file", "content-length": "0"})
        elif path == "/loop":
            self._send(302, b"", {"location": "/loop", "content-length": "0"})
        elif path == "/to-disk":
            self._send(302, b"", {"location": "file:///etc/hostname", "content-length": "0"})
        else:
            self._send(404, b"no", {"content-length": "2"})

    def _send(self, status: int, content: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = self.close_connection or headers.get("connection") == "close"

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("page", ["/file", "/moved", "/endless", "/file?signature=secret"])
def test_a_file_arrives_whole(address: str, page: str, tmp_path: Path) -> None:
    download_file(address + page, tmp_path / "file", max_bytes=len(CONTENT))
    assert (tmp_path / "file").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("page", "error", "text"),
    [
        ("/none", InputError, "404"),
        ("/short", ServiceUnreachable, "can't be downloaded"),
        ("/loop", InputError, "again and again"),
        ("/to-disk", InputError, "not followed"),
    ],
)
def test_what_goes_wrong_leaves_no_file(
    address: str, page: str, error: type[Exception], text: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=text):
        download_file(address + page, tmp_path / "file", max_bytes=2 * len(CONTENT))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("page", ["/file", "/endless"])
def test_more_than_is_allowed(address: str, page: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="1,000,000 bytes"):
        download_file(address + page, tmp_path / "file", max_bytes=1_000_000)
    assert list(tmp_path.iterdir()) == []


def test_nobody_there_and_nobody_answers(tmp_path: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/file?token=secret"
        with pytest.raises(ServiceTimeout, match="sent nothing") as caught:
            download_file(url, tmp_path / "file", max_bytes=1, timeout=0.3)
        assert "secret" not in str(caught.value)
    with pytest.raises(ServiceUnreachable):
        download_file(url, tmp_path / "file", max_bytes=1, timeout=2)


def test_secrets_of_an_address_stay_out_of_messages() -> None:
    assert public_address("https://me:pass@host:8/a/b?sig=1#x") == "https://host:8/a/b"
