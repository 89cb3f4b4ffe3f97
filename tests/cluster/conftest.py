"""A cluster's database, and members of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ads.home import Home
from ads.registry.database import Database, open_database
from ads.settings import Settings
from tests.members import cluster  # noqa: F401 - a fixture
from tests.postgres import Postgres


@pytest.fixture
def database(postgres: Postgres, tmp_path: Path) -> Iterator[Database]:
    """An empty catalog in PostgreSQL."""
    opened = open_database(Settings(home=tmp_path, database_url=postgres.create()), Home(tmp_path))
    yield opened
    opened.close()
