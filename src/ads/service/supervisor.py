"""The loop that owns the children: starts, restarts, stops and reaps them, and takes orders about them."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ads.errors import InputError
from ads.home import Home, write_private
from ads.service.adopted import adopt, end_adopted
from ads.service.cgroups import found_groups
from ads.service.child import Child
from ads.service.isolation import free_user
from ads.service.order_socket import OrderConnection, OrderSocket
from ads.service.orders import ChildSpec, Kill, List, Order, Start, Stop, Watch, parse_order, refusal
from ads.service.outputs import Outputs
from ads.service.sweep import record
from ads.service.templates import Templates
from ads.settings import Settings

__all__ = ["Supervisor"]

_CHECK_SECONDS = 0.05
_MOST_EARLY_DEATHS = 3
_CONFIGURATION = 78
"""Exit status of a child that can't work with the settings it was given."""
_OK = b'{"ok": true}\n'


class Supervisor:
    """Run with :meth:`run` until SIGTERM or SIGINT.

    ``permanent`` are the children that no order may stop, in the order of their start. ``check`` is called every 50 ms
    until it returns True: it finds out that the service answers. A permanent child that keeps dying before that ends
    the run; later it is restarted for ever. ``door`` is the service's listening socket, closed when it begins to end.
    """

    def __init__(
        self,
        home: Home,
        permanent: Sequence[ChildSpec],
        check: Callable[[], bool],
        settings: Settings | None = None,
        door: socket.socket | None = None,
    ) -> None:
        self._home = home
        self._selector = selectors.DefaultSelector()
        settings = settings or Settings(home=home.root)
        self._outputs = Outputs(self._selector, settings.log_max_bytes, settings.log_max_age)
        self._templates = Templates()
        self._groups = found_groups()
        self._children = {spec.name: Child(spec, self._outputs, templates=self._templates) for spec in permanent}
        self._permanent = frozenset(self._children)
        self._check: Callable[[], bool] | None = check
        self._check_at = 0.0
        self._waiting: dict[str, list[OrderConnection]] = {}
        self._watchers: list[OrderConnection] = []
        self._last_user = 0
        self._claims: dict[str, socket.socket] = {}
        self._leaving = False
        self._failed: Child | None = None
        self._door = door

    def run(self) -> Child | None:
        """Serve until asked to end; then the children have ended too. Return the child that made a start impossible."""
        adopt()
        write_private(self._home.limits_file, self._groups.description.encode())
        wakeup, wakeup_end = os.pipe()
        for descriptor in (wakeup, wakeup_end):
            os.set_blocking(descriptor, False)
        before = signal.set_wakeup_fd(wakeup_end, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._leave)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        self._selector.register(wakeup, selectors.EVENT_READ, lambda: _drain(wakeup))
        orders = OrderSocket(self._home.supervisor_socket, self._selector, self._take)
        try:
            for child in list(self._children.values()):
                child.start()
            record(self._home, self._children.values())
            while not self._leaving:
                self._step()
            self._end_children()
            return self._failed
        finally:
            orders.close()
            self._outputs.close()
            signal.set_wakeup_fd(before)
            self._selector.close()
            for descriptor in (wakeup, wakeup_end):
                os.close(descriptor)

    def _leave(self, *_: object) -> None:
        self._leaving = True

    def _step(self) -> None:
        """Wait for what happens next, and do what is due."""
        for key, _ in self._selector.select(self._patience()):
            key.data()
        self._outputs.tick(self._log_folders)
        changed = self._reap()
        self._templates.step(child.spec.template or child.spec.preload for child in self._children.values())
        now = time.monotonic()
        for child in self._children.values():
            if child.kill_at is not None and now >= child.kill_at:
                child.kill_at = None
                child.signal_group(signal.SIGKILL)
            if child.due is not None and now >= child.due and not self._leaving:
                child.start()
                changed = changed or child.running
        if changed:
            record(self._home, self._children.values())
        if self._check is not None and now >= self._check_at and not self._leaving:
            self._check_at = now + _CHECK_SECONDS
            if self._check():
                self._check = None

    def _log_folders(self) -> list[Path]:
        return [self._home.logs, *(self._home.root / "deployments").glob("*")]

    def _patience(self) -> float | None:
        moments = [
            moment for child in self._children.values() for moment in (child.due, child.kill_at) if moment is not None
        ]
        if self._check is not None and not self._leaving:
            moments.append(self._check_at)
        moments += [due for due in (self._outputs.due(), self._templates.due) if due is not None]
        return max(0.0, min(moments) - time.monotonic()) if moments else None

    def _reap(self) -> bool:
        """Take note of the children that ended; answer the orders that waited for it."""
        changed = False
        for name, child in list(self._children.items()):
            if not child.reap() and not (child.stopping and not child.running):
                continue
            changed = True
            self._tell_watchers(name)
            if self._check is not None and name in self._permanent and not child.stopping:
                self._judge_start(child)
            if child.stopping:
                del self._children[name]
                if (claim := self._claims.pop(name, None)) is not None:
                    claim.close()
            for connection in self._waiting.pop(name, ()):
                connection.answer(_OK)
        end_adopted({*self._templates.pids, *(child.pid for child in self._children.values())})
        return changed

    def _tell_watchers(self, name: str) -> None:
        """Say that a process ended. Whoever doesn't read is forgotten."""
        for watcher in self._watchers:
            watcher.answer(_line({"ended": name}))
        self._watchers = [watcher for watcher in self._watchers if watcher.open]

    def _judge_start(self, child: Child) -> None:
        if child.exit_code == _CONFIGURATION or child.crashes >= _MOST_EARLY_DEATHS:
            self._failed = child
            self._leaving = True

    def _take(self, connection: OrderConnection, line: bytes) -> None:
        try:
            order = parse_order(line)
            answer = self._follow(connection, order)
        except InputError as error:
            answer = refusal(error.message)
        if answer is not None:
            connection.answer(answer)

    def _follow(self, connection: OrderConnection, order: Order) -> bytes | None:
        """Follow an order; return its answer, None when it is answered once the process is gone."""
        if isinstance(order, List):
            return _line({"ok": True, "children": [child.describe() for child in self._children.values()]})
        if isinstance(order, Watch):
            self._watchers.append(connection)
            return _OK
        if self._leaving:
            raise InputError("The service is stopping.")
        if isinstance(order, Start):
            return self._start(order.spec)
        if order.name in self._permanent and isinstance(order, Stop):
            raise InputError(f"{order.name} belongs to the service.")
        child = self._children.get(order.name)
        if child is None:
            if isinstance(order, Stop):
                return _OK
            raise InputError(f"There is no child {order.name}.")
        if isinstance(order, Kill):
            if not child.running:
                return _OK
            child.signal_group(signal.SIGKILL)
        else:
            child.stop()
        self._waiting.setdefault(order.name, []).append(connection)
        return None

    def _start(self, spec: ChildSpec) -> bytes:
        child = self._children.get(spec.name)
        if child is not None and child.stopping:
            raise InputError(f"{spec.name} is stopping.")
        if child is None:
            child = self._children[spec.name] = Child(
                spec, self._outputs, self._user_for(spec), self._templates, self._groups
            )
            child.start()
            record(self._home, self._children.values())
        return _line({"ok": True, "pid": child.pid})

    def _user_for(self, spec: ChildSpec) -> int | None:
        """Return a user number for a child that is to have its own."""
        if spec.isolation is None or spec.isolation.users is None:
            return None
        taken = {child.user for child in self._children.values() if child.user is not None}
        self._last_user, self._claims[spec.name] = free_user(spec.isolation.users, taken, self._last_user)
        return self._last_user

    def _end_children(self) -> None:
        """End the gateway first, so that it can finish what it has with the replicas; then everything else."""
        if self._door is not None:
            self._door.close()  # else who comes now would be let in to wait for nobody
        for names in (("gateway",), tuple(self._children)):
            concerned = [self._children[name] for name in names if name in self._children]
            for child in concerned:
                child.stop()
            while any(child.running for child in concerned):
                with contextlib.suppress(InterruptedError):
                    self._step()
        self._templates.end()
        self._reap()


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def _line(content: object) -> bytes:
    return json.dumps(content).encode() + b"\n"
