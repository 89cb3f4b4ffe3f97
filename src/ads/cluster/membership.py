"""Whether this machine may take part in a cluster, as what, and where the others reach it."""

from __future__ import annotations

import contextlib
import ipaddress
import secrets
import socket
from dataclasses import dataclass

import psutil

from ads.errors import SettingError
from ads.home import Home, write_private
from ads.identity.cluster_key import SHORTEST
from ads.settings import Settings

__all__ = ["ROLES", "Me", "advertised", "check_role", "has_control", "has_gateway", "is_member", "member_id"]

ROLES = ("all", "control", "gateway", "node")
_POSTGRES = ("postgresql", "postgres")


@dataclass(frozen=True)
class Me:
    """What this machine tells the others of itself: ``control`` as ``host:port``, ``gateway`` as a URL, or empty."""

    id: str
    role: str
    control: str = ""
    gateway: str = ""


def check_role(settings: Settings) -> None:
    """Return when the machine can be what its settings say. Raises SettingError with what is missing."""
    if settings.role not in ROLES:
        raise SettingError(
            f"The setting 'role' is {settings.role!r}, which is none of {', '.join(ROLES)}.",
            hint="Leave it at 'all' for a service on this machine alone.",
        )
    if not settings.cluster_key and settings.role == "all":
        return
    if len(settings.cluster_key) < SHORTEST:
        raise SettingError(
            f"The role {settings.role!r} needs a cluster_key of at least {SHORTEST} characters; "
            f"this one has {len(settings.cluster_key)}.",
            hint="Make one with: python -c 'import secrets; print(secrets.token_urlsafe(32))', "
            "and give it to every member as OPENADS_CLUSTER_KEY.",
        )
    if not settings.database_url.startswith(_POSTGRES):
        raise SettingError(
            f"A member of a cluster (role {settings.role!r}) needs the PostgreSQL that all members share.",
            hint="Set database_url to postgresql+psycopg://user:password@host/database on every member.",
        )
    if not settings.artifact_store:
        raise SettingError(
            f"A member of a cluster (role {settings.role!r}) needs the artifact store that all members share.",
            hint="Set artifact_store to an address such as s3://bucket/prefix on every member; for a folder that all "
            "machines mount, file:///that/folder.",
        )


def is_member(settings: Settings) -> bool:
    """Tell whether the settings make this machine a member of a cluster."""
    return bool(settings.cluster_key)


def has_control(settings: Settings) -> bool:
    """Tell whether a control plane runs here."""
    return settings.role in {"all", "control"}


def has_gateway(settings: Settings) -> bool:
    """Tell whether a gateway runs here."""
    return settings.role in {"all", "gateway"}


def member_id(home: Home) -> str:
    """Return the name of the data directory's member, the same for as long as the directory is."""
    path = home.root / "member-id"
    with contextlib.suppress(OSError):
        if known := path.read_text(encoding="ascii").strip():
            return known
    made = f"{socket.gethostname()[:24]}-{secrets.token_hex(6)}".encode("ascii", "replace").decode()
    write_private(path, made.encode())
    return made


def advertised(settings: Settings) -> str:
    """Return the name or address under which other members reach this machine."""
    if settings.advertise:
        return settings.advertise
    if settings.host == "localhost" or _is(settings.host, "is_loopback"):
        return "127.0.0.1"
    if not _is(settings.host, "is_unspecified"):
        return settings.host
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family == socket.AF_INET and not _is(each.address, "is_loopback"):
                return str(each.address)
    return "127.0.0.1"


def _is(host: str, what: str) -> bool:
    try:
        return bool(getattr(ipaddress.ip_address(host), what))
    except ValueError:
        return False
