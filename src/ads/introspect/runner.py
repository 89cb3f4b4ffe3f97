"""Running the checks."""

from __future__ import annotations

from pathlib import Path

from ads.introspect.checks import GROUPS, REHEARSAL
from ads.introspect.report import Check, CheckResult, Report
from ads.introspect.view import ArtifactView

__all__ = ["introspect"]


def introspect(folder: Path | str, *, rehearse: bool = False) -> Report:
    """Run all checks on the artifact in ``folder``. Takes milliseconds, executes nothing, needs no network.

    ``rehearse`` adds those that run the script in a process of its own: that takes as long as the model takes to load.
    Raises ``FileNotFoundError`` when there is no such folder.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"The artifact folder {folder} doesn't exist.")
    view = ArtifactView(folder)
    results: list[CheckResult] = []
    reached = True
    for group in (*GROUPS, REHEARSAL) if rehearse else GROUPS:
        successes: dict[str, bool | None] = {"": True}
        for check in group:
            result = _make(check, view) if reached and successes.get(check.needs) else _skip(check)
            successes[check.key] = result.success
            results.append(result)
        reached = reached and False not in successes.values()
    return Report(tuple(results))


def _make(check: Check, view: ArtifactView) -> CheckResult:
    finding = check.find(view)
    error = "" if finding.success else finding.error
    return CheckResult(check.key, check.category, check.description, finding.success, error, finding.value)


def _skip(check: Check) -> CheckResult:
    return CheckResult(check.key, check.category, check.description)
