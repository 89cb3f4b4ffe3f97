"""``ads db``."""

from __future__ import annotations

import json
import sqlite3

import pytest
from sqlalchemy.engine import make_url

from ads.registry.schema import HEAD


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgres"))])
def url(request, home, monkeypatch) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{home.database}"
    found = request.getfixturevalue("postgres").create(empty=True)
    monkeypatch.setenv("OPENADS_DATABASE_URL", found)
    return found


def status(ads) -> tuple[int, dict[str, str]]:
    result = ads("db", "status", "--format", "json")
    return result.code, json.loads(result.out)


def test_an_empty_database_is_filled_once(ads, url, home):
    shown = make_url(url).render_as_string()
    assert status(ads) == (3, {"database": shown, "schema": None, "head": HEAD, "state": "empty"})
    assert not home.database.exists()
    assert "now" in ads("db", "upgrade").err
    assert status(ads) == (0, {"database": shown, "schema": HEAD, "head": HEAD, "state": "ok"})
    assert "already" in ads("db", "upgrade").err


def test_an_older_and_a_newer_schema_are_told(ads, home):
    ads("db", "upgrade")
    for version, state in (("0001", "older"), ("9999", "newer")):
        with sqlite3.connect(home.database) as connection:
            connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
        connection.close()
        code, found = status(ads)
        assert (code, found["state"]) == (5, state)
    result = ads("db", "upgrade")
    assert result.code == 1
    assert "newer" in result.err
    assert "Traceback" not in result.err


def test_a_password_is_not_shown(ads, monkeypatch):
    monkeypatch.setenv("OPENADS_DATABASE_URL", "postgresql://u:verysecret@127.0.0.1:1/x")
    result = ads("db", "status")
    assert result.code == 6
    assert "reached" in result.err
    assert "verysecret" not in result.out + result.err
