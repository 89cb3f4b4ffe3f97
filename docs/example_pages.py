"""The examples: scripts in cells, of which the notebooks and the how-to pages are made.

A cell begins with ``# %%``, one of text with ``# %% [markdown]``. Run as a program, it writes the notebooks.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["EXAMPLES", "Cell", "cells_of", "notebook_of", "page_of"]

EXAMPLES = Path(__file__).parents[1] / "examples"
_TEXT = " [markdown]"


@dataclass(frozen=True)
class Cell:
    """One cell: its source, and whether it is text."""

    source: str
    is_text: bool


def cells_of(script: str) -> list[Cell]:
    """Return the cells of a script."""
    cells = []
    for part in ("\n" + script).split("\n# %%")[1:]:
        kind, _, body = part.partition("\n")
        if kind == _TEXT:
            body = "\n".join(line.removeprefix("#").removeprefix(" ") for line in body.strip().splitlines())
        cells.append(Cell(body.strip(), kind == _TEXT))
    return cells


def notebook_of(script: str) -> str:
    """Return the notebook with the cells of a script, the same text for the same script."""
    cells: list[dict[str, Any]] = []
    for number, cell in enumerate(cells_of(script)):
        name = hashlib.sha256(f"{number} {cell.source}".encode()).hexdigest()[:8]
        lines = cell.source.splitlines(keepends=True)
        kind: dict[str, Any] = {"cell_type": "markdown", "id": name, "metadata": {}, "source": lines}
        if not cell.is_text:
            kind |= {"cell_type": "code", "execution_count": None, "outputs": []}
        cells.append(dict(sorted(kind.items())))
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"


def page_of(script: Path) -> str:
    """Return the page with the texts and the code of a script."""
    title, *rest = cells_of(script.read_text(encoding="utf-8"))
    heading, _, lead = title.source.partition("\n")
    parts = [
        heading,
        lead.strip(),
        f"This page is `examples/{script.name}`, and a notebook of the same name beside it.",
    ]
    parts += [cell.source if cell.is_text else f"```python\n{cell.source}\n```" for cell in rest]
    return "\n\n".join(parts).replace("](howto/", "](") + "\n"


if __name__ == "__main__":
    for path in sorted(EXAMPLES.glob("*_model.py")):
        path.with_suffix(".ipynb").write_text(notebook_of(path.read_text(encoding="utf-8")), encoding="utf-8")
