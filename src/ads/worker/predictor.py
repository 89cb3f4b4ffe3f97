"""One request item to one answer: read the body, call ``predict``, write the result; errors become answers too."""

import contextlib
import json
import os
import sys
import traceback
from typing import Any, Callable, Dict, Hashable, List, Optional, Tuple

from .artifact_facts import Facts
from .bare_array import BareArray
from .bodies import Encode, NotAcceptable, read_body
from .columnar import Features
from .decode import CannotParse
from .encode import CannotEncode, encode_json
from .fault import callers_fault
from .frames import ARROW, NPY, RAW, Item
from .merging import Part, Schema, join, part_of, split_answer
from .plain_tables import LONG_TABLE, read_rows, read_tables, write_rows, write_tables
from .tracebacks import users_frames

__all__ = ["CallerGone", "Predictor", "stream_mode"]

Answer = Tuple[int, bytes]
_NEVER_MERGED = (RAW, NPY, ARROW)
_WITH_ROWS = ("numpy", "pandas")
_NO_FACTS = Facts({}, False, [], [])


class CallerGone(Exception):
    """Nobody takes the stream any more."""


class Predictor:
    """Answers items with the user's ``predict``. Never raises; a traceback goes to the log, not to the caller."""

    def __init__(self, predict: "Callable[[Any], Any]", facts: Facts = _NO_FACTS) -> None:
        self._predict = predict
        self._bare = predict if isinstance(predict, BareArray) else None
        self._facts = facts
        self._process = os.getpid()
        self._schema: "Optional[Schema]" = None
        self.rows = 0
        """How many rows were predicted since somebody set it to 0."""

    def merge(self, schema: Schema) -> None:
        """From now on give ``predict`` the rows of several items at once where they fit together."""
        self._schema = schema

    def answer_all(self, items: "List[Item]") -> "List[Answer]":
        """Return the answers in the order of the items. One item's error is not another's."""
        if len(items) == 1:
            return self._answer_tables(items) or [self.answer(items[0])]
        if self._schema is None:
            return [self.answer(item) for item in items]
        quick = (self._answer_rows(items) or self._answer_tables(items)) if self._schema.all_floats else None
        if quick is not None:
            return quick
        answers: "List[Optional[Answer]]" = [None] * len(items)
        groups: "Dict[Hashable, List[Tuple[int, Part, Encode]]]" = {}
        for index, item in enumerate(items):
            if item.kind in _NEVER_MERGED:
                continue
            try:
                data, encode = read_body(item, self._facts)
            except CannotParse as error:
                answers[index] = _error(error.status, error.code, str(error))
                continue
            part = part_of(data, self._schema)
            if part is not None:
                groups.setdefault(part.key, []).append((index, part, encode))
        for group in groups.values():
            if len(group) > 1:
                found = self._answer_together(group, items)
                for (index, _, _), answer in zip(group, found):  # noqa: B905 - `strict` is not in Python 3.8
                    answers[index] = answer
        return [self.answer(item) if answer is None else answer for item, answer in zip(items, answers)]  # noqa: B905

    def _answer_rows(self, items: "List[Item]") -> "Optional[List[Answer]]":
        """Return the answers where each item is one row of numbers and each answer one number, else None."""
        found = read_rows(items)
        if found is None:
            return None
        rows, enveloped = found
        try:
            result = self._predict({"data": rows} if enveloped else rows)
        except BaseException:  # noqa: BLE001 - whose fault it is shows when each is asked alone
            result = None
        if os.getpid() != self._process:
            os._exit(1)
        texts = write_rows(result, len(rows))
        if texts is None:
            return None
        self.rows += len(rows)
        return [(200, text) for text in texts]

    def _answer_tables(self, items: "List[Item]") -> "Optional[List[Answer]]":
        """Return the answers where each item is a table of numbers that an array can be made of at once, else None."""
        if self._bare is None or len(items[0].body) < LONG_TABLE or not self._bare.width:
            return None
        found = read_tables(items, self._bare.width)
        if found is None:
            return None
        cells, counts = found
        try:
            answers = self._bare.of_cells(cells, sum(counts))
        except BaseException:  # noqa: BLE001 - whose fault it is shows when each is asked alone
            answers = None
        if os.getpid() != self._process:
            os._exit(1)
        texts = None if answers is None else write_tables(answers, counts)
        if texts is None:
            return None
        self.rows += sum(counts)
        return [(200, text) for text in texts]

    def _answer_together(self, group: "List[Tuple[int, Part, Encode]]", items: "List[Item]") -> "List[Answer]":
        """Return one answer for each part, none at all when they have to be asked one by one."""
        try:
            result = self._predict(join([part for _, part, _ in group]))
            if os.getpid() != self._process:
                os._exit(0)
            split = split_answer(result, [part.rows for _, part, _ in group])
        except BaseException:  # noqa: BLE001 - whose fault it is shows when each is asked alone
            if os.getpid() != self._process:
                os._exit(1)
            return []
        if split is None:
            return []
        self.rows += sum(part.rows for _, part, _ in group)
        return [
            _encoded(answer, encode, items[index].meta)
            for answer, (index, _, encode) in zip(split, group)  # noqa: B905
        ]

    def answer(self, item: Item) -> Answer:
        """Return HTTP status and body for one item: JSON text, or the form that was asked for where it went well."""
        try:
            data, encode = read_body(item, self._facts)
        except CannotParse as error:
            return _error(error.status, error.code, str(error))
        try:
            result = self._result(data)
            if os.getpid() != self._process:
                os._exit(0)  # predict() forked and both returned: only the parent may answer
            self.rows += _rows_of(result)
            return _encoded(result, encode, item.meta)
        except BaseException as error:  # noqa: BLE001 - the boundary to the user's code; it may raise anything
            if os.getpid() != self._process:
                os._exit(1)
            if type(error) is ValueError and self._facts.generated and self._facts.columns:
                given = data.payload() if type(data) is Features else data
                fault = callers_fault(given, self._facts.columns)
                if fault is not None:
                    return _error(400, "InvalidParameter", fault)
            return self._raised(item.meta, error)

    def _result(self, data: Any) -> Any:
        """Return what ``predict`` returns; what it refuses as features it gets as the payload: that names the cells."""
        if type(data) is not Features:
            return self._predict(data)
        try:
            return self._predict(data)
        except Exception:  # noqa: BLE001 - the boundary to the user's code; the payload shows what was wrong
            return self._predict(data.payload())

    def stream(self, item: Item, lines: bool, send: "Callable[[bytes], None]") -> Answer:
        """Send each thing that the iterator from ``predict`` yields; return nothing with 200 at the end, or an error.

        Texts and bytes are sent as they are, unless ``lines`` asks for JSON; everything else as JSON text. Raises
        CallerGone as soon as ``send`` raises OSError.
        """
        try:
            data, _ = read_body(item, self._facts)
        except CannotParse as error:
            return _error(error.status, error.code, str(error))
        try:
            result = self._result(data)
            if not hasattr(type(result), "__next__"):
                message = "predict() returned a whole answer, not an iterator. Use /predict."
                return _error(409, "ExternalServerIncorrectState", message)
            for piece in result:
                if os.getpid() != self._process:
                    os._exit(0)
                _send_piece(_piece(piece, lines), result, send)
        except CallerGone:
            raise
        except CannotEncode as error:
            _log(item.meta, str(error))
            return _error(500, "InternalServerError", str(error))
        except BaseException as error:  # noqa: BLE001 - the boundary to the user's code; it may raise anything
            return self._raised(item.meta, error)
        return 200, b""

    def _raised(self, meta: bytes, error: BaseException) -> Answer:
        status = getattr(type(error), "http_status", None)
        if isinstance(status, int) and 400 <= status <= 499:
            return _error(400, "InvalidParameter", str(error) or type(error).__name__)
        _log(meta, "".join(traceback.format_exception(type(error), error, users_frames(error))))
        return _error(
            500,
            "InternalServerError",
            "predict() in score.py raised {}. The traceback is in the deployment's predict log.".format(
                type(error).__name__
            ),
        )


def stream_mode(item: Item) -> str:
    """Return ``events`` or ``lines`` when the item's answer is to be streamed, else an empty text."""
    if b'"stream"' not in item.meta:
        return ""
    try:
        return str(json.loads(item.meta.decode("utf-8")).get("stream", ""))
    except (ValueError, AttributeError):
        return ""


def _piece(value: Any, lines: bool) -> bytes:
    if isinstance(value, (bytes, bytearray)):
        value = bytes(value) if not lines else bytes(value).decode("utf-8", "replace")
    if isinstance(value, bytes):
        return value
    if isinstance(value, str) and not lines:
        return value.encode("utf-8", "replace")
    return encode_json(value)


def _send_piece(piece: bytes, result: Any, send: "Callable[[bytes], None]") -> None:
    try:
        send(piece)
    except OSError:
        if callable(getattr(result, "close", None)):
            with contextlib.suppress(Exception):  # the author's clean-up; there is nobody to tell
                result.close()
        raise CallerGone from None


def _encoded(result: Any, encode: Encode, meta: bytes) -> Answer:
    try:
        return 200, encode(result)
    except NotAcceptable as error:
        return _error(error.status, error.code, str(error))
    except CannotEncode as error:
        _log(meta, str(error))
        return _error(500, "InternalServerError", str(error))


def _error(status: int, code: str, message: str) -> Answer:
    content = {"code": code, "message": message}
    return status, json.dumps(content, ensure_ascii=True).encode("ascii")


def _rows_of(result: Any) -> int:
    """Return of how many rows an answer is, 1 where that can't be seen. Asks nothing of an object that is not known."""
    if type(result) is dict:
        result = result.get("prediction")
    if type(result) is list or type(result) is tuple:
        return len(result)
    if type(result).__module__.partition(".")[0] in _WITH_ROWS:
        shape = getattr(result, "shape", None)
        if isinstance(shape, tuple) and shape:
            return int(shape[0])
    return 1


def _told_of(meta: bytes) -> str:
    """Return the id of a request, and where there is one its trace: ``trace_id span_id``."""
    if not meta:
        return "-"
    try:
        found: "Dict[str, Any]" = json.loads(meta.decode("utf-8"))
        trace = str(found.get("traceparent", "")).split("-")[1:3]
        return " ".join([str(found.get("request_id", "-")), *(["trace", *trace] if trace else [])])
    except (ValueError, AttributeError):
        return "-"


def _log(meta: bytes, text: str) -> None:
    """Write ``text`` to the log, every line tagged with the request, so that no line can pass for another's."""
    tag = "[request {}] ".format(_told_of(meta))
    lines = text.rstrip("\n").encode("utf-8", "backslashreplace").decode("utf-8").split("\n")
    try:
        sys.stderr.write("".join("{}{}\n".format(tag, line.replace("\r", "\\r")) for line in lines))
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # the model closed the log; the answer matters more
