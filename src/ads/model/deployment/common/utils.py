"""States of a deployment, content types and plain requests to an endpoint, at the import path that users know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["DEFAULT_CONTENT_TYPE_BYTES", "DEFAULT_CONTENT_TYPE_JSON", "OCIClientManager", "State", "send_request"]

DEFAULT_CONTENT_TYPE_JSON = "application/json"
DEFAULT_CONTENT_TYPE_BYTES = "application/octet-stream"


class State(Enum):
    """What a deployment is doing."""

    ACTIVE = 1
    CREATING = 2
    DELETED = 3
    DELETING = 4
    FAILED = 5
    INACTIVE = 6
    UPDATING = 7
    UNKNOWN = 8

    @staticmethod
    def from_name(name: object) -> State:
        """Return the state with this name; ``UNKNOWN`` for a name that nobody here knows."""
        return State.__members__.get(str(name).upper(), State.UNKNOWN)


class OCIClientManager:
    """Clients of the public ``oci`` package that talk to the service of this machine."""

    def __init__(self, config: dict[str, Any] | None = None) -> None:
        self._auth = config or {}

    @property
    def ds_client(self) -> Any:
        """A new ``oci.data_science.DataScienceClient``. Raises ``NotSupported`` without that package or a profile."""
        from ads.client import Service
        from ads.common.auth import default_signer
        from ads.errors import NotSupported

        try:
            from oci.data_science import DataScienceClient
        except ModuleNotFoundError as error:
            raise NotSupported(
                "A client of the oci package needs that package.",
                hint="pip install 'openads[oci]', or use ModelDeployment and DataScienceModel, which need nothing.",
            ) from error
        auth = self._auth or default_signer()
        arguments = {"service_endpoint": Service.find().url, **auth.get("client_kwargs", {})}
        if not auth.get("config"):
            raise NotSupported(
                "The oci package signs its requests with an API key, and no profile is there.",
                hint="`ads config oci` writes one for this service.",
            )
        return DataScienceClient(auth["config"], **arguments)

    @property
    def ds_composite_client(self) -> Any:
        """A new ``oci.data_science.DataScienceClientCompositeOperations``, which waits for what it starts."""
        client = self.ds_client
        from oci.data_science import DataScienceClientCompositeOperations

        return DataScienceClientCompositeOperations(client)


def send_request(
    data: Any,
    endpoint: str,
    dry_run: bool = False,
    is_json_payload: bool = False,
    header: Mapping[str, str] | None = None,
    **kwargs: Any,
) -> Any:
    """Send ``data`` to an endpoint and return its answer, decoded; ``dry_run`` returns the body as it would be sent.

    ``is_json_payload`` writes ``data`` as JSON, otherwise it is bytes or text. ``timeout`` in seconds. Raises
    ``TypeError`` for data that can't be sent, and the errors of :class:`~ads.errors.ServiceError` for a refusal.
    """
    from ads.model.deployment.endpoint import DEFAULT_PREDICT_TIMEOUT, encode_body, extra_headers

    body, content_type = encode_body(None, data if is_json_payload else _bytes(data), None, False)
    headers = {"content-type": content_type, **extra_headers(None, None, header)}
    if dry_run:
        return body
    with _service_at(endpoint) as (service, path):
        response = service.request(
            "POST", path, content=body, headers=headers, timeout=kwargs.get("timeout") or DEFAULT_PREDICT_TIMEOUT
        )
        return response.json()


@contextmanager
def _service_at(address: str) -> Iterator[tuple[Service, str]]:
    """Yield the service of an address and the rest of it. Our token goes to our own service alone."""
    from urllib.parse import urlsplit

    from ads.client import Service, finder
    from ads.errors import InputError, ServiceUnreachable

    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise InputError(f"{address!r} is no address of an endpoint.", hint="It looks like http://host/<id>/predict.")
    base = f"{parts.scheme}://{parts.netloc}"
    try:
        found = finder.find(start=False)
    except ServiceUnreachable:
        token = ""
    else:
        token = found.token if found.url == base else ""
    service = Service(base, token)
    try:
        yield service, address[len(base) :] or "/"
    finally:
        service.close()


def _bytes(data: Any) -> bytes:
    from ads.errors import InputTypeError

    if isinstance(data, str):
        return data.encode()
    if isinstance(data, (bytes, bytearray, memoryview)):
        return bytes(data)
    raise InputTypeError(
        f"A {type(data).__name__} can't be sent as it is.", hint="Pass bytes or text, or is_json_payload=True."
    )
