"""What the parts of ``runtime.yaml`` have in common: to and from dictionaries, YAML and JSON."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, cast

from ads.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["RuntimeDocument", "content_of", "read_uri", "write_uri"]


def read_uri(uri: str, **storage_options: Any) -> bytes:
    """Return the content of a local file, or of anything that fsspec can open."""
    if "://" not in uri:
        return Path(uri).expanduser().read_bytes()
    import fsspec

    with fsspec.open(uri, "rb", **storage_options) as file:
        return cast("bytes", file.read())


def write_uri(uri: str, content: str, **storage_options: Any) -> None:
    """Write ``content`` to a local file, or to anything that fsspec can open."""
    if "://" not in uri:
        Path(uri).expanduser().write_text(content, encoding="utf-8")
        return
    import fsspec

    with fsspec.open(uri, "wb", **storage_options) as file:
        file.write(content.encode())


class RuntimeDocument:
    """A dataclass that is a part of ``runtime.yaml``. Its representation is YAML, its text JSON.

    In memory keys are in lower case, in files in upper case.
    """

    _parts: ClassVar[dict[str, type[RuntimeDocument]]] = {}
    """The fields that are documents themselves."""

    def to_dict(self, side_effect: str = "lower", **_: Any) -> dict[str, Any]:
        """Return the content; keys in lower case, or in upper case with ``side_effect="upper"``."""
        return {
            (field.name.upper() if side_effect == "upper" else field.name): (
                value.to_dict(side_effect=side_effect) if isinstance(value, RuntimeDocument) else value
            )
            for field in fields(cast("Any", self))
            for value in (getattr(self, field.name),)
        }

    @classmethod
    def from_dict(
        cls,
        obj_dict: dict[str, Any],
        side_effect: str | None = "lower",
        ignore_unknown: bool = False,
        **_: Any,
    ) -> Self:
        """Return the object that ``obj_dict`` describes; keys may be in upper case.

        Raises :class:`~ads.errors.InputTypeError` when it is no dictionary, :class:`~ads.errors.InputError` for an
        unknown key unless ``ignore_unknown`` is true.
        """
        if not isinstance(obj_dict, dict):
            raise InputTypeError(
                f"{cls.__name__} is made from a dictionary, not from a {type(obj_dict).__name__}.",
                hint="Pass keys and values.",
            )
        known = {field.name for field in fields(cast("Any", cls))}
        values: dict[str, Any] = {}
        for key, value in obj_dict.items():
            name = key.lower() if side_effect == "lower" else key
            if name in known:
                part = cls._parts.get(name)
                values[name] = part.from_dict(value or {}, side_effect, ignore_unknown) if part else value
            elif not ignore_unknown:
                raise InputError(f"{cls.__name__} has no {key!r}.", hint=f"Known: {', '.join(sorted(known))}.")
        return cls(**values)

    def to_yaml(self, uri: str | None = None, dumper: Any = None, **storage_options: Any) -> str:  # noqa: ARG002
        """Return the content as YAML with keys in upper case, and write it to ``uri`` when there is one."""
        from ads.artifact import runtime_yaml

        text = runtime_yaml.text(self.to_dict(side_effect="upper"))
        if uri:
            write_uri(uri, text, **storage_options)
        return text

    @classmethod
    def from_yaml(
        cls,
        yaml_string: str | None = None,
        uri: str | None = None,
        loader: Any = None,  # noqa: ARG003 - the reader is always the safe one
        **storage_options: Any,
    ) -> Self:
        """Return the object that the YAML in ``yaml_string`` or at ``uri`` describes.

        Raises :class:`~ads.errors.ArtifactError` for YAML that can't be accepted.
        """
        from ads.artifact.yaml_reader import parse_mapping

        return cls.from_dict(
            parse_mapping(content_of(yaml_string, uri, storage_options), f"The YAML of {cls.__name__}")
        )

    @classmethod
    def from_string(
        cls,
        obj_string: str | None = None,
        uri: str | None = None,
        loader: Any = None,
        **storage_options: Any,
    ) -> Self:
        """Return the object that the text describes, JSON or YAML: the same as :meth:`from_yaml`."""
        return cls.from_yaml(obj_string, uri, loader, **storage_options)

    def to_json(
        self, uri: str | None = None, encoder: Any = json.JSONEncoder, default: Any = None, **storage_options: Any
    ) -> str:
        """Return the content as JSON, and write it to ``uri`` when there is one."""
        text = json.dumps(self.to_dict(), cls=encoder, default=default or self.serialize, indent=4)
        if uri:
            write_uri(uri, text, **storage_options)
        return text

    @classmethod
    def from_json(
        cls,
        json_string: str | None = None,
        uri: str | None = None,
        decoder: Any = json.JSONDecoder,
        **storage_options: Any,
    ) -> Self:
        """Return the object that the JSON in ``json_string`` or at ``uri`` describes. Raises ``ValueError``."""
        return cls.from_dict(json.loads(content_of(json_string, uri, storage_options), cls=decoder))

    @staticmethod
    def serialize(obj: Any) -> Any:
        """Return a JSON value for what JSON doesn't know: the content of documents, the text of the rest."""
        if isinstance(obj, RuntimeDocument):
            return obj.to_dict()
        if is_dataclass(obj) and not isinstance(obj, type):
            return {field.name: getattr(obj, field.name) for field in fields(obj)}
        return str(obj)

    def __repr__(self) -> str:
        return self.to_yaml()

    def __str__(self) -> str:
        return self.to_json()


def content_of(text: str | None, uri: str | None, storage_options: dict[str, Any]) -> bytes:
    """Return ``text``, else what is at ``uri``. Raises :class:`~ads.errors.InputError` when both are empty."""
    if text:
        return text.encode()
    if uri:
        return read_uri(uri, **storage_options)
    raise InputError("There is nothing to read.", hint="Pass the text, or the uri of a file.")
