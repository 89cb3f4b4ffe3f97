"""A whole service as strangers and members meet it: over sockets, each peer from an address of its own."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ads.home import Home
from tests.own_service import environment

if TYPE_CHECKING:
    from .archives import Shop

_ADDRESSES = itertools.count(2)
_NUMBERS = itertools.count(1)


def _next_address() -> str:
    number = next(_ADDRESSES)
    return f"127.{os.getpid() % 200 + 1}.{number // 250}.{number % 250 + 2}"


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True)
class Peer:
    """Somebody with an address, and perhaps a token. Loopback has sixteen million addresses."""

    port: int
    token: str = ""
    address: str = field(default_factory=_next_address)

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        """Send one request; a body that isn't bytes is sent as JSON."""
        given = dict(headers or {})
        content = body
        if body is not None and not isinstance(body, bytes):
            content = json.dumps(body).encode()
            given.setdefault("content-type", "application/json")
        if self.token:
            given.setdefault("authorization", f"Bearer {self.token}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30, source_address=(self.address, 0))
        try:
            connection.request(method, path, content, given)
            found = connection.getresponse()
            return Answer(found.status, {k.lower(): v for k, v in found.getheaders()}, found.read())
        finally:
            connection.close()

    def send(self, method: str, path: str, headers: Iterable[tuple[str, str]], body: bytes = b"") -> int:
        """Send exactly these headers, also broken ones; return the status, 0 when the service just closed."""
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
        if not any(name.lower() == "content-length" for name, _ in headers) and body:
            lines.append(f"content-length: {len(body)}")
        data = "\r\n".join([*lines, "connection: close", "", ""]).encode("latin-1") + body
        with socket.create_connection(("127.0.0.1", self.port), 30, (self.address, 0)) as connection:
            connection.sendall(data)
            first = connection.makefile("rb").readline()
        return int(first.split()[1]) if first else 0


@dataclass(frozen=True)
class Open:
    """A running service, with its administrator."""

    home: Home
    port: int
    admin: Peer

    @property
    def about(self) -> dict[str, str]:
        found: dict[str, str] = self.admin.ask("GET", "/openads/v1/service").body
        return found

    def stranger(self) -> Peer:
        """Return a new peer without a credential."""
        return Peer(self.port)

    def compartment(self) -> str:
        """Return a new compartment."""
        body = {"compartmentId": self.about["tenancyId"], "name": f"place-{next(_NUMBERS)}"}
        return self._made("/openads/v1/compartments", body)

    def member(self, verb: str = "", compartment: str = "", **token: Any) -> Peer:
        """Return a new user, with a verb somewhere and a token of his own."""
        user = self._made("/openads/v1/users", {"name": f"user-{next(_NUMBERS)}"})
        if verb:
            self._made("/openads/v1/grants", {"userId": user, "verb": verb, "compartmentId": compartment})
        made = self.admin.ask("POST", "/openads/v1/tokens", {"name": "t", "userId": user, **token})
        return Peer(self.port, made.body["token"])

    def project(self, compartment: str) -> str:
        """Return a new project."""
        return self._made("/20190101/projects", {"compartmentId": compartment})

    def model(self, compartment: str, project: str) -> str:
        """Return a new model without an artifact."""
        return self._made("/20190101/models", {"compartmentId": compartment, "projectId": project})

    def key(self) -> tuple[rsa.RSAPrivateKey, str]:
        """Return a new key of the administrator and its id."""
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        pem = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        found = self.admin.ask("POST", "/openads/v1/keys", {"publicKey": pem}).body
        return private, f"{found['tenancy']}/{found['user']}/{found['fingerprint']}"

    def _made(self, path: str, body: dict[str, Any]) -> str:
        answer = self.admin.ask("POST", path, body)
        assert answer.status == 200, answer
        return str(answer.body["id"])


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """One service for all tests of a module."""
    with running(tmp_path_factory.mktemp("abuse") / "home", {}) as found:
        yield found


@pytest.fixture(scope="module")
def shop(service: Open) -> Shop:
    """Where archives are uploaded to."""
    from .archives import Shop

    return Shop(service, {name: service.about[name] for name in ("compartmentId", "projectId")})


@contextmanager
def running(root: Path, settings: Mapping[str, str]) -> Iterator[Open]:
    """Run a service on this data directory with these variables."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ads.service", "--home", str(root), "--port", "0"],
        env={**environment(root), **settings},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline().rpartition(":")[2].strip("/ \n"))
        home = Home(root)
        yield Open(home, port, Peer(port, home.token_file.read_text().strip()))
    finally:
        process.terminate()
        process.wait(60)
        if process.stdout is not None:
            process.stdout.close()
