"""The one place that writes: data to stdout, talk to stderr, in the format that was asked for.

Commands say *what* there is to tell; the format decides *how*. ``human`` draws tables for a terminal and tab-separated
lines for a pipe, ``json`` writes what the service said, ``quiet`` writes ids only, one a line.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TextIO

__all__ = ["Column", "Format", "Output", "plain"]

Format = Literal["human", "json", "quiet"]
Row = Mapping[str, Any]

_STATE_STYLES = {
    "ACTIVE": "green",
    "SUCCEEDED": "green",
    "running": "green",
    "ok": "green",
    "FAILED": "red",
    "fail": "red",
    "NEEDS_ATTENTION": "yellow",
    "CREATING": "yellow",
    "UPDATING": "yellow",
    "DELETING": "yellow",
    "backoff": "yellow",
    "warn": "yellow",
    "INACTIVE": "bright_black",
    "stopped": "bright_black",
    "DELETED": "bright_black",
}
_ANSI = {"green": "32", "red": "1;31", "yellow": "33", "bright_black": "90", "bold": "1", "cyan": "36"}


@dataclass(frozen=True)
class Column:
    """One column of a table: its header, where its value comes from, and how a person at a terminal sees the value."""

    header: str
    value: Callable[[Row], Any]
    shown: Callable[[Any], str] | None = None
    state: bool = False
    """The value is a state, and gets the state's colour."""
    foldable: bool = False
    """On a narrow terminal this column wraps; the others are cut."""


class Output:
    """Writes everything that a command has to say. ``quiet`` silences talk, never errors."""

    def __init__(self, format: Format = "human", stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:  # noqa: A002
        self.format = format
        self.stdout = stdout or sys.stdout
        self.stderr = stderr or sys.stderr

    @property
    def for_people(self) -> bool:
        """Whether somebody reads stdout at a terminal."""
        return self.format == "human" and self.stdout.isatty()

    def table(self, rows: Iterable[Row], columns: Sequence[Column], *, id_key: str = "id") -> int:
        """Write one line per row and return how many there were."""
        listed = list(rows)
        if self.format == "json":
            self.json(listed)
        elif self.format == "quiet":
            self._write_lines(plain(row.get(id_key)) for row in listed)
        elif not listed:
            return 0
        elif self.for_people:
            self._draw_table(listed, columns)
        else:
            self._write_lines(
                ["\t".join(column.header for column in columns)]
                + ["\t".join(plain(column.value(row)) for column in columns) for row in listed]
            )
        return len(listed)

    def record(self, row: Row, columns: Sequence[Column], *, id_key: str = "id") -> None:
        """Write one thing: a line per attribute that has a value, the whole object as JSON, or its id."""
        if self.format == "json":
            self.json(row)
        elif self.format == "quiet":
            self._write_lines([plain(row.get(id_key))])
        elif self.for_people:
            self._draw_record(row, columns)
        else:
            pairs = ((column.header, column.value(row)) for column in columns)
            self._write_lines(f"{header}\t{plain(value)}" for header, value in pairs if value not in (None, ""))

    def json(self, value: Any) -> None:
        """Write ``value`` as JSON, whatever the format: indented, non-ASCII text as it is."""
        import json

        self._write_lines([json.dumps(value, indent=2, ensure_ascii=False, default=str)])

    def text(self, text: str) -> None:
        """Write data that is text already."""
        self._write_lines([text])

    def talk(self, text: str = "") -> None:
        """Tell a person something on stderr. Programs (``json``, ``quiet``) don't hear it."""
        if self.format == "human":
            self._say(text)

    def success(self, text: str) -> None:
        """Tell a person that it worked."""
        self.talk(f"{self.styled('✓', 'green')} {text}")

    def hint(self, text: str) -> None:
        """Tell a person what they could do next."""
        self.talk(self.styled(f"→ {text}", "bright_black"))

    def warn(self, text: str) -> None:
        """Say on stderr what the user should know, in every format but ``quiet``."""
        if self.format != "quiet":
            self._say(f"{self.styled('Warning:', 'yellow')} {text}")

    def error(self, message: str, *, hint: str = "", code: str = "error", request_id: str = "") -> None:
        """Say on stderr what went wrong and what to do; one JSON object in the ``json`` format."""
        if self.format == "json":
            import json

            told = {"code": code, "message": message, "hint": hint, "requestId": request_id}
            self._say(json.dumps({"error": {key: text for key, text in told.items() if text}}, ensure_ascii=False))
            return
        self._say(f"{self.styled('Error:', 'red')} {_printable(message)}")
        if hint:
            self._say(_printable(hint))
        if request_id:
            self._say(self.styled(f"Request id: {plain(request_id)}", "bright_black"))

    def styled(self, text: str, style: str, stream: TextIO | None = None) -> str:
        """Return ``text`` in a style if the stream (default: stderr) is a terminal that may show colour."""
        return f"\x1b[{_ANSI[style]}m{text}\x1b[0m" if self._is_colourful(stream or self.stderr) else text

    def _say(self, text: str) -> None:
        self.stderr.write(text + "\n")
        self.stderr.flush()

    def _write_lines(self, lines: Iterable[str]) -> None:
        self.stdout.writelines(line + "\n" for line in lines)
        self.stdout.flush()

    def _draw_table(self, rows: list[Row], columns: Sequence[Column]) -> None:
        from rich.table import Table

        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
        for column in columns:
            table.add_column(
                column.header, no_wrap=not column.foldable, overflow="fold" if column.foldable else "ellipsis"
            )
        for row in rows:
            table.add_row(*(self._cell(column, row) for column in columns))
        self._print(table)

    def _draw_record(self, row: Row, columns: Sequence[Column]) -> None:
        """Write label and value, one below the other.

        Long values are left to the terminal to wrap: so an id or an address can still be copied in one piece.
        """
        pairs = [(_label(column.header), column, column.value(row)) for column in columns]
        pairs = [(label, column, value) for label, column, value in pairs if value not in (None, "")]
        width = max((len(label) for label, _, _ in pairs), default=0)
        for label, column, value in pairs:
            text = column.shown(value) if column.shown else value if isinstance(value, str) else plain(value)
            text = _printable(text).replace("\n", "\n" + " " * (width + 2))
            style = _STATE_STYLES.get(str(value)) if column.state else None
            shown = self.styled(text, style, self.stdout) if style else text
            self._write_lines([f"{self.styled(label, 'bold', self.stdout)}{' ' * (width - len(label) + 2)}{shown}"])

    def _print(self, table: Any) -> None:
        from rich.console import Console

        system: Literal["auto"] | None = "auto" if self._is_colourful(self.stdout) else None
        Console(file=self.stdout, highlight=False, color_system=system).print(table)

    @staticmethod
    def _is_colourful(stream: TextIO) -> bool:
        return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"

    @staticmethod
    def _cell(column: Column, row: Row) -> Any:
        from rich.text import Text

        value = column.value(row)
        text = column.shown(value) if column.shown and value not in (None, "") else plain(value)
        return Text(_printable(text), style=_STATE_STYLES.get(str(value), "") if column.state else "")


def plain(value: Any) -> str:
    """Return ``value`` as text on one line without tabs or control characters, so that a column stays a column."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict | list):
        import json

        return json.dumps(value, ensure_ascii=False)
    return "".join(c if c.isprintable() else " " for c in str(value))


def _label(header: str) -> str:
    """Return ``model id`` as ``Model ID``."""
    label = header[:1].upper() + header[1:].lower()
    return label[:-2] + "ID" if label.lower().split()[-1] == "id" else label


def _printable(text: str) -> str:
    """Return ``text`` without what could steer a terminal: names and messages come from anybody."""
    return "".join(c if c.isprintable() or c == "\n" else " " for c in text)
