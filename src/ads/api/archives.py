"""``/openads/v1/archives/{sha256}``: what replicas on other machines serve, fetched with the pass that each makes."""

from __future__ import annotations

import time
from collections.abc import Iterable

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from ads.api.content import Piece, blob_piece, send
from ads.api.context import Context, context_of
from ads.deploy.spec import parse_spec
from ads.errors import NotAuthenticated, NotFound
from ads.identity.access import EVERYTHING, Permissions
from ads.identity.replica_keys import ArchiveWanted, is_archive_pass, read_archive_pass
from ads.registry.deployments import artifact_of, unfinished_or_served

__all__ = ["archive_rights", "archive_wanted", "router"]

_PATH = "/openads/v1/archives/"

router = APIRouter(prefix="/openads/v1/archives", tags=["deployments"])


def archive_wanted(context: Context, target: str, headers: Iterable[tuple[bytes, bytes]]) -> ArchiveWanted | None:
    """Return what a replica's pass asks for; None where the request is no replica's. Raises NotAuthenticated."""
    if not target.startswith(_PATH):
        return None
    values = [value for name, value in headers if name == b"authorization"]
    scheme, _, token = (values[0] if len(values) == 1 else b"").decode("latin-1").partition(" ")
    if scheme.lower() != "bearer" or not is_archive_pass(token):
        return None
    wanted = read_archive_pass(context.defaults.page_secret, token, time.time())
    if wanted is None:
        raise NotAuthenticated("The credential of the request is missing or not valid.")
    return wanted


def archive_rights(context: Context) -> Permissions:
    """Return what a replica of the service's own may do: read. Which archive, its pass has said."""
    tree = context.identities.verifier.tree
    return Permissions({tree.root: "read"}, EVERYTHING, tree)


@router.get("/{archive_sha256}")
def get(archive_sha256: str, request: Request) -> Response:
    """Send the archive to a replica that serves it. Other credentials get models' archives by their models."""
    context = context_of(request)
    wanted: ArchiveWanted | None = getattr(request.state, "archive", None)
    if wanted is None or wanted.sha256 != archive_sha256:
        raise _nothing()
    with context.database.read() as session:
        size = _size_of(session, wanted)
    if size is None:
        raise _nothing()

    def pieces() -> list[Piece]:
        return [blob_piece(context.blobs, archive_sha256, size)]

    return send(request, size, pieces, {"content-type": "application/octet-stream"})


def _size_of(session: Session, wanted: ArchiveWanted) -> int | None:
    """Return the size of the archive in bytes; None where the replica's deployment serves and wants another one."""
    deployment = wanted.replica.partition("-")[0]
    for row in unfinished_or_served(session):
        if not row.id.endswith(deployment):
            continue
        for configuration in (row.configuration, row.serving_configuration):
            source = artifact_of(session, parse_spec(configuration).model_id)[1] if configuration else None
            if source is not None and source.sha256 == wanted.sha256:
                return source.size
    return None


def _nothing() -> NotFound:
    return NotFound("There is no such archive, or the credential doesn't allow seeing it.")
