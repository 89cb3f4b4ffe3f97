"""A condition on a value, such as ``$x in ['a', 'b']``, evaluated without running code."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ads.errors import SchemaError
from ads.schema.document import Document

__all__ = ["Expression"]

_COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
    ast.Is: operator.is_,
    ast.IsNot: operator.is_not,
}
# Powers and shifts are left out on purpose: 9**9**9 would keep the machine busy.
_ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {
    ast.Not: operator.not_,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}
_VARIABLE = re.compile(r"\$([A-Za-z_]\w*)")
_LONGEST = 1_000_000


@dataclass(repr=False)
class Expression(Document):
    """A condition in a small part of Python: comparisons, ``in``, ``and``/``or``/``not``, arithmetic, literals."""

    expression: str
    language: str = "python"

    def evaluate(self, **variables: Any) -> bool:
        """Return whether the condition holds, ``$x`` standing for ``x=...``.

        >>> Expression("$x in ['a', 'b']").evaluate(x="a")
        True

        Raises :class:`~ads.errors.SchemaError` for anything outside the small language, and for a variable without
        a value: nothing in the text is ever run as code.
        """
        if self.language != "python":
            raise SchemaError(f"Expressions in {self.language!r} can't be evaluated.", hint='Write them in "python".')
        text = _VARIABLE.sub(r"\1", self.expression)
        if len(text) > _LONGEST:
            raise SchemaError(f"The expression has {len(text)} characters; at most {_LONGEST} are evaluated.")
        try:
            return bool(_value(ast.parse(text.strip(), mode="eval").body, variables))
        except SchemaError as error:
            raise SchemaError(f"The expression {self.expression!r} can't be evaluated: {error.message}") from None
        except (SyntaxError, TypeError, ValueError, ArithmeticError, RecursionError, MemoryError) as error:
            raise SchemaError(f"The expression {self.expression!r} can't be evaluated: {error}") from error


def _value(node: ast.expr, variables: dict[str, Any]) -> Any:
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        if node.id not in variables:
            raise SchemaError(f"{node.id!r} has no value")
        return variables[node.id]
    if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        return [_value(item, variables) for item in node.elts]
    if isinstance(node, ast.BoolOp):
        results = (_value(item, variables) for item in node.values)
        return all(results) if isinstance(node.op, ast.And) else any(results)
    if isinstance(node, ast.Compare):
        return _compare(node, variables)
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return _UNARY[type(node.op)](_value(node.operand, variables))
    if isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        left, right = _value(node.left, variables), _value(node.right, variables)
        if not isinstance(left, (int, float)) or not isinstance(right, (int, float)):
            raise SchemaError("arithmetic is for numbers")
        return _ARITHMETIC[type(node.op)](left, right)
    raise SchemaError(f"{type(node).__name__} is not allowed")


def _compare(node: ast.Compare, variables: dict[str, Any]) -> bool:
    left = _value(node.left, variables)
    for comparison, item in zip(node.ops, node.comparators, strict=True):
        right = _value(item, variables)
        if not _COMPARISONS[type(comparison)](left, right):
            return False
        left = right
    return True
