"""Whether requests may be merged, and how many: proven on the parity sample, or said by the author or the operator.

The proof needs a score.py that is as it was generated, and an input schema: both together say how a payload becomes
rows. Then the sample's rows are predicted one by one and as one batch; both must give the same rows.
"""

import hashlib
import json
import math
import os
import time
import types
from typing import Any, Callable, Dict, List, Optional, Tuple

from .frames import JSON, Item
from .merging import Part, Schema, join, part_of, single_rows
from .parity import difference, read_sample, tolerance_of
from .status import Failure
from .variables import said

__all__ = ["Plan", "plan"]

_MOST_ITEMS = 128
_PROOF_ROWS = 64
_PROOF_BYTES = 1 << 20
_PROOF_SECONDS = 0.5
_LONGEST_BATCH = 0.25
_MOST_TIMED = 4
_TIMED_SECONDS = 0.05
_JSON_TYPE = "application/json"
_ONE_BY_ONE = ("float", "int", "uint", "bool", "object", "str")
_GENERATED = (("score.py", "score_py_sha256"), ("score_payload.py", "score_payload_py_sha256"))

Answer = Callable[[Item], Tuple[int, bytes]]


class Plan:
    """``most`` items go into one call of ``predict``, 1: each alone. ``reason`` says why, for people."""

    def __init__(self, most: int, schema: Schema, reason: str) -> None:
        self.most = most
        self.schema = schema
        self.reason = reason


def plan(folder: str, module: types.ModuleType, answer: Answer) -> Plan:
    """Return what was said or proven. Raises Failure for a BATCHABLE that says neither yes nor no."""
    schema = _schema(folder)
    decided = _decided(module)
    if decided is not None:
        return Plan(_MOST_ITEMS if decided[0] else 1, schema or Schema(0, all_floats=False), decided[1])
    if schema is None:
        return Plan(1, Schema(0, all_floats=False), "not every column has a known dtype of numbers or texts")
    if not is_generated(folder):
        return Plan(1, schema, "score.py was edited or not made by prepare(); BATCHABLE = True in it allows merging")
    sample = read_sample(folder)
    if sample is None:
        return Plan(1, schema, "there is no sample to prove it on")
    return _prove(sample, schema, answer)


def is_generated(folder: str) -> bool:
    """Tell whether score.py and its neighbour are what the composer wrote."""
    try:
        with open(os.path.join(folder, "score_recipe.json"), "rb") as file:
            record = json.loads(file.read().decode("utf-8"))
        for name, key in _GENERATED:
            path = os.path.join(folder, name)
            if key not in record and not os.path.exists(path) and name != "score.py":
                continue
            with open(path, "rb") as file:
                if hashlib.sha256(file.read()).hexdigest() != record.get(key):
                    return False
    except (OSError, ValueError, AttributeError):
        return False
    return True


def _decided(module: types.ModuleType) -> "Optional[Tuple[bool, str]]":
    by_operator = said("BATCHABLE")
    if by_operator is not None:
        return by_operator, "the deployment's variable BATCHABLE says so"
    value = getattr(module, "BATCHABLE", None)
    if value is None:
        return None
    if not isinstance(value, bool):
        raise Failure(
            "batchable-unreadable",
            "BATCHABLE in score.py is {!r}.".format(value),
            "Write BATCHABLE = True or BATCHABLE = False, or leave it out.",
        )
    return value, "BATCHABLE in score.py says so"


def _schema(folder: str) -> "Optional[Schema]":
    """Return the columns of input_schema.json, None unless each has a dtype that makes values one by one.

    Categories and the forms of dates are found by looking at a whole column: requests would decide for each other.
    """
    try:
        with open(os.path.join(folder, "input_schema.json"), "rb") as file:
            columns: "List[Dict[str, Any]]" = json.loads(file.read().decode("utf-8"))["schema"]
        dtypes = [column["dtype"] for column in columns if column["feature_type"] != "Tensor"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if not dtypes or len(dtypes) != len(columns) or not all(str(dtype).startswith(_ONE_BY_ONE) for dtype in dtypes):
        return None
    return Schema(len(dtypes), all(dtype == "float64" for dtype in dtypes))


def _prove(sample: "Dict[str, Any]", schema: Schema, answer: Answer) -> Plan:
    tolerance = tolerance_of(sample)
    seconds_per_row = 0.0
    rows = 0
    for case in sample["cases"]:
        part = part_of(case["body"], schema) if case.get("content_type", "application/json") == _JSON_TYPE else None
        if part is None:
            continue
        failed, seconds = _disprove(part, schema, answer, tolerance)
        if failed:
            return Plan(1, schema, failed)
        rows += part.rows
        seconds_per_row = max(seconds_per_row, seconds)
    if rows < 2:
        return Plan(1, schema, "the sample has no two rows that could be joined")
    most = int(min(_MOST_ITEMS, max(1.0, _LONGEST_BATCH / max(seconds_per_row, 1e-9))))
    return Plan(most, schema, "one batch of the sample gave the same rows as single calls")


def _disprove(part: Part, schema: Schema, answer: Answer, tolerance: "Tuple[float, float]") -> "Tuple[str, float]":
    """Return why merging is not safe, or nothing and the seconds that a row costs in a batch."""
    payloads = single_rows(part)
    alone = []
    seconds_alone = math.inf
    for payload in payloads:
        rows, seconds = _timed(answer, payload)
        if rows is None or len(rows) != 1:
            return "single calls don't give one prediction for each row", 0.0
        alone += rows
        seconds_alone = min(seconds_alone, seconds)
    size = len(json.dumps(payloads[0]))
    wanted = min(_PROOF_ROWS, _PROOF_BYTES // size, _PROOF_SECONDS / max(seconds_alone, 1e-9))
    times = max(1, math.ceil(wanted / len(payloads)))
    together = math.inf
    for order in (1, -1):
        parts = [part_of(payload, schema) for payload in payloads[::order] * times]
        rows, seconds = _timed(answer, join([each for each in parts if each is not None]))
        if rows is None or difference(alone[::order] * times, rows, "", tolerance) is not None:
            return "one batch of the sample gives other rows than single calls", 0.0
        together = min(together, seconds / len(parts))
    if len(parts) > 4 and together > 0.8 * seconds_alone:
        return "a batch takes as long as single calls", 0.0
    return "", together


def _timed(answer: Answer, payload: Any) -> "Tuple[Optional[List[Any]], float]":
    """Return the rows and the shortest time of a few calls: a busy machine must not decide what the model can do."""
    shortest, begin = math.inf, time.perf_counter()
    for _ in range(_MOST_TIMED):
        before = time.perf_counter()
        rows = _ask(answer, payload)
        after = time.perf_counter()
        shortest = min(shortest, after - before)
        if after - begin > _TIMED_SECONDS:
            break
    return rows, shortest


def _ask(answer: Answer, payload: Any) -> "Optional[List[Any]]":
    status, text = answer(Item(JSON, b'{"request_id":"batching"}', json.dumps(payload).encode("utf-8")))
    if status != 200:
        return None
    found = json.loads(text.decode("utf-8"))
    rows = found.get("prediction") if isinstance(found, dict) and len(found) == 1 else found
    return rows if isinstance(rows, list) else None
