"""What search knows of each model: its words, the values of its fields, its numbers. Kept in the model's transaction.

Terms are texts: ``churn`` after a tab for a word anywhere, ``framework``, a tab and ``xgboost`` for a field's value.
"""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from sqlalchemy import Table, delete, insert, select, text
from sqlalchemy.orm import Session, lazyload

from ads.registry.catalog_tables import ModelNumber, ModelTerm, VersionAlias
from ads.registry.database import Database
from ads.registry.search_grammar import fold, number_of
from ads.registry.tables import Artifact, Default, Model

__all__ = [
    "COLUMNS",
    "TAIL",
    "TEXT_FIELDS",
    "ensure_index",
    "field_name",
    "hyperparameters_of",
    "index_model",
    "index_size",
    "metrics_of",
    "tail_term",
    "value_term",
    "word_term",
    "words_of",
]

logger = logging.getLogger(__name__)

TAIL = 6
"""How many of the last characters of an OCID are enough to name a model."""

TEXT_FIELDS = frozenset({"name", "description"})
"""The fields that are looked into word by word."""
COLUMNS = {
    "id": "id",
    "compartment": "compartment_id",
    "project": "project_id",
    "createdby": "created_by",
    "category": "category",
    "state": "lifecycle_state",
}
"""The fields that are columns of the model itself."""
_COMPUTED = frozenset({"alias", "created", "label", "size", "version", "versionset"})
_OTHER_NAMES = {
    "displayname": "name",
    "lifecyclestate": "state",
    "compartmentid": "compartment",
    "projectid": "project",
    "modelversionset": "versionset",
    "modelversionsetname": "versionset",
    "set": "versionset",
    "timecreated": "created",
    "usecase": "usecasetype",
    "versionid": "version",
    "versionlabel": "label",
}
_GROUPS = re.compile(r"(?:metrics?|metadata|hyperparameters?|params?)\.(.+)", re.DOTALL)
_WORD = re.compile(r"[^\W_]+")
_VERSION = "1"
_VERSION_KEY = "search_index"
_LONGEST_FIELD = 100
_LONGEST_VALUE = 128
_LONGEST_WORD = 64
_MOST_TERMS = 3000
_MOST_NUMBERS = 500
_BATCH = 500
_SIZE = text(
    "INSERT INTO model_numbers (model_seq, field, number) VALUES (:seq, :field, :number) "
    "ON CONFLICT (model_seq, field) DO UPDATE SET number = excluded.number"
)


@dataclass
class _Facts:
    terms: dict[str, None] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)

    def words(self, text: str | None, *fields: str) -> None:
        for word in words_of(text or ""):
            self.terms[word_term(word)] = None
            for name in fields:
                self.terms[value_term(name, word)] = None

    def value(self, name: str, value: object) -> None:
        if value is None or isinstance(value, (dict, list)):
            return
        text = json.dumps(value) if isinstance(value, bool) else str(value)
        self.terms[value_term(name, text)] = None

    def number(self, name: str, number: float | None) -> None:
        if number is not None and math.isfinite(number):
            self.numbers.setdefault(name[:_LONGEST_FIELD], float(number))


def words_of(text: str) -> list[str]:
    """Return the words of a text, folded."""
    return [word[:_LONGEST_WORD] for word in _WORD.findall(fold(text))]


def word_term(word: str) -> str:
    """Return the term of a word anywhere."""
    return f"\t{word}"


def value_term(name: str, value: str) -> str:
    """Return the term of a field's value."""
    return f"{name[:_LONGEST_FIELD]}\t{fold(value).strip()[:_LONGEST_VALUE]}"


def tail_term(model_id: str) -> str:
    """Return the term of an OCID's last characters."""
    return value_term("tail", model_id[-TAIL:])


def field_name(text: str) -> str:
    """Return the one name of a field that people write in several ways. Fields of the model itself go first."""
    name = fold(text).strip()
    match = _GROUPS.fullmatch(name)
    if match is not None:
        return _own_name(match[1])
    if name.startswith("tags."):
        return f"tag.{name[5:]}"[:_LONGEST_FIELD]
    return _OTHER_NAMES.get(name, name)[:_LONGEST_FIELD]


class _HasMetadata(Protocol):
    @property
    def custom_metadata(self) -> list[dict[str, Any]]: ...
    @property
    def defined_metadata(self) -> list[dict[str, Any]]: ...


def metrics_of(model: _HasMetadata) -> dict[str, float]:
    """Return the numbers among the model's custom metadata of the category ``Performance``."""
    found = {}
    for item in model.custom_metadata:
        number = _plain_number(item.get("value"))
        if number is not None and (item.get("category") or "").lower() == "performance":
            found[item["key"]] = number
    return found


def hyperparameters_of(model: _HasMetadata) -> dict[str, Any]:
    """Return the model's hyperparameters, none when they can't be read."""
    text = next((item.get("value") for item in model.defined_metadata if item["key"] == "Hyperparameters"), None)
    try:
        found = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def index_model(session: Session, model: Model, *, fresh: bool = False) -> None:
    """Make search know the model as it is in this transaction. ``fresh``: it knows nothing of it yet."""
    session.flush()
    facts = _facts_of(session, model, fresh=fresh)
    terms = set(list(facts.terms)[:_MOST_TERMS])
    numbers = dict(list(facts.numbers.items())[:_MOST_NUMBERS])
    if not fresh:
        terms = _without_known_terms(session, model.seq, terms)
        numbers = _without_known_numbers(session, model.seq, numbers)
    connection = session.connection()  # plain rows: nothing here needs objects
    if terms:
        rows = [{"term": term, "model_seq": model.seq} for term in sorted(terms)]
        connection.execute(insert(cast("Table", ModelTerm.__table__)), rows)
    if numbers:
        pairs = [{"model_seq": model.seq, "field": name, "number": number} for name, number in sorted(numbers.items())]
        connection.execute(insert(cast("Table", ModelNumber.__table__)), pairs)


def index_size(session: Session, model_seq: int, size: int) -> None:
    """Make search know the size in bytes of the artifact that a model has got: nothing else of it has changed."""
    session.connection().execute(_SIZE, {"seq": model_seq, "field": b"size", "number": float(size)})


def ensure_index(database: Database) -> int:
    """Index the models that an older version registered; return how many. It goes on where it was interrupted."""
    with database.read() as session:
        row = session.get(Default, _VERSION_KEY)
        version, _, place = ("", "", "") if row is None else row.value.partition(":")
    done, last = 0, int(place) if version == _VERSION and place else 0
    if version == _VERSION and not place:
        return 0
    while True:
        with database.write() as session:
            batch = list(
                session.scalars(
                    select(Model)
                    .where(Model.seq > last)
                    .order_by(Model.seq)
                    .limit(_BATCH)
                    .options(lazyload(Model.metadata_artifacts))
                )
            )
            for model in batch:
                index_model(session, model)
            last = batch[-1].seq if batch else last
            session.merge(Default(name=_VERSION_KEY, value=f"{_VERSION}:{last}" if batch else _VERSION))
        done += len(batch)
        if not batch:
            if done:
                logger.info("indexed %s models for search", done)
            return done


def _facts_of(session: Session, model: Model, *, fresh: bool) -> _Facts:
    facts = _Facts()
    facts.value("tail", model.id[-TAIL:])
    facts.words(model.display_name, "name")
    facts.words(model.description, "description")
    facts.number("created", model.time_created.timestamp())
    if model.membership is not None:
        facts.words(model.membership.version_set.name)
        facts.value("versionset", model.membership.version_set.name)
        facts.value("version", model.membership.version_id)
        facts.number("version", model.membership.version_id)
    if model.version_label:
        facts.words(model.version_label)
        facts.value("label", model.version_label)
    for key, value in _tags_of(model):
        facts.words(f"{key} {value}")
        facts.value(f"tag.{fold(key)}", value)
    _add_metadata(facts, model)
    if not fresh:
        for alias in session.scalars(select(VersionAlias.name).where(VersionAlias.model_id == model.id)):
            facts.value("alias", alias)
        facts.number("size", session.scalar(select(Artifact.size).where(Artifact.model_id == model.id)))
    return facts


def _add_metadata(facts: _Facts, model: Model) -> None:
    for item in (*model.defined_metadata, *model.custom_metadata):
        key, value = item["key"], item.get("value")
        if value is None or key in {"Hyperparameters", "ArtifactTestResults"}:
            continue
        name = _own_name(fold(key).strip())
        facts.words(value)
        facts.value(name, value)
        facts.number(name, number_of(value.strip()))
    for key, value in hyperparameters_of(model).items():
        name = _own_name(fold(key).strip())
        facts.value(name, value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            facts.number(name, _plain_number(str(value)))


def _tags_of(model: Model) -> Iterator[tuple[str, str]]:
    for key, value in (model.freeform_tags or {}).items():
        yield key, str(value)
    for namespace, tags in (model.defined_tags or {}).items():
        for key, value in tags.items():
            yield f"{namespace}.{key}", str(value)


def _own_name(key: str) -> str:
    """Return the field of a metadata key: itself, unless the model has a field of that name."""
    taken = key in TEXT_FIELDS or key in COLUMNS or key in _COMPUTED or key in _OTHER_NAMES or key == "tail"
    return (f"metadata.{key}" if taken else key)[:_LONGEST_FIELD]


def _plain_number(text: object) -> float | None:
    try:
        number = float(text) if isinstance(text, str) and "_" not in text else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _without_known_terms(session: Session, seq: int, wanted: set[str]) -> set[str]:
    known = set(session.scalars(select(ModelTerm.term).where(ModelTerm.model_seq == seq)))
    for some in _pieces(known - wanted):
        session.execute(delete(ModelTerm).where(ModelTerm.model_seq == seq, ModelTerm.term.in_(some)))
    return wanted - known


def _without_known_numbers(session: Session, seq: int, wanted: dict[str, float]) -> dict[str, float]:
    mine = select(ModelNumber.field, ModelNumber.number).where(ModelNumber.model_seq == seq)
    known: dict[str, float] = {row.field: row.number for row in session.execute(mine)}
    for name in [name for name, number in known.items() if wanted.get(name) != number]:
        session.execute(delete(ModelNumber).where(ModelNumber.model_seq == seq, ModelNumber.field == name))
    return {name: number for name, number in wanted.items() if known.get(name) != number}


def _pieces(items: Iterable[str]) -> Iterator[list[str]]:
    rest = list(items)
    for start in range(0, len(rest), _BATCH):
        yield rest[start : start + _BATCH]
