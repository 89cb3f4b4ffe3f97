"""What a prediction's head asks for: how its body is to be read, in which form it is answered, until when."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import parse_qsl

from ads.gateway import frames
from ads.gateway.answer import Refusal
from ads.gateway.media import AS_JSON, INFER, AnswerForm, answer_form, body_kind, require_identity_coding
from ads.gateway.request import RequestHead
from ads.gateway.router import Place

__all__ = ["Asked", "asked_of"]

_SECONDS = re.compile(rb"[0-9]{1,6}(?:\.[0-9]{1,6})?")
_LENGTH = re.compile(rb"[0-9]{1,12}")
_MOST_OUTPUTS = 16
_MOST_FIELDS = 2000


@dataclass(frozen=True, slots=True)
class Asked:
    """``kind`` is the body's kind in frames; ``meta`` what the replica is told beside the request's id."""

    kind: int = frames.JSON
    form: AnswerForm = AS_JSON
    meta: bytes = b""
    timeout: float = 0.0
    """Seconds after which nobody wants the answer any more, 0.0 for the deployment's own limit."""


def asked_of(head: RequestHead, place: Place) -> Asked:
    """Return what the head asks for. Raises Refusal (400, 415)."""
    get = head.fields.get
    return _asked(
        place.verb == b"v2/model/infer",
        place.model or place.deployment_id,
        head.target.partition(b"?")[2],
        get(b"content-type", b""),
        get(b"accept", b""),
        get(b"content-encoding"),
        get(b"x-request-timeout"),
        get(b"inference-header-content-length"),
    )


@lru_cache(maxsize=512)
def _asked(
    infers: bool,
    model: str,
    query: bytes,
    content_type: bytes,
    accept: bytes,
    coding: bytes | None,
    timeout: bytes | None,
    header_length: bytes | None,
) -> Asked:
    require_identity_coding(coding)
    kind = body_kind(content_type)
    more: dict[str, object] = {}
    if infers:
        kind = frames.INFER
        form: AnswerForm = INFER
        more["model"] = model
        if header_length is not None:
            if _LENGTH.fullmatch(header_length) is None:
                raise Refusal(400, "InvalidParameter", "Inference-Header-Content-Length is not a number of bytes.")
            more["header_length"] = int(header_length)
    else:
        form = answer_form(accept)
        if form is not AS_JSON:
            more["answer"] = form.name
        outputs = _outputs(query) if query else []
        if outputs:
            more["outputs"] = outputs
    if kind == frames.BYTES:
        more["content_type"] = content_type.decode("latin-1")
    meta = b"," + json.dumps(more).encode()[1:-1] if more else b""
    return Asked(kind, form, meta, _seconds(timeout) if timeout is not None else 0.0)


def _outputs(query: bytes) -> list[str]:
    try:
        pairs = parse_qsl(query.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Refusal(400, "InvalidParameter", "The query can't be read.") from None
    names = [name for key, value in pairs if key == "outputs" for name in value.split(",") if name]
    if len(names) > _MOST_OUTPUTS:
        raise Refusal(400, "InvalidParameter", f"More than {_MOST_OUTPUTS} outputs are asked for.")
    return names


def _seconds(text: bytes) -> float:
    seconds = float(text) if _SECONDS.fullmatch(text) else 0.0
    if not seconds:
        raise Refusal(400, "InvalidParameter", "X-Request-Timeout is not a number of seconds above 0.")
    return seconds
