"""Following a log while it is written and put aside."""

from __future__ import annotations

from pathlib import Path

import pytest

from ads.deploy.log_follow import LogFollower


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "predict.log"


def write(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


def texts(follower: LogFollower) -> list[str]:
    return [line.text for line in follower.read()]


def test_only_what_comes_after_is_read_and_whole_lines(path: Path) -> None:
    write(path, "old\nhalf")
    follower = LogFollower(path)
    assert texts(follower) == []
    assert [line.text for line in follower.before(5)] == ["old"]
    write(path, " a line\nnext\nand")
    assert texts(follower) == ["half a line", "next"]
    assert texts(follower) == []
    follower.close()


def test_a_log_that_is_not_there_yet_is_waited_for(path: Path) -> None:
    follower = LogFollower(path)
    assert texts(follower) == []
    assert follower.before(5) == []
    write(path, "first\n")
    assert texts(follower) == ["first"]
    follower.close()


def test_no_line_is_lost_when_the_file_is_put_aside(path: Path) -> None:
    write(path, "one\n")
    follower = LogFollower(path)
    write(path, "two\n")
    assert texts(follower) == ["two"]
    write(path, "three\nthe last without an end")
    path.rename(path.with_name("predict.log.1"))
    write(path, "four\n")
    assert [texts(follower) for _ in range(4)] == [["three"], ["the last without an end"], ["four"], []]
    follower.close()


def test_no_line_is_lost_when_two_files_are_put_aside_between_two_looks(path: Path) -> None:
    write(path, "one\n")
    follower = LogFollower(path)
    for text in ("two\n", "three\n", "four\n"):
        write(path, text)
        if text != "four\n":
            path.replace(path.with_name("predict.log.1"))
    assert [texts(follower) for _ in range(4)] == [["two"], ["three"], ["four"], []]
    follower.close()


def test_a_later_follower_goes_on_where_the_earlier_one_was_also_in_the_file_put_aside(path: Path) -> None:
    write(path, "one\n")
    follower = LogFollower(path)
    write(path, "two\nthree\n")
    position = follower.read()[0].position
    follower.close()
    path.rename(path.with_name("predict.log.1"))
    write(path, "four\n")
    again = LogFollower(path, position)
    assert texts(again) == ["three"]
    assert texts(again) == ["four"]
    here = again.position
    again.close()
    write(path, "five\n")
    later = LogFollower(path, here)
    assert texts(later) == ["five"]
    later.close()


@pytest.mark.parametrize("position", ["1-1", "x", "../../etc/passwd", "99999999999999999999-5", ""])
def test_a_position_that_is_not_there_any_more_begins_somewhere_sensible(path: Path, position: str) -> None:
    write(path, "one\n")
    follower = LogFollower(path, position)
    write(path, "two\n")
    assert texts(follower)[-1] == "two"
    follower.close()


def test_a_line_without_an_end_does_not_fill_memory(path: Path) -> None:
    write(path, "")
    follower = LogFollower(path)
    write(path, "x" * 1_000_000)
    found = [line for _ in range(10) for line in follower.read()]
    assert {len(line.text) for line in found} == {16 * 1024}
    assert len(found) == 3
    write(path, "y\nz\n")
    assert texts(follower)[-1] == "z"
    follower.close()


def test_an_emptied_file_is_read_from_its_beginning(path: Path) -> None:
    write(path, "one\ntwo\n")
    follower = LogFollower(path)
    path.write_text("new\n")
    assert texts(follower) == ["new"]
    follower.close()
