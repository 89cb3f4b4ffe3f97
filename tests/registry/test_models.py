"""Models and projects: creation, change, deletion, retry tokens, events."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from ads.errors import Conflict, InputError, NotFound, PreconditionFailed
from ads.registry import models, projects, provenance
from ads.registry.events import events_of
from ads.registry.retry_tokens import Attempt
from ads.registry.tables import RetryToken, now


def test_a_model_lives_changes_and_is_deleted_but_stays_readable(catalog) -> None:
    model = catalog.model("churn")
    with catalog.database.write() as session:
        changed = models.update_model(session, catalog.caller, model.id, {"description": "new"}, model.etag)
        assert changed.etag != model.etag
        models.set_model_active(session, catalog.caller, model.id, active=False)
        provenance.create_provenance(session, catalog.caller, model.id, {"git_branch": "main"})
        models.delete_model(session, catalog.caller, model.id)
    with catalog.database.read() as session:
        assert models.get_model(session, model.id).lifecycle_state == "DELETED"
        with pytest.raises(NotFound):
            provenance.get_provenance(session, model.id)
        actions = [event.action for event in events_of(session, model.id)]
        assert actions == ["model.create", "model.update", "model.deactivate", "provenance.create", "model.delete"]
        assert events_of(session, model.id)[0].principal == catalog.defaults.user_id
    with pytest.raises(NotFound), catalog.database.write() as session:
        models.delete_model(session, catalog.caller, model.id)


def test_a_stale_etag_changes_nothing(catalog) -> None:
    model = catalog.model("a")
    with pytest.raises(PreconditionFailed), catalog.database.write() as session:
        models.update_model(session, catalog.caller, model.id, {"display_name": "b"}, "stale")
    with catalog.database.read() as session:
        assert models.get_model(session, model.id).display_name == "a"


def test_of_twelve_updates_with_one_etag_one_wins(catalog) -> None:
    model = catalog.model("a")
    won: list[int] = []

    def change(number: int) -> None:
        try:
            with catalog.database.write() as session:
                models.update_model(session, catalog.caller, model.id, {"display_name": str(number)}, model.etag)
            won.append(number)
        except PreconditionFailed:
            pass

    threads = [threading.Thread(target=change, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with catalog.database.read() as session:
        assert [models.get_model(session, model.id).display_name] == [str(number) for number in won]


def test_unknown_project_or_compartment_is_refused(catalog) -> None:
    for details in (
        models.NewModel("ocid1.compartment.oc1..none", catalog.defaults.project_id),
        models.NewModel(catalog.defaults.compartment_id, "ocid1.datascienceproject.oc1..none"),
    ):
        with pytest.raises(NotFound) as caught, catalog.database.write() as session:
            models.create_model(session, catalog.caller, details)
        assert caught.value.service_code == "RelatedResourceNotAuthorizedOrNotFound"


def test_a_retry_token_gives_one_model(catalog) -> None:
    attempt = Attempt("POST /models", "t" * 30, "digest")
    made: set[str] = set()

    def create() -> None:
        with catalog.database.write() as session:
            made.add(models.create_model(session, catalog.caller, catalog.new_model(), attempt).id)

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1


def test_a_retry_token_with_another_body_is_a_conflict_and_ends_after_a_day(catalog) -> None:
    with catalog.database.write() as session:
        first = models.create_model(session, catalog.caller, catalog.new_model(), Attempt("op", "token", "one"))
    with pytest.raises(Conflict) as caught, catalog.database.write() as session:
        models.create_model(session, catalog.caller, catalog.new_model(), Attempt("op", "token", "two"))
    assert caught.value.service_code == "InvalidatedRetryToken"
    with catalog.database.write() as session:
        session.execute(update(RetryToken).values(time_created=now() - timedelta(hours=25)))
    with catalog.database.write() as session:
        later = models.create_model(session, catalog.caller, catalog.new_model(), Attempt("op", "token", "one"))
    assert later.id != first.id


@pytest.mark.parametrize("token", ["", "é", "x" * 65, "a\nb"])
def test_impossible_retry_tokens_are_refused(catalog, token: str) -> None:
    with pytest.raises(InputError), catalog.database.write() as session:
        models.create_model(session, catalog.caller, catalog.new_model(), Attempt("op", token, "one"))


def test_a_project_with_live_models_stays(catalog) -> None:
    model = catalog.model()
    with pytest.raises(Conflict, match="1 models"), catalog.database.write() as session:
        projects.delete_project(session, catalog.caller, catalog.defaults.project_id)
    with catalog.database.write() as session:
        models.delete_model(session, catalog.caller, model.id)
        assert (
            projects.delete_project(session, catalog.caller, catalog.defaults.project_id).lifecycle_state == "DELETED"
        )
    with pytest.raises(NotFound), catalog.database.write() as session:
        models.create_model(session, catalog.caller, catalog.new_model())


def test_activating_an_active_model_is_a_conflict(catalog) -> None:
    model = catalog.model()
    with pytest.raises(Conflict), catalog.database.write() as session:
        models.set_model_active(session, catalog.caller, model.id, active=True)


def test_a_second_provenance_is_a_conflict(catalog) -> None:
    model = catalog.model()
    with catalog.database.write() as session:
        provenance.create_provenance(session, catalog.caller, model.id, {})
    with pytest.raises(Conflict), catalog.database.write() as session:
        provenance.create_provenance(session, catalog.caller, model.id, {})
