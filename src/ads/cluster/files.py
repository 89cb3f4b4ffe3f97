"""What is published, as the files that this machine's gateways read, and where those are reached from elsewhere."""

from __future__ import annotations

from urllib.parse import urlsplit

from ads.cluster.membership import advertised, has_gateway
from ads.gateway_notice import notify_gateways
from ads.home import Home, write_private
from ads.settings import Settings

__all__ = ["gateway_url", "take_identities", "take_metrics", "take_routes"]


def take_routes(home: Home, content: str) -> None:
    """Put published routes in force; return once the gateways of this machine have read them. Raises OSError."""
    write_private(home.routes_file, content.encode())
    notify_gateways(home)


def take_identities(home: Home, content: str) -> None:
    """Put published identities in force; return once the gateways of this machine have read them. Raises OSError."""
    write_private(home.identities_file, content.encode())
    notify_gateways(home)


def take_metrics(home: Home, content: str) -> None:
    """Put the leader's metrics beside those of this machine's gateways. Raises OSError."""
    write_private(home.control_metrics_file, content.encode())


def gateway_url(settings: Settings, local: str) -> str:
    """Return the address of this machine's gateway for other machines, given the one for programs on this machine."""
    if not local or not has_gateway(settings):
        return ""
    parts = urlsplit(local)
    host = advertised(settings)
    return f"{parts.scheme}://[{host}]:{parts.port}" if ":" in host else f"{parts.scheme}://{host}:{parts.port}"
