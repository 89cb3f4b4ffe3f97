"""verify(): run ``score.py`` of the artifact on data as a deployment would receive it, and judge the answer."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import AdsError, ArtifactsNotAvailableError, VerificationFailed
from ads.model.options import check_outputs
from ads.model.parity import quiet_answer, sample_from_estimator, sample_from_score, tolerance_of
from ads.model.payload import chosen_data, make_payload
from ads.model.score_module import ScoreModule
from ads.model.serde.model_input import class_path
from ads.model.summary import VERIFY_STATUS_LOCAL_TEST_DETAIL, ModelState

if TYPE_CHECKING:
    from ads.model.generic_model import GenericModel

__all__ = ["artifact_folder", "is_generated", "score_of", "unserializable", "verify"]

KNOWN_OPTIONS = [
    "content_type",
    "headers",
    "image",
    "model_name",
    "model_version",
    "outputs",
    "storage_options",
    "timeout",
]
"""Keywords that ``verify`` takes because ``predict`` does."""


def verify(
    model: GenericModel, data: Any, reload_artifacts: bool, auto_serialize_data: bool, options: dict[str, Any]
) -> Any:
    """Return what ``score.predict`` answers for ``data``, after checking that a deployment could send it.

    The first verified rows become the parity sample when ``prepare()`` had none, or when score.py was edited.
    """
    folder = artifact_folder(model)
    data = chosen_data(model, data, options)
    payload = make_payload(model.model_input_serializer, data, auto_serialize_data, options.get("outputs"))
    score = score_of(model, reload=reload_artifacts)
    answer = score.predict(payload.received)
    problem = unserializable(answer)
    if problem:
        raise VerificationFailed(
            f"predict() in score.py returned what JSON can't carry: {problem}.",
            hint="Convert it in post_inference(), for example with .tolist() for arrays.",
        )
    generated = is_generated(folder)
    if generated:
        _require_same_as_estimator(model, data, answer, _outputs(folder, options.get("outputs")))
    _record(model, folder, score, data, auto_serialize_data, generated)
    model.summary.set(ModelState.DONE, VERIFY_STATUS_LOCAL_TEST_DETAIL)
    return answer


def artifact_folder(model: GenericModel) -> Path:
    """Return the folder of the model's artifact; raises when there is none yet."""
    if model.model_artifact is None:
        raise ArtifactsNotAvailableError(
            "The model has no artifact yet.", hint="Call prepare(), or load one with from_model_artifact()."
        )
    return Path(model.model_artifact.artifact_dir)


def score_of(model: GenericModel, *, reload: bool) -> ScoreModule:
    """Return the model's ``score.py``, imported afresh when ``reload`` is set or it never was."""
    folder = artifact_folder(model)
    if reload or model.score is None or model.score.folder != folder:
        model.score = ScoreModule(folder)
    return model.score


def is_generated(folder: Path) -> bool:
    """Return whether ``score.py`` was written by ``prepare()`` and is as it was written."""
    from ads.artifact.layout import RECIPE
    from ads.score import is_edited

    return (folder / RECIPE).is_file() and not is_edited(folder)


def unserializable(value: Any, path: str = "the answer") -> str | None:
    """Return where ``value`` holds something that JSON has no form for, and its type; None if it holds nothing such."""
    if value is None or isinstance(value, (str, bool, int)):
        return None
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{path} is {value}"
    if isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, (str, int, float, bool)) and key is not None:
                return f"{path} has a key of type {type(key).__name__}"
            found = unserializable(item, f"{path}[{key!r}]")
            if found:
                return found
        return None
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            found = unserializable(item, f"{path}[{index}]")
            if found:
                return found
        return None
    kind = type(value)
    return f"{path} is a {kind.__module__}.{kind.__qualname__}"


def _outputs(folder: Path, asked: Any) -> tuple[str, ...]:
    """Return what the request asks for, else what score.py was made to answer."""
    from ads.score import read_recipe

    if asked is not None:
        return check_outputs(asked)
    try:
        recipe = read_recipe(folder)
    except AdsError:  # of a newer version
        recipe = None
    return recipe.outputs if recipe is not None else check_outputs(None)


_TENSORS = ("numpy.ndarray", "torch.Tensor", "tensorflow.EagerTensor")


def _is_comparable(data: Any) -> bool:
    """Return whether score.py and the estimator understand the same by ``data``."""
    if isinstance(data, (dict, tuple)):
        parts = data.values() if isinstance(data, dict) else data
        return bool(data) and all(class_path(part, _TENSORS) for part in parts)
    return class_path(data, ("pandas.DataFrame", "builtins.list", *_TENSORS)) is not None


def _require_same_as_estimator(model: GenericModel, data: Any, answer: Any, outputs: tuple[str, ...]) -> None:
    from ads.artifact.sample import compare

    if model.estimator is None or not _is_comparable(data):
        return
    try:
        expected = quiet_answer(model, _in_training_order(model, data), outputs)
    except Exception:  # noqa: BLE001 - score.py takes forms of data that the estimator itself refuses
        return
    if expected is None:
        return
    relative, absolute = tolerance_of(model)
    difference = compare(expected, answer, relative_tolerance=relative, absolute_tolerance=absolute)
    if difference:
        raise VerificationFailed(
            f"score.py answers something else than the estimator: {difference}",
            hint="Call prepare() again if the estimator changed since.",
        )


def _in_training_order(model: GenericModel, data: Any) -> Any:
    """Return a frame with the columns of the training data in their order, as score.py puts them; other data as it is.

    An estimator that knows no column names would take them in any order.
    """
    if model.schema_input is None or not class_path(data, ("pandas.DataFrame",)):
        return data
    names = [attribute.name for attribute in model.schema_input]
    return data[names] if all(isinstance(name, str) and name in data for name in names) else data


def _record(
    model: GenericModel, folder: Path, score: ScoreModule, data: Any, auto_serialize_data: bool, generated: bool
) -> None:
    from ads.artifact.sample import ParitySample

    options = model.sample_options
    if options is None or not options.rows:
        return
    recorded = ParitySample.read(folder)
    if recorded is not None and (generated or recorded.expected_from == "score.py"):
        return
    sample = sample_from_estimator(model, data, options) if generated and auto_serialize_data else None
    sample = sample or sample_from_score(score, data, auto_serialize_data, options)
    if sample is not None:
        sample.write(folder)
