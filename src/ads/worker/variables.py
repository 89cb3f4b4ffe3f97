"""What a deployment's environment variables say of a replica: yes, no, or nothing."""

import os
from typing import Optional

from .status import Failure

__all__ = ["said"]

_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}


def said(name: str) -> "Optional[bool]":
    """Return what the variable ``name`` says, None where it isn't set. Raises Failure for another word."""
    text = os.environ.get(name)
    if text is None:
        return None
    found = _WORDS.get(text.strip().lower())
    if found is None:
        raise Failure(
            "{}-unreadable".format(name.lower().replace("_", "-")),
            "The deployment's variable {} is {!r}.".format(name, text),
            "Set it to true or false, or leave it out.",
        )
    return found
