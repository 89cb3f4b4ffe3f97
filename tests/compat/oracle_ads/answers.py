"""When two answers are the same: numbers to five digits, as two versions of a library may differ in the last ones."""

from __future__ import annotations

from typing import Any

import pytest

__all__ = ["same"]


def same(left: Any, right: Any) -> bool:
    """Return whether the two answers agree."""
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        return bool(left == pytest.approx(right, rel=1e-5, abs=1e-8))
    if isinstance(left, dict) and isinstance(right, dict):
        left, right = ({str(key): value for key, value in each.items()} for each in (left, right))  # as JSON has them
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return bool(left == right)
