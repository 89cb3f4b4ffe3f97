"""How values are said on pages: times, sizes, numbers, ids. Everything is text; escaping is the templates' business."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime, timezone

_NOTHING = "\N{EN DASH}"

__all__ = ["absolute", "ago", "brief", "number", "plain", "short", "size", "tags_text", "tone"]

_STEPS = ((60, 1, "second"), (3600, 60, "minute"), (86_400, 3600, "hour"), (30 * 86_400, 86_400, "day"))
_MONTH = 30.44 * 86_400
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_LONGEST = 10_000
_BRIEF = 80
_DIGEST = re.compile(r"[0-9a-f]{64}")

_GOOD = frozenset({"active", "passed", "succeeded", "ready", "promoted", "verified", "clean", "running", "delivered"})
_BAD = frozenset({"failed", "needs_attention", "suspicious", "dangerous", "rolled_back", "aborted", "invalid"})
_MOVING = frozenset({"creating", "updating", "deleting", "accepted", "in_progress", "canceling", "starting", "waiting"})


def moment(text: str | datetime) -> datetime:
    """Return a time that the API wrote."""
    return text if isinstance(text, datetime) else datetime.fromisoformat(text.replace("Z", "+00:00"))


def absolute(text: str | datetime) -> str:
    """Return a time in full."""
    return moment(text).astimezone(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def ago(text: str | datetime, present: datetime | None = None) -> str:
    """Return how long ago a time is, or how soon."""
    seconds = ((present or datetime.now(timezone.utc)) - moment(text)).total_seconds()
    span = abs(seconds)
    if span < 5:
        return "now"
    for limit, unit, noun in _STEPS:
        if span < limit:
            return _said(int(span / unit), noun, past=seconds > 0)
    months = int(span / _MONTH)
    return _said(months // 12, "year", past=seconds > 0) if months >= 24 else _said(months, "month", past=seconds > 0)


def _said(count: int, noun: str, *, past: bool) -> str:
    words = f"{max(count, 1)} {noun}{'' if count in (0, 1) else 's'}"
    return f"{words} ago" if past else f"in {words}"


def size(count: float | None) -> str:
    """Return a number of bytes with its unit."""
    if count is None:
        return _NOTHING
    value, unit = float(count), 0
    while value >= 1000 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{int(value)} {_UNITS[unit]}" if unit == 0 or value >= 100 else f"{value:.1f} {_UNITS[unit]}"


def number(value: object) -> str:
    """Return a number with at most five significant digits and thousands apart; other things as text."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _NOTHING if value is None else str(value)
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return f"{int(value):,}"
    if not math.isfinite(value):
        return str(value)
    return f"{value:.5g}"


def short(ocid: str | None) -> str:
    """Return the last characters of an OCID, which are a reference of their own."""
    return "" if not ocid else f"…{ocid[-8:]}" if ocid.startswith("ocid1.") else ocid


def brief(value: object) -> str:
    """Return a value of an event in a few words: OCIDs and digests by their ends, lists with commas."""
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        said = ", ".join(brief(item) for item in value) or "none"
    elif isinstance(value, dict):
        said = ", ".join(f"{key} {brief(item)}" for key, item in value.items()) or "none"
    elif isinstance(value, (int, float)):
        return number(value)
    else:
        said = short(str(value)) if str(value).startswith("ocid1.") else str(value)
        said = f"{said[:12]}…" if _DIGEST.fullmatch(said) else plain(said)
    return said if len(said) <= _BRIEF else f"{said[: _BRIEF - 1]}…"


def tone(state: object) -> str:
    """Return what a state means: good, bad, moving or still."""
    word = str(state).lower().replace(" ", "_")
    return "good" if word in _GOOD else "bad" if word in _BAD else "moving" if word in _MOVING else "still"


def plain(text: object, most: int = _LONGEST) -> str:
    """Return what a program wrote as readable text: no terminal codes, no direction marks, no control characters.

    What is longer than ``most`` characters is cut and says so.
    """
    said = str(text)
    cut = said[:most]
    shown = "".join(c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf") else "�" for c in cut)
    return shown if len(said) <= most else f"{shown}… ({len(said):,} characters)"


def tags_text(tags: Mapping[str, object]) -> str:
    """Return tags as a form has them: one a line."""
    return "\n".join(f"{key} = {value}" for key, value in tags.items())
