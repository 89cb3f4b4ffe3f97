"""The pages of the documentation and the blocks of code in them."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

__all__ = ["DOCS", "REPOSITORY", "Block", "blocks_of", "every_page"]

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
_FENCE = re.compile(r"^( *)```([a-z]*)[^\n]*\n(.*?)^\1```", re.MULTILINE | re.DOTALL)

if str(DOCS) not in sys.path:  # the hooks of mkdocs live beside the pages
    sys.path.append(str(DOCS))


@dataclass(frozen=True)
class Block:
    """One block of code: its language (empty: none is named), its text, and the line that it begins at."""

    language: str
    text: str
    line: int


def blocks_of(text: str) -> list[Block]:
    """Return the blocks of a page."""
    return [Block(found[2], found[3], text.count("\n", 0, found.start()) + 1) for found in _FENCE.finditer(text)]


def every_page() -> dict[str, str]:
    """Return the text of every page by its path in the repository: those that are written, and the README."""
    files = [REPOSITORY / "README.md", *DOCS.rglob("*.md")]
    return {file.relative_to(REPOSITORY).as_posix(): file.read_text(encoding="utf-8") for file in sorted(files)}
