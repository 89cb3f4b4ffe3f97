"""A bar that counts bytes, for people: nothing where stderr is neither a terminal nor a notebook's."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["byte_bar"]


_QUICK = 0.5
"""Seconds in which a transfer may end without a bar."""


def byte_bar(label: str, total: int, progress: bool) -> AbstractContextManager[Any]:
    """Return a bar with ``update(count)`` and ``reset()``; it shows nothing without ``progress`` or a terminal."""
    from ads.client.checklist import is_notebook, is_wanted

    looked_at = sys.stderr is not None and (sys.stderr.isatty() or is_notebook())
    if not (progress and looked_at and is_wanted()):
        return _Silent()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a notebook without widgets gets a bar of text, and no lecture
        from tqdm.auto import tqdm

    return _Bar(tqdm, total=total or None, desc=label)


class _Bar:
    """A bar that is drawn once the transfer has taken a while, and gone when it is done."""

    def __init__(self, kind: Callable[..., Any], **options: Any) -> None:
        self._bar = kind(**options, unit="B", unit_scale=True, unit_divisor=1024, leave=False, delay=_QUICK)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.close()

    def update(self, count: int) -> None:
        """Count bytes that went over the line."""
        self._bar.update(count)

    def reset(self) -> None:
        """Start at nothing again, because the transfer does; nothing is drawn for that."""
        self._bar.n = self._bar.last_print_n = 0


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
