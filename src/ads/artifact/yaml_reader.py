"""A YAML reader for documents from strangers: mappings, lists and text, nothing else.

It builds its result from parser events, so no object of any other kind can ever be constructed. Aliases, tags, several
documents, duplicate keys and deep nesting are refused. Scalars are the text that stands in the file: ``3.10`` stays
``3.10``. Only an unquoted ``null``, ``~`` or nothing is ``None``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ads.errors import ArtifactError

__all__ = ["MAX_BYTES", "parse_mapping"]

MAX_BYTES = 64 * 1024
_MAX_DEPTH = 20
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def parse_mapping(content: bytes, name: str) -> dict[str, Any]:
    """Return the mapping that the YAML in ``content`` is. ``name`` is what messages call it.

    Raises :class:`~ads.errors.ArtifactError` that says what is wrong, with line and column where there is one.
    """
    if len(content) > MAX_BYTES:
        raise ArtifactError(f"{name} has {len(content):,} bytes, {MAX_BYTES:,} are allowed.", hint="Shorten it.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ArtifactError(f"{name} is not UTF-8 text (byte {error.start}).", hint="Save it as UTF-8.") from None
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        document = _Builder(yaml.parse(text, Loader=loader), yaml, name).document()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "it can't be parsed"
        raise ArtifactError(f"{name} is not valid YAML{where}: {problem}.", hint="Correct that line.") from None
    if not isinstance(document, dict):
        found = "a list" if isinstance(document, list) else "nothing" if document is None else "a single value"
        raise ArtifactError(f"{name} holds {found}, expected a mapping of keys to values.", hint="Write it anew.")
    return document


class _Builder:
    def __init__(self, events: Iterator[Any], yaml: Any, name: str) -> None:
        self._events = events
        self._yaml = yaml
        self._name = name

    def document(self) -> Any:
        result: Any = None
        documents = 0
        for event in self._events:
            if isinstance(event, self._yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refuse(event, "a second document")
            elif isinstance(event, self._yaml.NodeEvent):
                result = self._node(event, 0)
        return result

    def _node(self, event: Any, depth: int) -> Any:
        if isinstance(event, self._yaml.AliasEvent) or event.anchor is not None:
            raise self._refuse(event, "an anchor or alias")
        if event.tag not in (None, "!"):
            raise self._refuse(event, "a tag")
        if depth > _MAX_DEPTH:
            raise self._refuse(event, f"more than {_MAX_DEPTH} levels")
        if isinstance(event, self._yaml.ScalarEvent):
            return None if event.implicit[0] and event.value in _NULLS else event.value
        if isinstance(event, self._yaml.SequenceStartEvent):
            return self._list(depth)
        return self._mapping(depth)

    def _list(self, depth: int) -> list[Any]:
        items = []
        while not isinstance(event := next(self._events), self._yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return items

    def _mapping(self, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self._events), self._yaml.MappingEndEvent):
            if not isinstance(event, self._yaml.ScalarEvent):
                raise self._refuse(event, "a key that is not plain text")
            self._node(event, depth + 1)
            if event.value in mapping:
                raise self._refuse(event, f"the key {event.value[:60]!r} twice")
            mapping[event.value] = self._node(next(self._events), depth + 1)
        return mapping

    def _refuse(self, event: Any, what: str) -> ArtifactError:
        mark = event.start_mark
        return ArtifactError(
            f"{self._name} has {what} in line {mark.line + 1}, column {mark.column + 1}.",
            hint="Write plain keys and values.",
        )
