"""One request item to one answer: read the body, call ``predict``, write the result; errors become answers too."""

import json
import os
import sys
import traceback
from typing import Any, Callable, Dict, List, Tuple

from .decode import CannotParse, decode_json
from .encode import CannotEncode, encode_json
from .frames import JSON, Item
from .tracebacks import users_frames

__all__ = ["Predictor"]

Answer = Tuple[int, bytes]


class Predictor:
    """Answers items with the user's ``predict``. Never raises; a traceback goes to the log, not to the caller."""

    def __init__(self, predict: "Callable[[Any], Any]") -> None:
        self._predict = predict
        self._process = os.getpid()

    def answer_all(self, items: "List[Item]") -> "List[Answer]":
        """Return the answers in the order of the items, each one computed alone."""
        return [self.answer(item) for item in items]

    def answer(self, item: Item) -> Answer:
        """Return HTTP status and JSON text for one item."""
        try:
            data = decode_json(item.body) if item.kind == JSON else item.body
        except CannotParse as error:
            return _error(400, "CannotParseRequest", str(error))
        try:
            result = self._predict(data)
            if os.getpid() != self._process:
                os._exit(0)  # predict() forked and both returned: only the parent may answer
            return 200, encode_json(result)
        except CannotEncode as error:
            _log(item.meta, str(error))
            return _error(500, "InternalServerError", str(error))
        except BaseException as error:  # noqa: BLE001 - the boundary to the user's code; it may raise anything
            if os.getpid() != self._process:
                os._exit(1)
            return self._raised(item.meta, error)

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


def _error(status: int, code: str, message: str) -> Answer:
    content = {"code": code, "message": message}
    return status, json.dumps(content, ensure_ascii=True).encode("ascii")


def _request_id(meta: bytes) -> str:
    if not meta:
        return "-"
    try:
        found: "Dict[str, Any]" = json.loads(meta.decode("utf-8"))
        return str(found.get("request_id", "-"))
    except (ValueError, AttributeError):
        return "-"


def _log(meta: bytes, text: str) -> None:
    """Write ``text`` to the log, every line tagged with the request, so that no line can pass for another's."""
    tag = "[request {}] ".format(_request_id(meta))
    lines = text.rstrip("\n").encode("utf-8", "backslashreplace").decode("utf-8").split("\n")
    try:
        sys.stderr.write("".join("{}{}\n".format(tag, line.replace("\r", "\\r")) for line in lines))
        sys.stderr.flush()
    except (OSError, ValueError):
        return  # the model closed the log; the answer matters more
