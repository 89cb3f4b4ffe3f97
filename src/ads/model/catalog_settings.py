"""Backup and retention of a catalog entry, as the catalog's interface describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ads.errors import InputError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = [
    "CustomerNotificationType",
    "ModelBackupOperationDetails",
    "ModelBackupSetting",
    "ModelRetentionOperationDetails",
    "ModelRetentionSetting",
    "SettingStatus",
]


class _Values:
    """A closed set of texts."""

    @classmethod
    def values(cls) -> list[str]:
        """Return the texts, in the order of their declaration."""
        return [value for name, value in vars(cls).items() if name.isupper()]


class CustomerNotificationType(_Values):
    """When the owner is told about a backup or retention operation."""

    NONE = "NONE"
    ALL = "ALL"
    ON_FAILURE = "ON_FAILURE"
    ON_SUCCESS = "ON_SUCCESS"


class SettingStatus(_Values):
    """How far a backup or retention operation is."""

    PENDING = "PENDING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class _Setting:
    """Fields that turn into a dictionary, YAML, JSON, and the catalog's camelCase."""

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the object from snake_case or camelCase keys; unknown keys raise InputError."""
        names = {camel_case(field.name): field.name for field in fields(cls)}  # type: ignore[arg-type]
        taken: dict[str, Any] = {}
        for key, value in data.items():
            name = names.get(key, key)
            if name not in names.values():
                raise InputError(f"{cls.__name__} has no field {key!r}.", hint=f"Fields: {', '.join(names.values())}.")
            taken[name] = value
        return cls(**taken)

    @classmethod
    def from_json(cls, json_str: str) -> Self:
        """Return the object from JSON text."""
        return cls.from_dict(json.loads(json_str))

    def to_dict(self) -> dict[str, Any]:
        """Return the fields under their snake_case names."""
        return dict(vars(self))

    def to_json(self) -> str:
        """Return the fields as JSON."""
        return json.dumps(self.to_dict())

    def to_yaml(self) -> str:
        """Return the fields as YAML."""
        import yaml

        return str(yaml.safe_dump(self.to_dict()))

    def to_wire(self) -> dict[str, Any]:
        """Return the fields that are set, as the catalog's interface names them."""
        return {camel_case(name): value for name, value in vars(self).items() if value is not None}

    def validate(self) -> bool:
        """Return whether every value is one that the catalog takes."""
        return True


def camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _known(value: Any, values: list[str]) -> bool:
    return value is None or value in values


def _is(value: Any, kind: type) -> bool:
    return value is None or isinstance(value, kind)


def _positive(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value > 0)


@dataclass
class ModelBackupSetting(_Setting):
    """Whether and where a copy of the artifact is kept in another region."""

    is_backup_enabled: bool | None = None
    backup_region: str | None = None
    customer_notification_type: str | None = None

    def validate(self) -> bool:
        """Return whether every value is one that the catalog takes."""
        return (
            _is(self.is_backup_enabled, bool)
            and _is(self.backup_region, str)
            and _known(self.customer_notification_type, CustomerNotificationType.values())
        )


@dataclass
class ModelRetentionSetting(_Setting):
    """After how many days an artifact is archived and deleted."""

    archive_after_days: int | None = None
    delete_after_days: int | None = None
    customer_notification_type: str | None = None

    def validate(self) -> bool:
        """Return whether every value is one that the catalog takes."""
        return (
            _positive(self.archive_after_days)
            and _positive(self.delete_after_days)
            and _known(self.customer_notification_type, CustomerNotificationType.values())
        )


@dataclass
class ModelBackupOperationDetails(_Setting):
    """What became of the last backup."""

    backup_state: str | None = None
    backup_state_details: str | None = None
    time_last_backup: str | None = None

    def validate(self) -> bool:
        """Return whether every value is one that the catalog takes."""
        return _known(self.backup_state, SettingStatus.values())


@dataclass
class ModelRetentionOperationDetails(_Setting):
    """What became of archiving and deletion."""

    archive_state: str | None = None
    archive_state_details: str | None = None
    delete_state: str | None = None
    delete_state_details: str | None = None
    time_archival_scheduled: str | None = None
    time_deletion_scheduled: str | None = None

    def validate(self) -> bool:
        """Return whether every value is one that the catalog takes."""
        return _known(self.archive_state, SettingStatus.values()) and _known(self.delete_state, SettingStatus.values())
