"""Migrations: one path to the schema, all or nothing, never backwards."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

import ads.registry.catalog_tables
import ads.registry.deployments
import ads.registry.grants
import ads.registry.logs
import ads.registry.storage_tables
import ads.registry.work_requests  # noqa: F401 - their tables belong to the schema
from ads.home import Home
from ads.registry import schema
from ads.registry.database import Database, open_database
from ads.registry.tables import Base
from ads.settings import Settings


def opened(root: Path) -> Database:
    home = Home(root)
    home.create()
    return open_database(Settings(home=root), home)


def test_head_and_known_are_the_scripts() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_current_head() == schema.HEAD
    assert tuple(reversed([script.revision for script in scripts.walk_revisions()])) == schema.KNOWN


def test_the_migrated_schema_is_that_of_the_classes(tmp_path: Path) -> None:
    database = opened(tmp_path)
    assert schema.upgrade(database.engine) is True
    assert schema.upgrade(database.engine) is False
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
    database.close()


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    database = opened(tmp_path)
    schema.upgrade(database.engine)
    with database.engine.connect().execution_options(openads_write=True) as connection, connection.begin():
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(schema.SchemaTooNew, match="9999"):
        schema.upgrade(database.engine)
    database.close()


def test_a_migration_that_fails_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    from alembic import op

    real = op.create_table
    monkeypatch.setattr(op, "create_table", lambda name, *a: real(name, *a) if name != "models" else 1 / 0)
    database = opened(tmp_path)
    with pytest.raises(ZeroDivisionError):
        schema.upgrade(database.engine)
    assert inspect(database.engine).get_table_names() == []
    monkeypatch.undo()
    assert schema.upgrade(database.engine) is True
    database.close()


def test_alembic_is_not_imported_at_head(tmp_path: Path) -> None:
    database = opened(tmp_path)
    schema.upgrade(database.engine)
    database.close()
    code = (
        "import sys; from pathlib import Path; from ads.api.context import open_context;"
        "from ads.settings import Settings; open_context(Settings(home=Path(sys.argv[1]))).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False).returncode == 0
