"""The versions of a set, and the movable names that point at them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, NotFound

if TYPE_CHECKING:
    from ads.model.datascience_model import DataScienceModel

__all__ = ["AliasChange", "VersionAliases"]

_SETS = "/openads/v1/modelVersionSets"


@dataclass(frozen=True)
class AliasChange:
    """One move of an alias. Versions are None where it didn't exist; ``time`` is RFC 3339."""

    time: str
    principal: str
    from_version: int | None
    to_version: int | None
    reason: str


class VersionAliases:
    """The members of ``ModelVersionSet`` that concern versions and aliases."""

    if TYPE_CHECKING:
        id: Any
        name: Any
        compartment_id: Any

    def version(self, number: int) -> DataScienceModel:
        """Return the model that is version ``number`` of the set. Raises :class:`~ads.errors.NotFound`."""
        if isinstance(number, bool) or not isinstance(number, int):
            raise InputError(f"A version is a whole number, not {number!r}.", hint="alias() finds one by its alias.")
        return self._member(f"{self.name}:{number}")

    def latest(self) -> DataScienceModel:
        """Return the newest ACTIVE version. Raises :class:`~ads.errors.NotFound` when the set has none."""
        return self._member(str(self.name))

    def alias(self, name: str) -> DataScienceModel:
        """Return the version that an alias points at. Raises :class:`~ads.errors.NotFound`."""
        return self._member(f"{self.name}@{name}")

    @property
    def aliases(self) -> dict[str, int]:
        """Each alias with the number of the version that it points at now, asked of the catalog."""
        listed = _service().list(f"{_SETS}/{self._saved_id()}/aliases")
        return {str(row["name"]): int(row["versionId"]) for row in listed}

    def set_alias(
        self,
        name: str,
        version: int | str | DataScienceModel,
        *,
        reason: str | None = None,
        protected: bool | None = None,
    ) -> None:
        """Point an alias at a version: its number, its model, or a reference to that. A new alias is made.

        ``reason`` is kept in the history. ``protected=True`` lets only those move it who may manage the set. Raises
        :class:`~ads.errors.NotFound` for a version that isn't there, :class:`~ads.errors.ServiceError` for a name that
        no alias can have.
        """
        body: dict[str, Any] = {"reason": reason, "protected": protected}
        if isinstance(version, int) and not isinstance(version, bool):
            body["versionId"] = version
        else:
            from ads.model.catalog_features import model_id_of

            body["modelId"] = model_id_of(str(getattr(version, "id", None) or version))
        sent = {key: value for key, value in body.items() if value is not None}
        _service().request("PUT", self._alias_path(name), json=sent)

    def remove_alias(self, name: str) -> None:
        """Take an alias away; the version stays. Raises :class:`~ads.errors.NotFound`."""
        _service().request("DELETE", self._alias_path(name))

    def alias_history(self, name: str) -> list[AliasChange]:
        """Return every move of an alias, the oldest first."""
        return [
            AliasChange(
                time=str(row.get("time")),
                principal=str(row.get("principal") or ""),
                from_version=_number(row.get("from")),
                to_version=_number(row.get("to")),
                reason=str(row.get("reason") or ""),
            )
            for row in _service().list(f"{self._alias_path(name)}/history")
        ]

    def _alias_path(self, name: str) -> str:
        from urllib.parse import quote

        if not name:
            raise InputError(f"{name!r} is no name of an alias.", hint='Give one such as "champion".')
        return f"{_SETS}/{self._saved_id()}/aliases/{quote(name, safe='')}"

    def _member(self, reference: str) -> DataScienceModel:
        from ads.model.datascience_model import DataScienceModel

        set_id = self._saved_id()
        found = DataScienceModel.from_reference(reference, self.compartment_id)
        if found.model_version_set_id != set_id:
            raise NotFound(f"The version set {self.name!r} has no {reference!r}.", status=404)
        return found

    def _saved_id(self) -> str:
        from ads.errors import ModelVersionSetNotSaved

        if not self.id:
            raise ModelVersionSetNotSaved(
                f"The model version set {self.name!r} is not in the catalog.", hint="Call create() first."
            )
        return str(self.id)


def _number(end: Any) -> int | None:
    number = end.get("versionId") if isinstance(end, dict) else end
    return None if number is None else int(number)


def _service() -> Any:
    from ads.client import Service

    return Service.find()
