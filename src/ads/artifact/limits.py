"""How much an archive may hold."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DEFAULT_LIMITS", "Limits"]


@dataclass(frozen=True)
class Limits:
    """The caps of the strict reader. Sizes are in bytes."""

    max_bytes: int = 400 * 1024**3
    """Of the archive itself, and of everything in it once expanded."""
    max_files: int = 10_000
    """Members, folders included."""
    max_ratio: int = 200
    """Expanded to packed, for the archive as a whole."""
    ratio_from: int = 1024**2
    """Up to this expanded size the ratio doesn't matter."""


DEFAULT_LIMITS = Limits()
