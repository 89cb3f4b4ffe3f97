"""What the checks found, in the forms that users and the catalog know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ads.introspect.view import ArtifactView

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["COLUMNS", "FAILED", "PASSED", "SKIPPED", "Check", "CheckResult", "Finding", "Report"]

PASSED = "Passed"
FAILED = "Failed"
SKIPPED = "Skipped"
COLUMNS = ("Test key", "Test name", "Result", "Message")


@dataclass(frozen=True)
class Finding:
    """What a check says. ``success`` is ``None`` when nothing could tell; ``error`` is read only without success."""

    success: bool | None
    error: str
    value: str | None = None


@dataclass(frozen=True)
class Check:
    """A check: its name for programs, its place in the report, and the function that makes it.

    ``needs`` is the key of the check in the same group without which this one can't say anything.
    """

    key: str
    category: str
    description: str
    find: Callable[[ArtifactView], Finding]
    needs: str = ""


@dataclass(frozen=True)
class CheckResult:
    """The outcome of one check. ``success`` is ``None`` when it wasn't made: not reached, or nothing could tell."""

    key: str
    category: str
    description: str
    success: bool | None = None
    error_msg: str = ""
    value: str | None = None

    @property
    def result(self) -> str:
        """``Passed``, ``Failed`` or ``Skipped``."""
        return SKIPPED if self.success is None else PASSED if self.success else FAILED

    @property
    def message(self) -> str:
        """What a person should read: why it failed, or a warning about a check that couldn't be made."""
        shown = self.success is False or (self.success is None and "WARNING" in self.error_msg)
        return self.error_msg if shown else ""

    def to_dict(self) -> dict[str, Any]:
        """Return the entry of the stored report. ``success`` is left out when the check wasn't made."""
        entry: dict[str, Any] = {
            "category": self.category,
            "description": self.description,
            "error_msg": self.error_msg,
        }
        if self.key == "score_py":
            entry["key"] = self.key
        if self.success is not None:
            entry["success"] = self.success
        if self.value is not None:
            entry["value"] = self.value
        return entry


@dataclass(frozen=True)
class Report:
    """The outcome of all checks, in the order in which they were made."""

    results: tuple[CheckResult, ...]

    @property
    def status(self) -> str:
        """``Failed`` when a check failed, else ``Passed``. A check that couldn't be made is no failure."""
        return FAILED if self.failures else PASSED

    @property
    def failures(self) -> int:
        """How many checks failed."""
        return sum(result.success is False for result in self.results)

    def to_dict(self) -> dict[str, dict[str, Any]]:
        """Return the entries by key: what ``test_json_output.json`` and the catalog hold."""
        return {result.key: result.to_dict() for result in self.results}

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return the lines of the table, sorted by key, then name: key, name, result, message."""
        return sorted((r.key, r.description, r.result, r.message) for r in self.results)

    def to_dataframe(self) -> pd.DataFrame:
        """Return the table with the columns ``Test key``, ``Test name``, ``Result`` and ``Message``."""
        import pandas as pd

        return pd.DataFrame(self.rows(), columns=list(COLUMNS))
