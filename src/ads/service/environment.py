"""How settings travel to a process that runs elsewhere: as environment variables, whatever they were set by."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ads.settings import ENVIRONMENT_PREFIX, Settings, setting_names

__all__ = ["environment_for", "is_chosen"]

# A client's own settings, and what belongs to this process alone.
_OWN = frozenset({"OPENADS_URL", "OPENADS_TOKEN", "OPENADS_LIFELINE"})


def is_chosen(settings: Settings, name: str) -> bool:
    """Tell whether somebody set this setting, rather than leaving it at its default."""
    return name in settings.sources or getattr(settings, name) != getattr(Settings(home=settings.home), name)


def environment_for(settings: Settings) -> Mapping[str, str]:
    """Return this process's environment with the settings in it, but without a client's address and token."""
    environment = dict(os.environ)
    for name in setting_names():
        if is_chosen(settings, name):
            environment[ENVIRONMENT_PREFIX + name.upper()] = str(getattr(settings, name))
    environment[ENVIRONMENT_PREFIX + "HOME"] = str(settings.home)
    return {name: value for name, value in environment.items() if name not in _OWN}
