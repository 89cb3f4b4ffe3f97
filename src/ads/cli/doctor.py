"""``ads doctor``."""

from __future__ import annotations

from dataclasses import asdict

from ads.cli import exit_codes
from ads.cli.checks import Finding, examine
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.output import Output

__all__ = ["doctor"]

_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}


@command("doctor", example="ads doctor\nads doctor --format json")
@pass_invocation
def doctor(invocation: Invocation) -> int:
    """Check this machine: Python, data directory, disk, SQLite, uv, service, port, limits.

    Every line says ok, warn or fail, and what to do. Exit status 1 when something fails. -q prints only the names of
    what is not ok.
    """
    findings = examine(invocation.settings)
    output = invocation.output
    if output.format == "json":
        output.json([asdict(finding) for finding in findings])
    elif output.format == "quiet":
        for finding in findings:
            if finding.state != "ok":
                output.text(finding.name)
    else:
        for finding in findings:
            _write(output, finding)
        _conclude(output, findings)
    return exit_codes.FAILED if any(finding.state == "fail" for finding in findings) else exit_codes.OK


def _write(output: Output, finding: Finding) -> None:
    if not output.for_people:
        output.text(f"{finding.state}\t{finding.name}\t{finding.detail}\t{finding.hint}".rstrip())
        return
    mark, style = _MARKS[finding.state]
    state = output.styled(f"{mark} {finding.state:<4}", style, output.stdout)
    output.text(f"{state}  {finding.name:<14}  {finding.detail}")
    if finding.hint:
        output.text(f"{'':24}{output.styled('→ ' + finding.hint, 'bright_black', output.stdout)}")


def _conclude(output: Output, findings: list[Finding]) -> None:
    wrong = [finding for finding in findings if finding.state != "ok"]
    if wrong:
        output.talk(f"{len(wrong)} of {len(findings)} checks need your attention.")
    else:
        output.success("All is well.")
