"""What the key of a cluster proves: that a request comes from a gateway of it, and who administers all of it.

The key itself never leaves a machine. A request carries the time and a digest of that, its method and its target under
a key derived from the cluster's; it is good for some minutes, so that the clocks of two machines may differ.
"""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["PROOF", "SHORTEST", "admin_token", "is_proof", "proof", "proof_key"]

PROOF = b"openads-cluster"
"""The header with the proof. Gateways drop it from what clients send."""
SHORTEST = 32
"""Characters that a cluster's key must have at least."""
_GOOD_SECONDS = 300


def proof_key(cluster_key: str) -> bytes:
    """Return the key for proofs; it says nothing about the cluster's."""
    return hmac.new(cluster_key.encode(), b"openads cluster requests", hashlib.sha256).digest()


def proof(key: bytes, method: bytes, target: bytes, now: float) -> bytes:
    """Return the header's value for one request, with a key of :func:`proof_key`. ``now`` is a Unix time."""
    moment = b"%d" % int(now)
    return moment + b" " + _digest(key, moment, method, target)


def is_proof(key: bytes, method: bytes, target: bytes, given: bytes, now: float) -> bool:
    """Tell whether the value was made with this key for this request, and not too long ago."""
    moment, _, digest = given.partition(b" ")
    if not hmac.compare_digest(_digest(key, moment, method, target), digest):
        return False
    return moment.isdigit() and abs(now - int(moment)) <= _GOOD_SECONDS


def admin_token(cluster_key: str) -> str:
    """Return the administrator's token, the same on every machine of the cluster."""
    return hmac.new(cluster_key.encode(), b"openads cluster administrator", hashlib.sha256).hexdigest()


def _digest(key: bytes, moment: bytes, method: bytes, target: bytes) -> bytes:
    return hmac.new(key, b"%b\n%b\n%b" % (moment, method, target), hashlib.sha256).hexdigest().encode("ascii")
