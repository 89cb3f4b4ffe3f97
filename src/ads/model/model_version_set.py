"""``ModelVersionSet`` and ``experiment``: groups of models that are versions of one thing.

The description and its YAML work; the verbs raise :class:`~ads.errors.NotSupported`, as the service keeps no sets yet.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from ads.errors import ModelVersionSetNotExists, ModelVersionSetNotSaved
from ads.model.builder import Builder
from ads.model.metadata_artifacts import refuse

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["ModelVersionSet", "ModelVersionSetNotExists", "ModelVersionSetNotSaved", "experiment"]

USER = "USER"
_INSTEAD = "Tell versions apart with version_label, display_name or freeform_tags."


class ModelVersionSet(Builder):
    """A group of models that are versions of one thing."""

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
        """The state; None, as no set is in the catalog."""
        return None

    @property
    def details_link(self) -> str:
        """The page about the set; empty, as no set is in the catalog."""
        return ""

    def create(self, **_kwargs: Any) -> NoReturn:
        """Create the set: not supported."""
        _refuse()

    def update(self) -> NoReturn:
        """Change the set: not supported."""
        _refuse()

    def delete(self, delete_model: bool | None = False) -> NoReturn:  # noqa: ARG002 - the public name
        """Delete the set: not supported."""
        _refuse()

    def model_add(self, model_id: str, version_label: str | None = None, **_kwargs: Any) -> NoReturn:  # noqa: ARG002
        """Add a model: raises :class:`~ads.errors.ModelVersionSetNotSaved`, as no set can be created yet."""
        if not self.id:
            raise ModelVersionSetNotSaved(f"The model version set {self.name!r} was not created.", hint=_INSTEAD)
        _refuse()

    def models(self, **_kwargs: Any) -> NoReturn:
        """Return the models of the set: not supported."""
        _refuse()

    @classmethod
    def list(cls, compartment_id: str | None = None, category: str = USER, **_kwargs: Any) -> NoReturn:  # noqa: ARG003
        """Return the sets of a compartment: not supported."""
        _refuse()

    @classmethod
    def from_id(cls, id: str) -> NoReturn:  # noqa: A002, ARG003 - the public name
        """Return a set by its OCID: not supported."""
        _refuse()

    @classmethod
    def from_ocid(cls, ocid: str) -> NoReturn:  # noqa: ARG003 - the public name
        """Return a set by its OCID: not supported."""
        _refuse()

    @classmethod
    def from_name(cls, name: str, compartment_id: str | None = None) -> NoReturn:  # noqa: ARG003 - the public name
        """Return a set by its name: not supported."""
        _refuse()


def experiment(
    name: str,  # noqa: ARG001 - the public name
    create_if_not_exists: bool | None = True,  # noqa: ARG001 - the public name
    **_kwargs: Any,
) -> AbstractContextManager[ModelVersionSet]:
    """Make every ``save()`` within the block join the set ``name``: not supported."""
    _refuse()


def _refuse() -> NoReturn:
    refuse("Model version sets are", _INSTEAD)
