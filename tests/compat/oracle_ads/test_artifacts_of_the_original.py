"""Artifacts that oracle-ads wrote: they load, verify, register, deploy and answer here as they do there."""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

import pytest

import ads.model as ours
from ads.errors import AdsError

from . import original as kinds
from .answers import same
from .conftest import FRAMEWORKS, Original

KINDS = [
    "sklearn joblib",
    "sklearn array",
    "sklearn cloudpickle",
    "sklearn pipeline",
    "generic",
    "generic sklearn",
    "xgboost",
    "lightgbm",
    "lightgbm booster",
    "torchscript",
    "tensorflow",
    "huggingface",
    "spark",
    "sklearn onnx",
    "xgboost onnx",
    "lightgbm onnx",
    "torch onnx",
    "tensorflow onnx",
    "embedding onnx",
]
WITHOUT_ESTIMATOR = ("torchscript", "embedding onnx", *kinds.FAILING)
DEPLOYED = [
    "sklearn joblib",
    "sklearn pipeline",
    "generic",
    "xgboost",
    "lightgbm booster",
    "torchscript",
    "huggingface",
    "spark",
    "sklearn onnx",
    "embedding onnx",
]
NAMES = {"sklearn": "scikit-learn", "huggingface": "transformers", "spark": "pyspark"}
"""What a framework calls itself where that isn't the kind's first word."""
OLDER_KINDS = ["sklearn joblib", "generic", "xgboost", "lightgbm", "torchscript", "huggingface"]
OLDER = [path for path in os.environ.get("OPENADS_COMPAT_OLDER", "").split(os.pathsep) if path]
"""Folders with older versions of oracle-ads, without its dependencies."""
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of the frameworks, on both sides
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]


def needs(kind: str) -> Any:
    modules = [FRAMEWORKS.get(kind), "jsonschema" if kind == "embedding onnx" else None]  # which its score.py imports
    return pytest.param(kind, marks=[pytest.mark.needs(module) for module in modules if module])


@pytest.fixture(scope="module")
def written(original: Original, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Any:
    """Return a function that gives the original's artifact of a kind, and its answers."""
    made: dict[str, tuple[Path, dict[str, Any]]] = {}

    def of(kind: str) -> tuple[Path, dict[str, Any]]:
        original.require(kind, writes=True)
        if kind == "spark":
            request.getfixturevalue("spark")
        if kind not in made:
            folder = tmp_path_factory.mktemp("theirs") / "artifact"
            made[kind] = folder, original.do("write", kind=kind, folder=str(folder))
        return made[kind]

    return of


@pytest.mark.parametrize("kind", [needs(kind) for kind in KINDS])
def test_it_loads_and_verifies_here(kind: str, written: Any, note: Any, tmp_path: Path) -> None:
    folder, theirs = written(kind)
    if "failed" in theirs:
        reason = " ".join(theirs["failed"].split())[:150]
        note("theirs -> ours", kind, "prepare", f"the original itself fails: {reason}")
        return
    note("theirs -> ours", kind, f"load, verify ({len(theirs['answers'])} payloads)")
    for cls in {theirs["class"], "GenericModel"}:
        model = getattr(ours, cls).from_model_artifact(str(folder), artifact_dir=str(tmp_path / cls))
        for label, body in theirs["payloads"].items():
            assert same(model.verify(body, auto_serialize_data=False), theirs["answers"][label]), label
        if "sdk" in theirs and (kind != "spark" or cls == theirs["class"]):  # a GenericModel sends no Spark frames
            assert same(model.verify(kinds.sample(kind), auto_serialize_data=True), theirs["sdk"])
    assert (tmp_path / cls / "score.py").read_bytes() == (folder / "score.py").read_bytes()


@pytest.mark.parametrize("kind", [needs(kind) for kind in KINDS if kind not in WITHOUT_ESTIMATOR])
def test_its_estimator_comes_back(kind: str, written: Any, note: Any, tmp_path: Path) -> None:
    folder, theirs = written(kind)
    note("theirs -> ours", kind, "from_model_artifact(reload=True)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = getattr(ours, theirs["class"]).from_model_artifact(
            str(folder), artifact_dir=str(tmp_path / "copy"), reload=True
        )
    assert model.estimator is not None
    if kind.endswith("onnx"):
        assert type(model.estimator).__name__ == "InferenceSession"
    elif not kind.startswith("generic"):
        package = kind.split(maxsplit=1)[0]
        assert model.framework == NAMES.get(package, package)


@pytest.mark.parametrize("kind", [needs(kind) for kind in DEPLOYED])
def test_it_serves_here(kind: str, written: Any, note: Any, tmp_path: Path, local_service: Path) -> None:
    folder, theirs = written(kind)
    note("theirs -> ours", kind, "save, deploy, predict")
    model = getattr(ours, theirs["class"]).from_model_artifact(str(folder), artifact_dir=str(tmp_path / "copy"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.save(display_name=f"theirs {kind}")
        deployment = model.deploy(display_name=f"theirs {kind}")
    try:
        assert deployment.lifecycle_state == "ACTIVE", deployment.lifecycle_details
        for label, body in theirs["payloads"].items():
            assert same(model.predict(body, auto_serialize_data=False), theirs["answers"][label]), label
        if "sdk" in theirs:
            assert same(model.predict(kinds.sample(kind), auto_serialize_data=True), theirs["sdk"])
    finally:
        model.delete_deployment()


@pytest.mark.parametrize("path", OLDER, ids=lambda path: Path(path).name)
@pytest.mark.parametrize("kind", [needs(kind) for kind in OLDER_KINDS])
def test_older_versions_artifacts_load_and_verify(
    kind: str, path: str, throwaway_configuration: Path, note: Any, tmp_path: Path
) -> None:
    (tmp_path / "scratch").mkdir()
    older = Original(os.environ["OPENADS_COMPAT_ORIGINAL"], throwaway_configuration, tmp_path / "scratch", path)
    older.require(kind)
    theirs = older.do("write", kind=kind, folder=str(tmp_path / "artifact"), no_conda=True, older=True)
    note("theirs -> ours", f"{kind}, {Path(path).name}", "load, verify")
    model = getattr(ours, theirs["class"]).from_model_artifact(
        str(tmp_path / "artifact"), artifact_dir=str(tmp_path / "copy"), ignore_conda_error=True
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for label, body in theirs["payloads"].items():
            assert same(model.verify(body, auto_serialize_data=False), theirs["answers"][label]), label
        if "sdk" in theirs:
            assert same(model.verify(kinds.sample(kind), auto_serialize_data=True), theirs["sdk"])


def test_its_zip_is_read(written: Any, note: Any, tmp_path: Path) -> None:
    """The archive that the original uploads: stored, with folder entries and a manifest."""
    import zipfile

    folder, theirs = written("sklearn joblib")
    note("theirs -> ours", "sklearn joblib", "from a zip of it")
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        for path in sorted(folder.rglob("*")):
            archive.write(path, path.relative_to(folder))
    model = ours.SklearnModel.from_model_artifact(str(tmp_path / "m.zip"), artifact_dir=str(tmp_path / "copy"))
    body = next(iter(theirs["payloads"].values()))
    assert same(model.verify(body, auto_serialize_data=False), next(iter(theirs["answers"].values())))


def test_it_is_prepared_again_here(written: Any, note: Any, tmp_path: Path) -> None:
    folder, theirs = written("sklearn joblib")
    note("theirs -> ours", "sklearn joblib", "prepare again after loading")
    model = ours.SklearnModel.from_model_artifact(str(folder), artifact_dir=str(tmp_path / "copy"), reload=True)
    with pytest.raises((ValueError, AdsError)):
        model.prepare()
    model.prepare(X_sample=kinds.sample("sklearn joblib"), force_overwrite=True)
    assert same(model.verify(kinds.sample("sklearn joblib")), theirs["sdk"])
    assert json.loads((tmp_path / "copy" / "score_recipe.json").read_text())
