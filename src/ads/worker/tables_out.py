"""Answers as CSV, npy or an Arrow IPC stream, for callers that ask for one in ``Accept``."""

import csv
import io
import sys
from importlib import import_module
from typing import Any, Dict, List, Tuple

from .encode import LARGEST_ANSWER, CannotEncode, plain_data

__all__ = ["NotATable", "encode_table"]


class NotATable(ValueError):
    """The answer can't be had in the form that the caller asked for."""


def encode_table(result: Any, form: str) -> bytes:
    """Return the answer as ``csv``, ``npy`` or ``arrow``. Raises NotATable, or CannotEncode for what is too large."""
    columns = _columns(_with_arrays(result) if form == "arrow" else plain_data(result))
    text = {"csv": _csv, "npy": _npy, "arrow": _arrow}[form](columns)
    if len(text) > LARGEST_ANSWER:
        message = "The answer has {:,} bytes; the most that is sent is {:,}."
        raise CannotEncode(message.format(len(text), LARGEST_ANSWER))
    return text


def _with_arrays(result: Any) -> Any:
    """Return plain data in which arrays that are a column of numbers stay what they are."""
    if isinstance(result, dict) and result and any(_is_column(values) for values in result.values()):
        return {name: values if _is_column(values) else plain_data(values) for name, values in result.items()}
    return result if _is_column(result) else plain_data(result)


def _is_column(values: Any) -> bool:
    np = sys.modules.get("numpy")
    return (
        np is not None
        and type(values) is np.ndarray
        and values.ndim == 1
        and str(values.dtype) in ("float64", "int64", "bool")
    )


def _columns(answer: Any) -> "Dict[str, List[Any]]":
    columns = answer if isinstance(answer, dict) else {"prediction": answer}
    if not columns or any(not isinstance(values, list) and not _is_column(values) for values in columns.values()):
        raise NotATable("The answer is no list with one prediction for each row; ask for application/json.")
    if len(set(map(len, columns.values()))) != 1:
        raise NotATable("The parts of the answer have different lengths; ask for application/json.")
    return {str(name): values for name, values in columns.items()}


def _csv(columns: "Dict[str, List[Any]]") -> bytes:
    flat: Dict[str, List[Any]] = {}
    for name, values in columns.items():
        flat.update(_flat(name, values))
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(flat)
    writer.writerows(zip(*flat.values()))  # noqa: B905 - `strict` is not in Python 3.8
    return file.getvalue().encode("utf-8", "replace")


def _flat(name: str, values: "List[Any]") -> "List[Tuple[str, List[Any]]]":
    if values and all(isinstance(value, list) for value in values):
        if len(set(map(len, values))) != 1 or any(isinstance(item, (list, dict)) for row in values for item in row):
            raise NotATable("Each prediction is more than a row of values; ask for application/json.")
        columns = enumerate(zip(*values))  # noqa: B905 - `strict` is not in Python 3.8
        return [("{}_{}".format(name, place), list(column)) for place, column in columns]
    if any(isinstance(value, (list, dict)) for value in values):
        raise NotATable("Each prediction is more than one value; ask for application/json.")
    return [(name, values)]


def _npy(columns: "Dict[str, List[Any]]") -> bytes:
    try:
        np = import_module("numpy")
    except ImportError:
        raise NotATable("The model's environment has no numpy; ask for application/json.") from None
    if len(columns) != 1:
        raise NotATable("An npy file holds one output; ask for one with ?outputs=.")
    try:
        array = np.asarray(next(iter(columns.values())))
    except ValueError:
        raise NotATable("The predictions have different shapes; ask for application/json.") from None
    if array.dtype.hasobject:
        raise NotATable("The predictions are not all numbers or all texts; ask for application/json.")
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()


def _arrow(columns: "Dict[str, List[Any]]") -> bytes:
    try:
        pa, ipc = import_module("pyarrow"), import_module("pyarrow.ipc")
    except ImportError:
        raise NotATable("The model's environment has no pyarrow; ask for application/json.") from None
    try:
        table = pa.table(columns)
        sink = pa.BufferOutputStream()
        with ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
    except (pa.ArrowException, ValueError, TypeError) as error:
        message = "The answer has no Arrow form: {}".format(" ".join(str(error).split())[:200])
        raise NotATable(message) from None
    return bytes(sink.getvalue().to_pybytes())
