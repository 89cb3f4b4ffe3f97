"""The types of the values in request bodies, each with its limits, for all kinds of resources."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import Request
from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

from ads.registry.retry_tokens import Attempt

__all__ = [
    "Body",
    "DefinedTags",
    "Description",
    "DisplayName",
    "ExactBody",
    "FreeformTags",
    "OcidText",
    "attempt_of",
    "if_match_of",
]

_MOST_TAGS = 64
_LONGEST_TAG_KEY = 100
_LONGEST_TAG_VALUE = 1024


class Body(BaseModel):
    """A request body: camelCase keys, unknown keys ignored, no conversion between types."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=False, extra="ignore", strict=True)

    def given(self) -> dict[str, Any]:
        """Return what the caller sent, under the names of the columns; absent and null values are left out."""
        return {name: value for name in self.model_fields_set if (value := getattr(self, name)) is not None}


class ExactBody(Body):
    """A request body of our own paths, where an unknown key is an error: it is a misspelt one."""

    model_config = ConfigDict(extra="forbid")


def _check_freeform(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"there can be at most {_MOST_TAGS} tags")
    for key, value in tags.items():
        if not 0 < len(key) <= _LONGEST_TAG_KEY or len(value) > _LONGEST_TAG_VALUE:
            raise ValueError(
                f"a tag's key must have 1 to {_LONGEST_TAG_KEY} characters, its value at most {_LONGEST_TAG_VALUE}"
            )
    return tags


def _check_defined(tags: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    if len(tags) > _MOST_TAGS:
        raise ValueError(f"there can be at most {_MOST_TAGS} tag namespaces")
    for namespace, inner in tags.items():
        if not 0 < len(namespace) <= _LONGEST_TAG_KEY:
            raise ValueError(f"a tag namespace must have 1 to {_LONGEST_TAG_KEY} characters")
        if any(isinstance(value, (dict, list)) for value in inner.values()):
            raise ValueError("the value of a defined tag must be text, a number or a boolean")
        _check_freeform({key: str(value) for key, value in inner.items()})
    return tags


OcidText = Annotated[str, StringConstraints(min_length=1, max_length=255)]
DisplayName = Annotated[str, StringConstraints(max_length=255)]
Description = Annotated[str, StringConstraints(max_length=4000)]
FreeformTags = Annotated[dict[str, str], AfterValidator(_check_freeform)]
DefinedTags = Annotated[dict[str, dict[str, Any]], AfterValidator(_check_defined)]


def attempt_of(request: Request, body_sha256: str | None = None) -> Attempt | None:
    """Return the retry token of a create with what it was sent with, None when the caller sent no token.

    ``body_sha256`` replaces the digest of the body, for uploads.
    """
    token = request.headers.get("opc-retry-token")
    if token is None:
        return None
    digest = hashlib.sha256(request.state.body).hexdigest() if body_sha256 is None else body_sha256
    return Attempt(f"{request.method} {request.url.path}"[:400], token, digest)


def if_match_of(request: Request) -> str | None:
    """Return the etag that the caller expects, None when it doesn't care."""
    value = request.headers.get("if-match")
    return None if value is None else value.strip('"')
