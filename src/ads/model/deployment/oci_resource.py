"""What OCI's older classes have in common: records that are read from and written to the service by their OCID."""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from ads.errors import InputError, NotSupported
from ads.model.binding import class_or_instance_method
from ads.model.builder import plain

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["MergeStrategy", "OCIResource"]

_COMPARTMENT_VARIABLES = (
    "NB_SESSION_COMPARTMENT_OCID",
    "PROJECT_COMPARTMENT_OCID",
    "JOB_RUN_COMPARTMENT_OCID",
    "PIPELINE_RUN_COMPARTMENT_OCID",
)


class MergeStrategy(Enum):
    """What :meth:`OCIResource.sync` does with values that the service has not."""

    OVERRIDE = "override"
    """The object says what the service says."""
    MERGE = "merge"
    """Values of the object stay where the service has none."""


class OCIResource:
    """A record of a deployment under snake_case names. Subclasses keep the values in ``_values``."""

    CONS_COMPARTMENT_ID = "compartment_id"
    OCI_MODEL_PATTERN = r"oci.[^.]+\.models[\..*]?"
    type_mappings: ClassVar[Any] = None
    config: Any = None
    signer: Any = None
    kwargs: Any = None
    _values: dict[str, Any]

    def with_prop(self, property_name: str, value: Any) -> Self:
        """Set one property."""
        raise NotImplementedError(type(self).__name__)

    # The service.

    @property
    def auth(self) -> dict[str, Any]:
        """``{"config", "signer", "client_kwargs"}`` for requests: what ``set_auth()`` says."""
        from ads.common.auth import default_signer

        return default_signer()

    @property
    def client(self) -> Any:
        """A client of the ``oci`` package. Raises :class:`~ads.errors.NotSupported` where that is not installed."""
        return self.init_client()

    @property
    def client_composite(self) -> Any:
        """A client of the ``oci`` package that waits for what it starts."""
        from ads.model.deployment.common.utils import OCIClientManager

        return OCIClientManager().ds_composite_client

    @class_or_instance_method
    def init_client(_cls: Any, **kwargs: Any) -> Any:  # noqa: N805
        """Return a new client of the ``oci`` package; keywords are ``config``, ``signer`` and ``client_kwargs``."""
        from ads.model.deployment.common.utils import OCIClientManager

        return OCIClientManager(kwargs or None).ds_client

    @property
    def status(self) -> str | None:
        """The deployment's state, asked for now; None without an OCID."""
        found = self._values.get("id")
        return _deployment(found).lifecycle_state if found else None

    @property
    def name(self) -> Any:
        """The display name."""
        return self._values.get("display_name")

    @name.setter
    def name(self, name: str) -> None:
        self.with_prop("display_name", name)

    def sync(self, merge_strategy: MergeStrategy = MergeStrategy.OVERRIDE) -> Self:
        """Take the values that the service has now, and return the object. Raises InputError without an OCID."""
        return self.update_from_oci_model(_deployment(self._required_id()), merge_strategy)

    def delete(self) -> Self:
        """Delete the deployment, wait for its end, and return the object. Raises InputError without an OCID."""
        _deployment(self._required_id()).delete()
        return self

    @class_or_instance_method
    def from_ocid(cls: Any, ocid: str) -> Any:  # noqa: N805
        """Return the record of the deployment with this OCID."""
        return cls.from_oci_model(_deployment(ocid))

    @class_or_instance_method
    def list_resource(cls: Any, compartment_id: str | None = None, limit: int = 0, **kwargs: Any) -> list[Any]:  # noqa: N805
        """Return the records of the deployments in a compartment, at most ``limit`` of them if that is not 0."""
        from ads.model.deployment import ModelDeployment

        found = ModelDeployment.list(compartment_id=compartment_id, **kwargs)
        return [cls.from_oci_model(deployment) for deployment in (found[:limit] if limit else found)]

    # Other forms of the same values.

    @class_or_instance_method
    def create_instance(obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - the public name
        """Return a new object of the same class."""
        return (obj if isinstance(obj, type) else type(obj))(*args, **kwargs)

    @class_or_instance_method
    def from_dict(cls: Any, data: Mapping[str, Any]) -> Any:  # noqa: N805
        """Return the record that a dictionary describes; keys in snake_case or camelCase."""
        return cls.create_instance(**{_snake(key): value for key, value in data.items()})

    @class_or_instance_method
    def from_oci_model(cls: Any, oci_instance: Any) -> Any:  # noqa: N805
        """Return the record of a deployment: a ``ModelDeployment``, or a model of the ``oci`` package."""
        return cls.create_instance(**_values_of(oci_instance))

    def update_from_oci_model(
        self, oci_model_instance: Any, merge_strategy: MergeStrategy = MergeStrategy.OVERRIDE
    ) -> Self:
        """Take the values of a deployment and return the object."""
        for name, value in _values_of(oci_model_instance).items():
            if value is not None or merge_strategy is MergeStrategy.OVERRIDE:
                self.with_prop(name, value)
        return self

    def to_oci_model(self, oci_model: Any) -> Any:
        """Return an object of a class of the ``oci`` package with those of our values that it knows."""
        made = oci_model() if isinstance(oci_model, type) else oci_model
        for name in getattr(made, "attribute_map", {}):
            if self._values.get(name) is not None:
                setattr(made, name, self._values[name])
        return made

    def to_dict(self, flatten: bool = False) -> dict[str, Any]:
        """Return the values that are set; ``flatten`` puts those of inner dictionaries beside them."""
        found = {name: value for name, value in self._values.items() if value is not None}
        return self.flatten(found) if flatten else found

    def to_yaml(self) -> str:
        """Return the values that are set as YAML."""
        import yaml

        return yaml.safe_dump(plain(self.to_dict()))

    def serialize(self) -> dict[str, Any]:
        """Return the values that are set under camelCase keys, as plain values."""
        return {_camel(name): plain(value) for name, value in self.to_dict().items()}

    @class_or_instance_method
    def deserialize(cls: Any, data: Mapping[str, Any], to_cls: Any = None) -> Any:  # noqa: N805
        """Return the record that :meth:`serialize` wrote. Other classes raise :class:`~ads.errors.NotSupported`."""
        own: Any = cls if isinstance(cls, type) else type(cls)
        if to_cls is not None and to_cls is not own:
            raise NotSupported(
                f"Only a {own.__name__} is read here, not {to_cls!r}.", hint="Leave to_cls out, or use the oci package."
            )
        return own.from_dict(data)

    @staticmethod
    def flatten(data: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values of a nested dictionary in one; inner ones come after those that hold them."""
        flat: dict[str, Any] = {}
        for key, value in data.items():
            if isinstance(value, Mapping):
                flat.update(OCIResource.flatten(value))
            else:
                flat[key] = value
        return flat

    # What the environment tells.

    def load_properties_from_env(self) -> None:
        """Set compartment and project from the variables of notebook sessions and jobs, where they are not set."""
        variables = {"compartment_id": _COMPARTMENT_VARIABLES, "project_id": ("PROJECT_OCID", "PIPELINE_PROJECT_OCID")}
        for name, candidates in variables.items():
            found = next((os.environ[variable] for variable in candidates if os.environ.get(variable)), None)
            if found and not self._values.get(name):
                self.with_prop(name, found)

    @staticmethod
    def check_compartment_id(compartment_id: str | None) -> str:
        """Return the given compartment, else that of the environment. Raises InputError when there is neither."""
        found = compartment_id or next((os.environ[v] for v in _COMPARTMENT_VARIABLES if os.environ.get(v)), None)
        if not found:
            raise InputError("No compartment is known.", hint="Pass compartment_id.")
        return found

    def _required_id(self) -> str:
        found = self._values.get("id")
        if not found:
            raise InputError("The record belongs to no deployment yet.", hint="Read one with from_ocid().")
        return str(found)


def _deployment(ocid: str) -> Any:
    from ads.model.deployment import ModelDeployment

    return ModelDeployment.from_id(ocid)


def _values_of(source: Any) -> dict[str, Any]:
    """Return the properties that a ``ModelDeployment`` or a model of the ``oci`` package has."""
    if isinstance(source, Mapping):
        return {_snake(key): value for key, value in source.items()}
    place = getattr(source, "infrastructure", None)
    found = {
        n: getattr(source, n, None) for n in ("id", "display_name", "description", "freeform_tags", "defined_tags")
    }
    if place is None:
        found |= {n: getattr(source, n, None) for n in ("project_id", "compartment_id")}
        return found
    shape = place.shape_config_details or {}
    return {
        **found,
        "model_id": source.runtime.model_uri if source.runtime else None,
        "project_id": place.project_id,
        "compartment_id": place.compartment_id,
        "instance_shape": place.shape_name,
        "instance_count": place.replica,
        "bandwidth_mbps": place.bandwidth_mbps,
        "ocpus": shape.get("ocpus"),
        "memory_in_gbs": shape.get("memoryInGBs"),
        "access_log_group_id": (place.access_log or {}).get("logGroupId"),
        "access_log_id": (place.access_log or {}).get("logId"),
        "predict_log_group_id": (place.predict_log or {}).get("logGroupId"),
        "predict_log_id": (place.predict_log or {}).get("logId"),
        "environment_variables": source.runtime.env if source.runtime else None,
    }


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).removeprefix("_")


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
