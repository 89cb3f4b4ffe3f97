"""The orders that the supervisor takes on its socket: one JSON object per line, one answer per order. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ads.errors import InputError
from ads.service.isolation import Isolation, parse_isolation
from ads.service.templates import Template, parse_template

__all__ = ["ChildSpec", "Kill", "List", "Order", "Start", "Stop", "Watch", "parse_order", "refusal"]

_NAME = re.compile(r"[a-z0-9][a-z0-9._/-]{0,127}")
_LONGEST_GRACE = 600.0


@dataclass(frozen=True)
class ChildSpec:
    """What a child process is. ``env`` is its whole environment, ``grace`` the seconds from TERM to KILL.

    ``template`` is what a replica is forked from, ``preload`` what a program of the service is forked from.
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    cwd: str
    log: str
    grace: float = 10.0
    pass_fds: tuple[int, ...] = field(default=())
    isolation: Isolation | None = None
    template: Template | None = None
    preload: Template | None = None


@dataclass(frozen=True)
class Start:
    """Start this child and keep it running."""

    spec: ChildSpec


@dataclass(frozen=True)
class Stop:
    """End this child for good, gently."""

    name: str


@dataclass(frozen=True)
class Kill:
    """Kill this child's process at once; it is started again like one that crashed."""

    name: str


@dataclass(frozen=True)
class List:
    """Say what is there."""


@dataclass(frozen=True)
class Watch:
    """Tell of every process that ends from now on, a line each."""


Order = Start | Stop | Kill | List | Watch


def parse_order(line: bytes) -> Order:
    """Return the order in a line. Raises InputError that names what is wrong with it."""
    try:
        data = json.loads(line)
    except ValueError as error:
        raise InputError("The order is not JSON.") from error
    if not isinstance(data, dict):
        raise InputError("The order is not a JSON object.")
    operation = data.get("op")
    if operation == "list":
        return List()
    if operation == "watch":
        return Watch()
    name = data.get("name")
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise InputError("The order has no good name.")
    if operation == "stop":
        return Stop(name)
    if operation == "kill":
        return Kill(name)
    if operation == "start":
        return Start(_spec(name, data))
    raise InputError(f"{operation!r} is not an order.")


def _spec(name: str, data: Mapping[str, Any]) -> ChildSpec:
    argv, env, cwd, log = (data.get(key) for key in ("argv", "env", "cwd", "log"))
    grace = data.get("grace", 10.0)
    if not isinstance(argv, list) or not argv or not all(_is_text(item) for item in argv):
        raise InputError("argv must be a list of texts.")
    if not isinstance(env, dict) or not all(_is_text(key) and _is_text(value) for key, value in env.items()):
        raise InputError("env must be an object of texts.")
    if not _is_text(cwd) or not _is_text(log):
        raise InputError("cwd and log must be paths.")
    if isinstance(grace, bool) or not isinstance(grace, int | float) or not 0 <= grace <= _LONGEST_GRACE:
        raise InputError(f"grace must be a number of seconds from 0 to {_LONGEST_GRACE:.0f}.")
    isolation = parse_isolation(data.get("isolation"))
    template = parse_template(data.get("template"))
    return ChildSpec(name, tuple(argv), env, str(cwd), str(log), float(grace), isolation=isolation, template=template)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and "\0" not in value


def refusal(message: str) -> bytes:
    """Return the answer to an order that can't be followed."""
    return json.dumps({"ok": False, "error": message}).encode() + b"\n"
