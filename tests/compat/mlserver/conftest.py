"""MLServer's own client in its own environment: ``make compat``. Without it this folder is not part of the suite."""

from __future__ import annotations

import os

PYTHON = os.environ.get("OPENADS_COMPAT_MLSERVER", "")
if not PYTHON:
    collect_ignore_glob = ["test_*.py"]
