"""Where models and deployments live when that isn't a service of this project: OCI, or whatever signs as OCI does.

Which home is meant, the first that fits: the setting ``url``, where ``oci`` and ``oci://<region>`` stand for OCI;
``OCI_ODSC_SERVICE_ENDPOINT``; the ``service_endpoint`` in ``set_auth(client_kwargs=…)``; a ``set_auth()`` that names
credentials of OCI. Otherwise it is the service on this machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from ads.client.auth import AuthState, AuthType, default_signer, profile_of, without_configuration
from ads.errors import InputError, NotFound
from ads.settings import Settings

if TYPE_CHECKING:
    import httpx

__all__ = ["RemoteHome", "endpoint_of", "remote_home", "signed"]

_DOMAINS = (
    (re.compile(r"us-(?:gov|langley|luke)-"), "oraclegovcloud.com"),
    (re.compile(r"uk-gov-"), "oraclegovcloud.uk"),
)
_DEFAULT_DOMAIN = "oraclecloud.com"
_SERVICES: tuple[tuple[str, str], ...] = (
    ("/20190101/", "https://datascience.{region}.oci.{domain}"),
    ("/20200531/", "https://logging.{region}.oci.{domain}"),
    ("/20190909/", "https://logging.{region}.oci.{domain}"),
    ("/20180409/", "https://query.{region}.oci.{domain}"),
    ("/20160918/", "https://identity.{region}.oci.{domain}"),
    ("/n", "https://objectstorage.{region}.{domain}"),
    ("/ocid1.datasciencemodeldeployment", "https://modeldeployment.{region}.oci.customer-oci.com"),
)
_OCI_HOST = re.compile(r"https?://[^/]*\.(?:oraclecloud|oraclegovcloud|customer-oci|oraclecloud\d+)\.[a-z]+(?:[:/]|$)")
_REGION = re.compile(r"https?://[a-z-]+\.([a-z]+(?:-[a-z]+)+-\d+)\.")


@dataclass(frozen=True)
class RemoteHome:
    """A home that takes signed requests. ``endpoint_of`` is set where each kind of path has an address of its own."""

    url: str
    sign: Callable[[Any], Any]
    endpoint_of: Callable[[str], str] | None = None
    compartment_id: str = ""
    project_id: str = ""


@dataclass
class _Outgoing:
    """What signers look at of a request of the package ``requests``; names of headers are in lower case."""

    method: str
    url: str
    path_url: str
    headers: dict[str, str]
    body: bytes | None


def remote_home(settings: Settings) -> RemoteHome | None:
    """Return the home that settings, environment and ``set_auth()`` mean; None: a service with a token.

    Raises InputError when OCI is meant but no region or no credential is known.
    """
    state = AuthState()
    if settings.url in {"oci", "oci://"} or settings.url.startswith("oci://"):
        return _oci(default_signer(), settings.url.partition("://")[2])
    if settings.url:
        explicit = state.chosen and not settings.token and not without_configuration(state)
        return RemoteHome(settings.url, default_signer()["signer"]) if explicit else None
    endpoint = os.environ.get("OCI_ODSC_SERVICE_ENDPOINT") or (state.oci_client_kwargs or {}).get("service_endpoint")
    if endpoint:
        return None if without_configuration(state) else _at(str(endpoint), default_signer())
    if not state.chosen or not _names_credentials(state):
        return None
    found = default_signer()
    written_for = (found.get("config") or {}).get("endpoint")  # `ads config oci` leaves it in the profile
    return _at(str(written_for), found) if written_for else _oci(found, "")


def endpoint_of(region: str, path: str) -> str:
    """Return the address of the service of a region that answers a path. Raises NotFound for a path of ours."""
    domain = next((domain for pattern, domain in _DOMAINS if pattern.match(region)), _DEFAULT_DOMAIN)
    for prefix, template in _SERVICES:
        if path.startswith(prefix):
            return template.format(region=region, domain=domain)
    raise NotFound(
        f"OCI has nothing at {path.partition('?')[0]}: only a service of OpenADS has it.",
        status=404,
        hint="Set OPENADS_URL to one to use it there.",
    )


def signed(home: RemoteHome, request: httpx.Request) -> None:
    """Add the signature of the home's signer, which is one for the package ``requests``, to a request of ``httpx``."""
    from ads.identity.signature import is_upload

    method, target = request.method, request.url.raw_path.decode("ascii")
    streamed = not hasattr(request, "_content")
    body = None if streamed else request.content
    outgoing = _Outgoing(method, str(request.url), target, dict(request.headers), body or None)
    unsigned_body = is_upload(method, target) or streamed
    if unsigned_body and hasattr(home.sign, "do_request_sign"):
        home.sign.do_request_sign(outgoing, enforce_content_headers=False)
    else:
        home.sign(outgoing)
    for name, value in outgoing.headers.items():
        request.headers[name] = value


def _names_credentials(state: AuthState) -> bool:
    """Return whether ``set_auth()`` named credentials that can be OCI's and are there."""
    if state.oci_signer is not None or state.oci_signer_callable is not None:
        return bool((state.oci_config or {}).get("region"))
    if state.oci_iam_type == AuthType.RESOURCE_PRINCIPAL:
        return bool(os.environ.get("OCI_RESOURCE_PRINCIPAL_VERSION"))
    if state.oci_iam_type in {AuthType.INSTANCE_PRINCIPAL, AuthType.SECURITY_TOKEN}:
        return True
    return state.oci_iam_type == AuthType.API_KEY and profile_of(state) is not None


def _at(endpoint: str, found: Mapping[str, Any]) -> RemoteHome:
    """Return the home at an address that was named: all of it, unless the address is OCI's data science alone."""
    if not _OCI_HOST.match(endpoint):
        return RemoteHome(endpoint.rstrip("/"), found["signer"])
    region = _REGION.match(endpoint)
    home = _oci(found, region[1] if region else "")
    inner = home.endpoint_of
    assert inner is not None
    address = endpoint.rstrip("/")
    return RemoteHome(
        address,
        home.sign,
        lambda path: address if path.startswith("/20190101/") else inner(path),
        home.compartment_id,
        home.project_id,
    )


def _oci(found: Mapping[str, Any], region: str) -> RemoteHome:
    signer = found["signer"]
    region = region or str((found.get("config") or {}).get("region") or getattr(signer, "region", None) or "")
    region = region or os.environ.get("OCI_RESOURCE_REGION", "")
    if not re.fullmatch(r"[a-z]+(?:-[a-z]+)*-\d+", region):
        raise InputError(
            f"The region of OCI is not known: {region!r} is none." if region else "The region of OCI is not known.",
            hint="Set region in the profile, or OPENADS_URL=oci://us-ashburn-1.",
        )
    if type(signer).__name__ == "ServiceSigner":
        raise InputError(
            "OCI is meant, but there is no OCI configuration to sign requests with.",
            hint="Write ~/.oci/config, or call ads.set_auth() with a signer.",
        )
    places = ("NB_SESSION", "PROJECT", "JOB_RUN", "PIPELINE_RUN")
    compartment = next((value for name in places if (value := os.environ.get(f"{name}_COMPARTMENT_OCID"))), "")
    return RemoteHome(
        endpoint_of(region, "/20190101/"),
        signer,
        partial(endpoint_of, region),
        compartment,
        os.environ.get("PROJECT_OCID", ""),
    )
