"""Identifiers of resources: ``ocid1.<type>.oc1.<region>.<60 characters of a-z2-7>``, lower case."""

from __future__ import annotations

import base64
import os
import re
from dataclasses import dataclass

from ads.errors import InputError

__all__ = ["NAMESPACE", "REGION", "TYPES", "Ocid", "is_ocid", "new_ocid", "parse_ocid"]

REGION = "local"
"""The region part of the identifiers that this service makes."""

NAMESPACE = "openads"
"""The one namespace of the service's object storage, as in ``oci://bucket@openads/name``."""

TYPES = frozenset(
    {
        "bucket",
        "compartment",
        "datasciencemodel",
        "datasciencemodeldeployment",
        "datasciencemodelversionset",
        "datascienceproject",
        "datascienceworkrequest",
        "grant",
        "log",
        "loggroup",
        "tenancy",
        "user",
        "webhook",
    }
)
"""Every type of resource that has an identifier."""

_REGIONLESS = frozenset({"compartment", "grant", "tenancy", "user"})
_UNIQUE_LENGTH = 60
_PATTERN = re.compile(r"ocid1\.([a-z]+)\.([a-z0-9]+)\.([a-z0-9-]*)\.([a-z0-9.]{1,255})", re.ASCII)


@dataclass(frozen=True)
class Ocid:
    """The parts of an identifier."""

    type: str
    realm: str
    region: str
    unique: str


def new_ocid(type_: str, region: str = REGION) -> str:
    """Return a new identifier of this type: 300 random bits, so two are never the same."""
    if type_ not in TYPES:
        raise InputError(f"{type_!r} is not a type of resource.", hint=f"Types: {', '.join(sorted(TYPES))}.")
    unique = base64.b32encode(os.urandom(40)).decode("ascii").lower()[:_UNIQUE_LENGTH]
    return f"ocid1.{type_}.oc1.{'' if type_ in _REGIONLESS else region}.{unique}"


def parse_ocid(text: str) -> Ocid:
    """Return the parts of an identifier, also of one that another service made. Raises InputError."""
    match = _PATTERN.fullmatch(text)
    if match is None:
        raise InputError(
            f"{text[:100]!r} is not an OCID.",
            hint="An OCID looks like ocid1.datasciencemodel.oc1.local.<60 characters>.",
        )
    return Ocid(*match.groups())


def is_ocid(text: str, type_: str = "") -> bool:
    """Tell whether the text is an identifier, and of this type if one is given."""
    match = _PATTERN.fullmatch(text)
    return match is not None and type_ in {"", match.group(1)}
