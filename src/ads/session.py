"""How much the package says during a session. Nothing here runs unless it is called."""

from __future__ import annotations

import logging
import sys

from ads._version import __version__

__all__ = ["getLogger", "hello", "set_debug_mode", "set_documentation_mode", "set_expert_mode"]


def getLogger(name: str = "ads") -> logging.Logger:  # noqa: N802 - the public name
    """Return the package's logger, or one below it."""
    return logging.getLogger(name)


def hello() -> None:
    """Print which version runs on which Python, and where it keeps its data."""
    from ads.settings import load_settings

    settings = load_settings()
    python = ".".join(map(str, sys.version_info[:3]))
    print(f"OpenADS {__version__}, Python {python}, data in {settings.url or settings.home}")


def set_debug_mode(mode: bool = True) -> None:
    """Show every step in the log of the package on standard error, or (``False``) only warnings, as at the start."""
    logger = getLogger()
    logger.setLevel(logging.DEBUG if mode else logging.NOTSET)
    for handler in [handler for handler in logger.handlers if handler.get_name() == _HANDLER]:
        logger.removeHandler(handler)
    if mode:
        handler = logging.StreamHandler()
        handler.set_name(_HANDLER)
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        logger.addHandler(handler)


def set_documentation_mode(mode: bool = False) -> None:
    """Exist for scripts that call it: output never depends on it here, tables and texts are plain everywhere."""


def set_expert_mode() -> None:
    """Show every step: the same as ``set_debug_mode(True)``."""
    set_debug_mode(True)


_HANDLER = "ads-debug"
