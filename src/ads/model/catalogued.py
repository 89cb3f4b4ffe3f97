"""The verbs of every model that reach the catalog: save, update, delete, and the artifact on its way there and back."""

from __future__ import annotations

from ads.model.binding import class_or_instance_method

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from typing import Any

    from typing_extensions import Self

    from ads.model.catalog_features import Lineage

__all__ = ["Catalogued"]


class Catalogued:
    """The methods of every model that register it, and change or remove what is registered."""

    def save(  # noqa: PLR0917 - as users know it
        self: Any,
        bucket_uri: str | None = None,
        defined_tags: dict[str, dict[str, Any]] | None = None,
        description: str | None = None,
        display_name: str | None = None,
        freeform_tags: dict[str, str] | None = None,
        ignore_introspection: bool = False,
        model_version_set: Any = None,
        overwrite_existing_artifact: bool = True,
        parallel_process_count: int = 9,
        remove_existing_artifact: bool = True,
        reload: bool = True,
        version_label: str | None = None,
        model_by_reference: bool = False,
        **kwargs: Any,
    ) -> str:
        """Register the model with its artifact in the catalog and return its OCID.

        ``model_version_set`` is a set, its name or its OCID, ``version_label`` the label of the version that the model
        becomes. Further keywords: ``metrics`` (name to number, found by ``DataScienceModel.search("auc>0.9")``),
        ``trained_from`` (URIs of data or code), ``derived_from`` (models that this one was made from, by reference),
        ``signing_key`` (an EC key in PEM form: the artifact gets an OpenSSF signature), ``compartment_id``,
        ``project_id``, ``timeout``, ``region``.

        Raises :class:`~ads.errors.ArtifactsNotAvailableError` before ``prepare()``,
        :class:`~ads.errors.IntrospectionNotPassed` when a check fails (``ignore_introspection`` skips them), and
        :class:`~ads.errors.RuntimeInfoInconsistencyError` when ``runtime.yaml`` was edited behind the object's back.
        """
        from ads.model import registration

        return registration.save(self, registration.SaveOptions.of(locals(), kwargs))

    def update(self, **kwargs: Any) -> Self:
        """Change the catalog entry: ``display_name, description, freeform_tags, defined_tags, version_label``."""
        from ads.model.registration import update

        model: Any = self
        update(model, kwargs)
        return self

    def lineage(self) -> Lineage:
        """Return what the registered model was trained and derived from, and what was made of it.

        Raises InputError before ``save()``.
        """
        model: Any = self
        if model.dsc_model is None:
            from ads.errors import InputError

            raise InputError("The model is not in the catalog, so it has no lineage.", hint="Call save() first.")
        found: Lineage = model.dsc_model.lineage()
        return found

    def upload_artifact(
        self: Any,
        uri: str,
        auth: dict[str, Any] | None = None,  # noqa: ARG002 - local targets need none
        force_overwrite: bool | None = False,
        parallel_process_count: int = 9,  # noqa: ARG002 - known to callers; one stream is fastest locally
    ) -> None:
        """Write the artifact as a zip file to ``uri``: a path, or an address that fsspec knows.

        An existing file needs ``force_overwrite``; a folder gets ``<model id>.zip``.
        """
        from ads.model.registration import upload_artifact

        upload_artifact(self, uri, bool(force_overwrite))

    def download_artifact(
        self,
        artifact_dir: str | None = None,
        auth: dict[str, Any] | None = None,
        force_overwrite: bool | None = False,
        bucket_uri: str | None = None,
        remove_existing_artifact: bool | None = True,
        **kwargs: Any,
    ) -> Self:
        """Fetch the artifact of a model that was loaded without it, and return the model."""
        from ads.model.loading import CatalogSource, download_artifact

        source = CatalogSource(auth, bucket_uri, remove_existing_artifact, kwargs)
        model: Any = self
        download_artifact(model, artifact_dir, bool(force_overwrite), source)
        return self

    @class_or_instance_method
    def delete(
        cls_or_self: Any,  # noqa: N805
        model_id: str | None = None,
        delete_associated_model_deployment: bool | None = False,
        delete_model_artifact: bool | None = False,
        artifact_dir: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Delete a model from the catalog; on the class, ``model_id`` says which.

        Raises :class:`~ads.errors.ModelWithActiveDeploymentError` while a deployment uses it, unless
        ``delete_associated_model_deployment`` is set. ``delete_model_artifact`` removes the local folder as well.
        """
        from ads.model.options import refuse_unknown
        from ads.model.registration import delete

        refuse_unknown("delete", kwargs, ["timeout", "compartment_id"])
        owner = None if isinstance(cls_or_self, type) else cls_or_self
        delete(owner, model_id, bool(delete_associated_model_deployment), bool(delete_model_artifact), artifact_dir)

    delete_model = delete
