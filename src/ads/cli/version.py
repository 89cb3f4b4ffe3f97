"""``ads version``."""

from __future__ import annotations

import platform
import sys

from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation

__all__ = ["version"]


@command("version", example="ads version")
@pass_invocation
def version(invocation: Invocation) -> None:
    """Print the version of OpenADS; with --format json also Python's and where both are installed."""
    from ads import __file__ as location
    from ads import __version__

    if invocation.format == "json":
        details = {
            "version": __version__,
            "python": platform.python_version(),
            "interpreter": sys.executable,
            "location": location,
        }
        invocation.output.json(details)
    else:
        invocation.output.text(__version__)
