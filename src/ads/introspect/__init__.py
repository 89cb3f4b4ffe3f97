"""Sanity checks of an artifact: would this folder become a working deployment? Nothing in it is executed."""

from __future__ import annotations

from ads.introspect.report import CheckResult, Report
from ads.introspect.runner import introspect
from ads.introspect.view import ArtifactView

__all__ = ["ArtifactView", "CheckResult", "Report", "introspect"]
