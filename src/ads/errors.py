"""Every error that OpenADS raises, in one tree.

::

    AdsError                                   code, hint, request_id
    ├── InputError (ValueError)                what the caller passed can't be used
    │   ├── InputTypeError (TypeError)         it has the wrong type
    │   ├── CondaPackNotFound                  an unknown conda slug or pack path
    │   ├── SchemaError                        data doesn't fit the schema, or the schema file is broken
    │   │   ├── SchemaSizeTooLarge
    │   │   └── DataSizeTooWide
    │   ├── MetadataSizeTooLarge
    │   ├── MetadataValueTooLong
    │   ├── MetadataDescriptionTooLong
    │   ├── ArtifactError                      the artifact folder or archive is not usable
    │   │   ├── ArchiveError                   an archive breaks the rules of the strict reader
    │   │   ├── ArtifactRequiredFilesError
    │   │   ├── ArtifactNestedFolderError
    │   │   ├── ArtifactFolderStructureError
    │   │   ├── ManifestError                  a file differs from the manifest
    │   │   ├── SignatureMissing, SignatureWrong
    │   │   ├── InvalidArtifactType
    │   │   ├── ModelFileDescriptionError      the description of a model by reference is broken
    │   │   └── ModelArtifactSizeError
    │   ├── IntrospectionNotPassed             save() refuses an artifact whose checks failed
    │   ├── ChangesNotCommitted                git knows of changes that ignore_pending_changes=False refuses
    │   ├── VerificationFailed                 verify() found an answer that a deployment could not send
    │   ├── PredictArgumentError (AttributeError)  predict() got no data, or data twice
    │   ├── PathNotFoundError
    │   ├── InvalidArtifactPathTypeOrContentError
    │   ├── BucketNotVersionedError
    │   ├── ModelVersionSetNotExists
    │   ├── ModelVersionSetNotSaved
    │   ├── SecurityTokenError                 a session token has expired
    │   └── SettingError                       a setting is unknown or has an unusable value
    ├── ArtifactsNotAvailableError             a verb needs prepare() or a download first
    ├── RuntimeInfoInconsistencyError          runtime.yaml was edited behind the object's back
    ├── SerializeModelNotImplementedError (NotImplementedError)
    ├── SerializeInputNotImplementedError (NotImplementedError)
    ├── ServiceError                           the service answered with an error
    │   ├── NotAuthenticated        401
    │   ├── NotPermitted            403
    │   ├── NotFound                404
    │   ├── Conflict                409
    │   │   └── ModelWithActiveDeploymentError
    │   ├── PreconditionFailed      412        a stale etag
    │   ├── PayloadTooLarge         413
    │   ├── TooManyRequests         429
    │   └── ServiceUnavailable      503
    ├── ServiceUnreachable (ConnectionError)   nothing answered at the address, or the service could not be started
    ├── ServiceTimeout (TimeoutError)          it took longer than the caller allows
    ├── DeploymentError
    │   ├── DeploymentFailed                   deploy() or update() ended FAILED; carries cause, next step, log tail
    │   ├── NotActiveDeploymentError
    │   ├── MissingModelDeploymentIdError
    │   ├── LogNotConfiguredError
    │   └── ModelDeploymentPredictError        the endpoint refused or failed a prediction
    ├── EnvironmentBuildError                  uv could not build the model's environment
    └── NotSupported (NotImplementedError)     a documented feature that this version or engine doesn't have

A message says what happened to which thing and why; ``hint`` says what to do next. The HTTP status of an error is
looked up in the api layer, never stored here, apart from :class:`ServiceError`, which reports the status it received.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Sequence


class AdsError(Exception):
    """The root of every error here. ``code`` is stable and meant for programs, ``hint`` names the next step."""

    code = "error"

    def __init__(self, msg: str = "", *, hint: str = "", request_id: str = "") -> None:
        super().__init__(msg)
        self.message = msg
        self.hint = hint
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class InputError(AdsError, ValueError):
    """What the caller passed can't be used."""

    code = "invalid-input"


class InputTypeError(InputError, TypeError):
    """What the caller passed has a type that can't be used."""

    code = "invalid-type"


class CondaPackNotFound(InputError):
    """No conda pack is known under this slug or path."""

    code = "conda-pack-not-found"


class SchemaError(InputError):
    """Data doesn't fit the schema, or a schema can't be read or made."""

    code = "invalid-schema"


class SchemaSizeTooLarge(SchemaError):
    """The schema is larger than the place it is meant for allows."""

    code = "schema-too-large"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"The schema has {size} bytes as YAML; the OCI catalog takes at most 32000.",
            hint="The complete schema stays in the artifact's file.",
        )
        self.size = size


class DataSizeTooWide(SchemaError):
    """The data has more columns than ``max_col_num`` allows."""

    code = "data-too-wide"

    def __init__(self, data_col_num: int, max_col_num: int) -> None:
        super().__init__(
            f"The data has {data_col_num} columns; schemas are made for at most {max_col_num}.",
            hint=f"Pass max_col_num={data_col_num} to get a schema all the same.",
        )
        self.data_col_num = data_col_num
        self.max_col_num = max_col_num


class MetadataSizeTooLarge(InputError):
    """A metadata list is larger than 32,000 bytes."""

    code = "metadata-too-large"

    def __init__(self, size: int) -> None:
        super().__init__(
            f"The metadata has {size:,} bytes; the limit is 32,000.",
            hint="Remove entries, or shorten the largest ones.",
        )
        self.size = size


class MetadataValueTooLong(InputError):
    """A metadata value is longer than 16,000 characters."""

    code = "metadata-value-too-long"

    def __init__(self, key: str, length: int) -> None:
        super().__init__(
            f"The value of metadata {key!r} has {length:,} characters; the limit is 16,000.",
            hint="Store it as a file in the artifact, and its name here.",
        )
        self.key = key
        self.length = length


class MetadataDescriptionTooLong(InputError):
    """A metadata description is longer than 255 characters."""

    code = "metadata-description-too-long"

    def __init__(self, key: str, length: int) -> None:
        super().__init__(
            f"The description of metadata {key!r} has {length:,} characters; the limit is 255.", hint="Shorten it."
        )
        self.key = key
        self.length = length


class ArtifactError(InputError):
    """The artifact folder or archive can't be used."""

    code = "invalid-artifact"


class ArchiveError(ArtifactError):
    """An archive breaks a rule of the strict reader, or is damaged."""

    code = "invalid-archive"


class ArtifactRequiredFilesError(ArtifactError):
    """A required file is missing from the artifact."""

    code = "artifact-file-missing"

    def __init__(self, required_files: Sequence[str], *, hint: str = "") -> None:
        super().__init__(
            f"The artifact has no {' and no '.join(required_files)}.",
            hint=hint or "Call prepare() to write the files, or add them at the top of the artifact folder.",
        )
        self.required_files = tuple(required_files)


class ArtifactNestedFolderError(ArtifactError):
    """The artifact's files lie one folder too deep."""

    code = "artifact-nested"

    def __init__(self, folder: str) -> None:
        super().__init__(
            f"score.py is at {folder}/score.py, expected at the top of the artifact.",
            hint=f"Pack the content of the folder {folder!r}, not the folder itself.",
        )
        self.folder = folder


class ArtifactFolderStructureError(ArtifactError):
    """The artifact folder has a structure that can't be read."""

    code = "artifact-structure"

    def __init__(self, required_files: Sequence[str]) -> None:
        super().__init__(
            f"The artifact folder needs {' and '.join(required_files)} at its top, and lacks one of them.",
            hint="Call prepare(), or name the folder that holds them.",
        )
        self.required_files = tuple(required_files)


class ManifestError(ArtifactError):
    """A file differs from what the artifact's manifest says."""

    code = "manifest-mismatch"


class SignatureMissing(ArtifactError):
    """The artifact carries no signature where one is required."""

    code = "signature-missing"


class SignatureWrong(ArtifactError):
    """The artifact's signature is not that of a trusted key for these files."""

    code = "signature-wrong"


class InvalidArtifactType(ArtifactError):
    """This kind of artifact can't be used in this way."""

    code = "artifact-type"


class ModelFileDescriptionError(ArtifactError):
    """The description of a model by reference is broken."""

    code = "invalid-file-description"


class ModelArtifactSizeError(ArtifactError):
    """The artifact is larger than the chosen way of transfer allows."""

    code = "artifact-too-large"

    def __init__(self, max_artifact_size: str) -> None:
        super().__init__(
            f"The artifact is larger than {max_artifact_size}, the most that this way of transfer takes.",
            hint="Remove files that the model doesn't need: print(model) lists them.",
        )
        self.max_artifact_size = max_artifact_size


class IntrospectionNotPassed(InputError):
    """An introspection check failed, so the model is not saved."""

    code = "introspection-failed"


class ChangesNotCommitted(InputError):
    """The training code has uncommitted changes and ``ignore_pending_changes=False`` was asked for."""

    code = "changes-not-committed"


class VerificationFailed(InputError):
    """The answer of score.py could not be sent by a deployment, or differs from the estimator's."""

    code = "verification-failed"


class PredictArgumentError(InputError, AttributeError):
    """A prediction needs its data exactly once."""

    code = "predict-argument"


class PathNotFoundError(InputError):
    """The given path doesn't exist."""

    code = "path-not-found"

    def __init__(self, msg: str = "The given path doesn't exist.", *, hint: str = "") -> None:
        super().__init__(msg, hint=hint)


class InvalidArtifactPathTypeOrContentError(InputError):
    """A metadata artifact can't be made from what was passed."""

    code = "invalid-metadata-artifact"


class BucketNotVersionedError(InputError):
    """A model by reference needs a bucket that keeps versions."""

    code = "bucket-not-versioned"


class ModelVersionSetNotExists(InputError):
    """There is no such model version set."""

    code = "model-version-set-not-found"


class ModelVersionSetNotSaved(InputError):
    """The model version set was not created yet."""

    code = "model-version-set-not-saved"


class SecurityTokenError(InputError):
    """The session token can't be used: it expired, or it is missing."""

    code = "security-token"


class SettingError(InputError):
    """A setting is unknown or its value can't be used."""

    code = "invalid-setting"


class ArtifactsNotAvailableError(AdsError):
    """The model has no artifact yet: call ``prepare()``, or load one."""

    code = "artifact-not-available"


class RuntimeInfoInconsistencyError(AdsError):
    """``runtime.yaml`` and ``runtime_info`` say different things."""

    code = "runtime-info-inconsistent"


class SerializeModelNotImplementedError(AdsError, NotImplementedError):
    """No serializer is known for this model."""

    code = "serialize-model-not-implemented"


class SerializeInputNotImplementedError(AdsError, NotImplementedError):
    """No serializer is known for this input."""

    code = "serialize-input-not-implemented"


class ServiceError(AdsError):
    """The service answered with an error. ``status`` and ``service_code`` are what it sent."""

    code = "service-error"

    def __init__(
        self,
        message: str = "",
        *,
        status: int = 0,
        service_code: str = "",
        retry_after: float | None = None,
        hint: str = "",
        request_id: str = "",
    ) -> None:
        super().__init__(message, hint=hint, request_id=request_id)
        self.status = status
        self.service_code = service_code
        self.retry_after = retry_after


class NotAuthenticated(ServiceError):
    """The credential is missing, wrong, expired or revoked."""

    code = "not-authenticated"


class NotPermitted(ServiceError):
    """The credential is good but doesn't allow this."""

    code = "not-permitted"


class NotFound(ServiceError):
    """There is no such thing, or the credential doesn't allow seeing it."""

    code = "not-found"


class Conflict(ServiceError):
    """The thing's state doesn't allow this now."""

    code = "conflict"


class ModelWithActiveDeploymentError(Conflict):
    """The model can't be deleted while a deployment uses it."""

    code = "model-in-use"


class PreconditionFailed(ServiceError):
    """The thing changed since the etag was read."""

    code = "stale-etag"


class PayloadTooLarge(ServiceError):
    """The request is larger than the service takes."""

    code = "payload-too-large"


class TooManyRequests(ServiceError):
    """The service is at its limit; ``retry_after`` says when to come back."""

    code = "too-many-requests"


class ServiceUnavailable(ServiceError):
    """The service can't answer now; ``retry_after`` says when to come back."""

    code = "service-unavailable"


class ServiceUnreachable(AdsError, ConnectionError):
    """Nothing answered at the service's address, or it could not be started."""

    code = "service-unreachable"


class ServiceTimeout(AdsError, TimeoutError):
    """It took longer than the caller allows."""

    code = "timeout"


class DeploymentError(AdsError):
    """The root of what goes wrong with deployments."""

    code = "deployment-error"


class DeploymentFailed(DeploymentError):
    """A deployment ended FAILED. ``cause`` is the reason, ``log_tail`` the last lines of its log."""

    code = "deployment-failed"

    def __init__(
        self, message: str = "", *, cause: str = "", log_tail: str = "", hint: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message, hint=hint, request_id=request_id)
        self.cause = cause
        self.log_tail = log_tail

    def __str__(self) -> str:
        parts = [self.message, self.hint]
        if self.log_tail:
            parts.append(f"The last lines of its log:\n{self.log_tail}")
        return "\n".join(part for part in parts if part)


class NotActiveDeploymentError(DeploymentError):
    """The deployment is not ACTIVE, so it answers no predictions."""

    code = "deployment-not-active"

    def __init__(self, state: str, *, message: str = "", hint: str = "", request_id: str = "") -> None:
        text = message or f"The deployment is {state}, so it answers no predictions."
        super().__init__(text, hint=hint, request_id=request_id)
        self.state = state


class MissingModelDeploymentIdError(DeploymentError):
    """The verb needs a deployment, and there is none yet."""

    code = "deployment-id-missing"


class LogNotConfiguredError(DeploymentError):
    """The deployment has no such log."""

    code = "log-not-configured"


class ModelDeploymentPredictError(DeploymentError):
    """The endpoint refused or failed a prediction.

    ``status`` is the HTTP status, 0 when none was received; ``service_code`` is the code that the service sent.
    """

    code = "predict-failed"

    def __init__(
        self, message: str = "", *, status: int = 0, service_code: str = "", hint: str = "", request_id: str = ""
    ) -> None:
        super().__init__(message, hint=hint, request_id=request_id)
        self.status = status
        self.service_code = service_code


class EnvironmentBuildError(AdsError):
    """The model's environment could not be built. The message ends with the resolver's own words."""

    code = "environment-build-failed"


class NotSupported(AdsError, NotImplementedError):
    """A documented feature that this version, service or engine doesn't have."""

    code = "not-supported"
