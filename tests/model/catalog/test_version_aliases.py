"""Versions and aliases of a set from a user's program, against a running service."""

from __future__ import annotations

import uuid

import pytest

from ads.errors import InputError, ModelVersionSetNotSaved, NotFound, ServiceError
from ads.model.datascience_model import DataScienceModel
from ads.model.model_version_set import ModelVersionSet

pytestmark = pytest.mark.usefixtures("local_service")


@pytest.fixture
def churn() -> ModelVersionSet:
    """A set with three versions, and a name of this test alone."""
    made = ModelVersionSet(name=f"churn-{uuid.uuid4().hex[:8]}").create()
    for number in range(3):
        DataScienceModel(display_name=f"m{number + 1}", model_version_set_id=made.id).create()
    return made


def test_a_version_is_found_by_number_by_alias_and_as_the_latest(churn: ModelVersionSet) -> None:
    churn.set_alias("champion", 2, reason="it beats the rules")
    assert churn.version(1).display_name == "m1"
    assert churn.alias("champion").display_name == "m2"
    assert churn.latest().display_name == "m3"
    assert churn.aliases == {"champion": 2}
    assert churn.version(2).aliases == ["champion"]
    assert churn.version(1).aliases == []


def test_an_alias_moves_and_its_history_says_why(churn: ModelVersionSet) -> None:
    churn.set_alias("champion", 1)
    churn.set_alias("champion", churn.version(3), reason="better on new customers")
    churn.set_alias("champion", f"{churn.name}:2", protected=True)
    assert churn.aliases == {"champion": 2}
    moves = [(move.from_version, move.to_version, move.reason) for move in churn.alias_history("champion")]
    assert moves == [(None, 1, ""), (1, 3, "better on new customers"), (3, 2, "")]
    churn.remove_alias("champion")
    assert churn.aliases == {}
    with pytest.raises(NotFound, match="champion"):
        churn.alias("champion")


def test_what_is_not_there_is_said(churn: ModelVersionSet) -> None:
    with pytest.raises(NotFound, match="Version 9"):
        churn.version(9)
    with pytest.raises(NotFound):
        churn.set_alias("champion", 9)
    with pytest.raises(InputError, match="whole number"):
        churn.version("1")  # type: ignore[arg-type]
    with pytest.raises(ServiceError, match="alias"):
        churn.set_alias("Not a name", 1)
    with pytest.raises(NotFound):
        churn.remove_alias("nobody")


def test_a_set_that_is_not_saved_has_no_versions() -> None:
    unsaved = ModelVersionSet(name="unsaved")
    for verb in (lambda: unsaved.aliases, unsaved.latest, lambda: unsaved.set_alias("a", 1)):
        with pytest.raises(ModelVersionSetNotSaved):
            verb()


def test_references_name_models_everywhere(churn: ModelVersionSet) -> None:
    churn.set_alias("champion", 2)
    wanted = churn.version(2).id
    for reference in (f"{churn.name}@champion", f"{churn.name}:2", wanted, str(wanted)[-10:]):
        assert DataScienceModel.from_id(reference).id == wanted
        assert DataScienceModel.from_reference(reference).id == wanted
    with pytest.raises(NotFound):
        DataScienceModel.from_id(f"{churn.name}@nobody")
    with pytest.raises(InputError):
        DataScienceModel.from_id("ocid1.datasciencemodel/../x")
