"""Our artifacts in oracle-ads: they load, verify and pass its checks there, and score.py runs without either SDK."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

import ads.model as ours
from ads.feature_engineering.schema import Schema

from . import original as kinds
from .answers import same
from .conftest import FRAMEWORKS, Original

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the frameworks, on both sides
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

KINDS = ["sklearn joblib", "sklearn array", "sklearn cloudpickle", "sklearn pipeline", "generic", "generic sklearn"]
ALL = [*KINDS, *(pytest.param(kind, marks=pytest.mark.needs(package)) for kind, package in FRAMEWORKS.items())]


@pytest.fixture(scope="module")
def prepared(original: Original, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Any:
    """Return a function that gives the model of a kind, prepared here, and the payloads."""
    import cloudpickle

    cloudpickle.register_pickle_by_value(kinds)  # this module is not there when their interpreter loads the model
    made: dict[str, Any] = {}

    def of(kind: str) -> Any:
        original.require(kind)
        if kind == "spark":
            request.getfixturevalue("spark")
        if kind not in made:
            name, estimator, options, extra, X, y = kinds.estimator(kind)
            folder = tmp_path_factory.mktemp("ours") / "artifact"
            model = kinds.construct(getattr(ours, name), kind, estimator, str(folder), options)
            sample = {} if kind in kinds.WITHOUT_TABLE else {"X_sample": X, "y_sample": y}
            model.prepare(inference_conda_env=kinds.SLUG, **sample, **extra)
            made[kind] = model, kinds.payloads(kind, X)
        return made[kind]

    return of


def answers_here(model: Any, payloads: dict[str, Any]) -> dict[str, Any]:
    return {label: model.verify(body, auto_serialize_data=False) for label, body in payloads.items()}


@pytest.mark.parametrize("kind", ALL)
def test_it_loads_verifies_and_passes_the_checks_there(
    kind: str, prepared: Any, original: Original, note: Any, tmp_path: Path
) -> None:
    model, payloads = prepared(kind)
    note("ours -> theirs", kind, f"load, verify ({len(payloads)} payloads), introspection")
    order = {"class": type(model).__name__, "folder": model.artifact_dir, "copy": str(tmp_path / "copy")}
    theirs = original.do("check", kind=kind, payloads=payloads, **order)
    here = answers_here(model, payloads)
    assert same(theirs["answers"], here)
    if "sdk" in theirs:  # their SDK writes frames as to_json text: floats are rounded to ten digits
        assert same(theirs["sdk"], model.verify(kinds.sample(kind), auto_serialize_data=True))
    assert theirs["introspection"] == []


@pytest.mark.parametrize("kind", ALL)
def test_score_py_runs_there_with_the_framework_alone(
    kind: str, prepared: Any, original: Original, note: Any, tmp_path: Path
) -> None:
    model, payloads = prepared(kind)
    note("ours -> theirs", kind, "score.py without an SDK")
    answer = original.do("plain", folder=model.artifact_dir, payloads=payloads)
    assert same(answer["answers"], answers_here(model, payloads))


@pytest.mark.parametrize("kind", ["sklearn joblib", "sklearn pipeline", "sklearn array"])
def test_our_schema_loads_there(kind: str, prepared: Any, original: Original, note: Any) -> None:
    model, _ = prepared(kind)
    note("ours -> theirs", kind, "Schema.from_file")
    file = Path(model.artifact_dir) / "input_schema.json"
    theirs = original.do("schema", file=str(file))
    assert theirs["valid"]
    assert theirs["document"]["schema"] == json.loads(file.read_text())["schema"]


def test_their_schema_loads_here(original: Original, note: Any, tmp_path: Path) -> None:
    note("theirs -> ours", "schema of a mixed frame", "Schema.from_file")
    file = Path(original.do("make_schema", folder=str(tmp_path / "theirs"))["file"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        schema = Schema.from_file(str(file))
    assert schema.validate_schema()
    assert json.loads(schema.to_json())["schema"] == json.loads(file.read_text())["schema"]


def test_their_schema_and_ours_say_the_same(prepared: Any, original: Original, note: Any, tmp_path: Path) -> None:
    """Names, types and required are what scripts rely on; text columns have another dtype under pandas 3."""
    note("theirs -> ours", "schema of a mixed frame", "content")
    file = Path(original.do("make_schema", folder=str(tmp_path / "theirs"))["file"])
    theirs = {item["name"]: item for item in json.loads(file.read_text())["schema"]}
    model, _ = prepared("sklearn pipeline")
    mine = {item["name"]: item for item in json.loads((Path(model.artifact_dir) / file.name).read_text())["schema"]}
    assert list(mine) == list(theirs)
    for name, item in theirs.items():
        for key in ("feature_type", "required", "order", "description"):
            assert mine[name][key] == item[key], (name, key)
        if item["dtype"] != "object":
            assert (mine[name]["dtype"], mine[name]["domain"]) == (item["dtype"], item["domain"]), name


def test_our_runtime_yaml_is_accepted_there(prepared: Any, original: Original, note: Any) -> None:
    model, _ = prepared("sklearn joblib")
    note("ours -> theirs", "runtime.yaml", "RuntimeInfo.from_yaml")
    found = original.do("runtime", file=str(Path(model.artifact_dir) / "runtime.yaml"))
    assert found == {"version": "3.0", "path": kinds.PACK, "python": kinds.PYTHON}
