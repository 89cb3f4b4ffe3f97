"""The artifact as one zip file: written deterministically, read strictly."""

from __future__ import annotations

from ads.artifact.limits import DEFAULT_LIMITS, Limits
from ads.artifact.zip_reader import ArchiveInfo, check_zip, extract_zip, read_member
from ads.artifact.zip_writer import write_zip

__all__ = ["DEFAULT_LIMITS", "ArchiveInfo", "Limits", "check_zip", "extract_zip", "read_member", "write_zip"]
