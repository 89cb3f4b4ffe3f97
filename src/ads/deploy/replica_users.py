"""Numbers of users that nobody has: each replica of a service that runs as root gets one of its own."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Container
from contextlib import suppress

from ads.errors import InputError

__all__ = ["free_user"]


def free_user(users: tuple[int, int], taken: Container[int], after: int) -> tuple[int, socket.socket]:
    """Return a user number that nobody has, beginning behind ``after``, and a claim to it that holds while it is open.

    Raises InputError when there is none left.
    """
    low, high = users
    running = _users_with_processes()
    count = high - low + 1
    first = after + 1 if low <= after < high else low
    for step in range(count):
        user = low + (first - low + step) % count
        if user in taken or user in running or _is_known(user):
            continue
        claim = _claim(user)
        if claim is not None:
            return user, claim
    raise InputError(f"Every user number from {low} to {high} is taken; widen the setting replica_uids.")


def _is_known(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _claim(user: int) -> socket.socket | None:
    """Claim a user number among all services of this machine, None when another one has it."""
    claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        claim.bind(f"\0openads-user-{user}")
    except OSError:
        claim.close()
        return None
    return claim


def _users_with_processes() -> set[int]:
    found = set()
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            with suppress(OSError):
                found.add(entry.stat().st_uid)
    return found
