"""What the gateway answers by itself: predictions, health, metrics."""

from __future__ import annotations

from typing import Any

__all__ = ["PATHS"]

_ERROR: dict[str, Any] = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}}
_REFUSED: dict[str, Any] = {
    "400": {**_ERROR, "description": "The body is not JSON, or not what the model takes."},
    "401": {**_ERROR, "description": "The credential is missing or not valid."},
    "404": {**_ERROR, "description": "There is no such deployment, it doesn't serve, or the caller may not use it."},
    "409": {**_ERROR, "description": "A plain answer where a stream was asked for."},
    "411": {**_ERROR, "description": "The length of the body is missing."},
    "413": {**_ERROR, "description": "The body is too large."},
    "429": {**_ERROR, "description": "Too many requests, or more than the deployment's bandwidth."},
    "5XX": {**_ERROR, "description": "The model failed, took too long, or isn't there now."},
}
_DEPLOYMENT: dict[str, Any] = {
    "name": "deployment_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/json": {"schema": {}, "example": [[5.1, 3.5, 1.4, 0.2]]},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
    },
}


def _predict(operation: str, summary: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "operationId": operation,
        "summary": summary,
        "tags": ["inference"],
        "parameters": [_DEPLOYMENT],
        "requestBody": _BODY,
        "responses": {"200": {"description": "What the model answers.", "content": content}, **_REFUSED},
    }


def _plain(operation: str, summary: str, *statuses: str) -> dict[str, Any]:
    answers = {status: {"description": "In its body.", "content": {"*/*": {"schema": {}}}} for status in statuses}
    return {"operationId": operation, "summary": summary, "tags": ["health"], "responses": answers}


PATHS: dict[str, Any] = {
    "/{deployment_id}/predict": {
        "post": _predict("prediction.create", "Predict", {"application/json": {"schema": {}}})
    },
    "/{deployment_id}/predictWithResponseStream": {
        "post": _predict(
            "prediction.stream",
            "Predict, with the answer piece by piece as the model has it",
            {
                "text/event-stream": {"schema": {"type": "string"}},
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        )
    },
    "/health/live": {"get": {**_plain("gateway.live", "Tell whether the gateway runs", "200"), "security": []}},
    "/health/ready": {
        "get": {**_plain("gateway.ready", "Tell whether the service answers", "200", "503"), "security": []}
    },
    "/metrics": {"get": _plain("gateway.metrics", "Tell the figures as Prometheus reads them", "200", "401")},
}
"""Paths of the gateway; they are no routes of the control plane."""
