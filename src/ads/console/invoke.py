"""The playground: a prediction by a form or as JSON, its answer, how long each part took, the call as code."""

from __future__ import annotations

import contextlib
import json
from typing import Any

from ads.api import strict_json
from ads.console.deployment import head
from ads.console.gateway_call import Predicted, predict, timing_of
from ads.console.pages import Pages
from ads.console.payload_form import fields_of, first_row, payload_of
from ads.console.replica_lines import description_of
from ads.console.snippets import snippets
from ads.console.visit import Visit
from ads.errors import InputError

__all__ = ["pages"]

pages = Pages()

_LONGEST_PAYLOAD = 512 * 1024
_LONGEST_SAMPLE = 64 * 1024
_MOST_SHOWN = 20_000


@pages.page("/deployments/{id}/invoke", "deployment_invoke.html", nav="deployments")
def invoke(visit: Visit) -> dict[str, Any]:
    """Return the form, prefilled with the sample that was stored with the model, and the call as code."""
    found = head(visit, "invoke")
    description = description_of(visit.context.home, found["deployment"]["id"])
    payload = _example(description)
    fields = fields_of(description)
    if visit.field("as") == "form":
        for place, field in enumerate(fields):
            field["value"] = visit.field(f"f{place}")
    text = visit.field("payload") or _indented(payload)
    return {
        **found,
        "fields": fields,
        "payload": text,
        "sampled": description["example"] is not None,
        "framework": description["framework"],
        "snippets": snippets(found["endpoint"], payload),
        "answer": None,
    }


@pages.form("/deployments/{id}/invoke", back=invoke)
def send(visit: Visit) -> dict[str, Any]:
    """Predict, and show the answer on the page."""
    found = head(visit, "invoke")
    id_ = found["deployment"]["id"]
    if visit.field("as") == "form":
        description = description_of(visit.context.home, id_)
        payload = payload_of(fields_of(description), lambda place: visit.field(f"f{place}"))
        text = _indented(payload)
    else:
        text = visit.field("payload")
        payload = _parsed(text)
    predicted = predict(visit.context, visit.identity.credential, id_, json.dumps(payload).encode())
    return {
        "payload": text,
        "answer": _answer(predicted, timing_of(visit.context, id_, predicted.request_id)),
        "snippets": snippets(found["endpoint"], payload),
    }


def _example(description: dict[str, Any]) -> Any:
    """Return the payload to begin with: one row of the sample as a record, the sample itself, or an empty one."""
    fields = fields_of(description)
    body = (description["example"] or {}).get("body")
    row = first_row(body) if fields else {}
    if row:
        return {"data": [{field["name"]: row.get(field["name"]) for field in fields}]}
    return {"data": []} if body is None or len(json.dumps(body)) > _LONGEST_SAMPLE else body


def _answer(predicted: Predicted, timing: Any) -> dict[str, Any]:
    text = predicted.body.decode("utf-8", "replace")
    with contextlib.suppress(ValueError, RecursionError):  # it is shown as it is
        text = _indented(json.loads(text)) if predicted.whole else text
    return {
        "status": predicted.status,
        "good": predicted.status < 400,
        "text": text[:_MOST_SHOWN],
        "whole": predicted.whole and len(text) <= _MOST_SHOWN,
        "milliseconds": predicted.seconds * 1000,
        "gatewayMilliseconds": timing.get("milliseconds"),
        "queueMilliseconds": timing.get("queueMilliseconds"),
        "replica": timing.get("replica") or None,
        "tries": timing.get("tries"),
        "requestId": predicted.request_id,
    }


def _parsed(text: str) -> Any:
    if not text:
        raise InputError("There is no JSON to send.", hint='For example {"data": [{"age": 31}]}.')
    if len(text) > _LONGEST_PAYLOAD:
        raise InputError("The JSON has more than 512 kB.", hint="Send it from a program: the snippets show how.")
    return strict_json.loads(text.encode())


def _indented(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
