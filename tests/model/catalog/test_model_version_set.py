"""Model version sets from a user's program, against a running service."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from sklearn.linear_model import LinearRegression

from ads.catalog.model import ModelCatalog
from ads.errors import Conflict, InputError, InputTypeError, NotFound
from ads.model import GenericModel
from ads.model.datascience_model import DataScienceModel
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.model_version_set import (
    ModelVersionSet,
    ModelVersionSetNotExists,
    ModelVersionSetNotSaved,
    experiment,
    version_set_id,
)

pytestmark = pytest.mark.usefixtures("local_service")

VARIABLES = ("MODEL_VERSION_SET_ID", "MODEL_VERSION_SET_NAME", "MODEL_VERSION_SET_COMPARTMENT_ID")


def prepared(folder: Path) -> GenericModel:
    rows = [[0.0], [1.0]]
    model: GenericModel = SklearnModel(LinearRegression().fit(rows, [0.0, 1.0]), artifact_dir=str(folder))
    model.prepare(X_sample=rows, force_overwrite=True)
    return model


def test_description_round_trip() -> None:
    found = ModelVersionSet(name="described").with_description("d").with_defined_tags(a={"b": "c"})
    assert ModelVersionSet.from_yaml(found.to_yaml()).to_dict() == found.to_dict()
    assert found.defined_tags == {"a": {"b": "c"}}
    assert found.freeform_tags is None
    assert ModelVersionSet().name.startswith("model-version-set-")
    assert (found.status, found.details_link) == (None, "")
    for verb in (found.update, found.delete, found.models, lambda: found.model_add("m")):
        with pytest.raises(ModelVersionSetNotSaved):
            verb()
    with pytest.raises(InputTypeError, match="descripton"):
        found.create(descripton="typo")


def test_from_creation_to_deletion() -> None:
    made = ModelVersionSet(name="life").with_freeform_tags(a="b").create(description="d")
    assert made.id in made.details_link
    assert (made.status, made.compartment_id is None, made.project_id is None) == ("ACTIVE", False, False)
    assert ModelVersionSet.from_id(made.id).to_dict() == made.to_dict()
    assert ModelVersionSet.from_name("life").id == ModelVersionSet.from_ocid(made.id).id == made.id
    assert made.with_description("better").update(freeform_tags={"a": "c"}).description == "better"
    assert ModelVersionSet.from_id(made.id).freeform_tags == {"a": "c"}
    assert made.id in [found.id for found in ModelVersionSet.list()]
    with pytest.raises(Conflict, match="life"):
        ModelVersionSet(name="life").create()
    assert made.delete().status == "DELETED"
    with pytest.raises(ModelVersionSetNotExists, match="life"):
        ModelVersionSet.from_name("life")
    with pytest.raises(NotFound):
        ModelVersionSet.from_id("ocid1.datasciencemodelversionset.oc1..none")


def test_models_join_and_are_deleted_with_the_set() -> None:
    made = ModelVersionSet(name="joined").create()
    first = DataScienceModel(display_name="first", model_version_set_id=made.id).create()
    assert (first.version_id, first.model_version_set_name) == (1, "joined")
    second = DataScienceModel(display_name="second").create()
    made.model_add(second.id, version_label="two")
    assert [(m.display_name, m.version_label) for m in made.models()] == [("second", "two"), ("first", None)]
    with pytest.raises(Conflict, match="version 2"):
        made.model_add(second.id)
    with pytest.raises(Conflict, match="2 models"):
        made.delete()
    made.delete(delete_model=True)
    assert second.status == "DELETED"


@pytest.mark.parametrize("form", ["ocid", "name", "object", "environment"])
def test_save_takes_every_form(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = ModelVersionSet(name=f"save-{form}").create()
    given: Any = {"ocid": made.id, "name": made.name, "object": made}.get(form)
    if form == "environment":
        monkeypatch.setenv("MODEL_VERSION_SET_NAME", made.name)
    model = prepared(tmp_path)
    model.save(model_version_set=given, version_label="v")
    entry = DataScienceModel.from_id(str(model.model_id))
    assert (entry.model_version_set_id, entry.version_id, entry.version_label) == (made.id, 1, "v")
    made.delete(delete_model=True)


def test_experiment(tmp_path: Path) -> None:
    with experiment("tried", description="d") as made:
        assert os.environ["MODEL_VERSION_SET_ID"] == made.id
        ids = [prepared(tmp_path / str(n)).save() for n in range(2)]
    assert not any(os.environ.get(name) for name in VARIABLES)
    with experiment("tried", create_if_not_exists=False) as again:
        assert again.id == made.id
        assert [model.id for model in again.models()] == ids[::-1]
    with pytest.raises(ModelVersionSetNotExists), experiment("untried", create_if_not_exists=False):
        pass
    with pytest.raises(ZeroDivisionError), experiment("tried"):
        1 / 0  # noqa: B018 - whatever fails in the block
    assert not any(os.environ.get(name) for name in VARIABLES)
    made.delete(delete_model=True)


def test_what_is_no_version_set_is_refused() -> None:
    with pytest.raises(InputError, match="int"):
        version_set_id(7)
    with pytest.raises(ModelVersionSetNotSaved):
        version_set_id(ModelVersionSet(name="new"))
    with pytest.raises(ModelVersionSetNotExists, match="unknown"):
        version_set_id("unknown")
    assert version_set_id(None) is None


def test_the_older_catalog_joins_sets(tmp_path: Path) -> None:
    made = ModelVersionSet(name="older").create()
    prepared(tmp_path)
    found = ModelCatalog(compartment_id=made.compartment_id).upload_model(
        str(tmp_path), display_name="older", model_version_set=made, version_label="l"
    )
    assert (found.model_version_set_name, found.version_label) == ("older", "l")
    made.delete(delete_model=True)


def test_a_set_is_made_of_what_the_oci_package_gives() -> None:
    content = {"id": "ocid1.set", "name": "one", "freeformTags": {"team": "x"}, "timeCreated": "2026-01-31"}
    made = ModelVersionSet.from_dsc_model_version_set(content)
    assert (made.id, made.name, made.freeform_tags) == ("ocid1.set", "one", {"team": "x"})
    assert ModelVersionSet.from_dsc_model_version_set(made).name == "one"
