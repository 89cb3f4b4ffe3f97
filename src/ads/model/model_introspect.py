"""Introspection as a model object has it: run the checks, keep their result in the artifact, show a table."""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import IntrospectionNotPassed
from ads.model.introspectable import Introspectable

if TYPE_CHECKING:
    import pandas as pd

    from ads.introspect import Report

__all__ = ["TEST_STATUS", "Introspectable", "IntrospectionNotPassed", "ModelIntrospect", "PrintItem"]


class TEST_STATUS(str):  # noqa: N801 - a public name
    """The words of a result."""

    __slots__ = ()

    PASSED = "Passed"
    NOT_PASSED = "Failed"
    NOT_TESTED = "Skipped"


@dataclass
class PrintItem:
    """One line of the table."""

    key: str = ""
    case: str = ""
    result: str = ""
    message: str = ""

    def to_list(self) -> list[str]:
        """Return the four cells."""
        return list(astuple(self))


class ModelIntrospect:
    """Checks the artifact of a model. ``artifact`` has ``artifact_dir``, or is the folder's path."""

    def __init__(self, artifact: Any) -> None:
        self._artifact = artifact
        self._report: Report | None = None

    @property
    def status(self) -> str:
        """``Passed`` or ``Failed``; ``Skipped`` before :meth:`run`."""
        return self._report.status if self._report else TEST_STATUS.NOT_TESTED

    @property
    def failures(self) -> int:
        """How many checks failed; 0 before :meth:`run`."""
        return self._report.failures if self._report else 0

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """The entries by test key, as the taxonomy metadata ``ArtifactTestResults`` holds them."""
        return self._report.to_dict() if self._report else {}

    def check(self, rehearse: bool = True) -> Report:
        """Run the checks and write ``test_json_output.json`` into the artifact; print nothing, make no table.

        ``rehearse=False`` leaves out those that load the model in a process of its own. Raises ``FileNotFoundError``
        when the folder doesn't exist.
        """
        from ads.artifact.layout import TEST_RESULTS
        from ads.introspect import introspect

        folder = self._folder()
        self._report = introspect(folder, rehearse=rehearse)
        text = json.dumps(self._report.to_dict(), indent=4)
        (folder / TEST_RESULTS).write_text(text + "\n", encoding="utf-8")
        return self._report

    def run(self) -> pd.DataFrame:
        """Print the artifact's files, run the checks as :meth:`check` does, return the table."""
        from ads.artifact.layout import list_files

        folder = self._folder()
        if folder.is_dir():
            print(list_files(folder))
        self.check()
        return self.to_dataframe()

    def to_dataframe(self) -> pd.DataFrame:
        """Return the table: ``Test key``, ``Test name``, ``Result``, ``Message``. Empty before :meth:`run`."""
        from ads.introspect import Report

        return (self._report or Report(())).to_dataframe()

    def _repr_html_(self) -> str:
        from ads.model.cards import introspection_card

        return introspection_card(self)

    def _folder(self) -> Path:
        return Path(getattr(self._artifact, "artifact_dir", self._artifact)).expanduser()
