"""Tracebacks as the author of score.py wants them: from their own first line on."""

import os
import types
from typing import Optional

__all__ = ["users_frames"]

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep


def users_frames(error: BaseException) -> "Optional[types.TracebackType]":
    """Return the traceback of an error without the leading frames that are ours."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename.startswith(_OURS) and frames.tb_next is not None:
        frames = frames.tb_next
    return frames
