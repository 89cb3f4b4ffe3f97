"""Exports that end while the catalog can't be written. What they do otherwise is tested over HTTP."""

from __future__ import annotations

import sqlite3
import threading

from ads.registry import database as database_module
from ads.registry import transfers as transfers_module
from ads.registry.database import open_database
from ads.registry.transfers import EXPORT, Transfers
from ads.registry.work_requests import accept_work_request, get_work_request
from tests.own_service import eventually


def test_a_failure_is_told_once_the_catalog_can_be_written_again(sqlite_catalog, monkeypatch) -> None:
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT", 0.05)
    monkeypatch.setattr(transfers_module, "_AGAIN_AFTER", 0.05)
    catalog = sqlite_catalog
    database = open_database(catalog.settings, catalog.home)
    with database.write() as session:
        work = accept_work_request(session, EXPORT, "m", "c", entity_type="model", action_type="UPDATED", message="x")
    transfers = Transfers(database, catalog.blobs, 10**6)
    other = sqlite3.connect(catalog.home.database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    tried = threading.Event()
    real = database.write
    monkeypatch.setattr(database, "write", lambda: (tried.set(), real())[1])
    failing = threading.Thread(target=transfers._fail, args=(work.id, "Code", "the reason"))
    failing.start()
    assert tried.wait(10)
    tried.clear()
    assert tried.wait(10)  # it was refused once, and tries again
    other.execute("ROLLBACK")
    other.close()

    def failed() -> bool:
        with database.read() as session:
            return get_work_request(session, work.id).status == "FAILED"

    eventually(failed, 10, "the end of the work request")
    failing.join()
    transfers.close()
    database.close()
