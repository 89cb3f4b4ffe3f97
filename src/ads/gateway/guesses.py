"""Who sends wrong credentials, and how many: so that tokens can't be guessed, and nobody else is kept out.

Each peer may be wrong ``burst`` times, and ``per_second`` times a second after that. Beyond it a wrong credential is
answered 429 instead of 401; a good one is always accepted, whoever else shares the address.
"""

from __future__ import annotations

import ipaddress
import math
from collections import OrderedDict
from collections.abc import Callable

__all__ = ["Guesses"]

_MOST_PEERS = 4096
_IPV6_NETWORK = 64


class Guesses:
    """Wrong credentials by peer. What is remembered is bounded: the peer that was wrong longest ago is forgotten."""

    def __init__(self, burst: int, per_second: float, clock: Callable[[], float]) -> None:
        self._burst = burst
        self._per_second = per_second
        self._clock = clock
        self._peers: OrderedDict[str, tuple[float, float]] = OrderedDict()  # how many are left, and when that was

    def exceeded(self, remote: str) -> bool:
        """Tell whether a wrong credential of this address would be answered 429 now. Cheap while nobody is wrong."""
        return bool(self._peers) and self._left(_peer(remote)) < 1

    def wrong(self, remote: str) -> int:
        """Count a wrong credential; return the seconds to wait before the next one, 0 while there is no need to."""
        peer = _peer(remote)
        left = self._left(peer)
        refused = left < 1
        self._peers[peer] = (left if refused else left - 1, self._clock())
        self._peers.move_to_end(peer)
        if len(self._peers) > _MOST_PEERS:
            self._peers.popitem(last=False)
        return math.ceil((1 - left) / self._per_second) if refused else 0

    def __len__(self) -> int:
        return len(self._peers)

    def _left(self, peer: str) -> float:
        left, then = self._peers.get(peer, (float(self._burst), 0.0))
        return min(float(self._burst), left + (self._clock() - then) * self._per_second)


def _peer(remote: str) -> str:
    """Return what counts as one peer: an IPv4 address, or the network that one IPv6 subscriber has to himself."""
    if ":" not in remote:
        return remote
    try:
        return str(ipaddress.ip_network((remote.partition("%")[0], _IPV6_NETWORK), strict=False))
    except ValueError:
        return remote
