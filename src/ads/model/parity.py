"""The parity sample of an artifact: a few rows as they are sent, and the answers that a replica must give."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.model.payload import JSON_CONTENT, Payload, first_rows, make_payload
from ads.model.serde.model_input import class_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ads.model.generic_model import GenericModel

_LARGEST_BODY = 1024 * 1024
"""Bytes of the largest request that is kept as a sample."""

__all__ = [
    "SampleOptions",
    "answer_of",
    "quiet_answer",
    "record_again",
    "sample_from_estimator",
    "sample_from_score",
    "tolerance_of",
]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SampleOptions:
    """Whether and how a model keeps a sample: at most ``rows`` rows, written by ``serializer``."""

    rows: int
    serializer: Any
    tolerance: tuple[float, float] = (1e-5, 1e-8)
    outputs: tuple[str, ...] = ("predict",)

    @classmethod
    def of(cls, model: GenericModel, rows: int, outputs: tuple[str, ...] = ("predict",)) -> SampleOptions:
        """Return how ``model`` keeps ``rows`` rows, with the answers that ``outputs`` name."""
        return cls(rows if model.repeats else 0, model.model_input_serializer, tolerance_of(model), outputs)


def tolerance_of(model: GenericModel) -> tuple[float, float]:
    """Return how far, relative and absolute, answers may be off: as the model's format says, or its framework."""
    return getattr(model.model_save_serializer, "tolerance", None) or model.TOLERANCE


def answer_of(predictions: Mapping[str, Any]) -> Any:
    """Return what a generated score.py answers for the estimator's ``predictions``; None when JSON can't carry it."""
    answer = {name: _plain(prediction) for name, prediction in predictions.items()}
    try:
        json.dumps(answer, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return answer


def _plain(prediction: Any) -> Any:
    if isinstance(prediction, dict):
        return {str(name): _plain(value) for name, value in prediction.items()}
    if isinstance(prediction, (list, tuple)):
        return [_plain(value) for value in prediction]
    if class_path(prediction, ("pandas.DataFrame",)):
        prediction = prediction.to_numpy()
    prediction = prediction.toarray() if hasattr(prediction, "toarray") else prediction
    return prediction.tolist() if hasattr(prediction, "tolist") else prediction


def quiet_answer(model: GenericModel, data: Any, outputs: tuple[str, ...] = ("predict",)) -> Any:
    """Return :func:`answer_of` the estimator's own predictions, without its warnings: nobody asked it for this one."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return answer_of(model.own_answer(data, outputs))


def sample_from_estimator(model: GenericModel, data: Any, options: SampleOptions) -> Any:
    """Return the sample of the first rows of ``data`` with the own predictions of the model's estimator.

    None when rows are not wanted, or when the estimator doesn't take this data itself: then score.py prepares it, and
    ``verify(data)`` records the sample from there.
    """
    from ads.artifact.sample import ParitySample, SampleCase

    rows = _few_rows(data, options.rows)
    if model.estimator is None or rows is None:
        return None
    try:
        answer = quiet_answer(model, rows, options.outputs)
    except Exception as error:  # noqa: BLE001 - the estimator is the user's code, it may raise anything
        _log.info("No parity sample yet: the estimator doesn't take X_sample as it is (%s).", error)
        return None
    if answer is None:
        return None
    if class_path(rows, ("numpy.ndarray",)) and rows.dtype.hasobject:
        rows = rows.tolist()  # an array of texts has no form of its own
    payload = make_payload(options.serializer, rows, True)
    if not _can_be_kept(payload) or len(json.dumps(answer)) > _LARGEST_BODY:
        return None
    return ParitySample((SampleCase(body=payload.received, answer=answer),), "estimator", *options.tolerance)


def sample_from_score(score: Any, data: Any, auto_serialize_data: bool, options: SampleOptions) -> Any:
    """Return the sample of the first rows of ``data`` with what ``score.predict`` answers; None if it has none."""
    from ads.artifact.sample import ParitySample, SampleCase

    rows = _few_rows(data, options.rows)
    if rows is None:
        return None
    payload = make_payload(options.serializer, rows, auto_serialize_data)
    if not _can_be_kept(payload):
        return None
    try:
        case = SampleCase(body=payload.received, answer=score.predict(payload.received))
    except Exception as error:  # noqa: BLE001 - score.py is the user's code, it may refuse a part of the data
        _log.info("No parity sample: score.py doesn't take the first rows alone (%s).", error)
        return None
    return ParitySample((case,), "score.py", *options.tolerance)


def _few_rows(data: Any, count: int) -> Any:
    """Return the rows for a sample: at most ``count``, and one of arrays so large that it is better kept small."""
    rows: Any = first_rows(data, count) if count else None
    if _bytes_as_text(rows) > _LARGEST_BODY:
        rows = first_rows(data, 1)
    if class_path(rows, ("torch.Tensor",)) and _bytes_as_text(rows) > _LARGEST_BODY:
        rows = rows.detach().cpu().numpy()  # sent in a shorter form
    return rows


def _bytes_as_text(rows: Any) -> int:
    """Return about how many bytes arrays take as numbers in a text; 0 for data of other kinds."""
    parts = rows.values() if isinstance(rows, dict) else rows if isinstance(rows, tuple) else [rows]
    return sum(3 * size for part in parts if isinstance(size := getattr(part, "nbytes", 0), int))


def _can_be_kept(payload: Payload) -> bool:
    return payload.content_type == JSON_CONTENT and len(payload.body) <= _LARGEST_BODY


def record_again(score: Any, folder: Path) -> None:
    """Replace the answers in ``sample.json`` by those of an edited ``score.py``; ``score`` None: it may not be run.

    An edit may change what the script accepts; then the recorded rows mean nothing any more and the sample is removed,
    with a line in the log. The same where answers of the estimator are recorded and the script may not be run.
    """
    from ads.artifact.sample import ParitySample, SampleCase

    sample = ParitySample.read(folder)
    if sample is None or (score is None and sample.expected_from == "score.py"):
        return
    if score is None:
        _remove(folder, "score.py was edited and is not run")
        return
    try:
        cases = tuple(
            SampleCase(body=case.body, answer=score.predict(case.body), content_type=case.content_type)
            for case in sample.cases
        )
        replace(sample, cases=cases, expected_from="score.py").write(folder)
    except Exception as error:  # noqa: BLE001 - score.py is the user's code, it may raise anything
        _remove(folder, f"the edited score.py doesn't take it any more ({type(error).__name__}: {error})")


def _remove(folder: Path, reason: str) -> None:
    from ads.artifact.layout import SAMPLE

    _log.warning(
        "%s was removed because %s; the deployment will not be checked. Call verify(data) to record a new one.",
        SAMPLE,
        reason,
    )
    (folder / SAMPLE).unlink(missing_ok=True)
