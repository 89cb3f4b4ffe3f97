"""What environments are made from: how the operator has set up the service, as one value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from ads.artifact.environment_catalog import CatalogEntry, read_catalog
from ads.deploy.environment_sources import StoredObject
from ads.settings import Settings

__all__ = ["Supplies", "supplies_of"]


def _nobody() -> None:
    return None


@dataclass(frozen=True)
class Supplies:
    """Where environments come from. ``timeout`` in seconds, ``max_bytes`` of a pack as it is fetched.

    ``wheels``: a folder in the place of a package index. ``catalog``: the operator's file. ``pack_urls``: beginnings of
    addresses from which artifacts may name packs. ``stored`` finds objects of the service, ``users`` gives the range of
    user numbers for programs in packs, None where there are none.
    """

    timeout: float = 1800.0
    wheels: str = ""
    catalog: str = ""
    pack_urls: tuple[str, ...] = ()
    max_bytes: int = 400 * 1024**3
    file_bytes: int = 0
    stored: Callable[[str], StoredObject | None] | None = None
    users: Callable[[], tuple[int, int] | None] = _nobody
    hide: tuple[str, ...] = ()

    def entries(self) -> Mapping[str, CatalogEntry]:
        """Return the operator's catalog as it stands in the file now. Raises SettingError."""
        return read_catalog(self.catalog)


def supplies_of(
    settings: Settings,
    stored: Callable[[str], StoredObject | None] | None = None,
    users: Callable[[], tuple[int, int] | None] = _nobody,
    hide: tuple[str, ...] = (),
) -> Supplies:
    """Return what the settings say."""
    return Supplies(
        timeout=settings.environment_timeout,
        wheels=settings.wheels,
        catalog=settings.environment_catalog,
        pack_urls=tuple(part.strip() for part in settings.pack_urls.split(",") if part.strip()),
        max_bytes=settings.max_artifact_bytes,
        file_bytes=settings.replica_file_bytes,
        stored=stored,
        users=users,
        hide=hide,
    )
