"""What every request handler works with."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from fastapi import Request
from sqlalchemy.exc import SQLAlchemyError

from ads.cluster.board import Board
from ads.cluster.members import live_members
from ads.cluster.membership import is_member, member_id
from ads.errors import ServiceUnavailable
from ads.home import Home
from ads.identity.access import Permissions, Verb
from ads.identity.cluster_key import admin_token
from ads.registry.archives import archive_of
from ads.registry.blobs import BlobStore
from ads.registry.database import Database, open_database
from ads.registry.deployments import ModelSource
from ads.registry.events import Caller
from ads.registry.identities import Defaults, Identities, ensure_defaults
from ads.registry.model_index import ensure_index
from ads.registry.multipart import expire_uploads
from ads.registry.schema import upgrade
from ads.registry.store_lock import StoreLock
from ads.registry.storing import used_blobs
from ads.registry.transfers import Transfers, fail_unfinished
from ads.settings import Settings

__all__ = [
    "Context",
    "caller_of",
    "context_of",
    "open_context",
    "origin_of",
    "permissions_of",
    "visible_to",
    "wake_engine",
]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Context:
    """The parts of one running control plane."""

    settings: Settings
    home: Home
    database: Database
    blobs: BlobStore
    identities: Identities
    defaults: Defaults
    transfers: Transfers
    board: Board | None = None
    """Where what the other machines of a cluster go by is published; None: there are none."""

    def archive(self, source: ModelSource) -> Path:
        """Return the archive that a deployment unpacks, checked, or the folder of its referenced objects.

        Raises BlobDamaged, and for a model by reference what :func:`~ads.registry.archives.archive_of` raises.
        """
        return archive_of(source, self.settings, self.home, self.database, self.blobs)

    def gateway_url(self) -> str:
        """Return where this control plane reaches a gateway: its own machine's, or any of the cluster; empty: none."""
        running = self.home.read_service_file()
        if running is not None or self.board is None:
            return running.url if running is not None else ""
        with self.database.read() as session:
            return next((each.gateway for each in live_members(session) if each.gateway), "")

    def sweep_blobs(self) -> int:
        """Remove uploads in parts that were given up, and blobs that nothing refers to any more; return how many."""
        with self.database.write() as session:
            expire_uploads(session)
        with self.database.read() as session:
            used = used_blobs(session)
        return self.blobs.sweep_blobs(used)

    def close(self) -> None:
        """End the transfers and let go of the database."""
        self.transfers.close()
        self.blobs.close()
        self.database.close()


def open_context(settings: Settings) -> Context:
    """Return the context of the data directory that the settings name; at the first start everything in it is made.

    Raises SchemaTooNew when a newer version wrote the catalog, ServiceUnavailable when it can't be opened,
    SettingError, OSError.
    """
    home = Home(settings.home)
    home.create()
    database = open_database(settings, home)
    try:
        _upgrade(database)
        blobs = BlobStore(
            home,
            settings.max_artifact_bytes,
            settings.artifact_store,
            settings.artifact_cache_bytes,
            StoreLock(database.engine.url) if is_member(settings) else None,
        )
        swept = blobs.sweep_uploads()
        if swept:
            logger.warning("removed %s uploads that never ended", swept)
        defaults = ensure_defaults(database)
        ensure_index(database)
        board = Board(database) if is_member(settings) else None
        member = member_id(home) if board is not None else ""
        identities = Identities(database, home, board, admin_token(settings.cluster_key) if board is not None else "")
        identities.start(defaults)
        with database.write() as session:
            fail_unfinished(session, member)
    except BaseException:
        database.close()
        raise
    transfers = Transfers(database, blobs, settings.max_artifact_bytes, member)
    return Context(settings, home, database, blobs, identities, defaults, transfers, board)


def _upgrade(database: Database) -> None:
    try:
        upgrade(database.engine)
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise ServiceUnavailable(
            f"The catalog {database.engine.url.render_as_string()} can't be opened: {reason}.",
            hint="Check its disk and permissions, or restore it from a backup.",
        ) from error


def context_of(request: Request) -> Context:
    """Return the context of the application that handles the request."""
    context: Context = request.app.state.context
    return context


def caller_of(request: Request) -> Caller:
    """Return who sent the request."""
    caller: Caller = request.state.caller
    return caller


def origin_of(request: Request) -> str:
    """Return the address of the service that the client itself used. The gateway's own calls never say https."""
    scheme = "https" if context_of(request).settings.tls_certificate else request.url.scheme
    return f"{scheme}://{request.headers.get('host', '')}"


def permissions_of(request: Request) -> Permissions:
    """Return what the credential of the request may do."""
    permissions: Permissions = request.state.permissions
    return permissions


def visible_to(request: Request, verb: Verb = "inspect") -> frozenset[str]:
    """Return the compartments in which the credential of the request has this verb."""
    permissions = permissions_of(request)
    return frozenset(id_ for id_ in permissions.tree if permissions.allows(verb, id_))


def wake_engine(request: Request) -> None:
    """Have the deployments looked at now: call it after the change is committed."""
    controller = request.app.state.controller
    if controller is not None:
        controller.wake()
