from __future__ import annotations

from pathlib import Path

from ads.deploy.log_files import log_tail, recent_lines
from ads.home import Home


def test_the_last_lines_are_read_from_the_end(tmp_path: Path) -> None:
    home = Home(tmp_path)
    folder = home.deployment("d")
    folder.mkdir(parents=True)
    (folder / "predict.log").write_text("".join(f"line {n}\n" for n in range(50_000)) + "unfinished \udcff"[:11])
    lines = recent_lines(home, "d", "predict", 3)
    assert [line["message"] for line in lines] == ["line 49998", "line 49999", "unfinished "]
    assert lines[0]["type"] == "predict"
    assert log_tail(folder / "predict.log").startswith("line 49981")


def test_a_json_line_tells_its_time(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.deployment("d").mkdir(parents=True)
    (home.deployment("d") / "access.log").write_text('{"time": "2026-01-01T00:00:00Z", "status": 200}\n{broken\n')
    assert [line["time"] for line in recent_lines(home, "d", "access", 10)] == ["2026-01-01T00:00:00Z", None]


def test_a_log_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert recent_lines(Home(tmp_path), "d", "predict", 10) == []
    assert log_tail(tmp_path / "nothing") == ""


def test_endless_lines_are_cut(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.deployment("d").mkdir(parents=True)
    (home.deployment("d") / "predict.log").write_text("x" * 3_000_000)
    (line,) = recent_lines(home, "d", "predict", 5)
    assert len(line["message"]) <= 16 * 1024
