"""Times and sizes as people read them."""

from __future__ import annotations

import re
from datetime import datetime, timezone

__all__ = ["ago", "duration", "moment", "size"]


def ago(timestamp: str, now: datetime | None = None) -> str:
    """Return how long ago an RFC 3339 time was (``"3 minutes ago"``), or its date when that is over a month."""
    then = _parsed(timestamp)
    if then is None:
        return timestamp
    seconds = ((now or datetime.now(timezone.utc)) - then).total_seconds()
    if seconds < 5:
        return "just now"
    if seconds > 30 * 86400:
        return then.astimezone().strftime("%Y-%m-%d")
    return f"{duration(seconds)} ago"


def moment(timestamp: str, now: datetime | None = None) -> str:
    """Return an RFC 3339 time to the second, with how long ago it was: ``"2026-01-31 10:15:30 UTC (1 hour ago)"``."""
    then = _parsed(timestamp)
    if then is None:
        return timestamp
    text = then.astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
    relative = ago(timestamp, now)
    return f"{text} ({relative})" if relative.endswith(("ago", "now")) else text


def _parsed(timestamp: str) -> datetime | None:
    try:
        # Python 3.10 reads neither a "Z" nor a fraction of other than 3 or 6 digits.
        then = datetime.fromisoformat(re.sub(r"\.(\d+)", _microseconds, timestamp.replace("Z", "+00:00")))
    except ValueError:
        return None
    return then if then.tzinfo else then.replace(tzinfo=timezone.utc)


def _microseconds(fraction: re.Match[str]) -> str:
    return f".{fraction[1][:6]:0<6}"


def duration(seconds: float) -> str:
    """Return a length of time in its largest unit: ``"42 seconds"``, ``"1 hour"``, ``"3 days"``."""
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            count = int(seconds // length)
            return f"{count} {unit}{'' if count == 1 else 's'}"
    count = int(seconds)
    return f"{count} second{'' if count == 1 else 's'}"


def size(count: float) -> str:
    """Return a number of bytes in the largest unit that leaves a number of at least 1: ``"1.4 GB"``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"
