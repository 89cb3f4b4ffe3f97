"""One prediction over HTTP: one request, with a time limit, and an exception for everything that is no prediction."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ads.errors import (
    AdsError,
    InputError,
    InputTypeError,
    ModelDeploymentPredictError,
    NotActiveDeploymentError,
    NotFound,
    PredictArgumentError,
    ServiceError,
    ServiceTimeout,
    ServiceUnreachable,
)
from ads.model.deployment.common.utils import DEFAULT_CONTENT_TYPE_BYTES, DEFAULT_CONTENT_TYPE_JSON

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["DEFAULT_PREDICT_TIMEOUT", "encode_body", "extra_headers", "predict"]

DEFAULT_PREDICT_TIMEOUT = 60.0


def encode_body(json_input: Any, data: Any, serializer: Any, auto_serialize_data: bool) -> tuple[bytes, str]:
    """Return the body of a prediction and its content type.

    Exactly one of ``json_input`` and ``data`` must be given. ``auto_serialize_data`` puts frames, arrays and their like
    into the envelope of ``serializer``. Raises :class:`~ads.errors.PredictArgumentError`, ``TypeError`` for data that
    JSON can't carry, ``ValueError`` for such a ``json_input``.
    """
    if (json_input is None) == (data is None):
        which = "no data" if data is None else "both data and json_input"
        raise PredictArgumentError(f"predict() got {which}.", hint="Pass data=.")
    value = json_input if data is None else data
    if auto_serialize_data:
        value = serializer.serialize(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value), DEFAULT_CONTENT_TYPE_BYTES
    try:
        return json.dumps(value, allow_nan=False).encode(), DEFAULT_CONTENT_TYPE_JSON
    except (TypeError, ValueError) as error:
        if data is None:
            raise InputError(f"json_input can't be written as JSON: {error}.", hint="Pass data= instead.") from error
        raise InputTypeError(
            f"A {type(value).__name__} can't be sent as JSON: {error}.",
            hint="Pass bytes or plain values, or auto_serialize_data=True for frames and arrays.",
        ) from error


def extra_headers(
    model_name: str | None, model_version: str | None, headers: Mapping[str, str] | None
) -> dict[str, str]:
    """Return the headers that the caller asks for. Raises InputError for a name without version or the reverse."""
    if bool(model_name) != bool(model_version):
        raise InputError("model_name and model_version go together.", hint="Pass both, or none.")
    found = dict(headers or {})
    if model_name and model_version:
        found |= {"model-name": model_name, "model-version": str(model_version)}
    return found


def predict(
    service: Service,
    deployment_id: str,
    name: str,
    body: bytes,
    headers: Mapping[str, str],
    timeout: float = DEFAULT_PREDICT_TIMEOUT,
) -> Any:
    """Return the decoded answer of the deployment; errors call it ``name``. ``timeout`` in seconds.

    Busy answers and lost connections are tried again: a prediction changes nothing. Raises
    :class:`~ads.errors.NotActiveDeploymentError` when the deployment exists but serves nothing now, otherwise
    :class:`~ads.errors.ModelDeploymentPredictError` with status, code and request id.
    """
    path = f"/{deployment_id}/predict"
    try:
        response = service.request("POST", path, content=body, headers=headers, timeout=timeout, repeatable=True)
    except NotFound as error:
        raise _not_found(service, deployment_id, name, error) from error
    except ServiceError as error:
        raise _failed(name, error, error.status, error.service_code) from error
    except (ServiceTimeout, ServiceUnreachable) as error:
        raise _failed(name, error, 0, "") from error
    try:
        return response.json()
    except ValueError as error:
        raise ModelDeploymentPredictError(
            f"The deployment {name} answered something that is not JSON: {response.text[:200]!r}.",
            status=response.status_code,
            hint="Let predict() in score.py return what JSON can carry.",
            request_id=response.headers.get("opc-request-id", ""),
        ) from error


def _not_found(service: Service, deployment_id: str, name: str, error: NotFound) -> AdsError:
    """Find out, with one more request, whether the deployment is gone or only not serving."""
    try:
        found = service.get_json(f"/20190101/modelDeployments/{deployment_id}")
    except NotFound:
        return _failed(name, error, error.status, error.service_code)
    state = found.get("lifecycleState", "UNKNOWN")
    if state == "ACTIVE":
        return _failed(name, error, error.status, error.service_code)
    hints = {
        "INACTIVE": "Start it with activate().",
        "CREATING": "Wait until it is ACTIVE.",
        "UPDATING": "Wait until it is ACTIVE.",
        "FAILED": "Its lifecycle_details and logs say why; deploy again once that is solved.",
    }
    return NotActiveDeploymentError(
        state,
        message=f"The deployment {name} is {state}, so it answers no predictions.",
        hint=hints.get(state, "Deploy the model again."),
        request_id=error.request_id,
    )


def _failed(name: str, error: AdsError, status: int, code: str) -> ModelDeploymentPredictError:
    return ModelDeploymentPredictError(
        f"The deployment {name} gave no prediction: {error.message}",
        status=status,
        service_code=code,
        hint=_hint(error, status),
        request_id=error.request_id,
    )


def _hint(error: AdsError, status: int) -> str:
    return {
        400: "Compare the data with the model's input_schema.json.",
        413: "Send fewer rows at a time.",
        500: "score.py failed on this data: its log has the traceback under the request id.",
    }.get(status, error.hint)
