"""The documentation and the program say the same."""

from __future__ import annotations

import re

import pytest

from ads.settings import Settings, setting_names
from tests.docs.pages import REPOSITORY

import generated_pages  # isort: skip - beside the pages, found by tests.docs.pages


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
    made = {(REPOSITORY / "docs" / name).resolve() for name in generated_pages.PAGES}
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text()):
        leads_to = (file.parent / target).resolve()
        assert leads_to.exists() or leads_to in made, f"{page} links to {target}"
