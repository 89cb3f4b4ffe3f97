"""One service over HTTP: requests with retries, paging, streaming. Every error is one of the tree in ``ads.errors``."""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.client import finder
from ads.client.answers import error_from_answer
from ads.client.retries import DEFAULT_RETRIES, Attempt, Retries, parse_retry_after
from ads.errors import ServiceTimeout, ServiceUnreachable
from ads.settings import Settings, load_settings

if TYPE_CHECKING:
    import httpx

    from ads.client.oci_home import RemoteHome
    from ads.client.transfer import Download

__all__ = ["Service"]

Body = bytes | Callable[[], Iterator[bytes]]
"""A body that can be sent again: the bytes, or a function that starts the stream anew."""

_CONNECT_WITHIN = 5.0
_ANSWER_WITHIN = 60.0
_LONGEST_ERROR_BODY = 64 * 1024
_KEPT: dict[tuple[object, ...], Service] = {}
_KEPT_LOCK = threading.Lock()


class Service:
    """A running service. Thread-safe; connections are pooled and kept. Times in seconds.

    ``find_again`` is asked for the address when nothing answers any more: a service on this machine may have been
    restarted elsewhere.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        compartment_id: str = "",
        project_id: str = "",
        timeout: float = _ANSWER_WITHIN,
        retries: Retries = DEFAULT_RETRIES,
        find_again: Callable[[], finder.Address] | None = None,
        home: RemoteHome | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._given = {"compartmentId": compartment_id, "projectId": project_id}
        self._timeout = timeout
        self._retries = retries
        self._find_again = find_again
        self._home = home
        self._lock = threading.Lock()
        self._client: httpx.Client | None = None
        self._about: dict[str, Any] | None = None

    @classmethod
    def find(cls, settings: Settings | None = None, start: bool = True) -> Service:
        """Return the service that ``settings`` mean; the same object for the same settings within one process.

        Without a URL in the settings the service on this machine is used, and started when it isn't running and
        ``start`` is true. Raises :class:`~ads.errors.ServiceUnreachable`.
        """
        from ads.client.auth import AuthState

        settings = settings or load_settings()
        key = (
            *(os.getpid(), settings.url, settings.token, settings.home, settings.compartment_id, settings.project_id),
            *(AuthState().chosen, os.environ.get("OCI_ODSC_SERVICE_ENDPOINT")),
        )
        with _KEPT_LOCK:
            kept = _KEPT.get(key)
            if kept is not None:
                return kept
            service = cls._elsewhere(settings) or cls._with_token(settings, start)
            if not _KEPT:
                atexit.register(_close_kept, os.getpid())
            _KEPT[key] = service
        return service

    @classmethod
    def _with_token(cls, settings: Settings, start: bool) -> Service:
        address = finder.find(settings, start=start)
        return cls(
            address.url,
            address.token,
            compartment_id=settings.compartment_id,
            project_id=settings.project_id,
            find_again=(lambda: finder.find(settings, start=start)) if address.local else None,
        )

    @classmethod
    def _elsewhere(cls, settings: Settings) -> Service | None:
        """Return OCI, or the service that signed requests go to; None where a token is meant."""
        from ads.client.oci_home import remote_home

        home = remote_home(settings)
        if home is None:
            return None
        return cls(
            home.url,
            compartment_id=settings.compartment_id or home.compartment_id,
            project_id=settings.project_id or home.project_id,
            home=home,
        )

    @property
    def about(self) -> dict[str, Any]:
        """What the service says of itself: version, default compartment and project, tenancy. Nothing of OCI."""
        if self._about is None:
            self._about = {} if not self.knows_references else self.get_json("/openads/v1/service")
        return self._about

    @property
    def knows_references(self) -> bool:
        """Whether the service has the paths below ``/openads/v1``, which OCI's own lacks."""
        return self._home is None or self._home.endpoint_of is None

    @property
    def bearer(self) -> str:
        """The token that goes with every request; empty where requests are signed."""
        return self._token if self._home is None else ""

    @property
    def compartment_id(self) -> str:
        """The compartment for what names none: from the settings, else the service's default."""
        return self._given["compartmentId"] or str(self.about.get("compartmentId") or "")

    @property
    def project_id(self) -> str:
        """The project for what names none: from the settings, else the service's default."""
        return self._given["projectId"] or str(self.about.get("projectId") or "")

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: Body | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        repeatable: bool = False,
        retry_token: bool = False,
    ) -> httpx.Response:
        """Return the answer with its body read; raise for every status of 400 and above.

        Busy answers (429, 503) are tried again after the time they name, lost connections when the request can be
        repeated: by its method, because the caller says so (``repeatable``), or because ``retry_token`` lets the
        service recognise it. Raises :class:`~ads.errors.ServiceError` and its children, ``ServiceUnreachable``,
        ``ServiceTimeout``.
        """
        with self.stream(
            method,
            path,
            params=params,
            json=json,
            content=content,
            headers=headers,
            timeout=timeout,
            repeatable=repeatable,
            retry_token=retry_token,
        ) as response:
            self._read(response, method, path, timeout)
            return response

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: Body | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
        repeatable: bool = False,
        retry_token: bool = False,
    ) -> Iterator[httpx.Response]:
        """Yield the answer with its body unread; otherwise like :meth:`request`."""
        sent_headers = dict(headers or {})
        if retry_token:
            import secrets

            sent_headers.setdefault("opc-retry-token", secrets.token_hex(15))
        arguments = {
            "params": {k: v for k, v in (params or {}).items() if v is not None},
            "json": json,
            "content": content,
            "headers": sent_headers,
            "timeout": timeout or self._timeout,
        }
        response = self._send(method, path, arguments, repeatable or retry_token)
        try:
            yield response
        finally:
            response.close()

    def get_json(self, path: str, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the JSON object at ``path``."""
        content: dict[str, Any] = self.request("GET", path, params=params).json()
        return content

    def list(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """Yield every item of a list, page after page (``opc-next-page``). Reads a page when it is needed."""
        query = dict(params or {})
        while True:
            response = self.request("GET", path, params=query)
            content = response.json()
            yield from content["items"] if isinstance(content, dict) else content
            page = response.headers.get("opc-next-page")
            if not page:
                return
            query["page"] = page

    def upload_artifact(self, model_id: str, zip_path: Path, progress: bool = True) -> None:
        """Send the archive as the model's artifact, streamed, with a progress bar when stderr is a terminal."""
        from ads.client.transfer import upload

        upload(self, model_id, zip_path, progress=progress)

    def download_artifact(self, model_id: str, target: Path, progress: bool = True) -> Download:
        """Write the model's artifact to the file ``target``, streamed, checked against the service's digest."""
        from ads.client.transfer import download

        return download(self, model_id, target, progress=progress)

    def close(self) -> None:
        """Close the pooled connections. The service can be used again afterwards."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _send(self, method: str, path: str, arguments: dict[str, Any], repeatable: bool) -> httpx.Response:
        import httpx

        number = 0
        while True:
            number += 1
            try:
                response = self._send_once(method, path, arguments)
            except httpx.TimeoutException as error:
                if not isinstance(error, (httpx.ConnectTimeout, httpx.PoolTimeout)):
                    raise self._too_slow(method, path, arguments["timeout"]) from error
                failure: httpx.TransportError = error
                attempt = Attempt(method, number, sent=False, repeatable=repeatable)
            except httpx.TransportError as error:
                failure = error
                attempt = Attempt(method, number, sent=not isinstance(error, httpx.ConnectError), repeatable=repeatable)
            else:
                if response.status_code < 400:
                    return response
                after = parse_retry_after(response.headers.get("retry-after"))
                attempt = Attempt(method, number, response.status_code, repeatable=repeatable, retry_after=after)
                delay = self._retries.delay(attempt, _jitter())
                if delay is None:
                    raise self._refused(method, path, response)
                response.close()
                time.sleep(delay)
                continue
            delay = self._retries.delay(attempt, _jitter())
            if delay is None:
                raise self._unreachable(method, path, failure) from failure
            time.sleep(delay)
            if not attempt.sent:
                self._look_again()

    def _send_once(self, method: str, path: str, arguments: dict[str, Any]) -> httpx.Response:
        client = self._open()
        headers = dict(arguments["headers"])
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        content = arguments["content"]
        timeout = arguments["timeout"]
        request = client.build_request(
            method,
            self._address_of(path) + path,
            params=arguments["params"] or None,
            json=arguments["json"],
            content=content() if callable(content) else content,
            headers=headers,
            timeout=_timeouts(timeout),
        )
        if self._home is not None:
            from ads.client.oci_home import signed

            signed(self._home, request)
        return client.send(request, stream=True)

    def _address_of(self, path: str) -> str:
        separate = self._home.endpoint_of if self._home is not None else None
        return self.url if separate is None else separate(path)

    def _open(self) -> httpx.Client:
        with self._lock:
            if self._client is None:
                import httpx

                from ads._version import __version__
                from ads.client.trust import is_loopback

                # Loading the certificate store costs 20 ms: not for plain HTTP. Proxies are never meant for loopback.
                self._client = httpx.Client(
                    verify=_trust(self.url),
                    trust_env=not is_loopback(self.url),
                    headers={"user-agent": f"openads/{__version__}", "accept": "application/json"},
                    limits=httpx.Limits(max_connections=64, max_keepalive_connections=16),
                )
            return self._client

    def _look_again(self) -> None:
        """Follow a service on this machine that was restarted; a URL that was set is never replaced."""
        if self._find_again is None:
            return
        address = self._find_again()
        if (address.url.rstrip("/"), address.token) != (self.url, self._token):
            self.url, self._token, self._about = address.url.rstrip("/"), address.token, None
            self.close()

    def _read(self, response: httpx.Response, method: str, path: str, timeout: float | None) -> None:
        import httpx

        try:
            response.read()
        except httpx.TimeoutException as error:
            raise self._too_slow(method, path, timeout or self._timeout) from error
        except httpx.TransportError as error:
            raise self._unreachable(method, path, error) from error

    def _refused(self, method: str, path: str, response: httpx.Response) -> Exception:
        import httpx

        body = b""
        try:
            for piece in response.iter_bytes():
                body += piece
                if len(body) > _LONGEST_ERROR_BODY:
                    break
        except httpx.TransportError:
            pass  # the status is known; a body that broke off adds nothing
        finally:
            response.close()
        return error_from_answer(method, path, response.status_code, response.headers, body)

    def _unreachable(self, method: str, path: str, error: Exception) -> ServiceUnreachable:
        return ServiceUnreachable(
            f"The service at {self.url} did not answer {method} {path}: {str(error) or type(error).__name__}.",
            hint="Check the address with `ads status`, and start the service with `ads serve` when it isn't running.",
        )

    def _too_slow(self, method: str, path: str, timeout: float) -> ServiceTimeout:
        return ServiceTimeout(
            f"The service at {self.url} took longer than {timeout:g} s for {method} {path}.",
            hint="Allow more time with timeout=, or look at the service with `ads status`.",
        )


def _close_kept(pid: int) -> None:
    """Close what this process opened; a fork of it leaves its parent's connections alone."""
    if os.getpid() == pid:
        for service in _KEPT.values():
            service.close()


def _timeouts(seconds: float) -> httpx.Timeout:
    import httpx

    return httpx.Timeout(seconds, connect=min(seconds, _CONNECT_WITHIN))


def _jitter() -> float:
    import secrets

    return secrets.randbelow(1001) / 1000


def _trust(url: str) -> Any:
    if not url.startswith("https:"):
        return False
    from ads.client.trust import tls_context

    return tls_context(url)
