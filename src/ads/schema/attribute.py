"""One column of a schema, and what is known about its values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ads.errors import SchemaError
from ads.schema.document import Document
from ads.schema.expression import Expression

__all__ = ["Attribute", "Domain"]


@dataclass(repr=False)
class Domain(Document):
    """The values of a column: their feature type, their statistics, and expressions that hold for each of them."""

    values: str = ""
    stats: dict[str, Any] = field(default_factory=dict)
    constraints: list[Expression] = field(default_factory=list)

    def __post_init__(self) -> None:
        constraints: list[Any] = self.constraints or []
        self.stats = self.stats or {}
        self.constraints = [
            item if isinstance(item, Expression) else Expression.from_dict(item) for item in constraints
        ]


@dataclass(repr=False)
class Attribute(Document):
    """One column: dtype (pandas' or numpy's name), name (text, a number, or a list for MultiIndex columns), domain.

    ``required`` says that the sample had no missing value; ``order`` is the position.
    """

    sort_index: int | None = field(init=False, repr=False, compare=False)
    dtype: str
    feature_type: str
    name: Any
    domain: Domain
    required: bool
    description: str
    order: int | None = None

    def __post_init__(self) -> None:
        self.sort_index = self.order
        domain: Any = self.domain
        self.domain = domain if isinstance(domain, Domain) else Domain.from_dict(domain or {})

    @property
    def key(self) -> Any:
        """What ``schema[key]`` finds the column by: its name, as a tuple for MultiIndex columns."""
        return tuple(self.name) if isinstance(self.name, list) else self.name

    def to_dict(self, **_: Any) -> dict[str, Any]:
        """Return the column in the form of ``input_schema.json``."""
        return {
            "dtype": self.dtype,
            "feature_type": self.feature_type,
            "name": self.serialize(self.name),
            "domain": self.domain.to_dict(),
            "required": self.required,
            "description": self.description,
            "order": self.order,
        }

    def validate(self) -> None:
        """Raise :class:`~ads.errors.SchemaError` naming the field if one that everybody relies on is unusable."""
        dtype: Any = self.dtype
        required: Any = self.required
        if not isinstance(dtype, str) or not dtype:
            raise SchemaError(f"The column {self.name!r} has no dtype, but {dtype!r}.")
        if isinstance(self.name, bool) or not isinstance(self.name, (str, int, float, list, tuple)):
            raise SchemaError(f"A column's name must be text or a number, not {self.name!r}.")
        if not isinstance(required, bool):
            raise SchemaError(f"'required' of the column {self.name!r} must be true or false, not {required!r}.")
