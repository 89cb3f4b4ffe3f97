"""The parity sample: a few inputs as they are sent on the wire, and the answers that a replica must reproduce."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ads.artifact.layout import SAMPLE
from ads.errors import ArtifactError

__all__ = ["ParitySample", "SampleCase", "compare"]

VERSION = 1
_MAX_BYTES = 16 * 1024**2
_MOST_TO_INDENT = 20_000
"""Bytes of a sample that people may still read; a larger one has no line for each number."""
_HINT = "Call prepare() or verify() again to write it anew, or delete the file to deploy without the check."


@dataclass(frozen=True)
class SampleCase:
    """One request and its answer. ``body`` and ``answer`` are JSON values."""

    body: Any
    answer: Any
    content_type: str = "application/json"


@dataclass(frozen=True)
class ParitySample:
    """The content of ``sample.json``. ``expected_from`` says who gave the answers."""

    cases: tuple[SampleCase, ...]
    expected_from: Literal["estimator", "score.py"] = "estimator"
    relative_tolerance: float = 1e-5
    absolute_tolerance: float = 1e-8

    @classmethod
    def read(cls, folder: Path | str) -> ParitySample | None:
        """Return the sample in ``folder``, ``None`` when it has none.

        Raises :class:`~ads.errors.ArtifactError` when the file is there but can't be used.
        """
        try:
            with (Path(folder) / SAMPLE).open("rb") as file:
                content = file.read(_MAX_BYTES + 1)
        except FileNotFoundError:
            return None
        if len(content) > _MAX_BYTES:
            raise ArtifactError(f"{SAMPLE} is larger than {_MAX_BYTES:,} bytes.", hint=_HINT)
        try:
            return cls.from_dict(json.loads(content))
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            if isinstance(error, ArtifactError):
                raise
            raise ArtifactError(f"{SAMPLE} can't be read: {error}.", hint=_HINT) from None

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> ParitySample:
        """Return the sample that ``document`` describes. Raises :class:`~ads.errors.ArtifactError` on another version;
        ``KeyError``, ``TypeError`` or ``ValueError`` when something is missing or has the wrong type.
        """
        if document["version"] != VERSION:
            raise ArtifactError(f"{SAMPLE} has version {document['version']!r}, {VERSION} is known.", hint=_HINT)
        cases = tuple(
            SampleCase(case["body"], case["answer"], str(case.get("content_type", "application/json")))
            for case in document["cases"]
        )
        source: Literal["estimator", "score.py"] = (
            "score.py" if document.get("expected_from") == "score.py" else "estimator"
        )
        return cls(
            cases,
            source,
            float(document.get("relative_tolerance", 1e-5)),
            float(document.get("absolute_tolerance", 1e-8)),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the sample as the JSON document that ``sample.json`` holds."""
        return {
            "version": VERSION,
            "expected_from": self.expected_from,
            "cases": [
                {"content_type": case.content_type, "body": case.body, "answer": case.answer} for case in self.cases
            ],
            "relative_tolerance": self.relative_tolerance,
            "absolute_tolerance": self.absolute_tolerance,
        }

    def write(self, folder: Path | str) -> None:
        """Write ``sample.json`` into ``folder``.

        Raises ``TypeError`` or ``ValueError`` when a body or an answer is no JSON value (``NaN`` isn't one).
        """
        content = json.dumps(self.to_dict(), ensure_ascii=False, allow_nan=False)
        if len(content) < _MOST_TO_INDENT:
            content = json.dumps(self.to_dict(), indent=2, ensure_ascii=False)
        (Path(folder) / SAMPLE).write_text(content + "\n", encoding="utf-8")

    def difference(self, case: SampleCase, answer: object) -> str | None:
        """Return ``None`` when ``answer`` equals what ``case`` expects within the tolerances, else a sentence."""
        return compare(
            case.answer,
            answer,
            relative_tolerance=self.relative_tolerance,
            absolute_tolerance=self.absolute_tolerance,
        )


def compare(
    expected: object,
    found: object,
    *,
    relative_tolerance: float = 1e-5,
    absolute_tolerance: float = 1e-8,
    path: str = "answer",
) -> str | None:
    """Return ``None`` when two JSON values are equal, numbers within the tolerances; else a sentence about the first
    difference, with its path. A bool is not a number.
    """
    if _is_number(expected) and _is_number(found):
        close = _close(expected, found, relative_tolerance, absolute_tolerance)
        return None if close else f"{path} is {_shown(found)}, expected {_shown(expected)}."
    if isinstance(expected, dict) and isinstance(found, dict):
        pairs = {f"{path}.{key}": (expected[key], found[key]) for key in expected if key in found}
        for key in expected:
            if key not in found:
                return f"{path}.{key} is missing."
        for key in found:
            if key not in expected:
                return f"{path}.{key} is there, but not expected."
    elif isinstance(expected, list | tuple) and isinstance(found, list | tuple):
        if len(expected) != len(found):
            return f"{path} has {len(found)} items, expected {len(expected)}."
        pairs = {f"{path}[{index}]": pair for index, pair in enumerate(zip(expected, found, strict=True))}
    else:
        same = type(expected) is type(found) and expected == found
        return None if same else f"{path} is {_shown(found)}, expected {_shown(expected)}."
    for inner, (left, right) in pairs.items():
        difference = compare(
            left, right, relative_tolerance=relative_tolerance, absolute_tolerance=absolute_tolerance, path=inner
        )
        if difference:
            return difference
    return None


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _close(expected: Any, found: Any, relative: float, absolute: float) -> bool:
    if isinstance(expected, int) and isinstance(found, int):
        return expected == found or abs(expected - found) <= max(relative * abs(expected), absolute)
    try:
        return math.isclose(found, expected, rel_tol=relative, abs_tol=absolute)
    except OverflowError:
        return False


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}…"
