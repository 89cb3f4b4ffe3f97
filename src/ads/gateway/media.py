"""Content types: what a body is by its ``Content-Type``, and in which form an answer goes out by ``Accept``."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import NamedTuple

from ads.gateway.answer import JSON_TYPE, Refusal
from ads.gateway.frames import ARROW, BYTES, CSV, JSON, NPY

__all__ = ["AS_JSON", "INFER", "AnswerForm", "Dressed", "answer_form", "body_kind", "require_identity_coding"]

_KINDS = {
    b"": JSON,
    b"application/json": JSON,
    b"text/csv": CSV,
    b"application/x-npy": NPY,
    b"application/vnd.apache.arrow.stream": ARROW,
}
_TEXTS = (b"", b"application/json", b"text/csv")
_CHARSETS = (b"", b"utf-8", b"utf8", b"us-ascii", b"ascii")
_MOST_RANGES = 64


class Dressed(NamedTuple):
    """An answer as it goes out. ``more`` are further header lines, each ended by CR LF."""

    body: bytes
    content_type: bytes
    more: bytes


class AnswerForm:
    """How answers with status 200 go out; every error is JSON. ``name`` is what replicas call the form."""

    def __init__(self, name: str, content_type: bytes) -> None:
        self.name = name
        self.content_type = content_type

    def dress(self, status: int, body: bytes) -> Dressed:
        """Return what goes out for a replica's answer."""
        return Dressed(body, self.content_type if status == 200 else JSON_TYPE, b"")


class _Inference(AnswerForm):
    """Answers of the Open Inference Protocol: errors of its own form, values that follow as bytes."""

    def dress(self, status: int, body: bytes) -> Dressed:
        if status != 200:
            return Dressed(json.dumps({"error": _message(body)}).encode(), JSON_TYPE, b"")
        length = int.from_bytes(body[:4], "big")
        if not length:
            return Dressed(body[4:], JSON_TYPE, b"")
        return Dressed(body[4:], b"application/octet-stream", b"inference-header-content-length: %d\r\n" % length)


AS_JSON = AnswerForm("", JSON_TYPE)
INFER = _Inference("infer", JSON_TYPE)
_FORMS = {
    b"application/json": AS_JSON,
    b"application/*": AS_JSON,
    b"*/*": AS_JSON,
    b"text/csv": AnswerForm("csv", b"text/csv; charset=utf-8"),
    b"application/x-npy": AnswerForm("npy", b"application/x-npy"),
    b"application/vnd.apache.arrow.stream": AnswerForm("arrow", b"application/vnd.apache.arrow.stream"),
}


@lru_cache(maxsize=256)
def body_kind(content_type: bytes) -> int:
    """Return the kind of a body in frames. Raises Refusal (415) for text that is not UTF-8."""
    name, _, rest = content_type.partition(b";")
    name = name.strip().lower()
    if name in _TEXTS and rest:
        for parameter in rest.lower().split(b";")[:_MOST_RANGES]:
            key, _, value = parameter.partition(b"=")
            if key.strip() == b"charset" and value.strip().strip(b'"') not in _CHARSETS:
                raise Refusal(415, "UnsupportedMediaType", "The charset of the body must be UTF-8.")
    return _KINDS.get(name, BYTES)


@lru_cache(maxsize=256)
def answer_form(accept: bytes) -> AnswerForm:
    """Return the form that a caller likes best of those there are; JSON where it names none of them."""
    best, best_quality = AS_JSON, 0.0
    for entry in accept.split(b",")[:_MOST_RANGES]:
        name, *parameters = entry.split(b";")
        form = _FORMS.get(name.strip().lower())
        quality = _quality(parameters)
        if form is not None and quality > best_quality:
            best, best_quality = form, quality
    return best


def require_identity_coding(coding: bytes | None) -> None:
    """Refuse (415) bodies that are compressed: what they become is not known before it is there."""
    if coding is not None and coding.strip().lower() not in (b"", b"identity"):
        raise Refusal(415, "UnsupportedMediaType", "Compressed bodies are not taken; send the body as it is.")


def _quality(parameters: list[bytes]) -> float:
    for parameter in parameters:
        key, _, value = parameter.partition(b"=")
        if key.strip().lower() == b"q":
            try:
                return min(1.0, max(0.0, float(value)))
            except ValueError:
                return 0.0
    return 1.0


def _message(body: bytes) -> str:
    try:
        return str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        return "The inference failed."
