"""The parity gate: a replica is ready only when it reproduces the sample predictions that the artifact was saved with.

The sample goes the way of every request: JSON text, strict decoding, ``predict``, JSON text.
"""

import json
import math
import os
from typing import Any, Callable, Dict, List, Optional, Tuple

from .frames import JSON, RAW, Item
from .status import Failure

__all__ = ["check_parity", "difference", "read_sample", "tolerance_of"]

Answer = Callable[[Item], Tuple[int, bytes]]


def check_parity(folder: str, answer: Answer) -> "Optional[int]":
    """Return how many sample rows were reproduced, None when there is no sample. Raises Failure for a difference."""
    sample = read_sample(folder)
    if sample is None:
        return None
    tolerance = tolerance_of(sample)
    rows = 0
    for number, case in enumerate(sample["cases"]):
        rows += _check_case(number, case, answer, tolerance)
    return rows


def tolerance_of(sample: "Dict[str, Any]") -> "Tuple[float, float]":
    """Return by how much numbers may differ: relatively, absolutely."""
    return float(sample.get("relative_tolerance", 1e-5)), float(sample.get("absolute_tolerance", 1e-8))


def read_sample(folder: str) -> "Optional[Dict[str, Any]]":
    """Return the artifact's sample, None when it has none. Raises Failure for one that can't be read."""
    try:
        with open(os.path.join(folder, "sample.json"), "rb") as file:
            sample = json.loads(file.read().decode("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise Failure(
            "sample-unreadable", "sample.json is not valid JSON: {}.".format(error), "Run prepare() again."
        ) from None
    if not isinstance(sample, dict) or not isinstance(sample.get("cases"), list) or sample.get("version") != 1:
        raise Failure(
            "sample-unreadable",
            "sample.json has a form that this version doesn't know.",
            "Run prepare() again, or remove sample.json to deploy without the check.",
        )
    return sample


def _check_case(number: int, case: Any, answer: Answer, tolerance: "Tuple[float, float]") -> int:
    content_type = case.get("content_type", "application/json")
    body = json.dumps(case["body"]).encode("utf-8")
    kind = JSON
    if not content_type.startswith("application/json"):
        kind, body = RAW, str(case["body"]).encode("utf-8")
    status, text = answer(Item(kind, b'{"request_id":"parity"}', body))
    got = json.loads(text.decode("utf-8"))
    if status != 200:
        raise Failure(
            "parity-error",
            "The sample stored in the artifact could not be predicted: {}".format(got.get("message")),
            "Run verify() on the model; the traceback is in the deployment's predict log.",
        )
    place = difference(case["answer"], got, "", tolerance)
    if place is not None:
        path, wanted, found = place
        raise Failure(
            "parity-mismatch",
            "The deployed model predicts differently from the one that was saved: at {} of sample {} expected {}, "
            "got {}.".format(path.lstrip(".") or "the top", number, _show(wanted), _show(found)),
            "Compare the library versions in requirements.txt with those of the environment, and score.py with the "
            "estimator's own predict; run verify().",
        )
    return _row_count(case["answer"])


def _row_count(answer: Any) -> int:
    rows = answer.get("prediction") if isinstance(answer, dict) else answer
    return len(rows) if isinstance(rows, list) else 1


def _show(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 120 else text[:120] + " …"


def difference(wanted: Any, got: Any, path: str, tolerance: "Tuple[float, float]") -> "Optional[Tuple[str, Any, Any]]":
    """Return the first place where the two differ by more than the tolerance, with both values; None when equal."""
    if _is_number(wanted) and _is_number(got):
        relative, absolute = tolerance
        close = math.isclose(got, wanted, rel_tol=relative, abs_tol=absolute)
        return None if close else (path, wanted, got)
    if isinstance(wanted, dict) and isinstance(got, dict):
        if set(wanted) != set(got):
            return path, sorted(wanted), sorted(got)
        pairs: "List[Any]" = [("{}.{}".format(path, key), wanted[key], got[key]) for key in wanted]
    elif isinstance(wanted, list) and isinstance(got, list):
        if len(wanted) != len(got):
            return path, "{} items".format(len(wanted)), "{} items".format(len(got))
        pairs = [("{}[{}]".format(path, n), item, got[n]) for n, item in enumerate(wanted)]
    else:
        return None if type(wanted) is type(got) and wanted == got else (path, wanted, got)
    for inner, left, right in pairs:
        found = difference(left, right, inner, tolerance)
        if found is not None:
            return found
    return None


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
