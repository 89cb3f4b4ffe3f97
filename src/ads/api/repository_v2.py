"""``/v2/repository``: the model repository extension of the Open Inference Protocol, over deployments.

A model of the protocol is a deployment, under its display name where that is the only one, else under its OCID. To load
it is to activate it, to unload it is to deactivate it. Errors are ``{"error": "…"}``, as in the protocol.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Coroutine, Iterable
from typing import Any
from urllib.parse import unquote

import orjson
from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from sqlalchemy import select
from sqlalchemy.orm import Session

from ads.api import strict_json
from ads.api.answers import answer
from ads.api.context import caller_of, context_of, permissions_of, wake_engine
from ads.api.problems import problem_of
from ads.api.room import machine_of, require_room
from ads.deploy import orders
from ads.errors import AdsError, Conflict, InputError
from ads.identity.access import Verb
from ads.registry.deployments import Deployment
from ads.registry.lookups import not_found

__all__ = ["router"]

_GONE = ("DELETED", "DELETING")
_LOADED = ("ACTIVE", "UPDATING", "CREATING", "NEEDS_ATTENTION")
_STATES = {"ACTIVE": "READY", "NEEDS_ATTENTION": "READY", "CREATING": "LOADING"}
_UNLOADED = "UNAVAILABLE"


class _Route(APIRoute):
    """A route whose errors have the protocol's form."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except AdsError as error:
                refused = problem_of(error)
                said = orjson.loads(bytes(refused.body))
                refused.body = orjson.dumps({"error": said["message"], **said})
                refused.headers["content-length"] = str(len(refused.body))
                return refused

        return handled


router = APIRouter(prefix="/v2/repository", tags=["inference"], route_class=_Route)


@router.post("/index")
def index(request: Request) -> Response:
    """List the deployments that the caller may see, as models; with ``{"ready": true}`` those that answer."""
    wanted = _body(request, {"ready"}).get("ready", False)
    if not isinstance(wanted, bool):
        raise InputError("ready must be true or false.")
    with context_of(request).database.read() as session:
        there = select(Deployment).where(Deployment.lifecycle_state.not_in(_GONE))
        rows = _allowed(request, "inspect", session.scalars(there.order_by(Deployment.display_name, Deployment.seq)))
    names = Counter(row.display_name for row in rows)
    found = [_model(row, unique=names[row.display_name] == 1) for row in rows]
    return answer([entry for entry in found if entry["state"] == "READY" or not wanted])


@router.post("/models/{model_name}/load")
def load(model_name: str, request: Request) -> Response:
    """Activate a deployment; what serves already stays as it is. Ask whether the model is ready to see when it is."""
    if _body(request, {"parameters"}).get("parameters"):
        raise InputError("A model is loaded as it was deployed: parameters can't be given.", hint="Update it instead.")
    machine = machine_of(request)

    def activate(session: Session, deployment: Deployment) -> None:
        if deployment.lifecycle_state not in _LOADED:
            require_room(session, orders.activate_deployment(session, caller_of(request), deployment.id), machine)

    return _ordered(request, model_name, activate)


@router.post("/models/{model_name}/unload")
def unload(model_name: str, request: Request) -> Response:
    """Deactivate a deployment; what is not loaded stays as it is."""
    parameters = _body(request, {"parameters"}).get("parameters") or {}
    if not isinstance(parameters, dict) or not isinstance(parameters.pop("unload_dependents", False), bool):
        raise InputError("parameters must be an object, and unload_dependents true or false.")
    if parameters:
        raise InputError(f"There is no parameter {min(parameters)!r}.", hint="There is unload_dependents.")

    def deactivate(session: Session, deployment: Deployment) -> None:
        if deployment.lifecycle_state not in ("INACTIVE", "FAILED"):
            orders.deactivate_deployment(session, caller_of(request), deployment.id)

    return _ordered(request, model_name, deactivate)


def _ordered(request: Request, name: str, order: Callable[[Session, Deployment], None]) -> Response:
    with context_of(request).database.write() as session:
        deployment = _named(session, request, unquote(name))
        before = deployment.etag
        order(session, deployment)
        session.flush()
        headers = {"opc-work-request-id": deployment.work_request_id or ""} if deployment.etag != before else {}
    wake_engine(request)
    return Response(status_code=200, headers=headers)


def _allowed(request: Request, verb: Verb, rows: Iterable[Deployment]) -> list[Deployment]:
    """Return the deployments for which the credential has this verb."""
    permissions = permissions_of(request)
    return [row for row in rows if permissions.allows(verb, row.compartment_id, row.id)]


def _named(session: Session, request: Request, name: str) -> Deployment:
    """Return the deployment with this id or display name that the caller may use. Raises NotFound, Conflict."""
    named = (Deployment.id == name) | (Deployment.display_name == name)
    rows = session.scalars(select(Deployment).where(named, Deployment.lifecycle_state.not_in(_GONE)))
    found = _allowed(request, "use", rows)
    if not found:
        raise not_found("deployment", name)
    if len(found) > 1:
        raise Conflict(f"Several deployments are called {name!r}.", hint="Use the id of one.")
    return found[0]


def _model(row: Deployment, *, unique: bool) -> dict[str, str]:
    state = _STATES.get(row.lifecycle_state, _UNLOADED)
    if row.lifecycle_state == "UPDATING":
        loading = "READY" if row.serving_revision else "LOADING"
        state = loading if row.target == "ACTIVE" else "UNLOADING"
    reason = row.lifecycle_details or ("unloaded" if row.lifecycle_state == "INACTIVE" else "")
    name = row.display_name if unique and row.display_name else row.id
    return {"name": name, "version": "1", "state": state, "reason": "" if state == "READY" else reason}


def _body(request: Request, known: set[str]) -> dict[str, Any]:
    """Return the body, which may be empty. Raises InputError for another form, and for what is not ``known``."""
    content = strict_json.loads(request.state.body) if request.state.body else {}
    if not isinstance(content, dict):
        raise InputError("The body must be a JSON object.")
    for name in content.keys() - known:
        raise InputError(f"There is no field {name!r} here.", hint=f"There is {', '.join(sorted(known))}.")
    return content
