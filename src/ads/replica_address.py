"""Where a replica is reached: the path of a Unix socket, or ``tcp://host:port`` on any machine."""

from __future__ import annotations

__all__ = ["parse_tcp", "tcp"]

_TCP = "tcp://"
_HIGHEST_PORT = 65535


def tcp(host: str, port: int) -> str:
    """Return the address of a TCP port."""
    return f"{_TCP}[{host}]:{port}" if ":" in host else f"{_TCP}{host}:{port}"


def parse_tcp(address: str) -> tuple[str, int] | None:
    """Return host and port, None for the path of a socket. Raises ValueError for one that is neither."""
    if not address.startswith(_TCP):
        return None
    host, _, port = address.removeprefix(_TCP).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > _HIGHEST_PORT:
        raise ValueError(f"{address!r} is no address of a replica")
    return host, int(port)
