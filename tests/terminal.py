"""A shell in a real terminal, typed into as a person does; what it shows is read back."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

__all__ = ["Terminal"]

_PROMPT = re.compile(r"\x02ready (\d+)\x03")
_STYLES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\r")


class Terminal:
    """bash on a pseudo-terminal. ``type`` sends a line and waits for the prompt; ``status`` is its exit status then."""

    def __init__(self, folder: Path, environment: Mapping[str, str], columns: int = 100) -> None:
        self.status = 0
        self.shown = ""
        self._terminal, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self._shell = subprocess.Popen(
            ["setsid", "--ctty", "bash", "--norc", "--noprofile", "-i"],
            cwd=folder,
            stdin=inner,
            stdout=inner,
            stderr=inner,
            env={**environment, "TERM": "xterm-256color", "PS1": "", "HISTFILE": "", "PROMPT_COMMAND": ""},
        )
        os.close(inner)
        self.send("PROMPT_COMMAND='printf \"\\002ready %s\\003\" $?'; bind 'set enable-bracketed-paste off'\n")
        self.wait_for_prompt(10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.killpg(self._shell.pid, signal.SIGKILL)
        self._shell.wait()
        os.close(self._terminal)

    def send(self, text: str) -> None:
        """Type ``text`` as it is; ``"\\x03"`` is Ctrl-C."""
        os.write(self._terminal, text.encode())

    def type(self, line: str, within: float = 60.0) -> str:
        """Type a line, wait until the prompt is back, and return what was shown, without styles."""
        self.shown = ""
        self.send(line + "\n")
        return self.wait_for_prompt(within)

    def begin(self, line: str, until: str, within: float = 60.0) -> None:
        """Type a line and return as soon as ``until`` is shown; the command goes on."""
        self.shown = ""
        self.send(line + "\n")
        self._read(lambda: until in self.plain.partition("\n")[2], within, repr(until))

    def wait_for_prompt(self, within: float = 60.0) -> str:
        """Return what was shown since the last line was typed, once the prompt is back."""
        self._read(lambda: _PROMPT.search(self.shown) is not None, within, "the prompt")
        found = _PROMPT.search(self.shown)
        assert found is not None
        self.status = int(found[1])
        text = self.plain
        self.shown = ""
        return text

    @property
    def plain(self) -> str:
        """What was shown, without styles and prompts."""
        return _PROMPT.sub("", _STYLES.sub("", self.shown))

    def _read(self, done: object, within: float, what: str) -> None:
        assert callable(done)
        deadline = time.monotonic() + within
        while not done():
            left = deadline - time.monotonic()
            if left <= 0:
                raise AssertionError(f"The terminal did not show {what} within {within} s, but:\n{self.plain}")
            if select.select([self._terminal], [], [], min(left, 0.5))[0]:
                self.shown += os.read(self._terminal, 65536).decode("utf-8", "replace")
