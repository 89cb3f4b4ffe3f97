"""What children print, through pipes into logs."""

from __future__ import annotations

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from ads.service.outputs import Outputs


@pytest.fixture
def loop(tmp_path: Path) -> Callable[..., tuple[str, float]]:
    """Return a function that runs a program, and returns its log and how many seconds the program took."""

    def run(program: str, largest: int = 1 << 30, then: Callable[[], None] | None = None) -> tuple[str, float]:
        path = tmp_path / "predict.log"
        with selectors.DefaultSelector() as selector:
            outputs = Outputs(selector, largest, 1e9)
            writing = outputs.open(str(path))
            begin = time.monotonic()
            child = subprocess.Popen([sys.executable, "-c", program], stdout=writing, stderr=writing)
            os.close(writing)
            deadline = begin + 60
            while selector.get_map() and time.monotonic() < deadline:
                for key, _ in selector.select(0.05):
                    key.data()
                outputs.tick(list)
            took = time.monotonic() - begin
            assert child.wait(10) == 0
            if then is not None:
                then()
            outputs.close()
        return path.read_text("utf-8", errors="replace"), took

    return run


def test_lines_come_whole_and_the_last_one_too(loop: Callable[..., tuple[str, float]]) -> None:
    program = """
import os
for piece in (b"one\\ntw", b"o\\r\\n", b"\\x1b[2Jthree\\n", b"the last words"):
    os.write(1, piece)
"""
    assert loop(program)[0].splitlines() == ["one", "two", "\\x1b[2Jthree", "the last words"]


def test_a_flood_neither_stalls_the_model_nor_fills_the_disk(
    loop: Callable[..., tuple[str, float]], tmp_path: Path
) -> None:
    program = """
import sys
line = "x" * 999 + "\\n"
for number in range(200):
    sys.stdout.write(line * 1000)
sys.stdout.flush()
print("after the flood")
"""
    text, _ = loop(program, largest=4 << 20)
    both = sum(path.stat().st_size for path in tmp_path.glob("predict.log*"))
    assert both <= (8 << 20) + 100_000
    text = (tmp_path / "predict.log.1").read_text() + text if (tmp_path / "predict.log.1").exists() else text
    said = [line for line in text.splitlines() if line.startswith("[openads]")]
    assert said
    assert all("bytes a second" in line for line in said)
    assert {len(line) for line in text.splitlines() if line.startswith("x")} <= {999}


def test_nothing_is_miscounted(loop: Callable[..., tuple[str, float]]) -> None:
    text, _ = loop('import sys; sys.stdout.write(("y" * 99 + "\\n") * 300_000)')
    lines = text.splitlines()
    kept = sum(line.startswith("y") for line in lines)
    dropped = sum(int(line.split()[1]) for line in lines if line.startswith("[openads]"))
    assert kept + dropped == 300_000
    assert dropped > 0


def test_a_line_without_an_end_is_cut(loop: Callable[..., tuple[str, float]]) -> None:
    text, _ = loop('import sys; sys.stdout.write("z" * 5_000_000 + "\\nnext\\n")')
    lines = text.splitlines()
    assert "next" in lines
    assert len(lines[0]) == 16 * 1024
    assert any("dropped" in line for line in lines)


def test_a_child_can_not_change_what_it_said(loop: Callable[..., tuple[str, float]]) -> None:
    program = """
import os
print("kept", flush=True)
for attempt in (lambda: os.ftruncate(1, 0), lambda: open("/proc/self/fd/1", "w").close()):
    try:
        attempt()
    except OSError:
        pass
"""
    assert loop(program)[0] == "kept\n"


def test_a_log_whose_folder_is_gone_harms_nobody(tmp_path: Path) -> None:
    with selectors.DefaultSelector() as selector:
        outputs = Outputs(selector, 1000, 1000)
        writing = outputs.open(str(tmp_path / "gone" / "predict.log"))
        os.write(writing, b"hello\n")
        os.close(writing)
        outputs.close()
    assert not (tmp_path / "gone").exists()
