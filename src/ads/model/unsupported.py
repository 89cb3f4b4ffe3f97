"""Refusing documented features that this version lacks."""

from __future__ import annotations

from typing import NoReturn

from ads.errors import NotSupported

__all__ = ["refuse"]


def refuse(feature: str, instead: str) -> NoReturn:
    """Raise :class:`~ads.errors.NotSupported` for ``feature``, naming what to do instead."""
    raise NotSupported(f"{feature} not supported by this version.", hint=instead)
