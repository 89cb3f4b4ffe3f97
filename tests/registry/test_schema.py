"""Migrations: one path to the schema, all or nothing, never backwards."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import ads.registry
from ads.home import Home
from ads.registry import schema
from ads.registry.database import Database, open_database
from ads.registry.tables import Base
from ads.settings import Settings

for module in pkgutil.iter_modules(ads.registry.__path__):
    importlib.import_module(f"ads.registry.{module.name}")  # whose tables belong to the schema


@pytest.fixture
def database(tmp_path: Path, new_database: Callable[..., str]) -> Iterator[Database]:
    """An empty database."""
    opened = open_again(tmp_path, new_database(empty=True))
    yield opened
    opened.close()


def open_again(root: Path, url: str) -> Database:
    home = Home(root)
    home.create()
    return open_database(Settings(home=root, database_url=url), home)


def test_head_and_known_are_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == schema.HEAD
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == schema.KNOWN


def test_the_migrated_schema_is_that_of_the_classes(database: Database) -> None:
    assert schema.upgrade(database.engine) is True
    assert schema.upgrade(database.engine) is False
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_a_newer_schema_is_refused(database: Database) -> None:
    schema.upgrade(database.engine)
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(schema.SchemaTooNew, match="9999"):
        schema.upgrade(database.engine)
    with database.read() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_a_migration_that_fails_leaves_nothing(database: Database, monkeypatch) -> None:
    from alembic import op

    real = op.create_table
    monkeypatch.setattr(op, "create_table", lambda name, *a: real(name, *a) if name != "models" else 1 / 0)
    with pytest.raises(ZeroDivisionError):
        schema.upgrade(database.engine)
    assert inspect(database.engine).get_table_names() == []
    monkeypatch.undo()
    assert schema.upgrade(database.engine) is True


def test_of_two_that_start_at_once_one_makes_the_schema(tmp_path: Path, new_database) -> None:
    url = new_database(empty=True)
    databases = [open_again(tmp_path, url) for _ in range(2)]
    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(lambda database: schema.upgrade(database.engine), databases))
    assert sorted(made) == [False, True]
    for database in databases:
        database.close()


def test_alembic_is_not_imported_at_head(tmp_path: Path, new_database) -> None:
    url = new_database()
    database = open_again(tmp_path, url)
    schema.upgrade(database.engine)
    database.close()
    code = (
        "import sys; from pathlib import Path; from ads.api.context import open_context;"
        "from ads.settings import Settings;"
        "open_context(Settings(home=Path(sys.argv[1]), database_url=sys.argv[2])).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path), url], check=False).returncode == 0
