"""Typed optional properties that come from arguments, dictionaries, the environment or INI files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import InputError, InputTypeError
from ads.model.builder import Record, read_text, write_text

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["BaseProperties"]

_TYPES: dict[str, tuple[type, ...]] = {"str": (str,), "int": (int,), "float": (float, int), "bool": (bool,)}


class BaseProperties(Record):
    """The base of dataclasses whose fields are optional and checked on assignment.

    A value of the wrong type raises TypeError; a name that is no field is dropped, so that whole environments and
    configuration sections can be handed over.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        accepted = _accepted(type(self)).get(name)
        if accepted is None:
            return
        if value is not None and (
            not isinstance(value, accepted) or (isinstance(value, bool) and bool not in accepted)
        ):
            wanted = " or ".join(kind.__name__ for kind in accepted)
            raise InputTypeError(
                f"The property {name!r} must be {wanted}, not {type(value).__name__} ({value!r}).",
                hint=f"Pass a value of type {wanted}, or None.",
            )
        object.__setattr__(self, name, value)

    def with_prop(self, name: str, value: Any) -> Self:
        """Set one property and return the object."""
        setattr(self, name, value)
        return self

    def with_dict(self, obj_dict: Mapping[str, Any]) -> Self:
        """Set properties from a mapping; text for a field that is no text is read as JSON, so ``"3"`` becomes 3."""
        if not isinstance(obj_dict, Mapping):
            raise InputTypeError(f"Properties come from a dictionary, not from {type(obj_dict).__name__}.")
        accepted = _accepted(type(self))
        for name, value in obj_dict.items():
            if name in accepted:
                setattr(self, name, _read(name, value, accepted[name]))
        return self

    def with_env(self) -> Self:
        """Set properties from environment variables of the same names, and from those of a notebook or job run."""
        given: dict[str, Any] = {name.lower(): value for name, value in os.environ.items() if value}
        self.with_dict(given)
        return self._adjust_with_env(dict(os.environ))

    def _adjust_with_env(self, environment: Mapping[str, str]) -> Self:  # noqa: ARG002 - for subclasses
        """Set what the environment calls by other names."""
        return self

    def with_config(self, config: Mapping[str, str]) -> Self:
        """Set properties from one section of a configuration file."""
        return self.with_dict(dict(config))

    @classmethod
    def from_dict(cls, obj_dict: Mapping[str, Any]) -> Self:
        """Return properties from a mapping; names that are no properties are dropped."""
        return cls().with_dict(obj_dict)

    def to_config(
        self,
        uri: str,
        profile: str,
        force_overwrite: bool | None = False,
        auth: dict[str, Any] | None = None,  # noqa: ARG002 - local files and open stores need none
    ) -> None:
        """Write the properties that are set to the section ``profile`` of an INI file, leaving other sections alone.

        Raises InputError when the section exists and ``force_overwrite`` is not true.
        """
        from configparser import ConfigParser
        from io import StringIO

        parser = ConfigParser(interpolation=None)
        parser.read_string(_existing(uri))
        if profile in parser and profile != parser.default_section and not force_overwrite:
            raise InputError(
                f"{uri} has a section {profile!r} already.", hint="Pass force_overwrite=True to replace it."
            )
        parser[profile] = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in self.to_dict().items()
            if value is not None
        }
        content = StringIO()
        parser.write(content)
        write_text(content.getvalue(), uri)

    @classmethod
    def from_config(cls, uri: str, profile: str, auth: dict[str, Any] | None = None) -> Self:  # noqa: ARG003
        """Return the properties of the section ``profile`` of an INI file. Raises InputError when there is none."""
        from configparser import ConfigParser

        parser = ConfigParser(interpolation=None)
        parser.read_string(read_text(uri))
        if profile not in parser:
            raise InputError(
                f"{uri} has no section {profile!r}.", hint=f"It has: {', '.join(parser.sections()) or 'none'}."
            )
        return cls().with_config(parser[profile])


def _accepted(kind: type) -> dict[str, tuple[type, ...]]:
    """Return for each field the types that its annotation, such as ``float | int | None``, allows."""
    found: dict[str, tuple[type, ...]] = kind.__dict__.get("_accepted_types", {})
    if not found:
        for field in fields(kind):
            names = [name.strip() for name in str(field.type).split("|")]
            found[field.name] = tuple({t: None for name in names for t in _TYPES.get(name, ())})
        kind._accepted_types = found  # type: ignore[attr-defined]  # noqa: SLF001
    return found


def _read(name: str, value: Any, accepted: tuple[type, ...]) -> Any:
    if not isinstance(value, str) or str in accepted:
        return value
    try:
        # Environment variables and INI files write True as people do.
        return json.loads(value.lower() if bool in accepted else value)
    except ValueError as error:
        wanted = " or ".join(kind.__name__ for kind in accepted)
        raise InputTypeError(f"The property {name!r} is {value!r}, which is no {wanted}.") from error


def _existing(uri: str) -> str:
    if "://" not in uri:
        path = Path(uri).expanduser()
        return path.read_text(encoding="utf-8") if path.exists() else ""
    try:
        return read_text(uri)
    except InputError:
        return ""
