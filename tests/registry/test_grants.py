"""Grants in the catalog, what they let callers see, and that an older catalog keeps its administrator."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, text

from ads.errors import Conflict, NotFound
from ads.home import Home
from ads.identity.access import Scope
from ads.registry import schema
from ads.registry.compartments import create_compartment, delete_compartment
from ads.registry.database import open_database
from ads.registry.events import SERVICE, Caller, events_of
from ads.registry.grants import (
    Grant,
    add_grant,
    administrators,
    remove_grant,
    require_permission,
    visible_compartments,
)
from ads.registry.tables import Compartment, now
from ads.registry.users import create_user, set_active
from ads.settings import Settings


def test_what_callers_may_see(catalog) -> None:
    tenancy = catalog.defaults.tenancy_id
    with catalog.database.write() as session:
        upper = create_compartment(session, SERVICE, tenancy, "upper").id
        lower = create_compartment(session, SERVICE, upper, "lower").id
        user = create_user(session, SERVICE, tenancy, "ada").id
        add_grant(session, SERVICE, user, "read", upper)
    everything = {tenancy, catalog.defaults.compartment_id, upper, lower}
    with catalog.database.read() as session:
        assert visible_compartments(session, Caller(user)) == {upper, lower}
        assert visible_compartments(session, Caller(user), "use") == set()
        assert visible_compartments(session, Caller(user, scope=Scope("read", lower))) == {lower}
        assert visible_compartments(session, Caller(user, scope=Scope("read", None, frozenset({"d"})))) == set()
        assert visible_compartments(session, Caller("nobody")) == set()
        assert visible_compartments(session, catalog.caller, "manage") == everything
        assert visible_compartments(session, SERVICE, "manage") == everything
        assert visible_compartments(session, Caller(user, scope=Scope(expires=now().timestamp() + 60)))
        assert not visible_compartments(session, Caller(user, scope=Scope(expires=now().timestamp() - 1)))
        require_permission(session, Caller(user), "read", lower)
        require_permission(session, SERVICE, "manage", tenancy)
        with pytest.raises(NotFound):
            require_permission(session, Caller(user), "use", lower)
        with pytest.raises(NotFound, match="mine"):
            require_permission(session, Caller(user), "use", lower, NotFound("mine"))
    with catalog.database.write() as session:
        set_active(session, SERVICE, user, active=False)
    with catalog.database.read() as session:
        assert visible_compartments(session, Caller(user)) == set()


def test_grants_are_events_and_the_last_administrator_stays(catalog) -> None:
    tenancy = catalog.defaults.tenancy_id
    with catalog.database.write() as session:
        user = create_user(session, catalog.caller, tenancy, "ada").id
        grant = add_grant(session, catalog.caller, user, "read", tenancy).id
        add_grant(session, catalog.caller, user, "manage", tenancy)
        add_grant(session, catalog.caller, user, "manage", tenancy)
        assert set(administrators(session)) == {user, catalog.defaults.user_id}
        set_active(session, catalog.caller, user, active=False)
        assert administrators(session) == [catalog.defaults.user_id]
        set_active(session, catalog.caller, user, active=True)
        remove_grant(session, catalog.caller, grant)
        actions = [event.action for event in events_of(session, grant)]
        own = session.scalars(select(Grant.id)).one()
    assert actions == ["grant.create", "grant.update", "grant.delete"]
    with pytest.raises(Conflict, match="last administrator"), catalog.database.write() as session:
        remove_grant(session, catalog.caller, own)


def test_grants_name_what_is_there(catalog) -> None:
    tenancy = catalog.defaults.tenancy_id
    with catalog.database.write() as session:
        gone = create_compartment(session, SERVICE, tenancy, "gone").id
        delete_compartment(session, SERVICE, gone)
    for user, place in ((catalog.defaults.user_id, gone), (catalog.defaults.user_id, "no"), ("no", tenancy)):
        with pytest.raises(NotFound), catalog.database.write() as session:
            add_grant(session, SERVICE, user, "read", place)


def test_a_model_keeps_a_compartment_from_being_deleted(catalog) -> None:
    with catalog.database.write() as session:
        place = create_compartment(session, SERVICE, catalog.defaults.tenancy_id, "busy").id
    model = catalog.model()
    with catalog.database.write() as session:
        session.merge(model).compartment_id = place
    with pytest.raises(Conflict, match="1 models"), catalog.database.write() as session:
        delete_compartment(session, SERVICE, place)
    with catalog.database.write() as session:
        session.merge(model).lifecycle_state = "DELETED"
    with catalog.database.write() as session:
        assert delete_compartment(session, SERVICE, place).lifecycle_state == "DELETED"


def test_an_older_catalog_keeps_its_administrator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path)
    home.create()
    database = open_database(Settings(home=tmp_path), home)
    monkeypatch.setattr(schema, "HEAD", "0002")
    schema.upgrade(database.engine)
    monkeypatch.undo()
    with database.write() as session:
        for statement in (
            "INSERT INTO compartments (id, parent_id, name, time_created) VALUES ('t', NULL, 'openads', 0)",
            "INSERT INTO compartments (id, parent_id, name, time_created) VALUES ('c', 't', 'default', 0)",
            """INSERT INTO users (id, tenancy_id, name, description, lifecycle_state, time_created)
               VALUES ('u', 't', 'admin', '', 'ACTIVE', 0)""",
            "INSERT INTO tokens (sha256, user_id, name, time_created) VALUES ('x', 'u', 'old', 0)",
            """INSERT INTO defaults (name, value) VALUES ('tenancy_id', 't'), ('user_id', 'u'), ('compartment_id', 'c'),
               ('project_id', 'p'), ('page_secret', '00'), ('identities_generation', '1')""",
        ):
            session.execute(text(statement))
    schema.upgrade(database.engine)
    with database.read() as session:
        assert administrators(session) == ["u"]
        assert visible_compartments(session, Caller("u"), "manage") == {"t", "c"}
        assert {row.lifecycle_state for row in session.scalars(select(Compartment))} == {"ACTIVE"}
        assert session.execute(text("SELECT scope FROM tokens")).scalar() is None
    database.close()
