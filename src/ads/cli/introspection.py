"""``ads introspect``: the checks of an artifact, before anything is registered."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from ads.cli import exit_codes
from ads.cli.artifact_files import checkable
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.output import Column, Output

__all__ = ["introspect"]

COLUMNS = (
    Column("RESULT", lambda row: row["result"]),
    Column("KEY", lambda row: row["key"]),
    Column("CHECK", lambda row: row["name"], foldable=True),
    Column("MESSAGE", lambda row: row["message"], foldable=True),
)
_MARKS = {"Passed": ("✓", "green"), "Failed": ("✗", "red"), "Skipped": ("-", "bright_black")}


@command("introspect", example="ads introspect churn/\nads introspect churn.zip --format json")
@click.argument("path", type=click.Path(path_type=Path), metavar="PATH")
@pass_invocation
def introspect(invocation: Invocation, path: Path) -> int:
    """Check the artifact at PATH, a folder or a zip file: its files, score.py, runtime.yaml. Nothing in it is run.

    Exit status 1 when a check fails. -q prints the keys of those that failed; ads verify runs the model as well.
    """
    from ads.introspect import introspect as run

    with checkable(path) as folder:
        report = run(folder)
    rows = [
        {"key": r.key, "category": r.category, "name": r.description, "result": r.result, "message": r.message}
        for r in report.results
    ]
    output = invocation.output
    if output.format == "quiet":
        for row in rows:
            if row["result"] == "Failed":
                output.text(row["key"])
    elif output.for_people:
        for row in rows:
            _write(output, row)
    else:
        output.table(rows, COLUMNS, id_key="key")
    if report.failures:
        output.talk(f"{report.failures} of {len(rows)} checks failed.")
        return exit_codes.FAILED
    output.success("The artifact passes its checks.")
    output.hint(f"Run it in its environment: ads verify {shlex.quote(str(path))}")
    return exit_codes.OK


def _write(output: Output, row: dict[str, Any]) -> None:
    mark, style = _MARKS[row["result"]]
    output.text(f"{output.styled(mark, style, output.stdout)} {row['name']}")
    if row["message"]:
        output.text(f"  {output.styled('→ ' + row['message'], 'bright_black', output.stdout)}")
