"""Search, metrics and references of models from a user's program, against a running service."""

from __future__ import annotations

import uuid
from pathlib import Path

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from ads.errors import Conflict, InputError, NotFound, ServiceError
from ads.model import GenericModel
from ads.model.datascience_model import DataScienceModel
from ads.model.framework.sklearn_model import SklearnModel
from ads.model.model_version_set import experiment

pytestmark = pytest.mark.usefixtures("local_service")

ROWS = [[0.0], [1.0]]


def saved(folder: Path, **options: object) -> GenericModel:
    model: GenericModel = SklearnModel(LinearRegression().fit(ROWS, [0.0, 1.0]), artifact_dir=str(folder))
    model.prepare(X_sample=ROWS, force_overwrite=True)
    model.save(reload=False, ignore_introspection=True, **options)  # type: ignore[arg-type]
    return model


def test_metrics_are_numbers_that_search_finds(tmp_path: Path) -> None:
    name = f"scored-{uuid.uuid4().hex[:8]}"
    model = saved(tmp_path, display_name=name, metrics={"auc": 0.91, "f1": np.float64(0.5)})
    entry = DataScienceModel.from_id(str(model.model_id))
    assert entry.metrics == {"auc": 0.91, "f1": 0.5}
    assert [found.id for found in DataScienceModel.search(f"name:{name} framework:scikit-learn auc>0.9")] == [entry.id]
    assert DataScienceModel.search(f"name:{name} auc>0.95") == []
    assert DataScienceModel.search(f"name:{name} -auc>0.9") == []


@pytest.mark.parametrize("value", ["high", float("nan"), True, None])
def test_what_is_no_number_is_no_metric(tmp_path: Path, value: object) -> None:
    with pytest.raises(InputError, match="auc"):
        saved(tmp_path, metrics={"auc": value})


def test_search_sorts_and_limits(tmp_path: Path) -> None:
    mark = f"mark{uuid.uuid4().hex[:8]}"
    for number, auc in enumerate((0.7, 0.9, 0.8)):
        entry = DataScienceModel(display_name=f"{mark}-{number}", freeform_tags={"mark": mark})
        entry.with_custom_metadata_list({"data": [{"key": "auc", "value": str(auc), "category": "Performance"}]})
        entry.create()
    best = DataScienceModel.search(f"tag.mark:{mark}", sort_by="auc", sort_order="DESC", limit=2)
    assert [entry.metrics["auc"] for entry in best] == [0.9, 0.8]
    with pytest.raises(ServiceError, match="sortOrder"):
        DataScienceModel.search("x", sort_order="sideways")


def test_a_model_is_loaded_by_name_version_and_alias(tmp_path: Path) -> None:
    name = f"loaded-{uuid.uuid4().hex[:8]}"
    with experiment(name) as versions:
        first = saved(tmp_path / "1", version_label="first")
        second = saved(tmp_path / "2", version_label="second")
    versions.set_alias("champion", 1)
    assert GenericModel.from_id(f"{name}@champion", artifact_dir=str(tmp_path / "a")).model_id == first.model_id
    assert GenericModel.from_model_catalog(name, artifact_dir=str(tmp_path / "b")).model_id == second.model_id
    bare = GenericModel.from_model_catalog(f"{name}:2", download_artifact=False)
    assert bare.dsc_model.version_label == "second"
    with pytest.raises(NotFound):
        GenericModel.from_id(f"{name}@challenger")


def test_lineage_goes_both_ways(tmp_path: Path) -> None:
    name = f"traced-{uuid.uuid4().hex[:8]}"
    base = DataScienceModel(display_name=f"{name}-base").create(trained_from="s3://data/january.parquet")
    child = saved(tmp_path, display_name=name, derived_from=base)
    assert [node.name for node in base.lineage().trained_from] == ["s3://data/january.parquet"]
    assert [node.id for node in base.lineage().derived] == [child.model_id]
    assert [(node.id, node.kind) for node in child.lineage().derived_from] == [(base.id, "model")]
    with pytest.raises(Conflict):
        base.set_lineage(derived_from=f"{name}")
    other = DataScienceModel(display_name=f"{name}-other").create()
    found = other.set_lineage(trained_from=["a", "b"], derived_from=[base, str(child.model_id)])
    assert [node.name for node in found.trained_from] == ["a", "b"]
    assert [node.id for node in found.derived_from] == [base.id, child.model_id]
    assert [node.name for node in other.set_lineage(trained_from=[]).derived_from] == [f"{name}-base", name]
    assert other.lineage().trained_from == ()


def test_a_model_is_not_registered_when_its_origin_is_unknown(tmp_path: Path) -> None:
    name = f"orphan-{uuid.uuid4().hex[:8]}"
    with pytest.raises(NotFound):
        DataScienceModel(display_name=name).create(derived_from="nobody:1")
    assert DataScienceModel.list(display_name=name) == []
    with pytest.raises(InputError, match="not in the catalog"):
        DataScienceModel(display_name=name).lineage()
    with pytest.raises(InputError, match="save"):
        SklearnModel(LinearRegression()).lineage()
