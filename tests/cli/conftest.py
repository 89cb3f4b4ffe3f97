"""A data directory for each test, ``ads`` as a function, and a small real HTTP service with canned answers."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ads.cli.main import run
from ads.home import Home, ServiceFile

COMPARTMENT = "ocid1.compartment.oc1..aaaa"
PROJECT = "ocid1.datascienceproject.oc1.local." + "p" * 60
REGISTERED = {
    "tenancy": "ocid1.tenancy.oc1..tttt",
    "user": "ocid1.user.oc1..uuuu",
    "fingerprint": ":".join(["ab"] * 16),
    "region": "local-1",
}


@dataclass
class Result:
    """What one run of ``ads`` left: exit status and both streams."""

    code: int
    out: str
    err: str


Ads = Callable[..., Result]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    for name in list(os.environ):
        if name.startswith("OPENADS_"):
            monkeypatch.delenv(name)
    root = tmp_path / "home"
    monkeypatch.setenv("OPENADS_HOME", str(root))
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "user" / ".config"))
    monkeypatch.chdir(tmp_path)
    return Home(root)


@pytest.fixture
def ads(home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ads:
    """Run a command line in this process."""

    def call(*arguments: str, stdin: str = "") -> Result:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        capsys.readouterr()
        code = run(arguments)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call


@pytest.fixture
def ads_process(home: Home) -> Ads:
    """Run a command line in a process of its own, as a user does."""

    def call(*arguments: str, stdin: str = "", **environment: str) -> Result:
        done = subprocess.run(
            [sys.executable, "-m", "ads.cli", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, **environment},
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return call


def ocid(kind: str, letter: str) -> str:
    return f"ocid1.{kind}.oc1.local.{letter * 60}"


def model(letter: str = "a", name: str = "churn", state: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    return {
        "id": ocid("datasciencemodel", letter),
        "displayName": name,
        "lifecycleState": state,
        "timeCreated": "2026-01-31T10:15:30.123Z",
        "compartmentId": COMPARTMENT,
        "projectId": PROJECT,
        **more,
    }


def deployment(letter: str = "d", name: str = "churn-api", state: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    identifier = ocid("datasciencemodeldeployment", letter)
    return {
        "id": identifier,
        "displayName": name,
        "lifecycleState": state,
        "timeCreated": "2026-01-31T10:15:30.123Z",
        "compartmentId": COMPARTMENT,
        "projectId": PROJECT,
        "modelDeploymentUrl": f"http://127.0.0.1:8900/{identifier}",
        "modelDeploymentConfigurationDetails": {
            "deploymentType": "SINGLE_MODEL",
            "modelConfigurationDetails": {
                "modelId": ocid("datasciencemodel", "a"),
                "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 2},
                "instanceConfiguration": {"instanceShapeName": "VM.Standard.E4.Flex"},
            },
        },
        **more,
    }


@dataclass
class CannedService:
    """What the service holds, and what it was asked. ``answers``: (method, path) → (status, JSON value[, headers])."""

    url: str = ""
    models: list[dict[str, Any]] = field(default_factory=lambda: [model()])
    deployments: list[dict[str, Any]] = field(default_factory=lambda: [deployment()])
    version_sets: list[dict[str, Any]] = field(default_factory=list)
    aliases: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[tuple[str, str], tuple[Any, ...]] = field(default_factory=dict)
    work_status: str = "SUCCEEDED"
    page_size: int = 100
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)

    def answer(self, method: str, target: str) -> tuple[int, Any, dict[str, str]]:
        """Return status, JSON value (None: no body) and headers."""
        parts = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        if (method, parts.path) in self.answers:
            status, value, *headers = self.answers[method, parts.path]
            return status, value, headers[0] if headers else {}
        nothing = 404, {"code": "NotAuthorizedOrNotFound", "message": "There is no such thing."}, {}
        if method == "GET":
            return self._get(parts.path.strip("/").split("/"), query) or nothing
        return self._change(method, parts.path) or nothing

    def _get(self, path: list[str], query: dict[str, str]) -> tuple[int, Any, dict[str, str]] | None:
        match path:
            case ["health", "live"] | ["openads", "v1", "service"]:
                return 200, {"version": "9.9", "compartmentId": COMPARTMENT, "projectId": PROJECT}, {}
            case ["openads", "v1", "models" | "modelVersionSets", *_]:
                return self._get_catalog(path[2:], query)
            case ["openads", "v1", "deployments", _, "logs"]:
                return 200, {"lines": self.log[-int(query["limit"]) :]}, {}
            case ["20190101", "workRequests", identifier]:
                return 200, {"id": identifier, "status": self.work_status, "percentComplete": 100}, {}
            case ["20190101", "workRequests", _, kind]:
                return 200, [{"message": "no room"}] if kind == "errors" else [], {}
            case ["20190101", noun]:
                return self._page(noun, query)
            case ["20190101", noun, identifier]:
                return next(((200, row, {"etag": "1"}) for row in self._rows(noun) if row["id"] == identifier), None)
        return None

    def _get_catalog(self, path: list[str], query: dict[str, str]) -> tuple[int, Any, dict[str, str]] | None:
        match path:
            case ["models", "resolve"]:
                return self._resolve(query["reference"])
            case ["models", "search"]:
                status, rows, headers = self._page("models", query)
                return status, {"items": [row for row in rows if row["lifecycleState"] != "DELETED"]}, headers
            case ["modelVersionSets", identifier, "aliases"]:
                return 200, {"items": [row for row in self.aliases if row["setId"] == identifier]}, {}
        return None

    def _resolve(self, reference: str) -> tuple[int, Any, dict[str, str]]:
        rows = [row for row in self.models if row["lifecycleState"] != "DELETED"]
        fitting = [row for row in rows if reference == row["displayName"] or row["id"].endswith(reference)]
        if len(fitting) == 1:
            return 200, {"id": fitting[0]["id"], "displayName": fitting[0]["displayName"]}, {}
        if fitting:
            return 409, {"code": "Conflict", "message": f"{len(fitting)} models are called {reference!r}."}, {}
        near = f" Near names: {', '.join(str(row['displayName']) for row in rows)}."
        return 404, {"code": "NotAuthorizedOrNotFound", "message": f"There is no model {reference!r}.{near}"}, {}

    def _change(self, method: str, path: str) -> tuple[int, Any, dict[str, str]] | None:
        if method == "POST" and path == "/openads/v1/keys":
            return 200, REGISTERED, {}
        if method == "POST" and path.endswith("/predict"):
            return 200, {"prediction": [0, 1, 1]}, {}
        if method == "DELETE" and path.startswith("/20190101/models/"):
            return 204, None, {}
        if path.startswith("/20190101/modelDeployments/"):
            return 202, None, {"opc-work-request-id": ocid("datascienceworkrequest", "w")}
        return None

    def _rows(self, noun: str) -> list[dict[str, Any]]:
        return {"models": self.models, "modelVersionSets": self.version_sets}.get(noun, self.deployments)

    def _page(self, noun: str, query: dict[str, str]) -> tuple[int, Any, dict[str, str]]:
        rows = [
            row
            for row in self._rows(noun)
            if all(row.get(key) == query[key] for key in ("displayName", "lifecycleState", "name") if key in query)
        ]
        first = int(query.get("page", 0))
        more = {"opc-next-page": str(first + self.page_size)} if first + self.page_size < len(rows) else {}
        return 200, rows[first : first + self.page_size], more

    def asked(self, method: str) -> list[str]:
        """Return the paths that were asked with ``method``, in order."""
        return [urlsplit(target).path for verb, target, _, _ in self.requests if verb == method]


def _handler(service: CannedService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            service.requests.append((self.command, self.path, dict(self.headers), body))
            status, value, headers = service.answer(self.command, self.path)
            content = b"" if value is None else json.dumps(value).encode()
            self.send_response(status)
            for name, text in {"content-type": "application/json", "opc-request-id": "REQ1", **headers}.items():
                self.send_header(name, text)
            if status != 204:
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = do_PUT = _serve  # noqa: N815 what the standard library calls them

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """A client that leaves early is part of some tests."""


@pytest.fixture
def service(home: Home) -> Iterator[CannedService]:
    """A service that runs, as the service file in ``home`` says."""
    canned = CannedService()
    server = _Server(("127.0.0.1", 0), _handler(canned))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    canned.url = f"http://127.0.0.1:{server.server_address[1]}"
    home.root.mkdir(parents=True)
    home.write_service_file(ServiceFile(url=canned.url, token="secret-token", pid=os.getpid(), version="9.9"))
    yield canned
    server.shutdown()
    server.server_close()
    thread.join()


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def real_home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The data directory of a service that is real."""
    return Home(tmp_path_factory.mktemp("real") / "home")


@pytest.fixture(scope="module")
def command(real_home: Home) -> Run:
    """Run ``ads`` as a process on the real data directory."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENADS_")}
    environment["OPENADS_HOME"] = str(real_home.root)

    def call(
        *arguments: str, code: int = 0, stdin: str = "", cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "ads.cli", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            env=environment,
            cwd=cwd,
        )
        assert done.returncode == code, f"{arguments}: {done.stdout}\n{done.stderr}"
        assert "/ads/cli/" not in done.stderr, "the traceback of a defect"
        return done

    return call


@pytest.fixture(scope="module")
def running(real_home: Home, command: Run) -> Iterator[str]:
    """The address of a service started by ``ads serve --detach``, which ends with the module."""
    started = command("serve", "--detach", "--port", "0", "--format", "json")
    yield json.loads(started.stdout)["url"]
    command("stop")
