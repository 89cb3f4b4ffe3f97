"""``DataScienceModel``: a model in the catalog, from its description to its artifact."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ads.errors import (
    BucketNotVersionedError,
    Conflict,
    InputError,
    InvalidArtifactPathTypeOrContentError,
    InvalidArtifactType,
    ModelArtifactSizeError,
    ModelFileDescriptionError,
    ModelWithActiveDeploymentError,
    NotFound,
    PathNotFoundError,
)
from ads.model.builder import unknown_argument
from ads.model.by_reference import ReferencedObjects
from ads.model.catalog_entry import CatalogEntry
from ads.model.catalog_features import CatalogFeatures, Origin, model_id_of
from ads.model.catalog_settings import (
    CustomerNotificationType,
    ModelBackupOperationDetails,
    ModelBackupSetting,
    ModelRetentionOperationDetails,
    ModelRetentionSetting,
    SettingStatus,
)
from ads.model.metadata_files import MetadataFiles

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    import pandas as pd
    from typing_extensions import Self

    from ads.client import Service
    from ads.model.bucket_transfer import Transfer

__all__ = [
    "MODEL_BY_REFERENCE_JSON_FILE_NAME",
    "MODEL_BY_REFERENCE_VERSION",
    "SERVICE_MODELS_BUCKET",
    "USER",
    "BucketNotVersionedError",
    "CustomerNotificationType",
    "DataScienceModel",
    "InvalidArtifactPathTypeOrContentError",
    "InvalidArtifactType",
    "ModelArtifactSizeError",
    "ModelBackupOperationDetails",
    "ModelBackupSetting",
    "ModelFileDescriptionError",
    "ModelRetentionOperationDetails",
    "ModelRetentionSetting",
    "PathNotFoundError",
    "SettingStatus",
]

MODEL_BY_REFERENCE_VERSION = "1.0"
MODEL_BY_REFERENCE_JSON_FILE_NAME = "model_description.json"
SERVICE_MODELS_BUCKET = "service-managed-models"
USER = "USER"

_MODELS = "/20190101/models"
_TRANSFER_ARGUMENTS = frozenset(
    {
        "bucket_uri",
        "overwrite_existing_artifact",
        "remove_existing_artifact",
        "region",
        "auth",
        "timeout",
        "parallel_process_count",
        "model_by_reference",
    }
)


class DataScienceModel(MetadataFiles, ReferencedObjects, CatalogFeatures, CatalogEntry):
    """A model in the catalog.

    Example::

        model = DataScienceModel().with_display_name("churn").with_artifact("artifacts/churn").create()
        same = DataScienceModel.from_id(model.id)
    """

    def _repr_html_(self) -> str:
        from ads.model.cards import catalog_card

        return catalog_card(self)

    def create(self, **kwargs: Any) -> Self:
        """Register the model with its provenance and artifact, and return it with its OCID.

        Keyword arguments are values of the description, such as ``display_name``, those of :meth:`upload_artifact`,
        and ``trained_from`` and ``derived_from`` as in :meth:`set_lineage`. The artifact is packed and checked first;
        when its upload fails, the entry is removed again, so a model in the catalog always has what it was created
        with. Raises InputError without compartment or project and the errors of the service.
        """
        origin = Origin.of(kwargs.pop("trained_from", None), kwargs.pop("derived_from", None))
        transfer = self._split(kwargs)
        by_reference = bool(transfer.get("model_by_reference"))
        service = _service()
        self._require_home(service)
        if not self.display_name:
            import secrets

            self.with_display_name(f"datascience_model-{secrets.token_hex(4)}")
        if self.artifact is None and not by_reference:
            return self._register(service, origin, None)
        from ads.model.bucket_transfer import Transfer

        with self._deliverable(Transfer.of(transfer), by_reference=by_reference) as deliver:
            return self._register(service, origin, deliver)

    def _deliverable(
        self, transfer: Transfer, *, by_reference: bool
    ) -> AbstractContextManager[Callable[[Service, str], None]]:
        from ads.model.bucket_transfer import deliverable
        from ads.model.by_reference import referable

        if by_reference:
            return referable(self.artifact, self.model_file_description, transfer)
        return deliverable(self.artifact, transfer)

    def _register(self, service: Service, origin: Origin, deliver: Callable[[Service, str], None] | None) -> Self:
        from ads.client.registration import register_model
        from ads.model.catalog_wire import create_body

        def complete(service: Service, model_id: str) -> None:
            if origin:
                origin.send(service, model_id)
            if deliver is not None:
                deliver(service, model_id)

        provenance = self.provenance_metadata.to_wire() if self.provenance_metadata is not None else None
        model_id = register_model(service, create_body(self), provenance=provenance, deliver=complete)
        self.set_spec(self.CONST_ID, model_id)
        return self.sync()

    def upload_artifact(
        self,
        bucket_uri: str | None = None,
        auth: dict[str, Any] | None = None,  # noqa: ARG002 - the service's own credential is used
        region: str | None = None,  # noqa: ARG002 - a service has no regions
        overwrite_existing_artifact: bool | None = True,
        remove_existing_artifact: bool | None = True,
        timeout: int | None = None,  # noqa: ARG002 - an upload may take as long as bytes flow
        parallel_process_count: int = 9,
        model_by_reference: bool | None = False,
    ) -> None:
        """Upload the folder or zip file of :meth:`with_artifact` as this model's artifact, any size, streamed.

        ``bucket_uri``: by way of that bucket, where the archive is removed afterwards unless
        ``remove_existing_artifact`` is false. ``model_by_reference``: the files stay in the bucket, one object each,
        and the catalog keeps which they are. Raises InputError when the model isn't in the catalog yet,
        :class:`~ads.errors.ArtifactError` for an unusable artifact, FileExistsError for an object that may not be
        overwritten.
        """
        from ads.model.bucket_transfer import Transfer

        model_id = self._require_id("upload an artifact")
        transfer = Transfer(bucket_uri, overwrite_existing_artifact, remove_existing_artifact, parallel_process_count)
        with self._deliverable(transfer, by_reference=bool(model_by_reference)) as deliver:
            deliver(_service(), model_id)

    def download_artifact(
        self,
        target_dir: str,
        auth: dict[str, Any] | None = None,  # noqa: ARG002 - the service's own credential is used
        force_overwrite: bool | None = False,
        bucket_uri: str | None = None,
        region: str | None = None,  # noqa: ARG002 - a service has no regions
        overwrite_existing_artifact: bool | None = True,
        remove_existing_artifact: bool | None = True,
        timeout: int | None = None,  # noqa: ARG002 - a download may take as long as bytes flow
    ) -> None:
        """Unpack the model's artifact into ``target_dir``. A model without one leaves a warning.

        ``bucket_uri``: by way of that bucket, as in :meth:`upload_artifact`.

        Raises InputError when the folder holds something and ``force_overwrite`` is false, or the model isn't in the
        catalog.
        """
        from ads.model.artifact_transfer import fetch_artifact, prepare_target
        from ads.model.bucket_transfer import Transfer, fetch_through_bucket

        model_id = self._require_id("download an artifact")
        target = prepare_target(target_dir, force_overwrite=bool(force_overwrite))
        service = _service()
        try:
            if bucket_uri:
                transfer = Transfer(bucket_uri, overwrite_existing_artifact, remove_existing_artifact)
                fetch_through_bucket(service, model_id, target, transfer)
            else:
                fetch_artifact(service, model_id, target)
        except NotFound:
            if service.get_json(f"{_MODELS}/{model_id}").get("lifecycleState") == "DELETED":
                raise
            import logging

            logging.getLogger(__name__).warning("The model %s has no artifact; nothing was downloaded.", model_id)
            return
        self.set_spec(self.CONST_ARTIFACT, str(target))

    def restore_model(self, restore_model_for_hours_specified: Any = None) -> None:
        """Bring an archived artifact back, for so many hours. Raises InputError for what is no positive number.

        A service that archives nothing has it there at once.
        """
        hours = restore_model_for_hours_specified
        if hours is not None and (not isinstance(hours, int) or isinstance(hours, bool) or hours <= 0):
            raise InputError(
                f"An artifact is restored for a positive number of hours, not for {hours!r}.",
                hint="Pass a whole number, or nothing.",
            )
        model_id = self._require_id("restore its artifact")
        path = f"{_MODELS}/{model_id}/actions/restore"
        _service().request("POST", path, params={"restoreModelForHoursSpecified": hours}, retry_token=True)

    def update(self, **kwargs: Any) -> Self:
        """Send the description, with the values in ``kwargs`` changed first, and return the model as it is then.

        The version set never changes. Raises InputError when the model isn't in the catalog yet.
        """
        from ads.model.catalog_wire import update_body

        model_id = self._require_id("update it")
        self._split(kwargs)
        service = _service()
        service.request("PUT", f"{_MODELS}/{model_id}", json=update_body(self))
        if self.provenance_metadata is not None:
            self._put_provenance(service, model_id)
        return self.sync()

    def _put_provenance(self, service: Service, model_id: str) -> None:
        path = f"{_MODELS}/{model_id}/provenance"
        body = self.get_spec(self.CONST_PROVENANCE_METADATA).to_wire()
        try:
            service.request("PUT", path, json=body)
        except NotFound:
            service.request("POST", path, json=body, retry_token=True)

    def delete(self, delete_associated_model_deployment: bool | None = False) -> Self:
        """Delete the model and return it, ``DELETED``.

        Raises :class:`~ads.errors.ModelWithActiveDeploymentError`, naming them, while deployments use the model; with
        ``delete_associated_model_deployment`` they are deleted first.
        """
        model_id = self._require_id("delete it")
        service = _service()
        if delete_associated_model_deployment:
            from ads.model.deployment import ModelDeployment

            for item in self._deployments(service):
                ModelDeployment.from_id(str(item["id"])).delete()
        try:
            service.request("DELETE", f"{_MODELS}/{model_id}")
        except Conflict as error:
            used_by = ", ".join(f"{item.get('displayName')} ({item['id']})" for item in self._deployments(service))
            if not used_by:
                raise
            raise ModelWithActiveDeploymentError(
                f"The model {self.display_name or model_id} is used by: {used_by}.",
                status=error.status,
                service_code=error.service_code,
                hint="Delete the deployments first, or pass delete_associated_model_deployment=True.",
                request_id=error.request_id,
            ) from error
        return self.sync()

    def _deployments(self, service: Service) -> builtins.list[dict[str, Any]]:
        """Return the live deployments of this model."""
        from ads.model.deployment.deployment_wire import model_id_of

        found = service.list("/20190101/modelDeployments", {"compartmentId": self.compartment_id})
        gone = {"DELETED", "DELETING", "FAILED"}
        return [d for d in found if model_id_of(d) == self.id and d.get("lifecycleState") not in gone]

    def sync(self) -> Self:
        """Read model and provenance from the catalog into this object and return it."""
        from ads.model.catalog_wire import spec_from_wire
        from ads.model.model_metadata import ModelProvenanceMetadata

        model_id = self._require_id("read it")
        service = _service()
        spec = spec_from_wire(service.get_json(f"{_MODELS}/{model_id}"))
        if spec.get(self.CONST_LIFECYCLE_STATE) != "DELETED":
            try:
                provenance = service.get_json(f"{_MODELS}/{model_id}/provenance")
                spec[self.CONST_PROVENANCE_METADATA] = ModelProvenanceMetadata.from_wire(provenance)
            except NotFound:
                pass  # none was ever created
        kept = {key: self._spec[key] for key in (self.CONST_ARTIFACT,) if key in self._spec}
        self._spec = {**spec, **kept}
        return self

    @property
    def status(self) -> str | None:
        """The state, asked of the catalog; None before the model is there. ``DELETED`` is final and not asked again."""
        if self.id is None:
            return None
        if self.lifecycle_state != "DELETED":
            content = _service().get_json(f"{_MODELS}/{self.id}")
            self.set_spec(self.CONST_LIFECYCLE_STATE, content.get("lifecycleState"))
        return self.lifecycle_state

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> Self:
        """Return the model that :meth:`to_dict` described. Raises InputError without a ``spec``."""
        return super().from_dict(config)

    @classmethod
    def from_id(cls, id: str) -> Self:  # noqa: A002 - the public name
        """Return the model with this OCID, or that a reference such as ``churn@champion`` means, from the catalog.

        Raises :class:`~ads.errors.NotFound`.
        """
        return cls(spec={cls.CONST_ID: model_id_of(id)}).sync()

    @classmethod
    def list(
        cls,
        compartment_id: str | None = None,
        project_id: str | None = None,
        category: str = "USER",
        **kwargs: Any,
    ) -> builtins.list[Self]:
        """Return the models of a compartment, newest first; ``kwargs`` are filters such as ``display_name``."""
        from ads.model.catalog_lists import whole_models
        from ads.model.catalog_wire import spec_from_wire

        found = whole_models(_service(), compartment_id, project_id, category, kwargs, "customMetadataList")
        return [cls(spec=spec_from_wire(item)) for item in found]

    @classmethod
    def list_df(
        cls,
        compartment_id: str | None = None,
        project_id: str | None = None,
        category: str = "USER",
        **kwargs: Any,
    ) -> pd.DataFrame:
        """Return the models of a compartment as a table; OCIDs are shortened to their last six characters."""
        import pandas as pd

        from ads.model.catalog_lists import COLUMNS, table_row, whole_models

        found = whole_models(_service(), compartment_id, project_id, category, kwargs, "description")
        return pd.DataFrame([table_row(item) for item in found], columns=builtins.list(COLUMNS))

    def _split(self, kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Take the values of the description from ``kwargs``; return the arguments of a transfer."""
        keys = {name: key for key, name in self.attribute_map.items()}
        for name, value in kwargs.items():
            if name in _TRANSFER_ARGUMENTS:
                continue
            if name not in keys and name not in self.attribute_map:
                raise unknown_argument(type(self).__name__, name, keys)
            self._take(keys.get(name, name), value)
        return {name: value for name, value in kwargs.items() if name in _TRANSFER_ARGUMENTS}

    def _require_home(self, service: Service) -> None:
        if not self.compartment_id:
            self.with_compartment_id(service.compartment_id)
        if not self.project_id:
            self.with_project_id(service.project_id)
        for name in ("compartment_id", "project_id"):
            if not getattr(self, name):
                raise InputError(
                    f"The model has no {name}, and the service has no default.", hint=f"Set it with with_{name}()."
                )

    def _require_id(self, purpose: str) -> str:
        if not self.id:
            raise InputError(f"The model is not in the catalog, so nobody can {purpose}.", hint="Call create() first.")
        return self.id


def _service() -> Service:
    from ads.client import Service

    return Service.find()
