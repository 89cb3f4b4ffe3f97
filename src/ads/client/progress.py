"""A bar that counts bytes, for people: nothing where stderr is no terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["byte_bar"]


def byte_bar(label: str, total: int, progress: bool) -> AbstractContextManager[Any]:
    """Return a bar with ``update(count)`` and ``reset()``; it shows nothing without ``progress`` or a terminal."""
    if not (progress and sys.stderr is not None and sys.stderr.isatty()):
        return _Silent()
    from tqdm import tqdm

    bar: Callable[..., AbstractContextManager[Any]] = tqdm
    return bar(total=total or None, desc=label, unit="B", unit_scale=True, unit_divisor=1024, leave=False)


class _Silent:
    """A bar that shows nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def update(self, _count: int) -> None:
        """Take note of nothing."""

    def reset(self) -> None:
        """Start at nothing again."""
