"""Faults of storage: each at every step of an upload, and what was lost, half visible or left behind.

    python benchmarks/faults_storage.py

Each series uploads again and again, with the fault at the first step towards the disk, the second, … until an upload
takes fewer steps. Afterwards everything that was acknowledged is fetched and compared, and what is left is swept.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.faults.storage_faults import FAULTS, WAYS, fail_at_every_step

HEADINGS = ("fault", "upload", "steps", "acknowledged", "lost", "half visible", "orphans")
NAMES = {"kill": "kill -9 of control", "eio": "the disk fails (EIO)", "enospc": "the disk is full (ENOSPC)"}


def rows() -> list[tuple[str, ...]]:
    """Return a row for each series, in the order of ``HEADINGS``."""
    found = []
    for fault in FAULTS:
        for way in WAYS:
            with tempfile.TemporaryDirectory(prefix="openads-faults-") as folder:
                outcome = fail_at_every_step(Path(folder), way, fault)
            counts = (outcome.acknowledged, outcome.lost, outcome.half_visible, outcome.orphans)
            found.append((NAMES[fault], way, str(len(outcome.steps)), *(str(count) for count in counts)))
    return found


def main() -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(*HEADINGS)
    for row in rows():
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
