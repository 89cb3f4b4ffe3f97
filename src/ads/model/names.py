"""Names for what the user gave none."""

from __future__ import annotations

import secrets
import time

__all__ = ["random_name"]

_ADJECTIVES = (
    "amber",
    "brave",
    "calm",
    "deft",
    "eager",
    "fair",
    "glad",
    "keen",
    "lucid",
    "mild",
    "neat",
    "quick",
    "sunny",
)
_ANIMALS = (
    "badger",
    "crane",
    "dolphin",
    "falcon",
    "gecko",
    "heron",
    "ibis",
    "lynx",
    "marten",
    "otter",
    "robin",
    "tern",
)


def random_name(prefix: str) -> str:
    """Return ``<prefix>-<adjective>-<animal>-YYYY-MM-DD-HH:MM.SS`` in UTC."""
    moment = time.strftime("%Y-%m-%d-%H:%M.%S", time.gmtime())
    return f"{prefix}-{secrets.choice(_ADJECTIVES)}-{secrets.choice(_ANIMALS)}-{moment}"
