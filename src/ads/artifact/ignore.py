"""``.model-ignore``: which files of the folder stay out of the archive.

The rules are those of ``.gitignore``, applied to paths *relative* to the artifact folder: where the folder lies, and
what its parents are called, never matters.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ALWAYS_IGNORED", "DEFAULT_TEXT", "Rules", "parse", "read", "write_default"]

ALWAYS_IGNORED = frozenset({".git", ".ipynb_checkpoints", "__pycache__"})
"""Folders that no artifact needs, whatever ``.model-ignore`` says."""

DEFAULT_TEXT = """\
# Files that stay out of the model archive. The rules are those of .gitignore, relative to this folder.
.git/
.ipynb_checkpoints/
__pycache__/
*.py[cod]
.mypy_cache/
.pytest_cache/
.ruff_cache/
.venv/
.env
.DS_Store
"""

_MAX_BYTES = 64 * 1024


@dataclass(frozen=True)
class _Rule:
    pattern: re.Pattern[str]
    negated: bool
    folders_only: bool


@dataclass(frozen=True)
class Rules:
    """The rules of one file, in its order: the last one that matches decides."""

    rules: tuple[_Rule, ...] = ()

    def ignores(self, path: str, *, folder: bool) -> bool:
        """Say whether ``path`` (relative, with ``/``) itself is ignored. What lies in an ignored folder is, too."""
        if folder and path.rsplit("/", 1)[-1] in ALWAYS_IGNORED:
            return True
        ignored = False
        for rule in self.rules:
            if (folder or not rule.folders_only) and rule.pattern.fullmatch(path):
                ignored = not rule.negated
        return ignored


def read(path: Path) -> Rules:
    """Return the rules in the file at ``path``; the default ones when there is no such file."""
    try:
        with path.open("rb") as file:
            text = file.read(_MAX_BYTES).decode("utf-8", errors="replace")
    except FileNotFoundError:
        text = DEFAULT_TEXT
    return parse(text)


def write_default(path: Path) -> None:
    """Write the default rules to ``path``. A file that is there already stays as it is: it is the user's."""
    if not path.exists():
        path.write_text(DEFAULT_TEXT, encoding="utf-8")


def parse(text: str) -> Rules:
    """Return the rules in ``text``. Comments, blank lines and patterns that can't match anything are skipped."""
    rules = (_parse_line(line) for line in text.splitlines())
    return Rules(tuple(rule for rule in rules if rule is not None))


def _parse_line(line: str) -> _Rule | None:
    line = _strip_end(line)
    if not line or line.startswith("#"):
        return None
    negated = line.startswith("!")
    if negated:
        line = line[1:]
    folders_only = line.endswith("/")
    line = line.rstrip("/")
    if not line:
        return None
    anchored = "/" in line
    line = line.removeprefix("/")
    try:
        pattern = re.compile(("" if anchored else "(?:.*/)?") + _translate(line), re.DOTALL)
    except re.error:
        return None
    return _Rule(pattern, negated, folders_only)


def _strip_end(line: str) -> str:
    """Drop trailing blanks unless the last one is escaped."""
    stripped = line.rstrip()
    if stripped.endswith("\\") and len(stripped) < len(line):
        stripped += " "
    return stripped


def _translate(pattern: str) -> str:
    """Return the regular expression for a gitignore pattern: ``*`` stays within one part, ``**`` doesn't."""
    out: list[str] = []
    position = 0
    while position < len(pattern):
        rest = pattern[position:]
        if rest.startswith("**/") and (position == 0 or pattern[position - 1] == "/"):
            out.append("(?:.*/)?")
            position += 3
        elif rest == "**" and (position == 0 or pattern[position - 1] == "/"):
            out.append(".*")
            position += 2
        elif rest[0] == "*":
            stars = len(rest) - len(rest.lstrip("*"))
            out.append("[^/]*")
            position += stars
        elif rest[0] == "?":
            out.append("[^/]")
            position += 1
        elif rest[0] == "[" and "]" in rest[2:]:
            text, used = _translate_set(rest)
            out.append(text)
            position += used
        elif rest[0] == "\\" and len(rest) > 1:
            out.append(re.escape(rest[1]))
            position += 2
        else:
            out.append(re.escape(rest[0]))
            position += 1
    return "".join(out)


def _translate_set(rest: str) -> tuple[str, int]:
    """Translate the ``[…]`` at the start of ``rest``; return the expression and how many characters it took."""
    end = rest.index("]", 2)
    inside = rest[1:end].replace("\\", "\\\\").replace("[", "\\[")
    if inside.startswith(("!", "^")):
        inside = "^/" + inside[1:]
    return f"[{inside}]", end + 1
