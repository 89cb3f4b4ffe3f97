"""The part of Kubernetes' API that we use, as a real HTTPS server: strict, and as unfriendly as a test wants it.

Objects are held against the published schemas. Server-side apply keeps field managers; watches go on from a version,
and are told 410 when that is forgotten. What makes pods of objects and processes of pods: ``kubernetes_kubelet``.
"""

from __future__ import annotations

import copy
import json
import re
import ssl
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.gateway.certificates import write_certificate
from tests.kubernetes_rules import Object, Refusal, check

NAMESPACE = "models"
TOKEN = "the-token-of-a-service-account"
RESOURCES = {
    "pods": "Pod",
    "secrets": "Secret",
    "services": "Service",
    "replicasets": "ReplicaSet",
    "deployments": "Deployment",
    "horizontalpodautoscalers": "HorizontalPodAutoscaler",
    "poddisruptionbudgets": "PodDisruptionBudget",
    "networkpolicies": "NetworkPolicy",
}
_PATH = re.compile(r"/(api/v1|apis/[a-z0-9.]+/v[a-z0-9]+)/namespaces/([^/]+)/([a-z]+)(?:/([^/]+))?(?:/(log))?")


def moment() -> str:
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Asked:
    """One request; ``fault`` of the cluster may raise Refusal, wait, or return ``cut``."""

    verb: str
    resource: str
    name: str
    query: dict[str, str]


@dataclass
class Cluster:
    """All objects of one namespace, and how the API behaves."""

    url: str = ""
    allowed: Callable[[Asked], bool] = lambda _asked: True
    fault: Callable[[Asked], str | None] = lambda _asked: None
    asked: list[Asked] = field(default_factory=list)
    objects: dict[tuple[str, str], Object] = field(default_factory=dict)
    managers: dict[tuple[str, str], dict[str, Object]] = field(default_factory=dict)
    changes: list[tuple[int, str, str, Object]] = field(default_factory=list)
    version: int = 100
    forgotten: int = 0
    news: threading.Condition = field(default_factory=lambda: threading.Condition(threading.RLock()))
    log_lines: Callable[[str, str], tuple[list[tuple[str, str]], bool]] = lambda _pod, _container: ([], True)
    closing: bool = False

    # -- what the API does

    def of(self, kind: str) -> list[Object]:
        with self.news:
            return [copy.deepcopy(found) for (each, _), found in self.objects.items() if each == kind]

    def get(self, kind: str, name: str) -> Object:
        with self.news:
            found = self.objects.get((kind, name))
            if found is None:
                raise Refusal(404, f'{kind.lower()}s "{name}" not found')
            return copy.deepcopy(found)

    def apply(self, kind: str, name: str, wanted: Object, manager: str, *, force: bool) -> tuple[int, Object]:
        check(kind, name, wanted)
        with self.news:
            known = self.objects.get((kind, name))
            mine = self.managers.setdefault((kind, name), {})
            if known is None:
                mine[manager] = wanted
                about = {"uid": str(uuid.uuid4()), "creationTimestamp": moment(), "namespace": NAMESPACE}
                made = copy.deepcopy(wanted)
                made["metadata"].update(about)
                return 201, self._record("ADDED", kind, made)
            if kind == "ReplicaSet" and wanted["spec"]["selector"] != known["spec"]["selector"]:
                raise Refusal(422, "spec.selector: Invalid value: field is immutable")
            fresh = dict(leaves(wanted))
            for other, theirs in mine.items():
                if other == manager:
                    continue
                taken = [path for path, value in leaves(theirs) if path in fresh and fresh[path] != value]
                if taken and not force:
                    raise Refusal(409, f'Apply failed with 1 conflict: conflict with "{other}": {taken[0]}')
            result = copy.deepcopy(known)
            for path, _ in leaves(mine.get(manager, {})):
                if path not in fresh:
                    _remove(result, path)
            for path, value in fresh.items():
                _put(result, path, value)
            mine[manager] = wanted
            if result == known:
                return 200, copy.deepcopy(known)
            return 200, self._record("MODIFIED", kind, result)

    def update(self, kind: str, name: str, change: Callable[[Object], None]) -> None:
        """Change an object as the cluster's own parts do; nothing happens to one that is gone."""
        with self.news:
            found = self.objects.get((kind, name))
            if found is not None:
                result = copy.deepcopy(found)
                change(result)
                if result != found:
                    self._record("MODIFIED", kind, result)

    def add(self, kind: str, made: Object) -> Object:
        with self.news:
            return self._record("ADDED", kind, made)

    def delete(self, kind: str, name: str, grace: int | None) -> Object:
        """Delete an object; a pod ends first, which the kubelet sees by its deletionTimestamp."""
        found = self.get(kind, name)
        if kind == "Pod" and grace != 0:
            seconds = found["spec"].get("terminationGracePeriodSeconds", 30) if grace is None else grace

            def mark(pod: Object) -> None:
                pod["metadata"].setdefault("deletionTimestamp", moment())
                pod["metadata"]["deletionGracePeriodSeconds"] = seconds

            self.update(kind, name, mark)
        else:
            self.remove(kind, name)
        return found

    def remove(self, kind: str, name: str) -> None:
        with self.news:
            found = self.objects.pop((kind, name), None)
            self.managers.pop((kind, name), None)
            if found is not None:
                self.version += 1
                gone = copy.deepcopy(found)
                gone["metadata"]["resourceVersion"] = str(self.version)
                self.changes.append((self.version, "DELETED", kind, gone))
                self.news.notify_all()

    def forget(self) -> None:
        """Let every watch that goes on from before now be told 410."""
        with self.news:
            self.forgotten = self.version
            self.changes.clear()
            self.news.notify_all()

    def _record(self, change: str, kind: str, made: Object) -> Object:
        self.version += 1
        made["metadata"]["resourceVersion"] = str(self.version)
        self.objects[(kind, made["metadata"]["name"])] = made
        self.changes.append((self.version, change, kind, copy.deepcopy(made)))
        self.news.notify_all()
        return copy.deepcopy(made)

    def watch(self, kind: str, selector: str, since: int, seconds: float) -> Iterator[Object]:
        """Yield events as the API writes them; the caller's thread waits here."""
        deadline = time.monotonic() + seconds
        while not self.closing:
            with self.news:
                if since < self.forgotten:
                    yield {"type": "ERROR", "object": status(410, "too old resource version")}
                    return
                fresh = [each for each in self.changes if each[0] > since]
                if not fresh:
                    since = max(since, self.version)
                    self.news.wait(0.2)
            for number, change, of, found in fresh:
                since = number
                if of == kind and fits(found, selector):
                    yield {"type": change, "object": found}
            if time.monotonic() > deadline:
                yield {"type": "BOOKMARK", "object": {"kind": kind, "metadata": {"resourceVersion": str(since)}}}
                return


def status(code: int, message: str) -> Object:
    return {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": message, "code": code, "metadata": {}}


def fits(found: Object, selector: str) -> bool:
    labels = found["metadata"].get("labels", {})
    return all(labels.get(pair.partition("=")[0]) == pair.partition("=")[2] for pair in selector.split(",") if pair)


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(value, dict) and value:
        for key, each in value.items():
            yield from leaves(each, (*path, key))
    elif path:
        yield path, value


def _put(place: Object, path: tuple[str, ...], value: Any) -> None:
    for step in path[:-1]:
        place = place.setdefault(step, {})
    place[path[-1]] = copy.deepcopy(value)


def _remove(place: Object, path: tuple[str, ...]) -> None:
    for step in path[:-1]:
        place = place.get(step, {})
    place.pop(path[-1], None)


class _Handler(BaseHTTPRequestHandler):
    cluster: Cluster
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        content = self.rfile.read(int(self.headers.get("content-length") or 0))
        try:
            self._do(content)
        except Refusal as refusal:
            self._send(refusal.code, status(refusal.code, refusal.message), refusal.headers)

    def _do(self, content: bytes) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        match = _PATH.fullmatch(parts.path)
        if self.headers.get("authorization") != f"Bearer {TOKEN}":
            raise Refusal(401, "Unauthorized")
        if match is None or match[3] not in RESOURCES:
            raise Refusal(404, "the server could not find the requested resource")
        verb = {"PATCH": "patch", "DELETE": "delete"}.get(self.command, "get" if match[4] else "list")
        verb = "watch" if query.get("watch") else verb
        resource = f"{match[3]}/log" if match[5] else match[3]
        asked = Asked(verb, resource, match[4] or "", query)
        self.cluster.asked.append(asked)
        if match[2] != NAMESPACE or not self.cluster.allowed(asked):
            raise Refusal(403, f'{resource} is forbidden: User cannot {verb} resource "{resource}"')
        if self.cluster.fault(asked) == "cut":
            self.close_connection = True
            self.connection.close()
            return
        self._serve(asked, RESOURCES[match[3]], content)

    def _serve(self, asked: Asked, kind: str, content: bytes) -> None:
        if asked.verb == "patch":
            is_apply = self.headers.get("content-type") == "application/apply-patch+yaml"
            if not is_apply or "fieldManager" not in asked.query:
                raise Refusal(415, "only server-side apply is played here")
            force = asked.query.get("force") == "true"
            wanted = yaml.safe_load(content)
            self._send(*self.cluster.apply(kind, asked.name, wanted, asked.query["fieldManager"], force=force))
        elif asked.verb == "delete":
            options = json.loads(content) if content else {}
            self._send(200, self.cluster.delete(kind, asked.name, options.get("gracePeriodSeconds")))
        elif asked.resource == "pods/log":
            self._log(asked)
        elif asked.verb == "get":
            self._send(200, self.cluster.get(kind, asked.name))
        elif asked.verb == "list":
            self._list(asked, kind)
        else:
            since = int(asked.query["resourceVersion"])
            seconds = float(asked.query.get("timeoutSeconds", 60))
            events = self.cluster.watch(kind, asked.query.get("labelSelector", ""), since, seconds)
            self._stream(json.dumps(event).encode() + b"\n" for event in events)

    def _list(self, asked: Asked, kind: str) -> None:
        with self.cluster.news:
            items = [each for each in self.cluster.of(kind) if fits(each, asked.query.get("labelSelector", ""))]
            version = str(self.cluster.version)
        first, most = int(asked.query.get("continue", 0)), int(asked.query.get("limit", 500))
        about = {"resourceVersion": version}
        if first + most < len(items):
            about["continue"] = str(first + most)
        self._send(200, {"kind": f"{kind}List", "metadata": about, "items": items[first : first + most]})

    def _log(self, asked: Asked) -> None:
        self.cluster.get("Pod", asked.name)
        container = asked.query.get("container", "")

        def lines() -> Iterator[bytes]:
            sent = 0
            while not self.cluster.closing:
                found, over = self.cluster.log_lines(asked.name, container)
                for time_, text in found[sent:]:
                    if time_[:19] >= asked.query.get("sinceTime", "")[:19]:
                        yield f"{time_} {text}\n".encode()
                sent = len(found)
                if over or asked.query.get("follow") != "true":
                    return
                time.sleep(0.05)

        self._stream(lines())

    def _stream(self, pieces: Iterator[bytes]) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        try:
            for piece in pieces:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
            self.wfile.write(b"0\r\n\r\n")
        except OSError:
            self.close_connection = True

    def _send(self, code: int, content: Object, headers: dict[str, str] | None = None) -> None:
        raw = json.dumps(content).encode()
        with suppress(OSError):
            self.send_response(code)
            for name, value in {"content-length": str(len(raw)), **(headers or {})}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(raw)

    do_GET = do_PATCH = do_DELETE = answer  # noqa: N815

    def log_message(self, *args: Any) -> None:
        pass

    def finish(self) -> None:
        with suppress(OSError):
            super().finish()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that a test cut is no news."""


def serve(cluster: Cluster, folder: Path) -> tuple[_Listener, Path]:
    """Start the API; return its listener and a kubeconfig file for it."""
    certificate, key = write_certificate(folder, "localhost")
    listener = _Listener(("127.0.0.1", 0), type("_Own", (_Handler,), {"cluster": cluster}))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    listener.socket = tls.wrap_socket(listener.socket, server_side=True, do_handshake_on_connect=False)
    cluster.url = f"https://localhost:{listener.server_address[1]}"
    threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    config = folder / "kubeconfig"
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "c", "user": "u", "namespace": NAMESPACE}}],
        "clusters": [{"name": "c", "cluster": {"server": cluster.url, "certificate-authority": certificate.name}}],
        "users": [{"name": "u", "user": {"token": TOKEN}}],
    }
    config.write_text(yaml.safe_dump(content))
    return listener, config
