"""A catalog on each of the two databases: a real SQLite file, a real PostgreSQL server."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ads.home import Home
from ads.registry.blobs import BlobStore
from ads.registry.database import Database, open_database
from ads.registry.events import Caller
from ads.registry.identities import Defaults, ensure_defaults
from ads.registry.models import NewModel, create_model
from ads.registry.schema import upgrade
from ads.registry.tables import Model
from ads.settings import Settings


@dataclass(frozen=True)
class Catalog:
    """An open catalog."""

    settings: Settings
    home: Home
    database: Database
    defaults: Defaults
    blobs: BlobStore

    @property
    def caller(self) -> Caller:
        return Caller(self.defaults.user_id, "request")

    def new_model(self, name: str | None = None) -> NewModel:
        return NewModel(self.defaults.compartment_id, self.defaults.project_id, name)

    def model(self, name: str | None = None) -> Model:
        with self.database.write() as session:
            return create_model(session, self.caller, self.new_model(name))


def open_catalog(root: Path, database_url: str = "") -> Catalog:
    home = Home(root)
    home.create()
    settings = Settings(home=root, database_url=database_url)
    database = open_database(settings, home)
    upgrade(database.engine)
    return Catalog(settings, home, database, ensure_defaults(database), BlobStore(home, 10**7))


@pytest.fixture
def catalog(tmp_path: Path, new_database: Callable[..., str]) -> Iterator[Catalog]:
    opened = open_catalog(tmp_path / "home", new_database())
    yield opened
    opened.database.close()


@pytest.fixture
def sqlite_catalog(tmp_path: Path) -> Iterator[Catalog]:
    opened = open_catalog(tmp_path / "home")
    yield opened
    opened.database.close()


def archive(text: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as target:
        target.writestr(zipfile.ZipInfo("score.py"), f"# {text}\n")
        target.writestr(zipfile.ZipInfo("runtime.yaml"), "{}\n")
    return buffer.getvalue()
