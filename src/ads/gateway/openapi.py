"""The OpenAPI 3.1 document of one deployment, made from the schemas and the sample that were saved with its model."""

from __future__ import annotations

from typing import Any

from ads.gateway.description import Description, Value

__all__ = ["openapi"]

_JSON = "application/json"
_TYPES = (("float", "number"), ("int", "integer"), ("uint", "integer"), ("bool", "boolean"))
_ERRORS = {
    "400": "The body can't be read, or doesn't fit the model; the message names column and row.",
    "401": "The credential is missing or not valid.",
    "404": "There is no active deployment with this id for this caller.",
    "413": "The body is too large.",
    "415": "The body's form can't be read.",
    "429": "Too many requests, or too many bytes; Retry-After says when to come again.",
    "500": "The model failed; the traceback is in the deployment's log.",
    "503": "No replica is free, or none is there; Retry-After says when to come again.",
    "504": "The prediction took too long.",
}


def openapi(deployment_id: str, name: str, description: Description) -> dict[str, Any]:
    """Return the document. Everything in it that the model said is data: names, descriptions, an example."""
    base = f"/{deployment_id}"
    return {
        "openapi": "3.1.0",
        "info": {
            "title": name or deployment_id,
            "version": "1",
            "description": "Predictions of one deployment. Every request needs a bearer token or a signature.",
        },
        "servers": [{"url": base}],
        "security": [{"bearer": []}],
        "paths": {
            "/predict": {"post": _predict(description)},
            "/predictWithResponseStream": {"post": _stream(description)},
            "/v2/models/model": {"get": _read("model.metadata", "What the model takes and gives.")},
            "/v2/models/model/ready": {"get": _read("model.ready", "Whether a replica of the model is ready.")},
            "/v2/models/model/infer": {"post": _infer()},
        },
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Input": _input(description), "Output": _output(description), "Error": _error()},
        },
    }


def _predict(description: Description) -> dict[str, Any]:
    body: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Input"}}
    answer: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Output"}}
    if description.example is not None:
        body["example"] = description.example["body"]
        answer["example"] = description.example.get("answer")
    text = {"schema": {"type": "string"}}
    binary: dict[str, Any] = {"schema": {}}
    tables = {
        "text/csv": text,
        "application/x-npy": binary,
        "application/vnd.apache.arrow.stream": binary,
    }
    operation: dict[str, Any] = {
        "operationId": "model.predict",
        "summary": "Predict",
        "parameters": [_timeout()],
        "requestBody": {
            "required": True,
            "content": {_JSON: body, **tables, "application/octet-stream": binary},
        },
        "responses": {"200": {"description": "The prediction.", "content": {_JSON: answer, **tables}}, **_errors()},
    }
    if len(description.methods) > 1:
        schema = {"type": "array", "items": {"type": "string", "enum": list(description.methods)}}
        operation["parameters"].append(
            {
                "name": "outputs",
                "in": "query",
                "description": "Which outputs of the model to answer.",
                "schema": schema,
                "style": "form",
                "explode": False,
            }
        )
    return operation


def _stream(description: Description) -> dict[str, Any]:
    body: dict[str, Any] = {"schema": {"$ref": "#/components/schemas/Input"}}
    if description.example is not None:
        body["example"] = description.example["body"]
    text = {"schema": {"type": "string"}}
    return {
        "operationId": "model.predictStream",
        "summary": "Predict, and get the answer piece by piece",
        "requestBody": {"required": True, "content": {_JSON: body}},
        "responses": {
            "200": {"description": "Pieces.", "content": {"text/event-stream": text, "application/x-ndjson": text}},
            "409": _problem("The model's predict() returns a whole answer, not an iterator."),
            **_errors(),
        },
    }


def _infer() -> dict[str, Any]:
    tensor = {
        "type": "object",
        "required": ["name", "shape", "datatype"],
        "properties": {
            "name": {"type": "string"},
            "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
            "datatype": {"type": "string"},
            "data": {"type": "array"},
            "parameters": {"type": "object"},
        },
    }
    schema = {
        "type": "object",
        "required": ["inputs"],
        "properties": {
            "id": {"type": "string"},
            "inputs": {"type": "array", "items": tensor},
            "outputs": {"type": "array", "items": {"type": "object"}},
            "parameters": {"type": "object"},
        },
    }
    return {
        "operationId": "model.infer",
        "summary": "Predict with the Open Inference Protocol, version 2",
        "requestBody": {"required": True, "content": {_JSON: {"schema": schema}}},
        "responses": {"200": {"description": "The outputs.", "content": {_JSON: {"schema": {"type": "object"}}}}},
    }


def _read(operation: str, summary: str) -> dict[str, Any]:
    return {
        "operationId": operation,
        "summary": summary,
        "responses": {"200": {"description": "Yes.", "content": {_JSON: {"schema": {"type": "object"}}}}},
    }


def _timeout() -> dict[str, Any]:
    return {
        "name": "X-Request-Timeout",
        "in": "header",
        "description": "Seconds after which the caller no longer wants the answer.",
        "schema": {"type": "number", "exclusiveMinimum": 0},
    }


def _input(description: Description) -> dict[str, Any]:
    """Return the schema of a JSON body: columns, records or rows, alone or under the key ``data``."""
    inputs = description.inputs
    if not inputs or any(value.tensor for value in inputs):
        return {"description": "Any JSON that the model's predict() takes; arrays as nested lists."}
    properties = {value.name: _scalar(value) for value in inputs}
    required = [value.name for value in inputs if value.required]
    records = {"type": "array", "items": {"type": "object", "properties": properties, "required": required}}
    columns = {
        "type": "object",
        "properties": {name: {"type": "array", "items": kind} for name, kind in properties.items()},
        "required": required,
    }
    rows = {"type": "array", "items": {"type": "array", "minItems": len(inputs), "maxItems": len(inputs)}}
    table = {"anyOf": [columns, records, rows]}
    envelope = {
        "type": "object",
        "required": ["data"],
        "properties": {"data": table, "data_type": {"type": "string"}, "outputs": {"type": ["string", "array"]}},
    }
    return {"anyOf": [envelope, columns, records, rows]}


def _output(description: Description) -> dict[str, Any]:
    if not description.composed:
        return {"description": "What the model's predict() returns."}
    kind = (
        _scalar(description.outputs[0]) if len(description.outputs) == 1 and not description.outputs[0].tensor else {}
    )
    prediction = {"type": "array", "items": kind} if kind.get("type") in ("number", "integer", "boolean") else {}
    return {"type": "object", "properties": {"prediction": {"description": "One for each row.", **prediction}}}


def _scalar(value: Value) -> dict[str, Any]:
    kind = next((kind for name, kind in _TYPES if value.dtype.lower().startswith(name)), None)
    schema: dict[str, Any] = {} if kind is None else {"type": kind}
    if kind is None and not value.dtype.startswith(("object", "category")):
        schema = {"type": "string", **({"format": "date-time"} if value.dtype.startswith("datetime") else {})}
    if value.description and value.description != value.name:
        schema["description"] = value.description
    return schema


def _error() -> dict[str, Any]:
    texts = {"code": {"type": "string"}, "message": {"type": "string"}}
    return {"type": "object", "required": ["code", "message"], "properties": texts}


def _errors() -> dict[str, Any]:
    return {status: _problem(text) for status, text in _ERRORS.items()}


def _problem(text: str) -> dict[str, Any]:
    return {"description": text, "content": {_JSON: {"schema": {"$ref": "#/components/schemas/Error"}}}}
