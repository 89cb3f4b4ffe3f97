"""This control plane as a member of a cluster: it may lead, it hears what is published, gateways reach it over TCP."""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

from ads.api.context import Context
from ads.api.duties import Duties
from ads.cluster.board import ACKNOWLEDGED, CONTROL_METRICS, IDENTITIES, ROUTES, Board
from ads.cluster.feed import Feed, controls_json
from ads.cluster.files import gateway_url, take_metrics, take_routes
from ads.cluster.leadership import FencedDatabase, Leadership
from ads.cluster.members import Seen, live_members
from ads.cluster.membership import Me, advertised, member_id
from ads.deploy.environment_orders import fail_builds
from ads.deploy.gateway_lines import GatewayLines, is_urgent
from ads.deploy.placement import Machine
from ads.errors import AdsError, SettingError
from ads.home import write_private
from ads.registry.database import database_url
from ads.registry.notices import WAKE, notify
from ads.registry.transfers import fail_unfinished
from ads.registry.work_requests import workers_of

__all__ = ["ControlMember", "open_port"]

logger = logging.getLogger(__name__)

_BACKLOG = 1024
_LOOK_SECONDS = 5.0


def open_port(context: Context) -> socket.socket:
    """Return the listening socket on which gateways of other machines reach this control plane. Raises SettingError."""
    settings = context.settings
    host = advertised(settings)
    try:
        return _bind(host, settings.control_port)
    except OSError as error:
        try:  # a name of this machine that others know, but not an address of its own
            return _bind("", settings.control_port)
        except OSError:
            raise SettingError(
                f"The control plane can't listen on {host} port {settings.control_port}: {error.strerror or error}.",
                hint="Set advertise to an address of this machine, and control_port to a free port, or 0 for any.",
            ) from error


def _bind(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
        0
    ]
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
    except BaseException:
        listening.close()
        raise
    return listening


class ControlMember:
    """See the module. ``database`` is the one for what only the leader writes."""

    def __init__(self, context: Context, port: int) -> None:
        settings, home = context.settings, context.home
        host = advertised(settings)
        url = database_url(settings, home)
        self._context = context
        self.me = Me(
            member_id(home),
            settings.role,
            control=f"[{host}]:{port}" if ":" in host else f"{host}:{port}",
            gateway=gateway_url(settings, os.environ.get("OPENADS_SERVICE_URL", "")),
        )
        self._board = context.board or Board(context.database)
        self._leadership = Leadership(url, self.me.id, context.database, self._gained, self._lost)
        self.database = FencedDatabase(context.database, self._leadership.require)
        self._feed = Feed(
            url,
            self.me,
            takes={
                ROUTES: lambda content: take_routes(home, content),
                IDENTITIES: context.identities.take,
                CONTROL_METRICS: lambda content: take_metrics(home, content),
            },
            hears={ACKNOWLEDGED: self._board.heard, WAKE: self._wake_here},
            on_members=self._on_members,
        )
        self._lines: GatewayLines | None = None
        self._duties: Duties | None = None
        self._over = threading.Event()
        self._watch = threading.Thread(target=self._look_after_members, name="members", daemon=True)

    def start(self, duties: Duties) -> None:
        """Take part: ``duties`` are what the leader does."""
        self._duties = duties
        self._forward_lines()
        self._feed.start()
        if self._context.settings.engine != "local" or self.me.role == "all":
            self._leadership.start()  # else it would run replicas on a machine that is no node
        self._watch.start()

    def stop(self) -> None:
        """Lead no more, and leave."""
        self._over.set()
        self._leadership.stop()
        if self._lines is not None:
            self._lines.stop()
        self._feed.stop()

    def share_routes(self, content: str) -> int:
        """Publish the routes; return once every gateway that is there has them."""
        with self.database.write() as session:
            generation = self._board.put(session, ROUTES, content)
        self._board.wait(ROUTES, generation)
        return generation

    def show_metrics(self, content: bytes) -> None:
        """Publish what only the leader counts."""
        with self.database.write() as session:
            self._board.put(session, CONTROL_METRICS, content.decode())

    # -- what requests need

    def wake(self) -> None:
        """Have the leader look at the deployments, wherever it is. Call it after the change is committed."""
        if self._leadership.epoch:
            self._wake_here()
            return
        try:
            with self._context.database.engine.begin() as connection:
                notify(connection, WAKE)
        except Exception as error:  # noqa: BLE001 - the change is made already: the leader finds it within a second
            logger.warning("the leader can't be woken: %s", error)

    def machine(self) -> Machine:
        """Return what there is to run replicas on."""
        assert self._duties is not None
        return self._duties.machine()

    # -- leading

    def _gained(self) -> None:
        assert self._duties is not None
        self._duties.begin()
        self._feed.listen_to_lines(self._duties.count)
        if self._lines is not None:  # last, for it takes a moment; it forwards nothing meanwhile
            self._lines.stop()
            self._lines = None

    def _lost(self) -> None:
        assert self._duties is not None
        self._feed.listen_to_lines(None)
        self._duties.end()
        if not self._over.is_set():
            self._forward_lines()

    def _forward_lines(self) -> None:
        """Bring what the gateways of this machine tell to whoever leads."""

        def take(path: Path, line: bytes) -> None:
            if not self._leadership.epoch:
                self._feed.forward(path.stem, line, urgent=is_urgent(line))

        self._lines = GatewayLines(self._context.home, take, lambda _path: None)
        self._lines.start()

    def _wake_here(self) -> None:
        if self._duties is not None:
            self._duties.wake()

    # -- the others

    def _on_members(self, members: Sequence[Seen]) -> None:
        if self.me.role == "all":
            write_private(self._context.home.controls_file, controls_json(self.me, members))

    def _look_after_members(self) -> None:
        """As long as this one leads: fail what members that are gone can't do any more."""
        while not self._over.wait(_LOOK_SECONDS):
            if not self._leadership.epoch:
                continue
            try:
                with self.database.read() as session:
                    gone = workers_of(session) - {each.id for each in live_members(session)}
                if gone:
                    with self.database.write() as session:
                        fail_unfinished(session, *gone)
                        fail_builds(session, *gone)
            except AdsError as error:
                logger.warning("%s", error.message)
