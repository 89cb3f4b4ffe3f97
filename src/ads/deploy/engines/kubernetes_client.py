"""The few requests to the API of a Kubernetes cluster that running replicas takes, on httpx.

What fails in passing (429, 5xx, a cut connection) is asked again for half a minute; the rest is an error that says what
to do. Nothing here knows replicas.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from ads.deploy.engines.kubernetes_access import Access
from ads.deploy.engines.supervisor_client import EngineUnavailable

__all__ = ["Expired", "KubernetesClient", "Refused"]

Object = dict[str, Any]

_FIELD_MANAGER = "openads"
_PLACES = {
    "Pod": ("api/v1", "pods"),
    "Secret": ("api/v1", "secrets"),
    "Service": ("api/v1", "services"),
    "ReplicaSet": ("apis/apps/v1", "replicasets"),
    "Deployment": ("apis/apps/v1", "deployments"),
    "HorizontalPodAutoscaler": ("apis/autoscaling/v2", "horizontalpodautoscalers"),
    "PodDisruptionBudget": ("apis/policy/v1", "poddisruptionbudgets"),
    "NetworkPolicy": ("apis/networking.k8s.io/v1", "networkpolicies"),
    "InferenceService": ("apis/serving.kserve.io/v1beta1", "inferenceservices"),
}
_PASSING = frozenset({429, 500, 502, 503, 504})
_PATIENCE = 30.0
_SILENCE = 20.0
_WATCH_SECONDS = 60
_PAGE = 500
_GONE, _CONFLICT, _MISSING = 410, 409, 404
_SHOWN = 500


class Refused(EngineUnavailable):
    """The API answered with an error that asking again doesn't change. ``status`` is HTTP's."""

    code = "kubernetes-refused"

    def __init__(self, status: int, message: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.status = status


class Expired(Exception):
    """What a watch or a list wanted to go on from is no longer kept by the cluster: list again."""


class KubernetesClient:
    """Talks to one namespace. Safe for use by several threads. ``patience`` in seconds is for what fails in passing."""

    def __init__(self, access: Access, patience: float = _PATIENCE) -> None:
        import httpx

        self._access = access
        self._patience = patience
        self._http = httpx.Client(
            verify=access.tls if access.tls is not None else True,
            timeout=httpx.Timeout(_SILENCE, connect=5.0),
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=8),
            trust_env=access.proxied,
        )

    @property
    def namespace(self) -> str:
        """The namespace that everything is in."""
        return self._access.namespace

    def close(self) -> None:
        """Let go of all connections; what waits for an answer ends with an error."""
        self._http.close()

    def apply(self, wanted: Object) -> Object:
        """Make the object what is wanted, by server-side apply; return what the cluster made of it."""
        name = wanted["metadata"]["name"]
        return self._ask(
            "PATCH",
            self._path(wanted["kind"], name),
            params={"fieldManager": _FIELD_MANAGER, "force": "true"},
            content=json.dumps(wanted).encode(),
            headers={"content-type": "application/apply-patch+yaml"},
            again=frozenset({_CONFLICT}),
        )

    def get(self, kind: str, name: str) -> Object | None:
        """Return an object, None when there is none."""
        try:
            return self._ask("GET", self._path(kind, name))
        except Refused as error:
            if error.status == _MISSING:
                return None
            raise

    def list(self, kind: str, selector: str) -> tuple[list[Object], str]:
        """Return the objects whose labels fit, and the version from which a watch goes on."""
        items: list[Object] = []
        params = {"labelSelector": selector, "limit": str(_PAGE)}
        while True:
            try:
                page = self._ask("GET", self._path(kind), params=params)
            except Expired:
                items.clear()
                params.pop("continue", None)
                continue
            items += page.get("items") or ()
            about = page.get("metadata") or {}
            if not about.get("continue"):
                return items, str(about.get("resourceVersion") or "")
            params["continue"] = about["continue"]

    def watch(self, kind: str, selector: str, version: str) -> Iterator[tuple[str, Object]]:
        """Yield type and object of each change since ``version``, a ``BOOKMARK`` now and then, for about a minute.

        Raises Expired when the cluster no longer knows that version, EngineUnavailable when the connection breaks.
        """
        import httpx

        params = {
            "watch": "1",
            "labelSelector": selector,
            "resourceVersion": version,
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(_WATCH_SECONDS),
        }
        timeout = httpx.Timeout(_WATCH_SECONDS + _SILENCE, connect=5.0)
        try:
            with self._stream(self._path(kind), params, timeout) as response:
                for line in response.iter_lines():
                    if not line:
                        continue
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        raise _error(int(event["object"].get("code") or 500), event["object"], "watch")
                    yield event["type"], event["object"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            raise self._unreachable(error) from error

    def delete(self, kind: str, name: str, grace: int | None = None) -> bool:
        """Delete an object with what belongs to it; tell whether there was one. ``grace`` in seconds, for pods."""
        options: Object = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        try:
            self._ask("DELETE", self._path(kind, name), content=json.dumps(options).encode())
        except Refused as error:
            if error.status == _MISSING:
                return False
            raise
        return True

    def log(self, pod: str, container: str, since: str, timeout: float) -> Iterator[str]:
        """Yield the lines of a container, each with its time in front, and those that come, until it ends.

        ``since`` is a time as in the lines, empty: from the beginning. It ends after ``timeout`` seconds of silence.
        """
        import httpx

        params = {"container": container, "follow": "true", "timestamps": "true"}
        if since:
            params["sinceTime"] = since
        limits = httpx.Timeout(timeout, connect=5.0)
        try:
            with self._stream(f"{self._path('Pod', pod)}/log", params, limits) as response:
                yield from response.iter_lines()
        except httpx.ReadTimeout:
            return
        except httpx.HTTPError as error:
            raise self._unreachable(error) from error

    # -- requests

    def _path(self, kind: str, name: str = "") -> str:
        place = _PLACES.get(kind)
        if place is None:
            raise Refused(_MISSING, f"Objects of the kind {kind} can't be sent to a cluster from here.")
        path = f"{self._access.server}/{place[0]}/namespaces/{quote(self.namespace)}/{place[1]}"
        return f"{path}/{quote(name)}" if name else path

    def _stream(self, path: str, params: Mapping[str, str], timeout: Any) -> Any:
        import contextlib

        import httpx

        @contextlib.contextmanager
        def opened() -> Iterator[httpx.Response]:
            headers = self._access.headers()
            with self._http.stream("GET", path, params=params, headers=headers, timeout=timeout) as response:
                if response.status_code != httpx.codes.OK:
                    response.read()
                    raise _error(response.status_code, _json(response), path.rpartition("/namespaces/")[2])
                yield response

        return opened()

    def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        again: frozenset[int] = frozenset(),
    ) -> Object:
        import httpx

        what = path.rpartition("/namespaces/")[2]
        deadline = time.monotonic() + self._patience
        tries = 0
        while True:
            tries += 1
            own = {"content-type": "application/json", **(headers or {}), **self._access.headers()}
            wait = min(5.0, 0.1 * 2**tries) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads requests, no secret
            try:
                response = self._http.request(method, path, params=params, content=content, headers=own)
            except (httpx.HTTPError, RuntimeError) as error:
                trouble: Exception = self._unreachable(error)
            else:
                if response.is_success:
                    return _whole(response, what)
                trouble = _error(response.status_code, _json(response), what)
                if response.status_code not in _PASSING | again:
                    raise trouble
                wait = max(wait, _asked_wait(response.headers.get("retry-after", "")))
            if time.monotonic() + wait > deadline:
                raise trouble
            time.sleep(wait)

    def _unreachable(self, error: Exception) -> EngineUnavailable:
        reason = str(error) or type(error).__name__
        return EngineUnavailable(
            f"The API of the Kubernetes cluster at {self._access.server} can't be reached: {reason[:_SHOWN]}.",
            hint="Check the address in the kubeconfig, and the network between this machine and the cluster.",
        )


def _whole(response: Any, what: str) -> Object:
    found = _json(response)
    if not isinstance(found, dict):
        raise Refused(502, f"The cluster's answer about {what} is no object.")
    return found


def _json(response: Any) -> Any:
    try:
        return response.json()
    except ValueError:
        return None


def _asked_wait(text: str) -> float:
    return float(min(int(text), 30)) if text.isascii() and text.isdigit() else 0.0


_HINTS = {
    401: "The cluster doesn't know the token or the certificate: renew the kubeconfig, or the pod's service account.",
    403: "Give the service the rights of the chart's Role: engine.name=kubernetes makes it.",
    404: "Create the namespace, or name another one with the setting kubernetes_namespace.",
}


def _error(status: int, answer: Any, what: str) -> Exception:
    """Return the error for what a cluster answered."""
    if status == _GONE:
        return Expired()
    message = str(answer.get("message") or "") if isinstance(answer, dict) else ""
    text = f"The cluster answered {status} about {what}: {message[:_SHOWN] or 'without a word'}."
    if status in _PASSING:
        return EngineUnavailable(text, hint="The cluster is busy or starting; it is asked again.")
    return Refused(status, text, _HINTS.get(status, ""))
