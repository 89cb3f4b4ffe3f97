"""``ModelDeployment``: a model behind an endpoint, from its description to its predictions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ads.client import Service
from ads.errors import InputError, LogNotConfiguredError, ModelDeploymentPredictError, NotFound
from ads.model.deployment import DEFAULT_POLL_INTERVAL, DEFAULT_WAIT_TIME, deployment_wire
from ads.model.deployment.deployment_description import MODEL_DEPLOYMENT_KIND, MODEL_DEPLOYMENT_TYPE
from ads.model.deployment.live_deployment import (
    LOG_INTERVAL,
    LOG_RECORDS_LIMIT,
    ModelDeploymentLogType,
)
from ads.model.deployment.model_deployment_infrastructure import (
    DEFAULT_BANDWIDTH_MBPS,
    DEFAULT_MEMORY_IN_GBS,
    DEFAULT_OCPUS,
    DEFAULT_REPLICA,
    DEFAULT_SHAPE_NAME,
    MODEL_DEPLOYMENT_INFRASTRUCTURE_TYPE,
    ModelDeploymentInfrastructure,
)
from ads.model.deployment.rolling_deployment import RollingDeployment
from ads.model.deployment.waiting import Waiting, follow
from ads.model.serde.model_input import JsonModelInputSERDE

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "DEACTIVATE_WORKFLOW_STEPS",
    "DEFAULT_BANDWIDTH_MBPS",
    "DEFAULT_MEMORY_IN_GBS",
    "DEFAULT_OCPUS",
    "DEFAULT_POLL_INTERVAL",
    "DEFAULT_REPLICA",
    "DEFAULT_RETRYING_REQUEST_ATTEMPTS",
    "DEFAULT_SHAPE_NAME",
    "DEFAULT_WAIT_TIME",
    "DEFAULT_WORKFLOW_STEPS",
    "DELETE_WORKFLOW_STEPS",
    "LOG_INTERVAL",
    "LOG_RECORDS_LIMIT",
    "MODEL_DEPLOYMENT_INFERENCE_SERVER_TRITON",
    "MODEL_DEPLOYMENT_INFRASTRUCTURE_TYPE",
    "MODEL_DEPLOYMENT_KIND",
    "MODEL_DEPLOYMENT_TYPE",
    "LogNotConfiguredError",
    "ModelDeployment",
    "ModelDeploymentLogType",
    "ModelDeploymentPredictError",
    "ModelDeploymentType",
    "ModelDeploymentUpdateType",
]

DEFAULT_WORKFLOW_STEPS = 6
DELETE_WORKFLOW_STEPS = 2
DEACTIVATE_WORKFLOW_STEPS = 2
DEFAULT_RETRYING_REQUEST_ATTEMPTS = 3
MODEL_DEPLOYMENT_INFERENCE_SERVER_TRITON = "TRITON"

_DEPLOYMENTS = "/20190101/modelDeployments"


class ModelDeploymentType:
    """What a deployment serves."""

    SINGLE_MODEL = "SINGLE_MODEL"
    SINGLE_MODEL_FLEX = "SINGLE_MODEL_FLEX"
    MODEL_GROUP = "MODEL_GROUP"


class ModelDeploymentUpdateType:
    """How an update is rolled out. This service always serves without a gap."""

    ZDT = "ZDT"
    LIVE = "LIVE"


class ModelDeployment(RollingDeployment):
    """A model behind an endpoint.

    Example::

        deployment = (
            ModelDeployment(display_name="churn")
            .with_infrastructure(ModelDeploymentInfrastructure(replica=2))
            .with_runtime(ModelDeploymentCondaRuntime(model_uri=model.id))
            .deploy()
        )
        deployment.predict(data=[[1.0, 2.0]])
    """

    model_input_serializer: Any = JsonModelInputSERDE()
    """What ``predict(auto_serialize_data=True)`` encodes data with unless told otherwise: the JSON envelope."""

    def __init__(
        self,
        properties: Any = None,
        config: dict[str, Any] | None = None,  # noqa: ARG002 - OCI's; the service's own credential is used
        model_deployment_id: str | None = None,
        model_deployment_url: str = "",
        spec: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if spec is not None and properties is not None:
            raise InputError("spec and properties describe the same thing.", hint="Pass one of the two.")
        super().__init__(spec, **kwargs)
        if properties is not None:
            from ads.model.deployment.model_deployment_properties import describe

            describe(self, properties)
        if model_deployment_id:
            self.set_spec(self.CONST_ID, model_deployment_id)
        if model_deployment_url:
            self.set_spec(self.CONST_MODEL_DEPLOYMENT_URL, model_deployment_url)

    def _repr_html_(self) -> str:
        from ads.model.cards import deployment_card

        return deployment_card(self)

    def deploy(
        self,
        wait_for_completion: bool | None = True,
        max_wait_time: float | None = DEFAULT_WAIT_TIME,
        poll_interval: float | None = DEFAULT_POLL_INTERVAL,
        raise_on_failure: bool = True,
    ) -> Self:
        """Create the deployment and return it, ACTIVE. Where an alias names the model, it is followed from then on.

        ``max_wait_time`` in seconds (negative: no limit), ``poll_interval`` the longest pause between two looks.
        ``wait_for_completion=False`` returns at once. Raises InputError without runtime or model,
        :class:`~ads.errors.DeploymentFailed` with cause and log when it ends FAILED (unless ``raise_on_failure`` is
        false), :class:`~ads.errors.ServiceTimeout` when the time is up; the deployment goes on then.
        """
        service = Service.find()
        infrastructure, runtime = self._require_parts(service)
        if not self.display_name:
            import secrets

            self.with_display_name(f"model-deployment-{secrets.token_hex(4)}")
        uri = str(runtime.model_uri or "")
        body = deployment_wire.create_body(self, infrastructure, runtime, self._model_id(runtime))
        response = service.request("POST", _DEPLOYMENTS, json=body, retry_token=True)
        self._read(response.json())
        if _is_reference(uri) and "@" in uri:
            self.follow(uri)
        waiting = Waiting(wait_for_completion, max_wait_time, poll_interval, raise_on_failure)
        return follow(self, service, response, f"Deploying {self.display_name}", waiting)

    def update(
        self,
        properties: Any = None,
        wait_for_completion: bool | None = True,
        max_wait_time: float | None = DEFAULT_WAIT_TIME,
        poll_interval: float | None = DEFAULT_POLL_INTERVAL,
        update_type: str = ModelDeploymentUpdateType.ZDT,  # noqa: ARG002 - every update is without a gap here
        raise_on_failure: bool = True,
        **kwargs: Any,
    ) -> Self:
        """Change exactly the given fields, such as ``description`` or ``instance_count``; without any, send everything.

        ``properties`` is a dictionary of fields or a ``ModelDeploymentProperties``. Raises InputError for an unknown
        field, otherwise as :meth:`deploy`.
        """
        deployment_id = self._require_id()
        service = Service.find()
        fields = {**_fields(properties), **kwargs}
        body = deployment_wire.update_body(fields) if fields else self._complete_body(service)
        if not body:
            return self.sync()
        response = service.request("PUT", f"{_DEPLOYMENTS}/{deployment_id}", json=body)
        waiting = Waiting(wait_for_completion, max_wait_time, poll_interval, raise_on_failure)
        return follow(self, service, response, f"Updating {self.display_name or deployment_id}", waiting)

    def activate(
        self,
        wait_for_completion: bool | None = True,
        max_wait_time: float | None = DEFAULT_WAIT_TIME,
        poll_interval: float | None = DEFAULT_POLL_INTERVAL,
        raise_on_failure: bool = True,
    ) -> Self:
        """Start an INACTIVE deployment and return it, ACTIVE. Raises :class:`~ads.errors.Conflict` in another state."""
        waiting = Waiting(wait_for_completion, max_wait_time, poll_interval, raise_on_failure)
        return self._act("POST", "/actions/activate", "Activating", waiting)

    def deactivate(
        self,
        wait_for_completion: bool | None = True,
        max_wait_time: float | None = DEFAULT_WAIT_TIME,
        poll_interval: float | None = DEFAULT_POLL_INTERVAL,
        raise_on_failure: bool = True,
    ) -> Self:
        """Stop an ACTIVE deployment and return it, INACTIVE. Raises :class:`~ads.errors.Conflict` in another state."""
        waiting = Waiting(wait_for_completion, max_wait_time, poll_interval, raise_on_failure)
        return self._act("POST", "/actions/deactivate", "Deactivating", waiting)

    def restart(
        self, max_wait_time: float | None = DEFAULT_WAIT_TIME, poll_interval: float | None = DEFAULT_POLL_INTERVAL
    ) -> Self:
        """Replace all replicas and return the deployment, ACTIVE. It answers throughout, in OCI it stops in between."""
        waiting = Waiting(True, max_wait_time, poll_interval, True)
        try:
            return self._order("POST", "/actions/restart", None, "Restarting", waiting)
        except NotFound:  # a service that knows OCI's verbs only
            pass
        self.deactivate(max_wait_time=max_wait_time, poll_interval=poll_interval)
        return self.activate(max_wait_time=max_wait_time, poll_interval=poll_interval)

    def delete(
        self,
        wait_for_completion: bool | None = True,
        max_wait_time: float | None = DEFAULT_WAIT_TIME,
        poll_interval: float | None = DEFAULT_POLL_INTERVAL,
    ) -> Self:
        """Delete the deployment and return it, DELETED. Raises :class:`~ads.errors.Conflict` while it is changing."""
        waiting = Waiting(wait_for_completion, max_wait_time, poll_interval, True)
        return self._act("DELETE", "", "Deleting", waiting)

    def predict(
        self,
        json_input: Any = None,
        data: Any = None,
        serializer: Any = None,
        auto_serialize_data: bool = False,
        model_name: str | None = None,
        model_version: str | None = None,
        **kwargs: Any,
    ) -> Any:
        """Return the endpoint's answer for ``data``: bytes or plain values; frames with ``auto_serialize_data``.

        One request, at most ``timeout`` seconds (60), tried again while the endpoint is busy. ``headers`` and
        ``content_type`` are sent as given. Raises :class:`~ads.errors.NotActiveDeploymentError` and
        :class:`~ads.errors.ModelDeploymentPredictError` with status, code and request id.
        """
        from ads.model.builder import unknown_argument
        from ads.model.deployment import endpoint

        options = {"timeout", "headers", "content_type"}
        for name in kwargs:
            if name not in options:
                raise unknown_argument("predict()", name, dict.fromkeys(options))
        deployment_id = self._require_id()
        if auto_serialize_data and serializer is None:
            serializer = self.model_input_serializer
        body, content_type = endpoint.encode_body(json_input, data, serializer, auto_serialize_data)
        headers = endpoint.extra_headers(model_name, model_version, kwargs.get("headers"))
        headers = {k: v for k, v in headers.items() if k.lower() != "content-type"}
        headers["content-type"] = kwargs.get("content_type") or content_type
        timeout = kwargs.get("timeout") or endpoint.DEFAULT_PREDICT_TIMEOUT
        return endpoint.predict(
            Service.find(), deployment_id, self.display_name or deployment_id, body, headers, timeout
        )

    def _require_parts(self, service: Service) -> tuple[ModelDeploymentInfrastructure, Any]:
        for name in ("infrastructure", "runtime"):
            if getattr(self, name) is None:
                raise InputError(f"The deployment has no {name}.", hint=f"Set it with with_{name}().")
        infrastructure = self.infrastructure
        assert infrastructure is not None
        if not infrastructure.compartment_id:
            infrastructure.with_compartment_id(service.compartment_id)
        if not infrastructure.project_id:
            infrastructure.with_project_id(service.project_id)
        return infrastructure, self.runtime

    def _model_id(self, runtime: Any) -> str:
        """Return the OCID of the model; an artifact that was named instead becomes a model of the catalog first."""
        if runtime.model_group_id:
            from ads.model.unsupported import refuse

            refuse("Deploying model groups is", "Deploy one model with with_model_uri().")
        uri = runtime.model_uri
        if not uri:
            raise InputError("The runtime names no model.", hint="Set it with with_model_uri().")
        if str(uri).startswith("ocid1."):
            return str(uri)
        if _is_reference(str(uri)):
            from ads.client.references import resolve_model

            return resolve_model(Service.find(), str(uri)).id
        from ads.model.datascience_model import DataScienceModel

        model = DataScienceModel(display_name=self.display_name, artifact=str(uri)).create(
            bucket_uri=runtime.bucket_uri
        )
        runtime.with_model_uri(model.id)
        return str(model.id)

    def _complete_body(self, service: Service) -> dict[str, Any]:
        infrastructure, runtime = self._require_parts(service)
        body = deployment_wire.create_body(self, infrastructure, runtime, self._model_id(runtime))
        return {key: value for key, value in body.items() if key not in {"projectId", "compartmentId"}}

    def _act(self, method: str, suffix: str, verb: str, waiting: Waiting) -> Self:
        deployment_id = self._require_id()
        service = Service.find()
        response = service.request(method, f"{_DEPLOYMENTS}/{deployment_id}{suffix}")
        return follow(self, service, response, f"{verb} {self.display_name or deployment_id}", waiting)


def _is_reference(uri: str) -> bool:
    """Tell whether this is ``name:12`` or ``name@alias``, rather than an OCID or a place."""
    from ads.client.references import is_path

    return not uri.startswith("ocid1.") and not is_path(uri) and (":" in uri or "@" in uri)


def _fields(properties: Any) -> dict[str, Any]:
    """Return the fields that ``properties`` sets."""
    if properties is None:
        return {}
    if isinstance(properties, Mapping):
        return dict(properties)
    from ads.model.deployment.model_deployment_properties import fields_of

    return fields_of(properties)
