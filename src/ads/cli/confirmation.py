"""The question before something is destroyed."""

from __future__ import annotations

import sys

import click

from ads.cli.output import Output
from ads.errors import InputError

__all__ = ["confirm"]


def confirm(output: Output, question: str, yes: bool) -> None:
    """Return if the user agrees.

    Raises :class:`click.Abort` on a no, and :class:`~ads.errors.InputError` where nobody can be asked.
    """
    if yes:
        return
    if output.format != "human" or not sys.stdin.isatty():
        raise InputError(
            f"{question} Nobody can be asked here, so nothing was done.", hint="Repeat the command with --yes."
        )
    if not click.confirm(question, err=True):
        raise click.Abort from EOFError("no")
