"""What the builders share: a specification of plain values under camelCase keys, and its YAML and JSON."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ads.errors import InputError, InputTypeError

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Builder", "Record", "Serializable", "read_text", "write_text"]


def read_text(uri: str | Path, **options: Any) -> str:
    """Return the text at a path or any URI that fsspec knows. Raises InputError when nothing is there."""
    text = str(uri)
    try:
        if "://" not in text:
            return Path(text).expanduser().read_text(encoding="utf-8")
        import fsspec

        with fsspec.open(text, "r", encoding="utf-8", **options) as file:
            return str(file.read())
    except FileNotFoundError as error:
        raise InputError(f"There is no file at {text}.", hint="Check the path.") from error


def write_text(content: str, uri: str | Path, overwrite: bool = True, **options: Any) -> None:
    """Write the text to a path or any URI that fsspec knows. ``overwrite=False`` raises FileExistsError instead."""
    text = str(uri)
    if "://" not in text:
        path = Path(text).expanduser()
        if path.exists() and not overwrite:
            raise FileExistsError(f"{path} exists already. Pass overwrite=True to replace it.")
        path.write_text(content, encoding="utf-8")
        return
    import fsspec

    file_system, inner = fsspec.core.url_to_fs(text, **options)
    if not overwrite and file_system.exists(inner):
        raise FileExistsError(f"{text} exists already. Pass overwrite=True to replace it.")
    with file_system.open(inner, "w", encoding="utf-8") as file:
        file.write(content)


class Serializable:
    """Something that turns into a dictionary, and so into YAML and JSON, and back."""

    def to_dict(self, **_kwargs: Any) -> dict[str, Any]:
        """Return the object as plain values."""
        raise NotImplementedError(type(self).__name__)

    @classmethod
    def from_dict(cls, obj_dict: Mapping[str, Any]) -> Self:
        """Return the object that :meth:`to_dict` described."""
        raise NotImplementedError(cls.__name__)

    def to_json(self, uri: str | None = None, encoder: Any = None, default: Any = None, **kwargs: Any) -> str | None:
        """Return the object as JSON; with ``uri``, write it there and return None."""
        import json

        content = json.dumps(self.to_dict(), cls=encoder, default=default)
        if uri is None:
            return content
        write_text(content, uri, **kwargs)
        return None

    def to_yaml(self, uri: str | None = None, dumper: Any = None, note: str = "", **kwargs: Any) -> str | None:
        """Return the object as YAML after ``note`` and an empty line; with ``uri``, write it there and return None."""
        content = f"{note}\n{self._yaml(dumper)}"
        if uri is None:
            return content
        write_text(content, uri, **kwargs)
        return None

    @classmethod
    def from_json(
        cls, json_string: str | None = None, uri: str | None = None, decoder: Any = None, **kwargs: Any
    ) -> Self:
        """Return the object from JSON text or from the file at ``uri``."""
        import json

        text = _given_text(json_string, uri, kwargs)
        try:
            content = json.loads(text, cls=decoder)
        except ValueError as error:
            raise InputError(f"This is not valid JSON: {error}", hint="Pass what to_json() returned.") from error
        return cls._from_content(content)

    @classmethod
    def from_yaml(
        cls, yaml_string: str | None = None, uri: str | None = None, loader: Any = None, **kwargs: Any
    ) -> Self:
        """Return the object from YAML text or from the file at ``uri``."""
        import yaml

        text = _given_text(yaml_string, uri, kwargs)
        try:
            # The default makes plain values only; another loader is the caller's explicit choice.
            content = yaml.load(text, Loader=loader or yaml.SafeLoader)  # noqa: S506
        except yaml.YAMLError as error:
            raise InputError(f"This is not valid YAML: {error}", hint="Pass what to_yaml() returned.") from error
        return cls._from_content(content)

    @classmethod
    def from_string(
        cls, obj_string: str | None = None, uri: str | None = None, loader: Any = None, **kwargs: Any
    ) -> Self:
        """Return the object from YAML or JSON, which is YAML too."""
        return cls.from_yaml(obj_string, uri, loader, **kwargs)

    @classmethod
    def _from_content(cls, content: Any) -> Self:
        if not isinstance(content, dict):
            raise InputError(f"A {cls.__name__} is described by a mapping, not by {type(content).__name__}.")
        return cls.from_dict(content)

    def _yaml(self, dumper: Any = None) -> str:
        import yaml

        return str(yaml.dump(self.to_dict(), Dumper=dumper or yaml.SafeDumper))


def _given_text(text: str | None, uri: str | None, options: dict[str, Any]) -> str:
    if text:
        return text
    if uri:
        return read_text(uri, **options)
    raise InputError("There is neither text nor a URI to read from.", hint="Pass one of the two.")


class Record(Serializable):
    """A dataclass that is written as it is: its representation is YAML, its text JSON."""

    def to_dict(self, **_kwargs: Any) -> dict[str, Any]:
        """Return every field, also those that are None."""
        return {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]

    def to_json(self, uri: str | None = None, encoder: Any = None, default: Any = None, **kwargs: Any) -> str | None:
        """Return the fields as JSON, one a line; with ``uri``, write them there and return None."""
        import json

        content = json.dumps(self.to_dict(), cls=encoder, default=default or self.serialize, indent=4)
        if uri is None:
            return content
        write_text(content, uri, **kwargs)
        return None

    @staticmethod
    def serialize(obj: Any) -> Any:
        """Return plain values for what YAML and JSON don't know: fields of dataclasses, the text of the rest."""
        described = plain(obj)
        if described is not obj:
            return described
        if is_dataclass(obj) and not isinstance(obj, type):
            return {field.name: getattr(obj, field.name) for field in fields(obj)}
        return str(obj)

    def __repr__(self) -> str:
        return str(self.to_yaml())

    def __str__(self) -> str:
        return str(self.to_json())


class Builder(Serializable):
    """An object that is described step by step: ``with_…()`` sets one value and returns the object itself.

    ``spec`` holds values under their camelCase keys; keyword arguments use the snake_case names of ``attribute_map``.
    Unknown keys of a ``spec`` are kept, so that a newer description survives a round trip; an unknown keyword argument
    is an error.
    """

    attribute_map: ClassVar[dict[str, str]] = {}

    def __init__(self, spec: Mapping[str, Any] | None = None, **kwargs: Any) -> None:
        self._spec: dict[str, Any] = {}
        keys = {name: key for key, name in self.attribute_map.items()}
        for key, value in {**(spec or {}), **kwargs}.items():
            if key in kwargs and key not in keys and key not in self.attribute_map:
                raise unknown_argument(type(self).__name__, key, keys)
            self._take(keys.get(key, key), value)

    def _take(self, key: str, value: Any) -> None:
        """Set one value from the constructor. Subclasses turn descriptions of parts into the parts here."""
        self.set_spec(key, value)

    @property
    def kind(self) -> str:
        """The first word of the description, such as ``deployment``."""
        raise NotImplementedError(type(self).__name__)

    @property
    def type(self) -> str:
        """The second word of the description."""
        raise NotImplementedError(type(self).__name__)

    def set_spec(self, k: str, v: Any) -> Self:
        """Set one value; None removes it."""
        if v is None:
            self._spec.pop(k, None)
        else:
            self._spec[k] = v
        return self

    def fill(self, start: Mapping[str, Any], given: Mapping[str, Any]) -> Self:
        """Set ``given`` (snake_case), then of ``start`` (camelCase) what is not set yet, and return the object."""
        keys = {name: key for key, name in self.attribute_map.items()}
        for name, value in given.items():
            if name not in keys:
                raise unknown_argument(type(self).__name__, name, keys)
            self._take(keys[name], value)
        for key, value in start.items():
            if key not in self._spec:
                self.set_spec(key, value)
        return self

    def get_spec(self, key: str, default: Any = None) -> Any:
        """Return one value, or ``default``."""
        return self._spec.get(key, default)

    def build(self) -> Self:
        """Return the object itself, complete."""
        return self

    def to_dict(self, **_kwargs: Any) -> dict[str, Any]:
        """Return ``{"kind", "type", "spec"}`` as plain values."""
        return {"kind": self.kind, "type": self.type, "spec": {k: plain(v) for k, v in self._spec.items()}}

    @classmethod
    def from_dict(cls, obj_dict: Mapping[str, Any]) -> Self:
        """Return the object that :meth:`to_dict` described. Raises InputError without a ``spec``."""
        spec = obj_dict.get("spec")
        if not isinstance(spec, Mapping):
            raise InputError(
                f"The description of a {cls.__name__} has no 'spec'.",
                hint="It needs kind, type and spec, as to_dict() gives.",
            )
        return cls(spec=spec)

    def __repr__(self) -> str:
        return self._yaml()


def checked_id(ocid: Any) -> str:
    """Return an OCID that can stand in a path. Raises InputError for a text that is none."""
    if not isinstance(ocid, str) or not re.fullmatch(r"[A-Za-z0-9._-]+", ocid):
        raise InputError(f"{ocid!r} is no OCID.", hint="It looks like ocid1.datasciencemodel.oc1.local.…")
    return ocid


def plain(value: Any) -> Any:
    """Return ``value`` with every part that describes itself turned into plain values."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set)):
        return [plain(v) for v in value]
    if hasattr(value, "to_dict"):
        return plain(value.to_dict())
    if isinstance(value, Path):
        return str(value)
    return value


def unknown_argument(owner: str, name: str, known: Mapping[str, Any]) -> InputTypeError:
    """Return the error for a keyword argument that nobody knows, with the nearest one that somebody does."""
    from difflib import get_close_matches

    near = get_close_matches(name, list(known), n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(sorted(known))}."
    return InputTypeError(f"{owner} has no argument {name!r}.", hint=hint)
