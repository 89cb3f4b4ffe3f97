"""Downloads that a cut ended, continued: only what isn't there yet is fetched."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ads.client.part_upload import digest_of
from ads.client.transfer import PIECE, STALLED_AFTER, download
from ads.errors import ArchiveError, ServiceError, ServiceUnreachable

if TYPE_CHECKING:
    from ads.client.service import Service

__all__ = ["download_rest"]

_PARTIAL = 206
_NOTHING_LEFT = 416


def download_rest(service: Service, model_id: str, target: Path, sha256: str) -> None:
    """Write the artifact of ``model_id``, whose SHA-256 is known, to ``target``; what lies there is its beginning.

    What was fetched stays when the connection breaks: the same call goes on from there. Raises
    :class:`~ads.errors.ServiceUnreachable` then, and :class:`~ads.errors.ArchiveError` when the whole has another
    digest; ``target`` is then removed.
    """
    if not (target.is_file() and target.stat().st_size and _continued(service, model_id, target)):
        download(service, model_id, target)
    if digest_of(target) != sha256:
        target.unlink(missing_ok=True)
        raise ArchiveError(f"The artifact of {model_id} arrived with another digest.", hint="Repeat the download.")


def _continued(service: Service, model_id: str, target: Path) -> bool:
    """Fetch what is missing; return False where the service only gives the whole."""
    import httpx

    headers = {
        "accept": "application/octet-stream",
        "accept-encoding": "identity",
        "range": f"bytes={target.stat().st_size}-",
    }
    path = f"/20190101/models/{model_id}/artifact/content"
    try:
        with service.stream("GET", path, headers=headers, timeout=STALLED_AFTER) as response:
            if response.status_code != _PARTIAL:
                return False
            with target.open("ab") as file:
                for piece in response.iter_raw(PIECE):
                    file.write(piece)
    except httpx.TransportError as error:
        raise ServiceUnreachable(
            f"The download of {model_id} from {service.url} broke off: {str(error) or type(error).__name__}.",
            hint="Repeat it: what is here already is not fetched again.",
        ) from error
    except ServiceError as error:
        if error.status != _NOTHING_LEFT:
            raise
    return True
