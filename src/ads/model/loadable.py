"""The ways to get a model object back: from an artifact, a catalog entry, a deployment, or any of their OCIDs."""

from __future__ import annotations

from ads.errors import InputError

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    from ads.model.model_properties import ModelProperties

__all__ = ["DataScienceModelType", "Loadable"]


class DataScienceModelType:
    """What an OCID can name, as it stands in the OCID."""

    MODEL_DEPLOYMENT = "datasciencemodeldeployment"
    MODEL = "datasciencemodel"


class Loadable:
    """The class methods of every model that make an object of what exists already."""

    @classmethod
    def from_model_artifact(
        cls,
        uri: str,
        model_file_name: str | None = None,
        artifact_dir: str | None = None,
        auth: dict[str, Any] | None = None,
        force_overwrite: bool | None = False,
        properties: ModelProperties | dict[str, Any] | None = None,
        ignore_conda_error: bool | None = False,
        **kwargs: Any,
    ) -> Self:
        """Return a model of an artifact folder or archive, which is copied to ``artifact_dir``.

        ``artifact_dir`` must be new or empty unless ``force_overwrite`` is set; naming ``uri`` itself works in place.
        The estimator is loaded only with ``reload=True``.
        """
        from ads.model import loading

        target = loading.Target(
            model_file_name, artifact_dir, auth, bool(force_overwrite), properties, bool(ignore_conda_error)
        )
        model: Self = loading.from_model_artifact(cls, uri, target, kwargs)
        return model

    @classmethod
    def from_model_catalog(
        cls,
        model_id: str,
        model_file_name: str | None = None,
        artifact_dir: str | None = None,
        auth: dict[str, Any] | None = None,
        force_overwrite: bool | None = False,
        properties: ModelProperties | dict[str, Any] | None = None,
        bucket_uri: str | None = None,
        remove_existing_artifact: bool | None = True,
        ignore_conda_error: bool | None = False,
        download_artifact: bool | None = True,
        **kwargs: Any,
    ) -> Self:
        """Return the model of a catalog entry; ``download_artifact=False`` leaves its files in the catalog.

        ``model_id`` is an OCID or a reference: ``churn`` (the newest version), ``churn:12``, ``churn@champion``.
        """
        from ads.model import loading

        target = loading.Target(
            model_file_name, artifact_dir, auth, bool(force_overwrite), properties, bool(ignore_conda_error)
        )
        source = loading.CatalogSource(auth, bucket_uri, remove_existing_artifact, kwargs)
        model: Self = loading.from_model_catalog(cls, model_id, target, source, bool(download_artifact))
        return model

    @classmethod
    def from_model_deployment(
        cls,
        model_deployment_id: str,
        model_file_name: str | None = None,
        artifact_dir: str | None = None,
        auth: dict[str, Any] | None = None,
        force_overwrite: bool | None = False,
        properties: ModelProperties | dict[str, Any] | None = None,
        bucket_uri: str | None = None,
        remove_existing_artifact: bool | None = True,
        ignore_conda_error: bool | None = False,
        download_artifact: bool | None = True,
        **kwargs: Any,
    ) -> Self:
        """Return the model that a deployment serves, with the deployment, so that ``predict`` works at once."""
        from ads.model import loading

        target = loading.Target(
            model_file_name, artifact_dir, auth, bool(force_overwrite), properties, bool(ignore_conda_error)
        )
        source = loading.CatalogSource(auth, bucket_uri, remove_existing_artifact, kwargs)
        model: Self = loading.from_model_deployment(cls, model_deployment_id, target, source, bool(download_artifact))
        return model

    @classmethod
    def from_id(
        cls,
        ocid: str,
        model_file_name: str | None = None,
        artifact_dir: str | None = None,
        auth: dict[str, Any] | None = None,
        force_overwrite: bool | None = False,
        properties: ModelProperties | dict[str, Any] | None = None,
        bucket_uri: str | None = None,
        remove_existing_artifact: bool | None = True,
        ignore_conda_error: bool | None = False,
        download_artifact: bool | None = True,
        **kwargs: Any,
    ) -> Self:
        """Return the model of a catalog entry or of a deployment, whichever ``ocid`` names.

        A reference names a model, too: ``from_id("churn@champion")``, ``from_id("churn:12")``.
        """
        arguments = {name: value for name, value in locals().items() if name not in ("cls", "ocid", "kwargs")}
        kind = ocid.lower()
        if ocid and not kind.startswith("ocid1."):
            return cls.from_model_catalog(ocid, **arguments, **kwargs)
        if DataScienceModelType.MODEL_DEPLOYMENT in kind:
            return cls.from_model_deployment(kind, **arguments, **kwargs)
        if DataScienceModelType.MODEL in kind:
            return cls.from_model_catalog(kind, **arguments, **kwargs)
        raise InputError(
            f"{ocid!r} names neither a model nor a deployment.",
            hint="Such OCIDs start with ocid1.datasciencemodel or ocid1.datasciencemodeldeployment.",
        )
