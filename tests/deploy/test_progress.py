from __future__ import annotations

from ads.deploy.progress import stage_lines, stages_in


def test_stages_are_told_with_their_seconds() -> None:
    stages = [
        {"name": "start", "seconds": 0.05},
        {"name": "import", "seconds": 1.0},
        {"name": "load", "seconds": 0.5},
        {"name": "parity", "seconds": 0.01, "rows": 5},
    ]
    assert stage_lines({"stages": stages}) == [
        ("start", "start: 0.05 s"),
        ("load", "load: 1.50 s"),
        ("parity", "parity: 5 sample rows reproduced, 0.01 s"),
    ]
    assert stage_lines({"stages": stages[:2]}) == [("start", "start: 0.05 s")]
    assert stage_lines(None) == []


def test_an_artifact_without_a_sample_says_so() -> None:
    assert "no sample" in stage_lines({"stages": [{"name": "parity", "seconds": 0, "rows": None}]})[0][1]


def test_what_was_told_is_known_after_a_restart() -> None:
    assert stages_in(["create accepted", "start: 0.05 s", "load: 1 s"]) == {"start", "load"}
