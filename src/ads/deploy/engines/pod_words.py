"""The last words of a container: JSON in the file that the cluster shows as its termination message.

Standard library only: both programs of a pod write them, and the engine reads them.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["FINAL", "TEMPORARY", "read_words", "write_words"]

FINAL = 78
"""Exit status: trying again changes nothing."""
TEMPORARY = 75
"""Exit status: it may go better next time."""

_MOST = 4000  # the cluster keeps 4096 bytes


def write_words(path: Path, **words: Any) -> None:
    """Leave words behind. A text that is too long is cut; where the file can't be written nothing is said."""
    message = str(words.get("message", ""))
    while message and len(json.dumps(words)) > _MOST:
        message = message[: len(message) * 3 // 4]
        words["message"] = f"{message}..."
    with contextlib.suppress(OSError):
        path.write_text(json.dumps(words), encoding="ascii")


def read_words(message: object) -> Mapping[str, Any]:
    """Return the words in a termination message; empty where there are none of ours."""
    try:
        found = json.loads(message) if isinstance(message, str) else None
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
