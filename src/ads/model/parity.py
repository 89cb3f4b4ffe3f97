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
    from ads.model.generic_model import GenericModel

_LARGEST_BODY = 1024 * 1024
"""Bytes of the largest request that is kept as a sample."""

__all__ = ["SampleOptions", "answer_of", "quiet_answer", "record_again", "sample_from_estimator", "sample_from_score"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class SampleOptions:
    """Whether and how a model keeps a sample: at most ``rows`` rows, written by ``serializer``."""

    rows: int
    serializer: Any
    tolerance: tuple[float, float] = (1e-5, 1e-8)

    @classmethod
    def of(cls, model: GenericModel, rows: int) -> SampleOptions:
        """Return how ``model`` keeps ``rows`` rows."""
        return cls(rows, model.model_input_serializer, model.TOLERANCE)


def answer_of(prediction: Any) -> Any:
    """Return what a generated score.py answers for the estimator's ``prediction``; None when JSON can't carry it."""
    if class_path(prediction, ("pandas.DataFrame",)):
        prediction = prediction.to_numpy()
    prediction = prediction.toarray() if hasattr(prediction, "toarray") else prediction
    value = prediction.tolist() if hasattr(prediction, "tolist") else prediction
    answer = {"prediction": value}
    try:
        json.dumps(answer, allow_nan=False)
    except (TypeError, ValueError):
        return None
    return answer


def quiet_answer(model: GenericModel, data: Any) -> Any:
    """Return :func:`answer_of` the estimator's own prediction, without its warnings: nobody asked it for this one."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return answer_of(model.own_prediction(data))


def sample_from_estimator(model: GenericModel, data: Any, options: SampleOptions) -> Any:
    """Return the sample of the first rows of ``data`` with the own predictions of the model's estimator.

    None when rows are not wanted, or when the estimator doesn't take this data itself: then score.py prepares it, and
    ``verify(data)`` records the sample from there.
    """
    from ads.artifact.sample import ParitySample, SampleCase

    rows = first_rows(data, options.rows) if options.rows else None
    if model.estimator is None or rows is None:
        return None
    try:
        answer = quiet_answer(model, rows)
    except Exception as error:  # noqa: BLE001 - the estimator is the user's code, it may raise anything
        _log.info("No parity sample yet: the estimator doesn't take X_sample as it is (%s).", error)
        return None
    if answer is None:
        return None
    payload = make_payload(options.serializer, rows, True)
    if not _can_be_kept(payload):
        return None
    return ParitySample((SampleCase(body=payload.received, answer=answer),), "estimator", *options.tolerance)


def sample_from_score(score: Any, data: Any, auto_serialize_data: bool, options: SampleOptions) -> Any:
    """Return the sample of the first rows of ``data`` with what ``score.predict`` answers; None if it has none."""
    from ads.artifact.sample import ParitySample, SampleCase

    rows = first_rows(data, options.rows) if options.rows else None
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
