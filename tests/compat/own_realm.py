"""A realm of one's own: a service behind a certificate for the realm's names, and what leads those names to it."""

from __future__ import annotations

import datetime as dt
import json
import select
import socket
import socketserver
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from ads.home import Home
from tests.own_service import environment

__all__ = ["REGION", "Realm", "own_realm"]

REGION = "xx-test-1"
_DOMAIN = "example.test"
_METADATA = {
    "realmKey": "oc99",
    "realmDomainComponent": _DOMAIN,
    "regionKey": "tst",
    "regionIdentifier": REGION,
}
_SERVICES = ("datascience", "md.datascience", "logging", "query", "identity")
_NAMES = (*(f"{name}.{REGION}.oci.{_DOMAIN}" for name in _SERVICES), f"objectstorage.{REGION}.{_DOMAIN}")


@dataclass(frozen=True)
class Realm:
    """A running service of such a realm."""

    url: str
    """Where it listens, which is told to no client of OCI."""
    token: str
    configuration: Path
    authority: Path
    variables: dict[str, str]
    """What a client's process needs, and nothing else."""
    compartment: str
    project: str

    def ask(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """Return the answer to a request by the listener's address."""
        trusted = ssl.create_default_context(cafile=str(self.authority))
        headers = {"authorization": f"Bearer {self.token}"}
        url = self.url.replace("127.0.0.1", "localhost") + path
        return httpx.request(method, url, headers=headers, verify=trusted, timeout=60, trust_env=False, **sent)


@contextmanager
def own_realm(folder: Path) -> Iterator[Realm]:
    """Yield a new service of the realm, which ends with the block."""
    home, file = Home(folder / "home"), folder / "config"
    authority = _write_certificates(folder)
    settings = {
        **environment(home.root),
        "OPENADS_TLS_CERTIFICATE": str(folder / "service.pem"),
        "OPENADS_ALLOWED_HOSTS": ",".join(_NAMES),
    }
    ads = [sys.executable, "-m", "ads.cli"]

    def run(*words: str) -> str:
        done = subprocess.run([*ads, *words], env=settings, capture_output=True, text=True, timeout=120, check=True)
        return done.stdout

    try:
        run("serve", "--detach")
        facts = json.loads(run("config", "oci", "--file", str(file), "--format", "json"))
        lines = [line for line in file.read_text().splitlines() if not line.startswith(("region=", "endpoint="))]
        file.write_text("\n".join([*lines, f"region={REGION}", ""]))
        with _proxy_to(int(facts["endpoint"].rpartition(":")[2])) as proxy:
            variables = {
                "OCI_REGION_METADATA": json.dumps(_METADATA),
                "REQUESTS_CA_BUNDLE": str(authority),
                "HTTPS_PROXY": proxy,
                "OCI_CONFIG_FILE": str(file),
            }
            token = home.token_file.read_text().strip()
            place = facts["compartmentId"], facts["projectId"]
            yield Realm(facts["endpoint"], token, file, authority, variables, *place)
    finally:
        stop = [sys.executable, "-m", "ads.service", "stop", "--home", str(home.root)]
        subprocess.run(stop, timeout=60, check=True)


def _write_certificates(folder: Path) -> Path:
    """Write an authority's certificate, and the service's with chain and key; return the first."""
    now = dt.datetime.now(dt.timezone.utc)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    names = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]) for name in ("Authority", _NAMES[0])]
    texts = []
    for place in range(2):
        builder = (
            x509.CertificateBuilder()
            .subject_name(names[place])
            .issuer_name(names[0])
            .public_key(keys[place].public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=place == 0, path_length=None), critical=True)
        )
        if place:
            known = [*map(x509.DNSName, _NAMES), x509.DNSName("localhost")]
            builder = builder.add_extension(x509.SubjectAlternativeName(known), critical=False)
        texts.append(builder.sign(keys[0], hashes.SHA256()).public_bytes(Encoding.PEM))
    key = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "service.pem").write_bytes(texts[1] + texts[0] + key)
    (folder / "service.pem").chmod(0o600)
    (folder / "authority.pem").write_bytes(texts[0])
    return folder / "authority.pem"


@contextmanager
def _proxy_to(port: int) -> Iterator[str]:
    """Yield the URL of a proxy that leads every name of the realm to this port, as DNS does for users."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            words = self.rfile.readline().split()
            while self.rfile.readline().strip():
                pass
            if len(words) < 2 or words[1].partition(b":")[0].decode() not in _NAMES:
                self.wfile.write(b"HTTP/1.1 403 Not of this realm\r\n\r\n")
                return
            with socket.create_connection(("127.0.0.1", port), 10) as service:
                self.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
                ends = {self.connection: service, service: self.connection}
                while True:
                    for end in select.select(list(ends), [], [])[0]:
                        data = end.recv(65536)
                        if not data:
                            return
                        ends[end].sendall(data)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: object, client_address: object) -> None:
            """A client that leaves is no news."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()
