"""Headers that come with an object and go out with it again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ads.errors import InputError

__all__ = ["headers_to_keep", "kept_headers", "metadata_headers"]

_PLAIN = ("content-type", "content-language", "content-disposition", "cache-control")
_META = "opc-meta-"
_LARGEST = 4000


def headers_to_keep(headers: Mapping[str, str]) -> dict[str, str]:
    """Return those of a request's headers that belong to the object. Raises InputError when they are too large.

    ``content-encoding`` isn't one of them: some clients read objects as they come, without decoding.
    """
    kept = {name: value for name, value in headers.items() if name in _PLAIN or name.startswith(_META)}
    return _checked(kept)


def metadata_headers(values: Mapping[str, Any], metadata: Mapping[str, str]) -> dict[str, str]:
    """Return the headers of an object that is described in JSON: those of ``values`` that are set, and metadata."""
    kept = {name: str(values[name]) for name in _PLAIN if values.get(name)}
    for name, value in metadata.items():
        kept[name.lower() if name.lower().startswith(_META) else f"{_META}{name.lower()}"] = value
    return _checked(kept)


def kept_headers(kept: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers for an answer. A browser that is shown the object runs nothing in it."""
    return {
        "content-type": "application/octet-stream",
        **{name: str(value) for name, value in kept.items()},
        "content-security-policy": "default-src 'none'; sandbox",
    }


def _checked(kept: dict[str, str]) -> dict[str, str]:
    if sum(len(name) + len(value) for name, value in kept.items()) > _LARGEST:
        raise InputError(f"The object's metadata is larger than {_LARGEST} bytes.")
    for name, value in kept.items():
        if not (name.isascii() and name.isprintable() and " " not in name and ":" not in name):
            raise InputError(f"{name[:100]!r} can't be the name of a header.")
        if not all(" " <= character <= "~" or "\xa0" <= character <= "\xff" for character in value):
            raise InputError(f"The metadata {name[:100]!r} has characters that a header can't have.")
    return kept
