"""A card: a title, facts, tables and code as self-contained HTML. No script, nothing fetched, everything escaped.

It takes its colours from the page around it, so it is right on light and on dark ones.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing.TYPE_CHECKING without the cost of importing typing
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from typing_extensions import Self

__all__ = ["Card"]

_LONGEST = 400
"""Characters of one value: what is longer ends in an ellipsis."""
_MOST_ROWS = 20
_SPARK_WIDTH, _SPARK_HEIGHT = 160, 28

_GOOD = frozenset({"active", "passed", "done", "succeeded", "ready"})
_BAD = frozenset({"failed", "needs_attention", "needs action", "suspicious"})
_MOVING = frozenset({"running", "creating", "updating", "deleting", "available", "in_progress", "accepted"})

_STYLE = """
.oads-card{font:13px/1.5 system-ui,sans-serif;color:inherit;max-width:60em;padding:10px 14px;margin:2px 0;
border:1px solid rgba(128,128,128,.4);border-radius:8px;color-scheme:inherit}
.oads-card h3{font-size:15px;font-weight:600;margin:0;display:inline}
.oads-card .oads-kind{opacity:.75;margin-left:.6em}
.oads-card .oads-pill{border:1px solid currentColor;border-radius:99px;padding:0 .6em;margin-left:.8em;font-size:12px}
.oads-card .oads-pill::before{content:"\\25CF\\00A0"}
.oads-card .oads-good::before{color:#1a9850}.oads-card .oads-bad::before{color:#d73027}
.oads-card .oads-moving::before{color:#e08214}.oads-card .oads-still::before{color:#888}
.oads-card ul{list-style:none;margin:8px 0 0;padding:0}
.oads-card .oads-word{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
.oads-card li{position:relative;margin:0;overflow-wrap:anywhere}
.oads-card li::before{margin-right:.6em}.oads-card li.oads-good::before{content:"\\2713"}
.oads-card li.oads-bad::before{content:"\\2717"}.oads-card li.oads-still::before{content:"\\25CB"}
.oads-card dl{display:grid;grid-template-columns:max-content 1fr;gap:1px 14px;margin:8px 0}
.oads-card dt{opacity:.75}.oads-card dd{margin:0;overflow-wrap:anywhere}
.oads-card table{border-collapse:collapse;margin:6px 0;font-size:12px}
.oads-card th,.oads-card td{text-align:left;padding:1px 12px 1px 0;border:0;background:none;vertical-align:top;
white-space:normal;max-width:40em;overflow-wrap:anywhere}
.oads-card th{font-weight:600;border-bottom:1px solid rgba(128,128,128,.4)}
.oads-card caption{text-align:left;font-weight:600;caption-side:top;color:inherit;padding:0}
.oads-card pre{margin:6px 0 0;padding:6px 8px;background:rgba(128,128,128,.13);border-radius:6px;white-space:pre-wrap;
overflow-wrap:anywhere;color:inherit;font-size:12px}
.oads-card .oads-shares{display:flex;gap:2px;margin:8px 0}
.oads-card .oads-shares span{padding:0 8px;min-width:max-content;border-radius:4px;background:rgba(66,133,244,.35);
white-space:nowrap}
.oads-card .oads-shares span:nth-child(even){background:rgba(224,130,20,.35)}
.oads-card .oads-note{opacity:.75;margin:4px 0 0}
.oads-card .oads-spark{vertical-align:middle;margin-right:10px}
.oads-card .oads-spark polyline{fill:none;stroke:currentColor;stroke-width:1.5;stroke-linejoin:round}
""".replace("\n", "")

_TONES = {True: "good", False: "bad", None: "still"}
_WORDS = {True: "passed", False: "failed", None: "skipped"}


def _escape(value: Any) -> str:
    text = str(value)
    if len(text) > _LONGEST:
        text = text[: _LONGEST - 1] + "…"
    for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#39;")):
        text = text.replace(letter, entity)
    return text


class Card:
    """One card. Each verb adds a part and returns the card; :meth:`html` gives the whole."""

    def __init__(self, title: str, kind: str = "", state: str | None = None) -> None:
        head = f"<h3>{_escape(title)}</h3>"
        if kind:
            head += f'<span class="oads-kind">{_escape(kind)}</span>'
        self._parts = [f"<div>{head}{'' if state is None else _pill(state)}</div>"]

    def facts(self, facts: Iterable[tuple[str, Any]]) -> Self:
        """Add names and values, one below the other. Values that are None or empty are left out."""
        shown = [(name, value) for name, value in facts if value is not None and value not in {"", "NA"}]
        if shown:
            lines = "".join(f"<dt>{_escape(name)}</dt><dd>{_escape(value)}</dd>" for name, value in shown)
            self._parts.append(f"<dl>{lines}</dl>")
        return self

    def table(
        self, caption: str, headings: Sequence[str], rows: Iterable[Sequence[Any]], most: int = _MOST_ROWS
    ) -> Self:
        """Add a table of at most so many rows, with a note of how many more there are; nothing without rows."""
        every = list(rows)
        if every:
            head = "".join(f'<th scope="col">{_escape(heading)}</th>' for heading in headings)
            body = "".join(
                "<tr>" + "".join(f"<td>{_escape('' if cell is None else cell)}</td>" for cell in row) + "</tr>"
                for row in every[:most]
            )
            self._parts.append(
                f"<table><caption>{_escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
            )
            if len(every) > most:
                self.note(f"+{len(every) - most} more")
        return self

    def checks(self, checks: Iterable[tuple[bool | None, str, str | None]]) -> Self:
        """Add a list of what went well (True), what didn't (False) and what was left out (None), and why."""
        lines = [
            f'<li class="oads-{_TONES[outcome]}"><span class="oads-word">{_WORDS[outcome]}: </span>{_escape(text)}'
            + (f" · {_escape(message)}" if message else "")
            + "</li>"
            for outcome, text, message in checks
        ]
        if lines:
            self._parts.append(f"<ul>{''.join(lines)}</ul>")
        return self

    def shares(self, shares: Iterable[tuple[str, int]]) -> Self:
        """Add a bar that is divided as the percentages say, each part with its label; nothing for less than two."""
        parts = [
            f'<span style="flex:{int(percent)}">{_escape(label)} {int(percent)} %</span>'
            for label, percent in shares
            if percent > 0
        ]
        if len(parts) > 1:
            self._parts.append(f'<div class="oads-shares">{"".join(parts)}</div>')
        return self

    def spark(self, values: Sequence[float], text: str) -> Self:
        """Add a small line of these values, and in words what it says; only the words where all are nothing."""
        most = max(values, default=0)
        line = ""
        if most > 0:
            gap = _SPARK_WIDTH / max(1, len(values) - 1)
            points = " ".join(
                f"{n * gap:.4g},{1 + (_SPARK_HEIGHT - 2) * (1 - value / most):.4g}" for n, value in enumerate(values)
            )
            size = f'viewBox="0 0 {_SPARK_WIDTH} {_SPARK_HEIGHT}" width="{_SPARK_WIDTH}" height="{_SPARK_HEIGHT}"'
            line = f'<svg class="oads-spark" {size} aria-hidden="true"><polyline points="{points}"/></svg>'
        self._parts.append(f'<p class="oads-note">{line}{_escape(text)}</p>')
        return self

    def code(self, text: str) -> Self:
        """Add lines to copy."""
        self._parts.append(f"<pre>{_escape(text)}</pre>")
        return self

    def note(self, text: str) -> Self:
        """Add a quiet sentence."""
        self._parts.append(f'<p class="oads-note">{_escape(text)}</p>')
        return self

    def html(self) -> str:
        """Return the card."""
        return f'<div class="oads-card"><style>{_STYLE}</style>{"".join(self._parts)}</div>'


def _pill(state: str) -> str:
    word = state.lower()
    tone = "good" if word in _GOOD else "bad" if word in _BAD else "moving" if word in _MOVING else "still"
    return f'<span class="oads-pill oads-{tone}">{_escape(state)}</span>'
