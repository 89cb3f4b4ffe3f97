"""What git knows about the code that trained a model: asked of the ``git`` program, never required."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from ads.errors import ChangesNotCommitted

__all__ = ["Repository", "find_repository", "portable_path"]

_SECONDS = 5.0
"""Longest wait for git: provenance must never hold a prepare() up."""


@dataclass(frozen=True)
class Repository:
    """A git work tree: its folder, and branch, commit and URL as far as it has them.

    ``dirty`` says whether known files have changes that are not committed; None when git could not tell in time.
    """

    folder: Path
    branch: str | None
    commit: str | None
    url: str | None
    dirty: bool | None = None

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
    # One question for all three. A tree too large to be compared in time still has a branch and a commit.
    status = _git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no")
    lines = (status or "").splitlines()
    heads = dict(line[2:].split(" ", 1) for line in lines if line.startswith("# branch."))
    if status is None:
        found = (_git(folder, "rev-parse", "HEAD", "--abbrev-ref", "HEAD") or "").splitlines()
        heads = dict(zip(("branch.oid", "branch.head"), found, strict=False))
    return Repository(
        folder=folder,
        commit=_unless(heads.get("branch.oid"), "(initial)"),
        branch=_unless(heads.get("branch.head"), "(detached)", "HEAD"),
        url=_remote_url(folder),
        dirty=None if status is None else any(not line.startswith("#") for line in lines),
    )


def portable_path(path: str, repository: Repository | None) -> str:
    """Return ``path`` without what only this machine knows: relative to the work tree, or the name alone."""
    if not Path(path).is_absolute():
        return path
    if repository is not None and Path(path).is_relative_to(repository.folder):
        return Path(path).relative_to(repository.folder).as_posix()
    return Path(path).name


def _unless(value: str | None, *placeholders: str) -> str | None:
    return None if value in placeholders else value


def _remote_url(folder: Path) -> str | None:
    """Return the URL of ``origin``, else of the first remote; never a password in it, and no path of this machine."""
    lines = (_git(folder, "config", "--get-regexp", r"^remote\..*\.url$") or "").splitlines()
    remotes = dict(line.split(" ", 1) for line in lines if " " in line)
    url = remotes.get("remote.origin.url") or next(iter(remotes.values()), "")
    if not url or url.startswith(("/", ".", "~", "file:")):
        return None
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
