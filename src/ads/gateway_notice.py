"""How the control plane tells the gateways on this machine that their tables changed."""

from __future__ import annotations

import socket

from ads.home import Home

__all__ = ["notify_gateways"]

_ANSWER_WITHIN = 2.0


def notify_gateways(home: Home) -> int:
    """Ask every gateway to read its tables again; return how many confirmed.

    A gateway that is gone or doesn't answer within two seconds is passed over: it reads the tables when it starts, and
    looks at their time stamps every second.
    """
    confirmed = 0
    for path in sorted(home.gateways.glob("*.sock")):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(_ANSWER_WITHIN)
            try:
                connection.connect(str(path))
                connection.sendall(b"reload\n")
                confirmed += connection.recv(16) == b"ok\n"
            except OSError:
                continue
    return confirmed
