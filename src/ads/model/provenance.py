"""What git knows about the code that trained a model: asked of the ``git`` program, never required."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ads.errors import ChangesNotCommitted

__all__ = ["Repository", "find_repository"]

_SECONDS = 5.0
"""Longest wait for git: provenance must never hold a prepare() up."""


@dataclass(frozen=True)
class Repository:
    """A git work tree: its folder, and branch, commit and URL as far as it has them."""

    folder: Path
    branch: str | None
    commit: str | None
    url: str | None

    def require_committed(self, path: str) -> None:
        """Raise :class:`~ads.errors.ChangesNotCommitted` if ``path`` has changes, or is unknown to git."""
        target = Path(path).absolute()
        if not target.is_relative_to(self.folder):
            return
        changes = _git(self.folder, "status", "--porcelain", "--", str(target))
        if changes:
            raise ChangesNotCommitted(
                f"{target.name} has changes that are not committed in {self.folder.name}.",
                hint="Commit them, or pass ignore_pending_changes=True.",
            )


def find_repository(script: str | None = None) -> Repository | None:
    """Return the work tree around ``script`` (default: the current folder); None without one or without git."""
    start = Path(script).expanduser().absolute().parent if script else Path.cwd()
    folder = next((place for place in (start, *start.parents) if (place / ".git").exists()), None)
    if folder is None or shutil.which("git") is None:
        return None
    head = (_git(folder, "rev-parse", "HEAD", "--abbrev-ref", "HEAD") or "").splitlines()
    return Repository(
        folder=folder,
        commit=head[0] if len(head) == 2 else None,
        branch=head[1] if len(head) == 2 and head[1] != "HEAD" else None,
        url=_remote_url(folder),
    )


def _remote_url(folder: Path) -> str:
    """Return the URL of ``origin``, else of the first remote, else the folder; never with a password in it."""
    lines = (_git(folder, "config", "--get-regexp", r"^remote\..*\.url$") or "").splitlines()
    remotes = dict(line.split(" ", 1) for line in lines if " " in line)
    url = remotes.get("remote.origin.url") or next(iter(remotes.values()), "")
    if not url:
        return f"file://{folder}"
    return re.sub(r"^(https?://)[^/@]*(?:@[^/@]*)*@", r"\1", url)


def _git(folder: Path, *arguments: str) -> str | None:
    """Return what git answers, or None when it refuses, is too slow or can't be started."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None
    return done.stdout.strip()
