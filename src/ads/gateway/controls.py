"""The control planes that a gateway passes requests to: the one on this machine, and those of the cluster.

Requests about an upload in parts, which lies on one control plane's disk, go to the same one for as long as it is
there: the one with the highest hash of it and the upload's model. Others go to the one with the least to do.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ads.home import Home
from ads.identity.cluster_key import PROOF, proof, proof_key

__all__ = ["Control", "Controls"]

_STICKY = re.compile(rb"/openads/v1/models/([^/?]{1,200})/artifact/uploads(?:[/?].*)?")
_AVOIDED_SECONDS = 1.0


@dataclass(eq=False)
class Control:
    """One control plane: the ``path`` of its Unix socket, or its ``address``. ``busy``: requests it has from here."""

    id: str
    path: Path | None = None
    address: tuple[str, int] = ("", 0)
    busy: int = 0
    served: int = 0
    avoided_until: float = 0.0

    def taken(self) -> None:
        """Note that it got a request; call :meth:`done` at its end."""
        self.busy += 1
        self.served += 1

    def done(self) -> None:
        """Note that a request ended, however it did."""
        self.busy -= 1

    def failed(self) -> None:
        """Note that it can't be reached now."""
        self.avoided_until = time.monotonic() + _AVOIDED_SECONDS


class Controls:
    """Those that are there. Without a cluster it is the one of this machine alone."""

    def __init__(self, home: Home, cluster_key: str = "", *, local: bool = True) -> None:
        self._file = home.controls_file
        self._key = proof_key(cluster_key) if cluster_key else b""
        self._local = Control("", path=home.control_socket) if local else None
        self._known: list[Control] = [self._local] if self._local else []
        self._stamp: tuple[int, int] | None = None

    def refresh(self) -> None:
        """Read the list again if it changed."""
        if not self._key:
            return
        try:
            status = self._file.stat()
            stamp = (status.st_mtime_ns, status.st_ino)
            if stamp == self._stamp:
                return
            told = json.loads(self._file.read_bytes())
            found = [(str(each["id"]), _address(each["address"])) for each in told["controls"]]
            me = str(told["me"])
        except (OSError, ValueError, KeyError, TypeError):
            return  # what was known stays in force
        self._stamp = stamp
        before = {(control.id, control.address): control for control in self._known}
        known = [before.get(each) or Control(each[0], address=each[1]) for each in found if each[0] != me]
        if self._local is not None:
            self._local.id = me
            known.append(self._local)
        self._known = known

    def in_turn(self, target: bytes) -> Iterator[Control]:
        """Yield those that may answer a request with this target, the one to ask first first."""
        sticky = _STICKY.fullmatch(target)
        if sticky is not None and self._known:
            yield max(self._known, key=_rank(sticky[1]))
            return
        now = time.monotonic()
        yield from sorted(
            self._known, key=lambda each: (each.avoided_until > now, each.path is None, each.busy, each.served)
        )

    @property
    def several(self) -> bool:
        """Whether there is more than one."""
        return len(self._known) > 1

    def proof_line(self, method: bytes, target: bytes) -> bytes:
        """Return the header line that shows that the request comes from a gateway of the cluster."""
        return PROOF + b": " + proof(self._key, method, target, time.time())


def _rank(resource: bytes) -> Callable[[Control], bytes]:
    def rank(control: Control) -> bytes:
        return hashlib.sha256(control.id.encode() + b"\n" + resource).digest()

    return rank


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)
