"""Reading and writing the parts of a schema as dictionaries, JSON and YAML."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

from ads.errors import SchemaError

__all__ = ["Document", "from_yaml_text", "to_json_value", "to_yaml_text"]


def to_json_value(value: Any) -> Any:
    """Return ``value`` as what JSON can carry: tuples become lists, NaN and infinities become ``None``."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: to_json_value(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json_value(item) for item in value]
    return value


def to_yaml_text(value: Any) -> str:
    """Return ``value`` as YAML, keys in their own order."""
    import yaml

    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    text: str = yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True)
    return text


def from_yaml_text(text: str) -> Any:
    """Return what ``text`` says. Raises :class:`~ads.errors.SchemaError` if it is not YAML."""
    import yaml

    try:
        return yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - both are safe loaders
    except yaml.YAMLError as error:
        raise SchemaError(f"This is not valid YAML: {error}") from error


class Document:
    """What the parts of a schema have in common: ``to_dict`` and ``from_dict``, ``to_json``, ``to_yaml`` and back.

    ``uri`` is a path on this machine that is written to, or read from, besides.
    """

    def to_dict(self, **_: Any) -> dict[str, Any]:
        """Return the part as a dictionary that JSON can carry."""
        return {field.name: self.serialize(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]

    @staticmethod
    def serialize(obj: Any) -> Any:
        """Return ``obj``, a part or a list of parts, as what JSON can carry."""
        if isinstance(obj, Document):
            return obj.to_dict()
        if isinstance(obj, list):
            return [Document.serialize(item) for item in obj]
        return to_json_value(obj)

    @classmethod
    def from_dict(
        cls, obj_dict: Mapping[str, Any], side_effect: str | None = "lower", ignore_unknown: bool = False, **_: Any
    ) -> Self:
        """Return the part that ``obj_dict`` describes.

        ``side_effect`` ("lower", "upper" or ``None``) is applied to the keys first. Raises
        :class:`~ads.errors.SchemaError` for a missing key, or an unknown one unless ``ignore_unknown``.
        """
        if not isinstance(obj_dict, Mapping):
            raise SchemaError(f"A schema's {cls.__name__} must be a mapping, not {type(obj_dict).__name__}.")
        given = {_apply(side_effect, str(key)): value for key, value in obj_dict.items()}
        known = {field.name for field in fields(cls) if field.init}  # type: ignore[arg-type]
        unknown = sorted(given.keys() - known)
        if unknown and not ignore_unknown:
            raise SchemaError(
                f"{cls.__name__} has no {unknown[0]!r}.", hint=f"It has {', '.join(sorted(known))}; correct the key."
            )
        try:
            return cls(**{key: to_json_value(value) for key, value in given.items() if key in known})
        except TypeError as error:
            raise SchemaError(f"This is not a complete {cls.__name__}: {error}") from error

    def to_json(
        self, uri: str | None = None, encoder: type[json.JSONEncoder] = json.JSONEncoder, default: Any = None, **_: Any
    ) -> str:
        """Return the part as JSON text; ``default`` turns what JSON doesn't know into what it does."""
        return _written(json.dumps(self.to_dict(), cls=encoder, default=default, allow_nan=False), uri)

    @classmethod
    def from_json(
        cls,
        json_string: str | None = None,
        uri: str | None = None,
        decoder: type[json.JSONDecoder] = json.JSONDecoder,
        **kwargs: Any,
    ) -> Self:
        """Return the part that JSON text, or the file ``uri``, describes."""
        try:
            found = json.loads(_text(json_string, uri), cls=decoder)
        except json.JSONDecodeError as error:
            raise SchemaError(f"This is not valid JSON: {error}") from error
        return cls.from_dict(found, **kwargs)

    def to_yaml(self, uri: str | None = None, dumper: Any = None, **_: Any) -> str:  # noqa: ARG002 - always the safe one
        """Return the part as YAML text."""
        return _written(to_yaml_text(self.to_dict()), uri)

    @classmethod
    def from_yaml(
        cls,
        yaml_string: str | None = None,
        uri: str | None = None,
        loader: Any = None,  # noqa: ARG003 - the reader is always the safe one
        **kwargs: Any,
    ) -> Self:
        """Return the part that YAML text, or the file ``uri``, describes."""
        return cls.from_dict(from_yaml_text(_text(yaml_string, uri)), **kwargs)

    @classmethod
    def from_string(
        cls, obj_string: str | None = None, uri: str | None = None, loader: Any = None, **kwargs: Any
    ) -> Self:
        """Return the part that text in YAML or JSON describes."""
        return cls.from_yaml(obj_string, uri, loader, **kwargs)

    def __repr__(self) -> str:
        return self.to_yaml()


def _apply(side_effect: str | None, key: str) -> str:
    if side_effect == "lower":
        return key.lower()
    return key.upper() if side_effect == "upper" else key


def _text(text: str | None, uri: str | None) -> str:
    if text is not None:
        return text
    if uri is None:
        raise SchemaError("There is nothing to read.", hint="Pass the text, or uri=<path of a file>.")
    return Path(uri).read_text(encoding="utf-8")


def _written(text: str, uri: str | None) -> str:
    if uri is not None:
        Path(uri).write_text(text, encoding="utf-8")
    return text
