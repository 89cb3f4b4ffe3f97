"""``ModelCatalog``: the older way to reach models in the catalog. It calls ``DataScienceModel``."""

from __future__ import annotations

import builtins
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ads.errors import InputTypeError, ModelArtifactSizeError, ModelWithActiveDeploymentError, NotFound
from ads.model.datascience_model import DataScienceModel

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Model", "ModelArtifactSizeError", "ModelCatalog", "ModelSummaryList", "ModelWithActiveDeploymentError"]

METADATA_SIZE_LIMIT = 32000
_COMPARTMENT_VARIABLE = "NB_SESSION_COMPARTMENT_OCID"


class Model:
    """A model of the catalog whose values are changed here and sent by :meth:`commit`.

    Values are attributes: ``display_name``, ``description``, ``metadata_custom``, ``provenance_metadata`` and so on.
    """

    _OTHER_NAMES = {  # noqa: RUF012 - a table that nobody changes
        "metadata_custom": "custom_metadata_list",
        "metadata_taxonomy": "defined_metadata_list",
        "schema_input": "input_schema",
        "schema_output": "output_schema",
    }

    def __init__(
        self,
        model: DataScienceModel,
        model_etag: str | None = None,  # noqa: ARG002 - the last write wins
        provenance_metadata: Any = None,
        provenance_etag: str | None = None,  # noqa: ARG002 - the last write wins
        ds_client: Any = None,  # noqa: ARG002 - the service's own client is used
        identity_client: Any = None,  # noqa: ARG002 - the service's own client is used
    ) -> None:
        object.__setattr__(self, "_entry", model)
        if provenance_metadata is not None:
            model.with_provenance_metadata(provenance_metadata)

    @classmethod
    def load_model(cls, ds_client: Any, identity_client: Any, model_id: str) -> Model:  # noqa: ARG003 - as above
        """Return the model that this OCID, or this reference, names. Raises KeyError when there is none."""
        try:
            return cls(DataScienceModel.from_id(model_id))
        except NotFound as error:
            raise KeyError(f"There is no model {model_id} in the catalog.") from error

    def __getattr__(self, name: str) -> Any:
        wanted = self._OTHER_NAMES.get(name, name)
        if wanted.startswith("_") or not hasattr(type(self.__dict__["_entry"]), wanted):
            raise AttributeError(f"A model of the catalog has no {name!r}.")
        return getattr(self.__dict__["_entry"], wanted)

    def __setattr__(self, name: str, value: Any) -> None:
        entry: DataScienceModel = self.__dict__["_entry"]
        setter = getattr(entry, f"with_{self._OTHER_NAMES.get(name, name)}", None)
        if setter is None:
            raise AttributeError(f"{name!r} of a model of the catalog can't be changed.")
        setter(**value) if name in {"freeform_tags", "defined_tags"} else setter(value)

    def commit(self, force: bool = True) -> None:  # noqa: ARG002 - the last write wins, as with force
        """Check the metadata and send what was changed. Raises the errors of metadata that is too large."""
        entry: DataScienceModel = self.__dict__["_entry"]
        for metadata in (entry.custom_metadata_list, entry.defined_metadata_list):
            if metadata is not None:
                metadata.validate_size()
        entry.update()

    def rollback(self) -> None:
        """Forget what was changed since the model was read."""
        self.__dict__["_entry"].sync()

    def activate(self) -> None:
        """Make the model usable again."""
        self._act("activate")

    def deactivate(self) -> None:
        """Make the model unusable for new deployments."""
        self._act("deactivate")

    def _act(self, action: str) -> None:
        from ads.client import Service

        entry: DataScienceModel = self.__dict__["_entry"]
        Service.find().request("POST", f"/20190101/models/{entry.id}/actions/{action}")
        entry.sync()

    def to_dataframe(self) -> pd.DataFrame:
        """Return the values as a table with one column."""
        import pandas as pd

        from ads.model.builder import plain

        spec = self.__dict__["_entry"].to_dict()["spec"]
        return pd.DataFrame({"": [plain(value) for value in spec.values()]}, index=builtins.list(spec))

    def show_in_notebook(self, display_format: str = "dataframe") -> None:
        """Print the values: as a table, or as YAML with ``display_format="yaml"``."""
        shown = repr(self) if display_format == "yaml" else self.to_dataframe().to_string()
        sys.stdout.write(f"{shown}\n")

    def __repr__(self) -> str:
        return repr(self.__dict__["_entry"])


class ModelSummaryList:
    """Models of the catalog in a list; ``[i]`` is a :class:`Model`."""

    def __init__(
        self,
        model_catalog: ModelCatalog | None,
        model_list: builtins.list[DataScienceModel],
        response: Any = None,  # noqa: ARG002 - every page was read
        datetime_format: str = "%Y-%m-%d %H:%M:%S",
    ) -> None:
        self._catalog = model_catalog
        self._models = model_list
        self._format = datetime_format

    def _with(self, models: builtins.list[DataScienceModel]) -> ModelSummaryList:
        return ModelSummaryList(self._catalog, models, datetime_format=self._format)

    def __len__(self) -> int:
        return len(self._models)

    def __iter__(self) -> Iterator[Model]:
        return (Model(entry) for entry in self._models)

    def __getitem__(self, index: int) -> Model:
        return Model(self._models[index])

    def filter(self, selection: Any, instance: Any = None) -> ModelSummaryList:  # noqa: ARG002 - the public name
        """Return the models for which the function ``selection`` is true, or those that the list of bools selects."""
        chosen = [selection(model) for model in self] if callable(selection) else builtins.list(selection)
        return self._with([m for m, keep in zip(self._models, chosen, strict=True) if keep])

    def sort_by(self, columns: str | builtins.list[str], reverse: bool = False) -> ModelSummaryList:
        """Return the models sorted by one or more values."""
        names = [columns] if isinstance(columns, str) else columns
        ordered = sorted(self._models, key=lambda m: [str(getattr(m, n) or "") for n in names], reverse=reverse)
        return self._with(ordered)

    def to_dataframe(self, datetime_format: str | None = None) -> pd.DataFrame:
        """Return the models as a table."""
        import pandas as pd

        columns = ["id", "display_name", "description", "time_created", "lifecycle_state", "project_id"]
        table = pd.DataFrame([{n: getattr(m, n) for n in columns} for m in self._models], columns=columns)
        if len(table):
            created = pd.to_datetime(table["time_created"], utc=True)
            table["time_created"] = created.dt.strftime(datetime_format or self._format)
        return table

    def show_in_notebook(self, datetime_format: str | None = None) -> None:
        """Print the table."""
        sys.stdout.write(f"{self.to_dataframe(datetime_format).to_string()}\n")

    def __repr__(self) -> str:
        return self.to_dataframe().to_string()


class ModelCatalog:
    """The models of one compartment: ``catalog[id]``, ``id in catalog``, ``len(catalog)``, iteration over ids."""

    def __init__(
        self,
        compartment_id: str | None = None,
        ds_client_auth: Any = None,  # noqa: ARG002 - the service's own credential is used
        identity_client_auth: Any = None,  # noqa: ARG002 - the service's own credential is used
        timeout: Any = None,
        ds_client: Any = None,  # noqa: ARG002 - the service's own client is used
        identity_client: Any = None,  # noqa: ARG002 - the service's own client is used
    ) -> None:
        if timeout is not None and (not isinstance(timeout, int) or isinstance(timeout, bool)):
            raise InputTypeError(f"timeout must be a whole number of seconds, not {timeout!r}.")
        self.compartment_id = compartment_id or os.environ.get(_COMPARTMENT_VARIABLE)

    def get_model(self, model_id: str) -> Model:
        """Return a model by its OCID, by the end of it, or by a reference: ``churn:12``, ``churn@champion``.

        Raises KeyError when there is none.
        """
        if model_id.startswith("ocid1.") or "@" in model_id or ":" in model_id:
            return Model.load_model(None, None, model_id)
        wanted = model_id.removeprefix("...")
        found = [entry for entry in self._entries() if str(entry.id).endswith(wanted)]
        if len(found) != 1:
            raise KeyError(f"{len(found)} models in the catalog have an OCID that ends in {model_id}.")
        return Model(found[0].sync())

    def list_models(
        self,
        project_id: str | None = None,
        include_deleted: bool = False,
        datetime_format: str = "%Y-%m-%d %H:%M:%S",
        **kwargs: Any,
    ) -> ModelSummaryList:
        """Return the models of the compartment, newest first; an empty list says so on stdout."""
        found = self._entries(project_id, **kwargs)
        models = [m for m in found if include_deleted or m.lifecycle_state != "DELETED"]
        if not models:
            sys.stdout.write("No model found.\n")
        return ModelSummaryList(self, models, datetime_format=datetime_format)

    def update_model(self, model_id: str, update_model_details: Any = None, **kwargs: Any) -> Model:
        """Change values of a model and return it. ``update_model_details`` is a dictionary of values."""
        entry = DataScienceModel.from_id(model_id)
        return Model(entry.update(**{**dict(update_model_details or {}), **kwargs}))

    def delete_model(self, model: str | Model | DataScienceModel, **kwargs: Any) -> bool:
        """Delete a model and return True; see ``DataScienceModel.delete`` for the argument and the errors."""
        model_id = model if isinstance(model, str) else str(model.id)
        DataScienceModel.from_id(model_id).delete(bool(kwargs.get("delete_associated_model_deployment")))
        return True

    def upload_model(
        self,
        model_artifact: Any,
        provenance_metadata: Any = None,
        project_id: str | None = None,
        display_name: str | None = None,
        description: str | None = None,
        freeform_tags: dict[str, str] | None = None,
        defined_tags: dict[str, dict[str, object]] | None = None,
        bucket_uri: str | None = None,
        remove_existing_artifact: bool | None = True,
        overwrite_existing_artifact: bool | None = True,
        model_version_set: Any = None,
        version_label: str | None = None,
    ) -> Model:
        """Register an artifact, a folder or an object with an ``artifact_dir``, and return the model."""
        from ads.model.model_version_set import version_set_id

        entry = DataScienceModel(
            artifact=str(getattr(model_artifact, "artifact_dir", model_artifact)),
            provenance_metadata=provenance_metadata,
            compartment_id=self.compartment_id,
            project_id=project_id,
            display_name=display_name,
            description=description,
            freeform_tags=freeform_tags,
            defined_tags=defined_tags,
            model_version_set_id=version_set_id(model_version_set),
            version_label=version_label,
        )
        return Model(
            entry.create(
                bucket_uri=bucket_uri,
                remove_existing_artifact=remove_existing_artifact,
                overwrite_existing_artifact=overwrite_existing_artifact,
            )
        )

    def download_model(
        self,
        model_id: str,
        target_dir: str,
        force_overwrite: bool = False,
        install_libs: bool = False,  # noqa: ARG002 - environments are made by deployments
        conflict_strategy: str = "IGNORE",  # noqa: ARG002 - means install_libs
        bucket_uri: str | None = None,
        remove_existing_artifact: bool | None = True,
    ) -> str:
        """Unpack a model's artifact into ``target_dir`` and return that folder."""
        entry = DataScienceModel.from_id(model_id)
        entry.download_artifact(
            target_dir,
            force_overwrite=force_overwrite,
            bucket_uri=bucket_uri,
            remove_existing_artifact=remove_existing_artifact,
        )
        return target_dir

    def list_model_deployment(
        self,
        model_id: str,
        config: Any = None,  # noqa: ARG002 - OCI's
        tenant_id: str | None = None,  # noqa: ARG002 - OCI's
        limit: int = 500,
        page: str | None = None,  # noqa: ARG002 - every page is read
        **kwargs: Any,
    ) -> builtins.list[Any]:
        """Return the deployments of a model."""
        from ads.model.deployment import ModelDeployment

        found = ModelDeployment.list(compartment_id=self.compartment_id, **kwargs)
        return [d for d in found if d.runtime is not None and d.runtime.model_uri == model_id][:limit]

    def _entries(self, project_id: str | None = None, **kwargs: Any) -> builtins.list[DataScienceModel]:
        return DataScienceModel.list(compartment_id=self.compartment_id, project_id=project_id, **kwargs)

    def __getitem__(self, model_id: str) -> Model:
        return self.get_model(model_id)

    def __contains__(self, model_id: object) -> bool:
        return any(entry.id == model_id for entry in self._entries() if entry.lifecycle_state != "DELETED")

    def __iter__(self) -> Iterator[str]:
        return (str(entry.id) for entry in self._entries() if entry.lifecycle_state != "DELETED")

    def __len__(self) -> int:
        return sum(1 for _ in self)
