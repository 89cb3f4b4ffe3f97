"""The control plane's process: serves the application on its Unix socket until it is told to stop.

It stops, in order, on SIGTERM or SIGINT, when its parent is gone (the lifeline ends), and with status 70 when the
catalog's disk failed: after a failed fsync only a fresh process knows what is on the disk.
"""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO

import uvicorn
from sqlalchemy.exc import SQLAlchemyError

from ads.api.application import create_app
from ads.api.context import Context, open_context
from ads.api.member import ControlMember, open_port
from ads.cluster.membership import advertised, is_member
from ads.deploy.engines.base import Engine
from ads.deploy.engines.choice import engine_for
from ads.deploy.placement import found_devices
from ads.errors import AdsError, Conflict
from ads.handover import LentConnections
from ads.home import Home
from ads.registry.database import open_database
from ads.registry.schema import upgrade
from ads.settings import Settings, load_settings

__all__ = ["main", "make_server", "open_socket", "serve"]

logger = logging.getLogger(__name__)

LIFELINE = "OPENADS_LIFELINE"
"""Environment variable with the number of a pipe's read end; its other end lives as long as the parent."""

_GRACE = 10
_LAST_GRACE = 15.0
_EXIT_DISK_FAILED = 70
_EXIT_CONFIGURATION = 78


class _Server(uvicorn.Server):
    """uvicorn without its habit of ending by the signal that stopped it: a wanted stop is status 0.

    ``at_stop`` ends the answers that would go on for as long as the service does.
    """

    at_stop: Callable[[], None] | None = None

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        wanted = (signal.SIGTERM, signal.SIGINT) if threading.current_thread() is threading.main_thread() else ()
        for number in wanted:
            loop.add_signal_handler(number, self.stop)
        try:
            yield
        finally:
            for number in wanted:
                loop.remove_signal_handler(number)

    def stop(self) -> None:
        """Answer what is under way, then end."""
        self.should_exit = True
        if self.at_stop is not None:
            self.at_stop()


def make_server(
    context: Context,
    engine: Engine | None = None,
    lent: LentConnections | None = None,
    member: ControlMember | None = None,
) -> _Server:
    """Return a server for this context; ``server.run(sockets=[…])`` serves until ``server.stop()``."""
    app = create_app(context, engine, lent, member)
    server = _Server(
        uvicorn.Config(
            app,
            lifespan="on",
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=_GRACE,
            timeout_keep_alive=75,
        )
    )

    def at_stop() -> None:
        app.state.news.close()
        if lent is not None:
            lent.ending_by = time.monotonic() + _GRACE - 2

    server.at_stop = at_stop
    return server


def open_socket(path: Path) -> socket.socket:
    """Return a listening Unix socket that only this user may connect to, in place of one that was left behind."""
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    path.chmod(0o600)
    listening.listen(1024)
    return listening


def serve(context: Context) -> int:
    """Serve on the home's control socket until told to stop; return the exit status."""
    devices = found_devices(context.settings.gpus, os.environ)
    sockets: list[socket.socket] = []
    member = None
    try:
        if is_member(context.settings):
            sockets.append(open_port(context))
            member = ControlMember(context, sockets[0].getsockname()[1])
        database = context.database if member is None else member.database
        known_as = advertised(context.settings) if member is not None else ""
        engine = engine_for(context.settings, context.home, database, devices, known_as)
    except AdsError as error:
        print(error, file=sys.stderr)
        context.close()
        return _EXIT_CONFIGURATION
    lent = LentConnections(context.home.lent_socket)
    server = make_server(context, engine, lent, member)
    path = context.home.control_socket
    sockets.append(open_socket(path))
    _when_parent_ends(server.stop)
    _in_background(lambda: _stop_when(context.database.failed, server.stop))
    try:
        server.run(sockets=sockets)
    finally:
        lent.close()
        with suppress(FileNotFoundError):
            path.unlink()
    if context.database.failed.is_set():
        logger.critical("the catalog's disk failed; this process ends")
        return _EXIT_DISK_FAILED
    return 0 if server.started else 1


def main() -> int:
    """Run the control plane with the settings of the environment; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # it names each of its plugins
    with ExitStack() as held:
        try:
            settings = load_settings()
            held.enter_context(_lock(Home(settings.home)))
            _make_catalog(settings)
            context = open_context(settings)
        except (AdsError, OSError) as error:
            print(error, file=sys.stderr)
            return _EXIT_CONFIGURATION
        return serve(context)


def _make_catalog(settings: Settings) -> None:
    """Have a catalog that isn't there yet made by a child: what that takes in memory is never needed again.

    Where the child fails, opening the catalog does it again, and says what is wrong.
    """
    home = Home(settings.home)
    if settings.database_url or home.database.exists():
        return
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    try:
        database = open_database(settings, home)
        upgrade(database.engine)
        database.close()
    except (AdsError, OSError, SQLAlchemyError):
        logger.info("The catalog could not be made at the first try.")
    finally:
        os._exit(0)


def _lock(home: Home) -> IO[bytes]:
    """Return the held lock of the one control plane that may write to this data directory. Raises Conflict.

    The one before may still be ending: it is given the time that it has for that.
    """
    home.create()
    file = (home.run / "control.lock").open("wb")
    deadline = time.monotonic() + _LAST_GRACE
    while not _try_lock(file):
        if time.monotonic() > deadline:
            file.close()
            raise Conflict(f"Another control plane works on {home.root}.", hint="Stop it first: ads stop")
        time.sleep(0.05)
    return file


def _try_lock(file: IO[bytes]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _when_parent_ends(stop: Callable[[], None]) -> None:
    number = os.environ.pop(LIFELINE, None)
    if number is None:
        return

    def wait() -> None:
        with suppress(OSError):
            while os.read(int(number), 1024):
                pass
        stop()
        time.sleep(_LAST_GRACE)
        os._exit(1)  # whatever still runs must not outlive the supervisor

    _in_background(wait)


def _stop_when(event: threading.Event, stop: Callable[[], None]) -> None:
    event.wait()
    stop()


def _in_background(action: Callable[[], object]) -> None:
    threading.Thread(target=action, daemon=True).start()
