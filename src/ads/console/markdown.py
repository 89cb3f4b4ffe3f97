"""A model's card as HTML: headings, paragraphs, lists, code, tables, emphasis, links. Everything else is text.

What people write becomes elements of a fixed list, never markup of its own; links lead to ``https:`` and ``http:``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

__all__ = ["to_html"]

_LONGEST = 200_000
_HEADING = re.compile(r"(#{1,6})\s+(.*?)\s*#*")
_ITEM = re.compile(r"\s{0,3}(?:[-*+]|(\d{1,9})[.)])\s+(.*)")
_RULE = re.compile(r"\s{0,3}([-*_])(?:\s*\1){2,}\s*")
_ROW = re.compile(r"\s*\|.*\|\s*")
_DASHES = re.compile(r"[\s|:-]+")
_INLINE = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|\[(?P<text>[^\]\n]{1,300})\]\((?P<link>[^()\s]{1,2000})\)"
    r"|\*\*(?P<strong>[^*\n]{1,2000})\*\*"
    r"|\*(?P<em>[^*\s][^*\n]{0,2000})\*"
    r"|(?P<url>https?://[^\s<>()\"']{0,2000}[^\s<>()\"'.,;:!?*])"
)
_GOOD_LINK = re.compile(r"https?://[^\s\x00-\x1f]+", re.IGNORECASE)


def to_html(text: str) -> Markup:
    """Return the card. ``---`` front matter at its beginning is left out."""
    lines = text[:_LONGEST].replace("\r\n", "\n").split("\n")
    if lines and lines[0].strip() == "---" and "---" in (line.strip() for line in lines[1:]):
        lines = lines[1 + [line.strip() for line in lines[1:]].index("---") + 1 :]
    return Markup("\n").join(_blocks(lines))


def _blocks(lines: list[str]) -> Iterator[Markup]:
    place = 0
    while place < len(lines):
        line = lines[place]
        if not line.strip():
            place += 1
        elif line.lstrip().startswith("```"):
            end = next((n for n in range(place + 1, len(lines)) if lines[n].lstrip().startswith("```")), len(lines))
            yield Markup("<pre>{}</pre>").format("\n".join(lines[place + 1 : end]))
            place = end + 1
        elif heading := _HEADING.fullmatch(line.strip()):
            level = min(len(heading[1]) + 1, 6)  # the page has the first
            yield Markup("<h{}>{}</h{}>").format(level, _inline(heading[2]), level)
            place += 1
        elif _RULE.fullmatch(line):
            yield Markup("<hr>")
            place += 1
        elif _ITEM.fullmatch(line):
            end = _while(lines, place, lambda one: bool(_ITEM.fullmatch(one)) or one.startswith("  "))
            yield _list(lines[place:end])
            place = end
        elif _ROW.fullmatch(line):
            end = _while(lines, place, lambda one: bool(_ROW.fullmatch(one)))
            yield _table(lines[place:end])
            place = end
        else:
            end = _while(lines, place, _goes_on)
            yield Markup("<p>{}</p>").format(_inline(" ".join(part.strip() for part in lines[place:end])))
            place = end


def _goes_on(line: str) -> bool:
    return bool(line.strip()) and not (
        line.lstrip().startswith("```") or _HEADING.fullmatch(line.strip()) or _ITEM.fullmatch(line)
    )


def _while(lines: list[str], start: int, good: object) -> int:
    assert callable(good)
    place = start + 1
    while place < len(lines) and good(lines[place]):
        place += 1
    return place


def _list(lines: list[str]) -> Markup:
    items: list[str] = []
    numbered = bool((_ITEM.fullmatch(lines[0]) or [None, None])[1])
    for line in lines:
        found = _ITEM.fullmatch(line)
        if found:
            items.append(found[2])
        else:
            items[-1] += f" {line.strip()}"
    tag = "ol" if numbered else "ul"
    return Markup("<{}>{}</{}>").format(
        tag, Markup().join(Markup("<li>{}</li>").format(_inline(i)) for i in items), tag
    )


def _table(lines: list[str]) -> Markup:
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in lines]
    body = [row for line, row in zip(lines, rows, strict=True) if not _DASHES.fullmatch(line)]
    cells = [Markup().join(Markup("<td>{}</td>").format(_inline(cell)) for cell in row) for row in body]
    return Markup("<table>{}</table>").format(Markup().join(Markup("<tr>{}</tr>").format(row) for row in cells))


def _inline(text: str) -> Markup:
    made, place = Markup(), 0
    for found in _INLINE.finditer(text):
        made += escape(text[place : found.start()]) + _piece(found)
        place = found.end()
    return made + escape(text[place:])


def _piece(found: re.Match[str]) -> Markup:
    kind = found.lastgroup
    if kind == "code":
        return Markup("<code>{}</code>").format(found["code"])
    if kind in {"strong", "em"}:
        return Markup("<{0}>{1}</{0}>").format(kind, found[kind])
    address, shown = (found["url"], found["url"]) if kind == "url" else (found["link"], found["text"])
    if not _GOOD_LINK.fullmatch(address):
        return escape(found[0])
    return Markup('<a href="{}" rel="noopener noreferrer nofollow">{}</a>').format(address, shown)
