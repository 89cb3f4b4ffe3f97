"""A real gateway process between raw sockets, replicas that are processes, and a control plane on uvicorn."""

import base64
import contextlib
import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
import uvicorn

from ads.gateway_notice import notify_gateways
from ads.home import Home, write_private
from ads.identity.tokens import hash_token

TOKEN = "the-token"
USER = "ocid1.user.oc1..u"
COMPARTMENTS = {"tenancy": None, "team": "tenancy", "inner": "team", "other": "tenancy"}
DEPLOYMENT = "ocid1.datasciencemodeldeployment.oc1.local." + "a" * 60
FAKE_REPLICA = Path(__file__).with_name("fake_replica.py")


def eventually(condition, seconds=60.0, what="the condition"):
    seconds = max(seconds, 60.0)  # costs nothing where all is well, and no test fails for a slow machine
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        result = condition()
        if result:
            return result
        time.sleep(0.01)
    raise AssertionError(f"{what} did not come true within {seconds} s")


class Wire:
    """One raw connection to the gateway."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, 10)
        self.file = self.socket.makefile("rb")

    def send(self, data):
        self.socket.sendall(data)
        return self

    def answer(self):
        """Return (status, headers, body), or None when the gateway closed."""
        try:
            first = self.file.readline()
        except ConnectionResetError:
            return None
        if not first:
            return None
        status = int(first.split()[1])
        headers = {}
        while (line := self.file.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            headers[name.decode().lower()] = value.strip().decode()
        if status == 100:
            return status, headers, b""
        if headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.file.readline(), 16):
                body += self.file.read(size)
                self.file.readline()
            self.file.readline()
        else:
            body = self.file.read(int(headers["content-length"]))
        return status, headers, body

    def closed(self, seconds=60.0):
        """Tell whether the gateway closes within this time, without another byte."""
        self.socket.settimeout(seconds)
        try:
            return self.file.read(1) == b""
        except ConnectionResetError:
            return True
        except TimeoutError:
            return False

    def close(self):
        self.file.close()
        self.socket.close()


class Gateway:
    def __init__(self, home, limits, settings=None):
        self.home = home
        self.limits = {"control_seconds": 0, **limits}  # most tests have no control plane to wait for
        self.settings = settings or {}
        self.replicas = {}
        self.batch = 0
        self.wires = []
        self.process = None
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.address = self.listening.getsockname()
        self.generation = 0
        self.deployments = {}
        home.create()
        self.publish_identities()

    def publish_identities(self, tokens=(TOKEN,), keys=(), grants=None):
        """Publish credentials: tokens as texts or as whole entries. The user of the texts may do everything."""
        self.generation += 1
        entries = [
            token if isinstance(token, dict) else {"sha256": hash_token(token), "principal": USER, "expires": None}
            for token in tokens
        ]
        content = {
            "generation": self.generation,
            "tokens": entries,
            "keys": list(keys),
            "compartments": COMPARTMENTS,
            "grants": {USER: {"tenancy": "manage"}, **(grants or {})},
        }
        write_private(self.home.identities_file, json.dumps(content).encode())
        return notify_gateways(self.home)

    def deploy(self, names=("a",), deployment=DEPLOYMENT, serving=True, start=True, **settings):
        self.home.deployment(deployment).mkdir(parents=True, exist_ok=True)
        for name in names if start else ():
            if name not in self.replicas:
                self.start_replica(name)
        entry = {
            "id": deployment,
            "name": "test",
            "serving": serving,
            "state": "ACTIVE",
            "timeout_seconds": 60.0,
            "max_body_bytes": 10485760,
            "replicas": [{"id": name, "socket": str(self.home.replica_socket(name))} for name in names],
        }
        self.deployments[deployment] = {**entry, **settings}
        return self.publish_routes()

    def publish_routes(self):
        self.generation += 1
        content = {"generation": self.generation, "deployments": list(self.deployments.values())}
        write_private(self.home.routes_file, json.dumps(content).encode())
        return notify_gateways(self.home)

    def start_replica(self, name):
        path = self.home.replica_socket(name)
        path.unlink(missing_ok=True)
        process = subprocess.Popen([sys.executable, str(FAKE_REPLICA), str(path), name, str(self.batch)])
        self.replicas[name] = process
        eventually(path.exists, what="the replica's socket")
        return process

    def start_process(self):
        argv = [sys.executable, "-m", "ads.gateway", "--fd", str(self.listening.fileno())]
        for name, value in self.limits.items():
            argv += ["--limit", f"{name}={value}"]
        env = {
            **os.environ,
            "OPENADS_ALLOWED_HOSTS": "x,a.example",
            "OPENADS_HOME": str(self.home.root),
            **self.settings,
        }
        self.process = subprocess.Popen(argv, env=env, pass_fds=[self.listening.fileno()], cwd=self.home.root)

    def start(self):
        self.start_process()
        status, _, _ = self.connect().send(b"GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n").answer()
        assert status == 200
        return self

    def connect(self):
        wire = Wire(self.address)
        self.wires.append(wire)
        return wire

    def http(self):
        return http.client.HTTPConnection(*self.address, timeout=30)

    def request(self, method, path, body=None, headers=None, token=TOKEN):
        """Return (status, headers, parsed body) of one request on a connection of its own."""
        with contextlib.closing(self.http()) as connection:
            given = dict(headers or {})
            if token:
                given["Authorization"] = f"Bearer {token}"
            connection.request(method, path, body=body, headers=given)
            answer = connection.getresponse()
            content = answer.read()
            return answer.status, dict(answer.headers), json.loads(content) if content else None

    def predict(self, value, deployment=DEPLOYMENT, **options):
        options.setdefault("headers", {"Content-Type": "application/json"})
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        return self.request("POST", f"/{deployment}/predict", body, **options)

    def head(self, *lines, method="POST", path=f"/{DEPLOYMENT}/predict", host="host: x"):
        """Return the bytes of a head with credentials."""
        given = [
            f"{method} {path} HTTP/1.1",
            *([host] if host else []),
            f"authorization: Bearer {TOKEN}",
            *lines,
            "",
            "",
        ]
        return "\r\n".join(given).encode("latin-1")

    def alive(self):
        return self.request("GET", "/health/live", token=None)[0] == 200

    def stop(self):
        for wire in self.wires:
            wire.close()
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
        if self.process is not None:
            self.process.wait(10)
        for process in self.replicas.values():
            process.kill()
            process.wait(10)
        self.listening.close()


@pytest.fixture
def make_gateway():
    """Return a function that starts a gateway with changed limits."""
    made = []

    def make(start=True, settings=None, **limits):
        root = Path(tempfile.mkdtemp(prefix="oag"))
        gateway = Gateway(Home(root), limits, settings)
        made.append(gateway)
        return gateway.start() if start else gateway

    yield make
    for gateway in made:
        gateway.stop()
        shutil.rmtree(gateway.home.root, ignore_errors=True)


@pytest.fixture(scope="module")
def shared():
    """One gateway with one replica for all tests of a module that leave it whole."""
    root = Path(tempfile.mkdtemp(prefix="oag"))
    gateway = Gateway(Home(root), {})
    try:
        gateway.deploy(("a",))
        yield gateway.start()
    finally:
        gateway.stop()
        shutil.rmtree(root, ignore_errors=True)


async def control_app(scope, receive, send):
    """Echo what arrives; other paths answer in the ways that a control plane can."""
    if scope["type"] != "http":
        return
    path = scope["path"]

    async def answer(status, content, *headers):
        await send({"type": "http.response.start", "status": status, "headers": [*headers]})
        await send({"type": "http.response.body", "body": content})

    if path == "/early":
        await answer(401, b"{}", (b"content-length", b"2"))
        return
    if path == "/size":
        size = int(scope["query_string"])
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % size)]})
        for _ in range(size // 65536):
            await send({"type": "http.response.body", "body": b"z" * 65536, "more_body": True})
        await send({"type": "http.response.body", "body": b"z" * (size % 65536)})
        return
    if path == "/chunks":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"opc-request-id", b"controls")]})
        for number in range(5):
            await send({"type": "http.response.body", "body": b"chunk %d;" % number, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
        return
    if path == "/empty":
        await answer(204, b"")
        return
    digest, size = hashlib.sha256(), 0
    more = True
    while more:
        event = await receive()
        digest.update(event.get("body", b""))
        size += len(event.get("body", b""))
        more = event.get("more_body", False)
    content = json.dumps(
        {
            "method": scope["method"],
            "target": (scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")).decode(),
            "size": size,
            "sha256": digest.hexdigest(),
            "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
        }
    ).encode()
    await answer(200, content, (b"content-type", b"application/json"), (b"content-length", b"%d" % len(content)))


class Control:
    """The control plane in a thread."""

    def __init__(self, path):
        config = uvicorn.Config(control_app, uds=str(path), log_level="error", lifespan="off", loop="asyncio")
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        eventually(lambda: self.server.started, what="the control plane")

    def stop(self):
        self.server.should_exit = True
        self.server.force_exit = True
        self.thread.join(10)


@pytest.fixture(scope="module")
def shared_with_control(shared):
    control = Control(shared.home.control_socket)
    yield shared
    control.stop()


@pytest.fixture
def start_control():
    """Return a function that starts a control plane for a gateway."""
    started = []

    def start(gateway):
        started.append(Control(gateway.home.control_socket))
        return started[-1]

    yield start
    for control in started:
        control.stop()


@pytest.fixture
def signer():
    """Return (key entry for the identities file, a function that signs a request)."""
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    from ads.identity.signature import sign

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    key_id = "ocid1.tenancy.oc1..t/ocid1.user.oc1..u/" + ":".join(["ab"] * 16)
    entry = {"key_id": key_id, "public_key": pem, "principal": "ocid1.user.oc1..u"}

    def signed(method, target, body, host):
        headers = {"host": host, "content-type": "application/json"}
        return {**headers, **sign(key, key_id, method, target, headers, body)}

    return entry, signed


def terminate(process):
    process.send_signal(signal.SIGTERM)
    return process.wait(20)


def digest_of(data):
    return base64.b64encode(hashlib.sha256(data).digest()).decode()


@pytest.fixture(name="eventually")
def _eventually():
    return eventually
