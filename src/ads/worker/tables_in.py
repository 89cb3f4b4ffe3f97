"""Tables in other forms than JSON: CSV, npy and Arrow bodies to the payload that the generated score.py reads.

A script that somebody wrote by hand gets such a body as bytes, as it always did.
"""

import ast
import base64
import csv
import io
import math
import re
from importlib import import_module
from typing import Any, Callable, Dict, List, Optional

from .decode import CannotParse, NotSupported

__all__ = ["read_arrow", "read_csv", "read_npy"]

_FRAME = "openads.frame"
_ARRAY = "numpy.ndarray"
_LONGEST_SHOWN = 40
_LONGEST_NPY_HEAD = 10_000
_NPY_DTYPE = re.compile(r"[<>=|]?([biufcSU])([0-9]{1,6})")
_INTEGER = re.compile(r"[+-]?[0-9]{1,300}")
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_FIRST_SAFE_ARROW = (14, 0, 1)


def read_csv(body: bytes, columns: "Dict[str, str]") -> Any:
    """Return the payload in comma-separated text with a line of names; values become what ``columns`` say.

    An empty cell is a missing value. Raises CannotParse naming column and row.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotParse("The body is not UTF-8: byte {} is wrong.".format(error.start)) from None
    if "\0" in text:
        raise CannotParse("The body holds NUL.")
    try:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
    except csv.Error as error:
        raise CannotParse("The body is not CSV: {}.".format(error)) from None
    if len(rows) < 2:
        raise CannotParse("CSV needs a line with the names of the columns and at least one row.")
    names = rows[0]
    twice = {name for name in names if names.count(name) > 1} if len(set(names)) != len(names) else ()
    if twice:
        raise CannotParse("The column {!r} occurs twice.".format(_short(sorted(twice)[0])))
    for number, row in enumerate(rows[1:]):
        if len(row) != len(names):
            raise CannotParse("Row {} has {} values for {} columns.".format(number, len(row), len(names)))
    cells = zip(*rows[1:])  # noqa: B905 - `strict` is not in Python 3.8
    data = {name: _column(name, list(values), columns.get(name)) for name, values in zip(names, cells)}  # noqa: B905
    return {"data": data, "data_type": _FRAME}


def _column(name: str, cells: "List[str]", dtype: "Optional[str]") -> "List[Any]":
    if dtype is None:
        for read in (_int, _float):
            try:
                return [read(cell) for cell in cells]
            except ValueError:  # noqa: PERF203 - two at most
                continue
        return [cell or None for cell in cells]
    reader: Optional[Callable[[str], Any]] = None
    for beginning, each in (("float", _float), ("int", _number), ("uint", _number), ("bool", _bool)):
        if dtype.lower().startswith(beginning):
            reader = each
    if reader is None:
        return [cell or None for cell in cells]
    try:
        return [reader(cell) for cell in cells]
    except ValueError:
        row = next(row for row, cell in enumerate(cells) if not _reads(reader, cell))
        message = "Column {!r}, row {}: {!r} is not a {}."
        raise CannotParse(message.format(_short(name), row, _short(cells[row]), dtype)) from None


def _reads(reader: "Callable[[str], Any]", cell: str) -> bool:
    try:
        reader(cell)
    except ValueError:
        return False
    return True


def _int(cell: str) -> "Optional[int]":
    if not cell:
        return None
    if not _INTEGER.fullmatch(cell):
        raise ValueError
    return int(cell)


def _float(cell: str) -> float:
    number = float(cell) if cell else math.nan
    if math.isinf(number) or "_" in cell:
        raise ValueError
    return number


def _number(cell: str) -> Any:
    return _int(cell) if not cell or _INTEGER.fullmatch(cell) else _float(cell)


def _bool(cell: str) -> "Optional[bool]":
    if not cell:
        return None
    if cell.lower() not in _TRUTH:
        raise ValueError
    return _TRUTH[cell.lower()]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "…"


def read_npy(body: bytes) -> Any:
    """Return the payload in the bytes of an npy file. Raises CannotParse for anything but one whole plain array."""
    if not _is_npy(body):
        raise CannotParse("The body is no array in npy form: one array of numbers or texts, and nothing else.")
    return {"data": base64.b64encode(body).decode("ascii"), "data_type": _ARRAY}


def _is_npy(body: bytes) -> bool:
    width = {b"\x01\x00": 2, b"\x02\x00": 4, b"\x03\x00": 4}.get(body[6:8], 0)
    if body[:6] != b"\x93NUMPY" or not width:
        return False
    start = 8 + width
    end = start + int.from_bytes(body[8:start], "little")
    if end - start > _LONGEST_NPY_HEAD or end > len(body):
        return False
    try:
        head = ast.literal_eval(body[start:end].decode("utf-8").strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return False
    if not isinstance(head, dict) or head.keys() != {"descr", "fortran_order", "shape"}:
        return False
    dtype, shape = head["descr"], head["shape"]
    match = _NPY_DTYPE.fullmatch(dtype) if isinstance(dtype, str) else None
    if match is None or not isinstance(head["fortran_order"], bool) or not isinstance(shape, tuple):
        return False
    if any(type(size) is not int or size < 0 for size in shape):
        return False
    count = int(match.group(2)) * (4 if match.group(1) == "U" else 1)
    for size in shape:
        count *= size
    return count == len(body) - end


def read_arrow(body: bytes, features: "Optional[Callable[[Any, Callable[[], Any]], Any]]" = None) -> Any:
    """Return the payload in an Arrow IPC stream. Raises NotSupported where pyarrow is missing or too old.

    ``features`` makes of the table, and a function that returns the payload, what is taken in its place, or None.
    """
    try:
        pa, ipc = import_module("pyarrow"), import_module("pyarrow.ipc")
    except ImportError:
        raise NotSupported(
            "The model's environment has no pyarrow, so it can't read Arrow. Send JSON, CSV or npy."
        ) from None
    if _version(pa.__version__) < _FIRST_SAFE_ARROW:
        raise NotSupported(
            "pyarrow {} runs code that a stream brings along (CVE-2023-47248). The model needs 14.0.1 or newer.".format(
                pa.__version__
            )
        )
    try:
        table = ipc.open_stream(pa.BufferReader(body)).read_all()
        table.validate(full=True)
    except (pa.ArrowException, OSError, ValueError, KeyError, NotImplementedError) as error:
        raise _no_arrow(error) from None
    names = list(table.column_names)
    if len(set(names)) != len(names):
        raise CannotParse("A column's name occurs twice.")
    if not names or not table.num_rows:
        raise CannotParse("The payload has no rows.")

    def payload() -> Any:
        try:
            data = {name: table.column(index).to_pylist() for index, name in enumerate(names)}
        except (pa.ArrowException, OSError, ValueError, KeyError, NotImplementedError) as error:
            raise _no_arrow(error) from None
        return {"data": data, "data_type": _FRAME}

    found = None if features is None else features(table, payload)
    return payload() if found is None else found


def _no_arrow(error: Exception) -> CannotParse:
    return CannotParse("The body is no Arrow stream: {}".format(" ".join(str(error).split())[:200]))


def _version(text: str) -> Any:
    return tuple(int(number) for number in re.findall(r"[0-9]+", text)[:3])
