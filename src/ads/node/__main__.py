"""``python -m ads.node``: the process of ``ads serve --role node`` that follows the leader's orders."""

from __future__ import annotations

import logging
import os
import sys
import threading
from contextlib import suppress
from functools import partial
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from ads.cluster.ending import until_ended
from ads.cluster.feed import Feed
from ads.cluster.membership import Me, advertised, member_id
from ads.deploy.engines.local import LocalEngine, bindable
from ads.deploy.environment_objects import stored_object
from ads.deploy.isolation import isolated_supplies
from ads.deploy.leftovers import NODE_KINDS
from ads.deploy.node_records import ORDERS
from ads.deploy.placement import found_devices
from ads.deploy.preparation import Preparations
from ads.errors import AdsError
from ads.home import Home, write_private
from ads.identity.cluster_key import admin_token
from ads.node.agent import Agent
from ads.registry.archives import archive_of
from ads.registry.blobs import BlobStore
from ads.registry.database import Database, database_url, open_database
from ads.registry.deployments import ModelSource
from ads.registry.events import SERVICE
from ads.registry.garbage import Premises, collect
from ads.registry.schema import HEAD, current_version
from ads.settings import Settings, load_settings

_CONFIGURATION = 78
"""Exit status that tells the supervisor not to try again."""
_LOOK_SECONDS = 1.0
_SWEEP_SECONDS = 3600.0

logger = logging.getLogger(__name__)


def main() -> int:
    """Run until SIGTERM or SIGINT, or until the supervisor is gone; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s node %(levelname)s %(name)s: %(message)s")
    over = until_ended()
    try:
        settings = load_settings()
        home = Home(settings.home)
        home.create()
        database = open_database(settings, home)
        me = Me(member_id(home), settings.role)
        blobs = BlobStore(home, settings.max_artifact_bytes, settings.artifact_store, settings.artifact_cache_bytes)
        agent = _agent(me.id, settings, home, database, blobs)
    except (AdsError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return _CONFIGURATION
    feed = Feed(database_url(settings, home), me, takes={}, hears={ORDERS: agent.wake})
    _wait_for_tables(database, over)
    feed.start()
    thread = threading.Thread(target=agent.run, name="agent")
    thread.start()
    sweeping = (Premises(home, database, blobs), over)
    threading.Thread(target=_sweep, args=sweeping, name="sweep", daemon=True).start()
    write_private(home.token_file, admin_token(settings.cluster_key).encode())
    while thread.is_alive() and not over.wait(_LOOK_SECONDS):
        pass
    agent.stop()
    thread.join()
    feed.stop()
    database.close()
    return 0 if over.is_set() else 1


def _agent(me: str, settings: Settings, home: Home, database: Database, blobs: BlobStore) -> Agent:
    host = advertised(settings)
    engine = LocalEngine(
        home,
        devices=found_devices(settings.gpus, os.environ),
        settings=settings,
        listen=bindable(host),
        advertise=host,
    )
    supplies = isolated_supplies(home, settings, partial(stored_object, database, blobs))
    agents: list[Agent] = []

    def wake() -> None:
        for agent in agents:
            agent.wake()

    def archive(source: ModelSource) -> Path:
        return archive_of(source, settings, home, database, blobs)

    preparations = Preparations(home, archive, supplies, wake, settings.trusted_keys)
    agents.append(Agent(me, database, home, engine, preparations))
    return agents[0]


def _sweep(premises: Premises, over: threading.Event) -> None:
    """Remove every hour what deployments that are gone left here more than a day ago."""
    while not over.wait(_SWEEP_SECONDS):
        try:
            collect(premises, NODE_KINDS, SERVICE)
        except (AdsError, OSError) as error:  # noqa: PERF203 - once an hour
            logger.warning("what deployments left can't be removed now: %s", error)


def _wait_for_tables(database: Database, over: threading.Event) -> None:
    """Return once a control plane of this version has made the tables."""
    told = False
    while not over.is_set():
        with suppress(AdsError, SQLAlchemyError):
            if current_version(database.engine) == HEAD:
                return
        if not told:
            logger.warning("waiting for a control plane of this version to bring the database up to date")
            told = True
        over.wait(_LOOK_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
