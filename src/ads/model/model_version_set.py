"""``ModelVersionSet`` and ``experiment``: groups of models that are versions of one thing."""

from __future__ import annotations

import builtins
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from ads.errors import InputError, ModelVersionSetNotExists, ModelVersionSetNotSaved
from ads.model.builder import Builder, checked_id, unknown_argument
from ads.model.version_aliases import AliasChange, VersionAliases

if TYPE_CHECKING:
    from typing_extensions import Self

    from ads.client import Service
    from ads.model.datascience_model import DataScienceModel

__all__ = [
    "AliasChange",
    "ModelVersionSet",
    "ModelVersionSetNotExists",
    "ModelVersionSetNotSaved",
    "experiment",
    "version_set_id",
]

USER = "USER"
_SETS = "/20190101/modelVersionSets"
_VARIABLES = {
    "MODEL_VERSION_SET_ID": "id",
    "MODEL_VERSION_SET_NAME": "name",
    "MODEL_VERSION_SET_COMPARTMENT_ID": "compartment_id",
}
"""What ``experiment()`` tells ``save()``, and the attributes that it is."""


class ModelVersionSet(VersionAliases, Builder):
    """A group of models that are versions of one thing.

    Example::

        churn = ModelVersionSet(name="churn").with_description("Who leaves next month").create()
        model.save(model_version_set=churn, version_label="first")
        churn.set_alias("champion", 1, reason="the first that beats the rules")
        ModelVersionSet.from_name("churn").alias("champion")
    """

    CONST_ID = "id"
    CONST_NAME = "name"
    CONST_DESCRIPTION = "description"
    CONST_COMPARTMENT_ID = "compartmentId"
    CONST_PROJECT_ID = "projectId"
    CONST_FREEFORM_TAG = "freeformTags"
    CONST_DEFINED_TAG = "definedTags"
    LIFECYCLE_STATE_ACTIVE = "ACTIVE"
    LIFECYCLE_STATE_DELETED = "DELETED"
    LIFECYCLE_STATE_DELETING = "DELETING"
    LIFECYCLE_STATE_FAILED = "FAILED"

    attribute_map: ClassVar[dict[str, str]] = {
        CONST_ID: "id",
        CONST_PROJECT_ID: "project_id",
        CONST_COMPARTMENT_ID: "compartment_id",
        CONST_NAME: "name",
        CONST_DESCRIPTION: "description",
        CONST_FREEFORM_TAG: "freeform_tags",
        CONST_DEFINED_TAG: "defined_tags",
    }

    def __init__(self, spec: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(spec, **kwargs)
        if not self.name:
            self.with_name(time.strftime("model-version-set-%Y%m%d-%H%M", time.gmtime()))

    def _repr_html_(self) -> str:
        from ads.model.cards import version_set_card

        return version_set_card(self)

    @classmethod
    def from_dict(cls, config: Mapping[str, Any]) -> Self:
        """Return the set that :meth:`to_dict` described. Raises InputError without a ``spec``."""
        return super().from_dict(config)

    @property
    def kind(self) -> str:
        """The word ``modelVersionSet``."""
        return "modelVersionSet"

    @property
    def type(self) -> str:
        """The word ``modelVersionSet``."""
        return "modelVersionSet"

    @property
    def id(self) -> Any:
        """The OCID, once the set is in the catalog."""
        return self.get_spec(self.CONST_ID)

    @property
    def name(self) -> Any:
        """The name, unique in its compartment."""
        return self.get_spec(self.CONST_NAME)

    @name.setter
    def name(self, name: str) -> None:
        self.with_name(name)

    def with_name(self, name: str) -> Self:
        """Set the name."""
        return self.set_spec(self.CONST_NAME, name)

    @property
    def description(self) -> Any:
        """What the set is for."""
        return self.get_spec(self.CONST_DESCRIPTION)

    @description.setter
    def description(self, description: str) -> None:
        self.with_description(description)

    def with_description(self, description: str) -> Self:
        """Set what the set is for."""
        return self.set_spec(self.CONST_DESCRIPTION, description)

    @property
    def compartment_id(self) -> Any:
        """The OCID of the compartment."""
        return self.get_spec(self.CONST_COMPARTMENT_ID)

    @compartment_id.setter
    def compartment_id(self, compartment_id: str) -> None:
        self.with_compartment_id(compartment_id)

    def with_compartment_id(self, compartment_id: str) -> Self:
        """Set the compartment."""
        return self.set_spec(self.CONST_COMPARTMENT_ID, compartment_id)

    @property
    def project_id(self) -> Any:
        """The OCID of the project."""
        return self.get_spec(self.CONST_PROJECT_ID)

    @project_id.setter
    def project_id(self, project_id: str) -> None:
        self.with_project_id(project_id)

    def with_project_id(self, project_id: str) -> Self:
        """Set the project."""
        return self.set_spec(self.CONST_PROJECT_ID, project_id)

    @property
    def freeform_tags(self) -> Any:
        """Tags: name to text."""
        return self.get_spec(self.CONST_FREEFORM_TAG)

    @freeform_tags.setter
    def freeform_tags(self, freeform_tags: dict[str, str]) -> None:
        self.set_spec(self.CONST_FREEFORM_TAG, freeform_tags)

    def with_freeform_tags(self, **kwargs: Any) -> Self:
        """Set the tags."""
        return self.set_spec(self.CONST_FREEFORM_TAG, kwargs)

    @property
    def defined_tags(self) -> Any:
        """Tags in namespaces."""
        return self.get_spec(self.CONST_DEFINED_TAG)

    @defined_tags.setter
    def defined_tags(self, defined_tags: dict[str, dict[str, object]]) -> None:
        self.set_spec(self.CONST_DEFINED_TAG, defined_tags)

    def with_defined_tags(self, **kwargs: Any) -> Self:
        """Set the tags in namespaces."""
        return self.set_spec(self.CONST_DEFINED_TAG, kwargs)

    @property
    def status(self) -> str | None:
        """The state, asked of the catalog; None before the set is there."""
        if not self.id:
            return None
        state: str | None = _service().get_json(f"{_SETS}/{self.id}").get("lifecycleState")
        return state

    @property
    def details_link(self) -> str:
        """The address of the set in the catalog; empty before it is there."""
        return f"{_service().url}{_SETS}/{self.id}" if self.id else ""

    def create(self, **kwargs: Any) -> Self:
        """Create the set and return it with its OCID; ``kwargs`` are values of the description, such as ``name``.

        Raises :class:`~ads.errors.Conflict` when the compartment has a set of that name.
        """
        self._take_all(kwargs)
        service = _service()
        if not self.compartment_id:
            self.with_compartment_id(os.environ.get("NB_SESSION_COMPARTMENT_OCID") or service.compartment_id)
        if not self.project_id:
            self.with_project_id(os.environ.get("PROJECT_OCID") or service.project_id)
        body = {key: self.get_spec(key) for key in self.attribute_map if key != self.CONST_ID}
        sent = {key: value for key, value in body.items() if value is not None}
        return self._read(service.request("POST", _SETS, json=sent, retry_token=True).json())

    def update(self, **kwargs: Any) -> Self:
        """Send description and tags, with the values in ``kwargs`` changed first, and return the set as it is then.

        Raises :class:`~ads.errors.ModelVersionSetNotSaved` before :meth:`create`.
        """
        self._require_id()
        self._take_all(kwargs)
        keys = (self.CONST_DESCRIPTION, self.CONST_FREEFORM_TAG, self.CONST_DEFINED_TAG)
        sent = {key: self.get_spec(key) for key in keys if self.get_spec(key) is not None}
        return self._read(_service().request("PUT", f"{_SETS}/{self.id}", json=sent).json())

    def delete(self, delete_model: bool | None = False) -> Self:
        """Delete the set and return it; ``delete_model``: with its models.

        Raises :class:`~ads.errors.Conflict` while it holds models and ``delete_model`` is false, or a deployment uses
        one of them, :class:`~ads.errors.ModelVersionSetNotSaved` before :meth:`create`.
        """
        from ads.client.waiting import wait_for_work_request

        self._require_id()
        service = _service()
        query = {"isDeleteRelatedModels": "true" if delete_model else "false"}
        answer = service.request("DELETE", f"{_SETS}/{self.id}", params=query)
        work = answer.headers.get("opc-work-request-id")
        if work:
            wait_for_work_request(service, work, label=f"Deleting the model version set {self.name}", poll_interval=1)
        return self

    def model_add(self, model_id: str, version_label: str | None = None, **_kwargs: Any) -> None:
        """Make a model the next version of the set, once.

        Raises :class:`~ads.errors.ModelVersionSetNotSaved` before :meth:`create`, :class:`~ads.errors.Conflict` when
        the model is in a set already.
        """
        self._require_id()
        body = {"modelVersionSetId": self.id, "versionLabel": version_label}
        sent = {key: value for key, value in body.items() if value is not None}
        _service().request("PUT", f"/20190101/models/{checked_id(model_id)}", json=sent)

    def models(self, **kwargs: Any) -> builtins.list[DataScienceModel]:
        """Return the models of the set, the newest version first; ``kwargs`` are filters of the catalog's list.

        Raises :class:`~ads.errors.ModelVersionSetNotSaved` before :meth:`create`.
        """
        from ads.model.datascience_model import DataScienceModel

        self._require_id()
        found = DataScienceModel.list(
            compartment_id=self.compartment_id, **{"model_version_set_name": self.name, **kwargs}
        )
        mine = [model for model in found if model.model_version_set_id == self.id]
        return sorted(mine, key=lambda model: int(model.version_id or 0), reverse=True)

    @classmethod
    def list(cls, compartment_id: str | None = None, category: str = USER, **kwargs: Any) -> builtins.list[Self]:
        """Return the sets of a compartment, newest first; ``kwargs`` are filters such as ``name``."""
        service = _service()
        keys = {name: key for key, name in cls.attribute_map.items()} | {"lifecycle_state": "lifecycleState"}
        params = {keys.get(name, name): value for name, value in kwargs.items()}
        params |= {"compartmentId": compartment_id or service.compartment_id, "category": category}
        return [cls(spec=_spec(item)) for item in service.list(_SETS, params)]

    @classmethod
    def from_id(cls, id: str) -> Self:  # noqa: A002 - the public name
        """Return a set by its OCID. Raises :class:`~ads.errors.NotFound`."""
        return cls(spec=_spec(_service().get_json(f"{_SETS}/{checked_id(id)}")))

    @classmethod
    def from_ocid(cls, ocid: str) -> Self:
        """Return a set by its OCID. Raises :class:`~ads.errors.NotFound`."""
        return cls.from_id(ocid)

    @classmethod
    def from_name(cls, name: str, compartment_id: str | None = None) -> Self:
        """Return the set of this name. Raises :class:`~ads.errors.ModelVersionSetNotExists`."""
        found = cls.list(compartment_id, name=name, lifecycle_state=cls.LIFECYCLE_STATE_ACTIVE)
        if not found:
            raise ModelVersionSetNotExists(
                f"There is no model version set named {name!r} in the compartment.",
                hint="Create it with ModelVersionSet(name=…).create(); ModelVersionSet.list() shows those there are.",
            )
        return found[0]

    @classmethod
    def from_dsc_model_version_set(cls, dsc_model_version_set: Any) -> Self:
        """Return the set that a dictionary of the REST interface, or a model of the ``oci`` package, describes."""
        content = dsc_model_version_set
        if not isinstance(content, Mapping):
            content = {key: getattr(dsc_model_version_set, name, None) for key, name in cls.attribute_map.items()}
        return cls(spec=_spec(content))

    def _take_all(self, values: Mapping[str, Any]) -> None:
        keys = {name: key for key, name in self.attribute_map.items()}
        for name, value in values.items():
            if name not in keys:
                raise unknown_argument(type(self).__name__, name, keys)
            self.set_spec(keys[name], value)

    def _read(self, content: Mapping[str, Any]) -> Self:
        """Take the values that the catalog wrote."""
        self._spec = _spec(content)
        return self

    def _require_id(self) -> None:
        if not self.id:
            raise ModelVersionSetNotSaved(
                f"The model version set {self.name!r} is not in the catalog.", hint="Call create() first."
            )


@contextmanager
def experiment(name: str, create_if_not_exists: bool | None = True, **kwargs: Any) -> Iterator[ModelVersionSet]:
    """Make every ``save()`` within the block join the set ``name``, which is created when there is none.

    ``kwargs``: ``compartment_id``, and what a new set gets: ``project_id``, ``description``, tags. Child processes
    see it, too: it is in the environment. Raises :class:`~ads.errors.ModelVersionSetNotExists`.
    """
    try:
        found = ModelVersionSet.from_name(name, kwargs.get("compartment_id"))
    except ModelVersionSetNotExists:
        if not create_if_not_exists:
            raise
        found = ModelVersionSet(name=name, **kwargs).create()
    before = {variable: os.environ.get(variable) for variable in _VARIABLES}
    os.environ.update({variable: getattr(found, attribute) for variable, attribute in _VARIABLES.items()})
    try:
        yield found
    finally:
        for variable, value in before.items():
            os.environ.pop(variable, None)
            if value is not None:
                os.environ[variable] = value


def version_set_id(given: Any) -> str | None:
    """Return the OCID that ``save(model_version_set=given)`` means: an OCID, a name, or a set that was created.

    Without one the environment decides: ``MODEL_VERSION_SET_ID``, or ``MODEL_VERSION_SET_NAME`` in
    ``MODEL_VERSION_SET_COMPARTMENT_ID``. Raises :class:`~ads.errors.ModelVersionSetNotExists`,
    :class:`~ads.errors.ModelVersionSetNotSaved`, InputError for anything else.
    """
    if given is None:
        given = os.environ.get("MODEL_VERSION_SET_ID") or os.environ.get("MODEL_VERSION_SET_NAME")
        if not given:
            return None
        compartment_id = os.environ.get("MODEL_VERSION_SET_COMPARTMENT_ID")
    else:
        compartment_id = None
    if isinstance(given, str):
        from ads.identity.ocid import is_ocid

        found = given if is_ocid(given) else ModelVersionSet.from_name(given, compartment_id).id
        return str(found)
    if not isinstance(given, ModelVersionSet):
        raise InputError(
            f"model_version_set is a {type(given).__name__}.", hint="Pass an OCID, a name or a ModelVersionSet."
        )
    if not given.id:
        raise ModelVersionSetNotSaved(
            f"The model version set {given.name!r} is not in the catalog.", hint="Call its create() first."
        )
    return str(given.id)


def _spec(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: content[key] for key in ModelVersionSet.attribute_map if content.get(key)}


def _service() -> Service:
    from ads.client import Service

    return Service.find()
