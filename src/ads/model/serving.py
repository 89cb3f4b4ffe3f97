"""deploy(), predict() and the other verbs that concern a deployment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, MissingModelDeploymentIdError
from ads.model import defaults
from ads.model.options import PrepareOptions, refuse_unknown
from ads.model.payload import chosen_data, make_payload
from ads.model.summary import DEPLOY_STATUS_DETAIL, PREDICT_STATUS_CALL_ENDPOINT_DETAIL, ModelState

if TYPE_CHECKING:
    from ads.model.deployment import ModelDeployment, ModelDeploymentInfrastructure
    from ads.model.generic_model import GenericModel

__all__ = [
    "DeployOptions",
    "delete_deployment",
    "deploy",
    "predict",
    "prepare_save_deploy",
    "refresh_summary",
    "restart_deployment",
    "show_state",
    "update_deployment",
]

_EXTRA = [
    "cmd",
    "compartment_id",
    "defined_tags",
    "deployment_mode",
    "entrypoint",
    "environment_variables",
    "freeform_tags",
    "health_check_port",
    "image_digest",
    "input_stream_ids",
    "max_wait_time",
    "output_stream_ids",
    "poll_interval",
    "project_id",
    "raise_on_failure",
    "server_port",
    "web_concurrency",
]
"""The keywords of ``deploy()`` beyond its named arguments."""

_REMEMBERED = "deployment_"

_PREDICT_EXTRA = [
    "content_type",
    "headers",
    "image",
    "model_name",
    "model_version",
    "outputs",
    "storage_options",
    "timeout",
]


@dataclass(frozen=True)
class DeployOptions:
    """The arguments of ``deploy()``."""

    wait_for_completion: bool | None = True
    display_name: str | None = None
    description: str | None = None
    deployment_instance_shape: str | None = None
    deployment_instance_subnet_id: str | None = None
    deployment_instance_private_endpoint_id: str | None = None
    deployment_instance_count: int | None = None
    deployment_bandwidth_mbps: int | None = None
    deployment_log_group_id: str | None = None
    deployment_access_log_id: str | None = None
    deployment_predict_log_id: str | None = None
    deployment_memory_in_gbs: float | None = None
    deployment_ocpus: float | None = None
    deployment_image: str | None = None
    extra: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, arguments: Mapping[str, Any], extra: Mapping[str, Any]) -> DeployOptions:
        """Return the options of a call; unknown keywords are refused."""
        refuse_unknown("deploy", extra, _EXTRA)
        names = [field.name for field in fields(cls) if field.name != "extra"]
        return cls(**{name: arguments[name] for name in names}, extra=dict(extra))

    def more(self, name: str, default: Any = None) -> Any:
        """Return a keyword beyond the named arguments."""
        value = (self.extra or {}).get(name)
        return default if value is None else value


def deploy(model: GenericModel, options: DeployOptions) -> ModelDeployment:
    """Deploy the saved model; the deployment belongs to the model from now on, also when it fails."""
    from ads.model.deployment import ModelDeployment
    from ads.model.names import random_name

    if not model.model_id:
        raise InputError("Only a model in the catalog can be deployed.", hint="Call save() first.")
    _remember(model, options)
    deployment = (
        ModelDeployment()
        .with_display_name(options.display_name or random_name(model.name_prefix))
        .with_infrastructure(_infrastructure(model, options))
        .with_runtime(_runtime(model, model.model_id, options))
    )
    if options.description:
        deployment.with_description(options.description)
    for tags, take in (
        (options.more("freeform_tags"), deployment.with_freeform_tags),
        (options.more("defined_tags"), deployment.with_defined_tags),
    ):
        if tags:
            take(**tags)
    model.model_deployment = deployment
    try:
        deployment.deploy(
            wait_for_completion=bool(options.wait_for_completion),
            max_wait_time=options.more("max_wait_time", defaults.DEFAULT_WAIT_TIME),
            poll_interval=options.more("poll_interval", defaults.DEFAULT_POLL_INTERVAL),
            raise_on_failure=options.more("raise_on_failure", True),
        )
    finally:
        show_state(model, deployment.lifecycle_state)
    return deployment


def prepare_save_deploy(model: GenericModel, arguments: Mapping[str, Any], extra: Mapping[str, Any]) -> ModelDeployment:
    """Do the three verbs; every argument and keyword goes to the one that knows it."""
    from ads.model.registration import TRANSFER_OPTIONS

    known_to_prepare = {field.name for field in fields(PrepareOptions)}
    known_to_save = {
        "reload",
        "timeout",
        "region",
        "compartment_id",
        "project_id",
        "metrics",
        "trained_from",
        "derived_from",
    }
    refuse_unknown("prepare_save_deploy", extra, sorted({*known_to_prepare, *known_to_save, *_EXTRA}))
    prepare = {name: value for name, value in arguments.items() if name in known_to_prepare}
    model.prepare(**prepare, **{name: value for name, value in extra.items() if name in known_to_prepare})
    save = {
        name: arguments[name] for name in (*TRANSFER_OPTIONS, "model_version_set", "version_label") if name in arguments
    }
    model.save(
        display_name=arguments["model_display_name"],
        description=arguments["model_description"],
        freeform_tags=arguments["model_freeform_tags"],
        defined_tags=arguments["model_defined_tags"],
        ignore_introspection=arguments["ignore_introspection"],
        model_by_reference=arguments["model_by_reference"],
        **save,
        **{name: value for name, value in extra.items() if name in known_to_save},
    )
    settings = {name: arguments[name] for name in arguments if name.startswith(_REMEMBERED)}
    settings["display_name"] = settings.pop("deployment_display_name")
    settings["description"] = settings.pop("deployment_description")
    more = {name: value for name, value in extra.items() if name in _EXTRA}
    return model.deploy(wait_for_completion=arguments["wait_for_completion"], **settings, **more)


def predict(model: GenericModel, data: Any, auto_serialize_data: bool, options: Mapping[str, Any]) -> Any:
    """Return the endpoint's answer; one request, and no question to the control plane before it."""
    refuse_unknown("predict", options, _PREDICT_EXTRA)
    deployment = model.model_deployment
    if deployment is None or not model.model_deployment_id:
        raise InputError(
            "The model is not deployed, so there is no endpoint to ask.",
            hint="Call deploy() first, or verify(data) to ask score.py on this machine.",
        )
    data = chosen_data(model, data, options)
    payload = make_payload(model.model_input_serializer, data, auto_serialize_data, options.get("outputs"))
    passed = {name: value for name, value in options.items() if name not in ("image", "outputs", "storage_options")}
    passed.setdefault("content_type", payload.content_type)
    answer = deployment.predict(data=payload.body, **passed)
    model.summary.set(ModelState.DONE, PREDICT_STATUS_CALL_ENDPOINT_DETAIL)
    return answer


def update_deployment(
    model: GenericModel | None,
    model_deployment_id: str | None,
    properties: Any,
    waiting: tuple[bool, int | None, int | None],
    changes: Mapping[str, Any],
) -> ModelDeployment:
    """Change the deployment of ``model``, or without one the deployment with that OCID."""
    from ads.model.deployment import ModelDeployment

    deployment = model.model_deployment if model is not None else None
    if deployment is None:
        if not model_deployment_id:
            raise InputError(
                "There is no deployment to update.", hint="Pass model_deployment_id, or call deploy() first."
            )
        deployment = ModelDeployment.from_id(model_deployment_id)
    wait, max_wait_time, poll_interval = waiting
    deployment.update(
        properties=properties,
        wait_for_completion=wait,
        max_wait_time=defaults.DEFAULT_WAIT_TIME if max_wait_time is None else max_wait_time,
        poll_interval=defaults.DEFAULT_POLL_INTERVAL if poll_interval is None else poll_interval,
        **changes,
    )
    if model is not None:
        show_state(model, deployment.lifecycle_state)
    return deployment


def restart_deployment(model: GenericModel, max_wait_time: int, poll_interval: int) -> ModelDeployment:
    """Replace the deployment's replicas; an inactive one is only started."""
    deployment = _require_deployment(model)
    if deployment.state.name == "INACTIVE":
        deployment.activate(max_wait_time=max_wait_time, poll_interval=poll_interval)
    else:
        deployment.restart(max_wait_time=max_wait_time, poll_interval=poll_interval)
    show_state(model, deployment.lifecycle_state)
    return deployment


def delete_deployment(model: GenericModel, wait_for_completion: bool) -> None:
    """Delete the model's deployment."""
    deployment = _require_deployment(model)
    deployment.delete(wait_for_completion=wait_for_completion)
    show_state(model, deployment.lifecycle_state)


def refresh_summary(model: GenericModel) -> None:
    """Bring the rows up to date. Before ``deploy()`` nobody is asked; after a deletion neither."""
    deployment = model.model_deployment
    if deployment is None or not model.model_deployment_id or deployment.lifecycle_state == "DELETED":
        return
    show_state(model, deployment.state.name)


def show_state(model: GenericModel, state: str | None) -> None:
    """Show the state of the deployment in the summary, and what it means for predictions."""
    if not state:
        return
    model.summary.update_status(DEPLOY_STATUS_DETAIL, state)
    if state != "ACTIVE":
        model.summary.set(ModelState.NOTAVAILABLE, PREDICT_STATUS_CALL_ENDPOINT_DETAIL)
    elif model.summary.status_of(PREDICT_STATUS_CALL_ENDPOINT_DETAIL) != ModelState.DONE.value:
        model.summary.set(ModelState.AVAILABLE, PREDICT_STATUS_CALL_ENDPOINT_DETAIL)


def _require_deployment(model: GenericModel) -> ModelDeployment:
    if model.model_deployment is None or not model.model_deployment_id:
        raise MissingModelDeploymentIdError("The model has no deployment.", hint="Call deploy() first.")
    return model.model_deployment


def _remember(model: GenericModel, options: DeployOptions) -> None:
    given = {name: value for name, value in vars(options).items() if name.startswith(_REMEMBERED)}
    given |= {name: options.more(name) for name in ("compartment_id", "project_id")}
    model.properties.with_dict({name: value for name, value in given.items() if value is not None})


def _infrastructure(model: GenericModel, options: DeployOptions) -> ModelDeploymentInfrastructure:
    from ads.model.deployment import ModelDeploymentInfrastructure

    known = model.properties
    shape = known.deployment_instance_shape or defaults.MODEL_DEPLOYMENT_INSTANCE_SHAPE
    infrastructure: ModelDeploymentInfrastructure = (
        ModelDeploymentInfrastructure()
        .with_shape_name(shape)
        .with_replica(known.deployment_instance_count or defaults.MODEL_DEPLOYMENT_INSTANCE_COUNT)
    )
    if known.deployment_bandwidth_mbps:
        infrastructure.with_bandwidth_mbps(known.deployment_bandwidth_mbps)
    if shape.endswith("Flex"):
        infrastructure.with_shape_config_details(
            ocpus=known.deployment_ocpus or defaults.MODEL_DEPLOYMENT_INSTANCE_OCPUS,
            memory_in_gbs=known.deployment_memory_in_gbs or defaults.MODEL_DEPLOYMENT_INSTANCE_MEMORY_IN_GBS,
        )
    for value, take in (
        (known.compartment_id, infrastructure.with_compartment_id),
        (known.project_id, infrastructure.with_project_id),
        (known.deployment_instance_subnet_id, infrastructure.with_subnet_id),
        (known.deployment_instance_private_endpoint_id, infrastructure.with_private_endpoint_id),
    ):
        if value:
            take(value)
    if options.more("web_concurrency"):
        infrastructure.with_web_concurrency(options.more("web_concurrency"))
    group = known.deployment_log_group_id
    for log_id, take_log in (
        (known.deployment_access_log_id, infrastructure.with_access_log),
        (known.deployment_predict_log_id, infrastructure.with_predict_log),
    ):
        if not log_id:
            continue
        if not group:
            raise InputError("A log needs its log group.", hint="Pass deployment_log_group_id as well.")
        take_log(log_group_id=group, log_id=log_id)
    return infrastructure


def _runtime(model: GenericModel, model_id: str, options: DeployOptions) -> Any:
    from ads.model.deployment import (
        ModelDeploymentCondaRuntime,
        ModelDeploymentContainerRuntime,
        ModelDeploymentRuntime,
    )

    image = model.properties.deployment_image
    runtime: ModelDeploymentRuntime
    if image:
        container = ModelDeploymentContainerRuntime().with_image(image)
        for name in ("image_digest", "cmd", "entrypoint", "server_port", "health_check_port"):
            value = options.more(name)
            if value is not None:
                getattr(container, f"with_{name}")(value)
        runtime = container
    else:
        runtime = ModelDeploymentCondaRuntime()
    runtime.with_model_uri(model_id)
    for name, method in (
        ("environment_variables", "with_env"),
        ("deployment_mode", "with_deployment_mode"),
        ("input_stream_ids", "with_input_stream_ids"),
        ("output_stream_ids", "with_output_stream_ids"),
    ):
        value = options.more(name)
        if value is not None:
            getattr(runtime, method)(value)
    return runtime
