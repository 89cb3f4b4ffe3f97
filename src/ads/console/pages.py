"""The pages and forms of one part of the console: which function makes which page."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ads.console.visit import Visit

__all__ = ["Elsewhere", "Form", "Page", "Pages", "match_path"]

MakePage = Callable[[Visit], dict[str, Any]]
TakeForm = Callable[[Visit], "str | dict[str, Any]"]

_PARAMETER = re.compile(r"{(\w+)}")
# What ids, names of aliases and names of tabs are made of. Nothing in it needs quoting in a path of the API.
_PART = r"(?P<\1>[A-Za-z0-9._~:@-]{1,255})"


class Elsewhere(Exception):
    """What a page raises when another one is meant; ``place`` is its address."""

    def __init__(self, place: str) -> None:
        super().__init__(place)
        self.place = place


@dataclass(frozen=True)
class Page:
    """A page: the function that returns its data, and the template that shows it."""

    path: str
    template: str
    nav: str
    make: MakePage


@dataclass(frozen=True)
class Form:
    """What happens when a form is sent; ``back`` is the page on which it stands."""

    path: str
    take: TakeForm
    back: Page


@dataclass
class Pages:
    """Collects pages and forms by decorators. See ``ads.console``."""

    pages: list[Page] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)

    def page(self, path: str, template: str, *, nav: str = "") -> Callable[[MakePage], MakePage]:
        """Have the function make the page at this path below ``/console``."""

        def decorate(make: MakePage) -> MakePage:
            self.pages.append(Page(path, template, nav, make))
            return make

        return decorate

    def form(self, path: str, *, back: MakePage) -> Callable[[TakeForm], TakeForm]:
        """Have the function take what is posted to this path. ``back`` is the function of the page it stands on."""
        page = next(page for page in reversed(self.pages) if page.make is back)

        def decorate(take: TakeForm) -> TakeForm:
            self.forms.append(Form(path, take, page))
            return take

        return decorate


def match_path(pattern: str, path: str) -> Mapping[str, str] | None:
    """Return the parameters of a path, None when it isn't of this pattern."""
    found = _compiled(pattern).fullmatch(path)
    if found is None or any(set(part) == {"."} for part in found.groups()):
        return None
    return found.groupdict()


_known: dict[str, re.Pattern[str]] = {}


def _compiled(pattern: str) -> re.Pattern[str]:
    if pattern not in _known:
        _known[pattern] = re.compile(_PARAMETER.sub(_PART, pattern.replace(".", r"\.")), re.ASCII)
    return _known[pattern]
