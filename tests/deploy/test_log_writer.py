"""Logs that are put aside when they are too large or too old, while others write and follow them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from ads.deploy.log_follow import LogFollower
from ads.deploy.log_times import LogTimes
from ads.deploy.log_writer import LogWriter, clean, remove_old_logs

DAY = 86400.0

_WRITE = """
import sys
from pathlib import Path
from ads.deploy.log_writer import LogWriter
path, name, count = sys.argv[1:]
writer = LogWriter(Path(path), 40_000, 1e9)
for number in range(int(count)):
    writer.write(f"{name} {number}\\n".encode() * 3)
"""


def test_a_log_has_at_most_twice_its_size(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    writer = LogWriter(path, 1000, DAY)
    for number in range(100):
        writer.write(f"{number:049d}\n".encode())
    assert path.stat().st_size <= 1000
    assert sorted(each.name for each in tmp_path.iterdir()) == ["access.log", "access.log.1"]
    lines = ((tmp_path / "access.log.1").read_text() + path.read_text()).splitlines()
    assert [int(line) for line in lines] == list(range(60, 100)) or len(lines) >= 20
    assert int(lines[-1]) == 99
    assert path.stat().st_mode & 0o077 == 0


def test_a_log_that_is_too_old_is_put_aside_whoever_began_it(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.write_text('{"time": "2020-01-01T00:00:00.000Z"}\n')
    LogWriter(path, 1_000_000, DAY).write(b"new\n")
    assert path.read_text() == "new\n"
    assert "2020" in (tmp_path / "access.log.1").read_text()
    os.utime(tmp_path / "access.log.1", (0, time.time() - 2 * DAY))
    remove_old_logs([tmp_path, tmp_path / "nothing"], DAY)
    assert [each.name for each in tmp_path.iterdir()] == ["access.log"]


def test_several_processes_and_a_follower_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "access.log"
    path.touch()
    follower = LogFollower(path)
    names = ("a", "b", "c")
    writers = [subprocess.Popen([sys.executable, "-c", _WRITE, str(path), name, "1500"]) for name in names]
    found: list[str] = []
    deadline = time.monotonic() + 60
    while len(found) < 3 * 3 * 1500 and time.monotonic() < deadline:
        found += [line.text for line in follower.read()]
    assert [writer.wait(30) for writer in writers] == [0, 0, 0]
    follower.close()
    for name in names:
        assert [line for line in found if line.startswith(name)] == [f"{name} {n}" for n in range(1500) for _ in "123"]


def test_times_are_noted_and_go_aside_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "predict.log"
    writer = LogWriter(path, 100, DAY, timed=True)
    writer.write(b"x" * 79 + b"\n")
    writer.write(b"y" * 79 + b"\n")
    aside = tmp_path / "predict.log.1"
    assert (tmp_path / "predict.log.1.times").read_text().startswith("80 ")
    for each in (path, aside):
        assert abs(LogTimes.of(each).at(0).timestamp() - time.time()) < 30


def test_a_line_stays_one_line_and_steers_no_terminal() -> None:
    evil = "ok\r\n\x1b[2J\u2028\x85\x00\x9b1m\ttab ü €".encode()
    found = clean(evil)
    assert found.decode() == "ok\\x0d\\x0a\\x1b[2J\\xe2\\x80\\xa8\\xc2\\x85\\x00\\xc2\\x9b1m\ttab ü €"
    assert len(found.decode().splitlines()) == 1
    assert clean(b"plain \xff") == b"plain \xff"
    assert json.dumps(found.decode())
