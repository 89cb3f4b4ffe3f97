"""Under which names the service may be reached: a page elsewhere must not reach it under a name of its own choice.

A web page whose name its owner points at 127.0.0.1 (*DNS rebinding*) could otherwise talk to a service that only this
machine can reach. Addresses and ``localhost`` can't be pointed elsewhere, so they are always good.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable

__all__ = ["Hosts"]


class Hosts:
    """Names that may stand in ``Host``. Where the service listens beyond loopback and none are given, every name."""

    def __init__(self, listening: str, names: Iterable[str] = ()) -> None:
        self._names = frozenset(name.strip().rstrip(".").lower() for name in names if name.strip())
        self._any = not _is_loopback(listening) and not self._names

    def allow(self, host: bytes) -> bool:
        """Tell whether a request with this Host header, which is well-formed, may be answered."""
        if self._any:
            return True
        text = host.decode("latin-1").lower()
        if text.startswith("["):
            return _is_address(text[1:].partition("]")[0])
        name = text.partition(":")[0].rstrip(".")
        return name == "localhost" or name.endswith(".localhost") or name in self._names or _is_address(name)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_loopback(listening: str) -> bool:
    try:
        return ipaddress.ip_address(listening).is_loopback
    except ValueError:
        return listening in ("", "localhost")
