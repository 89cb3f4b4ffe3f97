"""The documentation and the program say the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ads.settings import Settings, setting_names

REPOSITORY = Path(__file__).parents[1]


@pytest.mark.parametrize("name", setting_names())
def test_every_setting_is_documented_with_its_default(name: str) -> None:
    page = (REPOSITORY / "docs" / "settings.md").read_text()
    row = re.search(rf"^\| `{name}` \|.*\| ?(.*?) ?\|$", page, re.MULTILINE)
    assert row, f"docs/settings.md has no row for {name}"
    default = getattr(Settings(), name)
    if name != "home" and default:
        assert f"{default:g}" in row[1] if isinstance(default, float) else str(default) in row[1]


@pytest.mark.parametrize("page", sorted(p.relative_to(REPOSITORY).as_posix() for p in REPOSITORY.glob("*.md")) + sorted(
    p.relative_to(REPOSITORY).as_posix() for p in (REPOSITORY / "docs").rglob("*.md")
))  # fmt: skip
def test_every_link_inside_the_repository_leads_somewhere(page: str) -> None:
    file = REPOSITORY / page
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text()):
        assert (file.parent / target).exists(), f"{page} links to {target}"
