"""What a deployment runs, and in which environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from ads.errors import InputError
from ads.model.builder import Builder
from ads.model.deployment.wire_names import RuntimeWireNames

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "ModelDeploymentCondaRuntime",
    "ModelDeploymentContainerRuntime",
    "ModelDeploymentMode",
    "ModelDeploymentRuntime",
    "ModelDeploymentRuntimeType",
    "OCIModelDeploymentRuntimeType",
]

MODEL_DEPLOYMENT_RUNTIME_KIND = "runtime"


class ModelDeploymentMode:
    """How requests reach the model."""

    HTTPS = "HTTPS_ONLY"
    STREAM = "STREAM_ONLY"


class ModelDeploymentRuntimeType:
    """What a description calls the two kinds of runtime."""

    CONDA = "conda"
    CONTAINER = "container"


class OCIModelDeploymentRuntimeType:
    """What the REST interface calls them."""

    CONDA = "DEFAULT"
    CONTAINER = "OCIR_CONTAINER"


class ModelDeploymentRuntime(RuntimeWireNames, Builder):
    """The model and its surroundings; use one of the two children."""

    CONST_MODEL_URI = "modelUri"
    CONST_MODEL_ID = "modelId"
    CONST_MODEL_GROUP_ID = "modelGroupId"
    CONST_ENV = "env"
    CONST_DEPLOYMENT_MODE = "deploymentMode"
    CONST_INPUT_STREAM_IDS = "inputStreamIds"
    CONST_OUTPUT_STREAM_IDS = "outputStreamIds"
    CONST_BUCKET_URI = "bucketUri"
    CONST_AUTH = "auth"
    CONST_REGION = "region"
    CONST_OVERWRITE_EXISTING_ARTIFACT = "overwriteExistingArtifact"
    CONST_REMOVE_EXISTING_ARTIFACT = "removeExistingArtifact"
    CONST_TIMEOUT = "timeout"

    attribute_map: ClassVar[dict[str, str]] = {
        CONST_MODEL_URI: "model_uri",
        CONST_MODEL_GROUP_ID: "model_group_id",
        CONST_ENV: "env",
        CONST_DEPLOYMENT_MODE: "deployment_mode",
        CONST_INPUT_STREAM_IDS: "input_stream_ids",
        CONST_OUTPUT_STREAM_IDS: "output_stream_ids",
        CONST_BUCKET_URI: "bucket_uri",
        CONST_AUTH: "auth",
        CONST_REGION: "region",
        CONST_OVERWRITE_EXISTING_ARTIFACT: "overwrite_existing_artifact",
        CONST_REMOVE_EXISTING_ARTIFACT: "remove_existing_artifact",
        CONST_TIMEOUT: "timeout",
    }

    def to_dict(self, **kwargs: Any) -> dict[str, Any]:
        """Return the description, without the credential that :meth:`with_auth` set."""
        described = super().to_dict(**kwargs)
        described["spec"].pop(self.CONST_AUTH, None)
        return described

    def init(self, **kwargs: Any) -> Self:
        """Return the object with a value everywhere that a description needs one: placeholders and the defaults."""
        start = {
            self.CONST_MODEL_URI: "{Provide a model OCID, or the path of an artifact}",
            self.CONST_DEPLOYMENT_MODE: ModelDeploymentMode.HTTPS,
            self.CONST_ENV: {"WEB_CONCURRENCY": "1"},
        }
        return self.fill(start, kwargs)

    @property
    def kind(self) -> str:
        """The word ``runtime``."""
        return MODEL_DEPLOYMENT_RUNTIME_KIND

    @property
    def environment_config_type(self) -> str:
        """What the REST interface calls this kind of runtime."""
        raise NotImplementedError(type(self).__name__)

    @property
    def env(self) -> Any:
        """The environment variables of the replicas."""
        return self.get_spec(self.CONST_ENV, {})

    def with_env(self, env: dict[str, str]) -> Self:
        """Set the environment variables of the replicas."""
        return self.set_spec(self.CONST_ENV, env)

    @property
    def deployment_mode(self) -> Any:
        """How requests reach the model."""
        return self.get_spec(self.CONST_DEPLOYMENT_MODE, ModelDeploymentMode.HTTPS)

    def with_deployment_mode(self, deployment_mode: str) -> Self:
        """Set how requests reach the model: a value of ``ModelDeploymentMode``."""
        modes = (ModelDeploymentMode.HTTPS, ModelDeploymentMode.STREAM)
        if deployment_mode not in modes:
            raise InputError(f"{deployment_mode!r} is no deployment mode.", hint=f"Modes: {', '.join(modes)}.")
        return self.set_spec(self.CONST_DEPLOYMENT_MODE, deployment_mode)

    @property
    def model_uri(self) -> Any:
        """The OCID of the model, or the path of an artifact to be uploaded first."""
        return self.get_spec(self.CONST_MODEL_URI)

    def with_model_uri(self, model_uri: str) -> Self:
        """Set the OCID of the model, or the path of an artifact that is uploaded as a new model first."""
        return self.set_spec(self.CONST_MODEL_URI, model_uri)

    @property
    def model_group_id(self) -> Any:
        """The OCID of the model group."""
        return self.get_spec(self.CONST_MODEL_GROUP_ID)

    def with_model_group_id(self, model_group_id: str) -> Self:
        """Set the OCID of the model group."""
        return self.set_spec(self.CONST_MODEL_GROUP_ID, model_group_id)

    @property
    def input_stream_ids(self) -> Any:
        """The streams that requests come from."""
        return self.get_spec(self.CONST_INPUT_STREAM_IDS, [])

    def with_input_stream_ids(self, input_stream_ids: list[str]) -> Self:
        """Set the streams that requests come from."""
        return self.set_spec(self.CONST_INPUT_STREAM_IDS, input_stream_ids)

    @property
    def output_stream_ids(self) -> Any:
        """The streams that answers go to."""
        return self.get_spec(self.CONST_OUTPUT_STREAM_IDS, [])

    def with_output_stream_ids(self, output_stream_ids: list[str]) -> Self:
        """Set the streams that answers go to."""
        return self.set_spec(self.CONST_OUTPUT_STREAM_IDS, output_stream_ids)

    @property
    def bucket_uri(self) -> Any:
        """The bucket between this machine and the catalog."""
        return self.get_spec(self.CONST_BUCKET_URI)

    def with_bucket_uri(self, bucket_uri: str) -> Self:
        """Set the bucket between this machine and the catalog."""
        return self.set_spec(self.CONST_BUCKET_URI, bucket_uri)

    @property
    def auth(self) -> Any:
        """The credential for uploading the artifact."""
        return self.get_spec(self.CONST_AUTH, {})

    def with_auth(self, auth: dict[str, Any]) -> Self:
        """Set the credential for uploading the artifact. It is never part of the description."""
        return self.set_spec(self.CONST_AUTH, auth)

    @property
    def region(self) -> Any:
        """The region of the bucket."""
        return self.get_spec(self.CONST_REGION)

    def with_region(self, region: str) -> Self:
        """Set the region of the bucket."""
        return self.set_spec(self.CONST_REGION, region)

    @property
    def overwrite_existing_artifact(self) -> Any:
        """Whether the bucket's copy is overwritten."""
        return self.get_spec(self.CONST_OVERWRITE_EXISTING_ARTIFACT, True)

    def with_overwrite_existing_artifact(self, overwrite_existing_artifact: bool) -> Self:
        """Set whether the bucket's copy is overwritten."""
        return self.set_spec(self.CONST_OVERWRITE_EXISTING_ARTIFACT, overwrite_existing_artifact)

    @property
    def remove_existing_artifact(self) -> Any:
        """Whether the bucket's copy is removed afterwards."""
        return self.get_spec(self.CONST_REMOVE_EXISTING_ARTIFACT, True)

    def with_remove_existing_artifact(self, remove_existing_artifact: bool) -> Self:
        """Set whether the bucket's copy is removed afterwards."""
        return self.set_spec(self.CONST_REMOVE_EXISTING_ARTIFACT, remove_existing_artifact)

    @property
    def timeout(self) -> Any:
        """The connection timeout in seconds for the upload."""
        return self.get_spec(self.CONST_TIMEOUT)

    def with_timeout(self, timeout: int) -> Self:
        """Set the connection timeout in seconds for the upload."""
        return self.set_spec(self.CONST_TIMEOUT, timeout)


class ModelDeploymentCondaRuntime(ModelDeploymentRuntime):
    """The model runs in the environment that its artifact names."""

    @property
    def type(self) -> str:
        """The word ``conda``."""
        return ModelDeploymentRuntimeType.CONDA

    @property
    def environment_config_type(self) -> str:
        """What the REST interface calls this kind of runtime."""
        return OCIModelDeploymentRuntimeType.CONDA


class ModelDeploymentContainerRuntime(ModelDeploymentRuntime):
    """The model runs in a container image."""

    CONST_IMAGE = "image"
    CONST_IMAGE_DIGEST = "imageDigest"
    CONST_CMD = "cmd"
    CONST_ENTRYPOINT = "entrypoint"
    CONST_SERVER_PORT = "serverPort"
    CONST_HEALTH_CHECK_PORT = "healthCheckPort"
    CONST_INFERENCE_SERVER = "inferenceServer"

    attribute_map: ClassVar[dict[str, str]] = {
        **ModelDeploymentRuntime.attribute_map,
        CONST_IMAGE: "image",
        CONST_IMAGE_DIGEST: "image_digest",
        CONST_CMD: "cmd",
        CONST_ENTRYPOINT: "entrypoint",
        CONST_SERVER_PORT: "server_port",
        CONST_HEALTH_CHECK_PORT: "health_check_port",
        CONST_INFERENCE_SERVER: "inference_server",
    }
    payload_attribute_map: ClassVar[dict[str, str]] = {
        **RuntimeWireNames.payload_attribute_map,
        CONST_IMAGE: f"{RuntimeWireNames.ENVIRONMENT_CONFIG_DETAILS_PATH}.image",
        CONST_IMAGE_DIGEST: f"{RuntimeWireNames.ENVIRONMENT_CONFIG_DETAILS_PATH}.image_digest",
        CONST_CMD: f"{RuntimeWireNames.ENVIRONMENT_CONFIG_DETAILS_PATH}.cmd",
        CONST_ENTRYPOINT: f"{RuntimeWireNames.ENVIRONMENT_CONFIG_DETAILS_PATH}.entrypoint",
        CONST_SERVER_PORT: f"{RuntimeWireNames.ENVIRONMENT_CONFIG_DETAILS_PATH}.server_port",
        CONST_HEALTH_CHECK_PORT: f"{RuntimeWireNames.ENVIRONMENT_CONFIG_DETAILS_PATH}.health_check_port",
    }

    def init(self, **kwargs: Any) -> Self:
        """Return the object with a value everywhere that a description needs one: placeholders and the defaults."""
        start = {
            self.CONST_IMAGE: "{Provide an image, such as registry/name:tag}",
            self.CONST_ENTRYPOINT: [],
            self.CONST_CMD: [],
            self.CONST_SERVER_PORT: 8080,
            self.CONST_HEALTH_CHECK_PORT: 8080,
        }
        return super().init(**kwargs).fill(start, {})

    @property
    def type(self) -> str:
        """The word ``container``."""
        return ModelDeploymentRuntimeType.CONTAINER

    @property
    def environment_config_type(self) -> str:
        """What the REST interface calls this kind of runtime."""
        return OCIModelDeploymentRuntimeType.CONTAINER

    @property
    def image(self) -> Any:
        """The image's name."""
        return self.get_spec(self.CONST_IMAGE)

    def with_image(self, image: str) -> Self:
        """Set the image's name."""
        return self.set_spec(self.CONST_IMAGE, image)

    @property
    def image_digest(self) -> Any:
        """The image's digest."""
        return self.get_spec(self.CONST_IMAGE_DIGEST)

    def with_image_digest(self, image_digest: str) -> Self:
        """Set the image's digest."""
        return self.set_spec(self.CONST_IMAGE_DIGEST, image_digest)

    @property
    def cmd(self) -> Any:
        """The arguments of the entrypoint."""
        return self.get_spec(self.CONST_CMD, [])

    def with_cmd(self, cmd: list[str]) -> Self:
        """Set the arguments of the entrypoint."""
        return self.set_spec(self.CONST_CMD, cmd)

    @property
    def entrypoint(self) -> Any:
        """The program that the container starts."""
        return self.get_spec(self.CONST_ENTRYPOINT, [])

    def with_entrypoint(self, entrypoint: list[str]) -> Self:
        """Set the program that the container starts."""
        return self.set_spec(self.CONST_ENTRYPOINT, entrypoint)

    @property
    def server_port(self) -> Any:
        """The port that answers predictions."""
        return self.get_spec(self.CONST_SERVER_PORT)

    def with_server_port(self, server_port: int) -> Self:
        """Set the port that answers predictions."""
        return self.set_spec(self.CONST_SERVER_PORT, server_port)

    @property
    def health_check_port(self) -> Any:
        """The port that answers health checks."""
        return self.get_spec(self.CONST_HEALTH_CHECK_PORT)

    def with_health_check_port(self, health_check_port: int) -> Self:
        """Set the port that answers health checks."""
        return self.set_spec(self.CONST_HEALTH_CHECK_PORT, health_check_port)

    @property
    def inference_server(self) -> Any:
        """The inference server in the image."""
        return self.get_spec(self.CONST_INFERENCE_SERVER)

    def with_inference_server(self, inference_server: str = "triton") -> Self:
        """Set the inference server in the image; it reaches the container as ``CONTAINER_TYPE``."""
        return self.set_spec(self.CONST_INFERENCE_SERVER, inference_server)
