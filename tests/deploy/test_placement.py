"""Replicas spread over the GPUs that are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.deploy.placement import found_devices, place


@given(st.integers(1, 8), st.integers(0, 40))
def test_no_device_has_two_replicas_more_than_another(devices: int, replicas: int) -> None:
    names = [str(number) for number in range(devices)]
    taken: list[str] = []
    for _ in range(replicas):
        chosen = place(taken, names)
        assert chosen is not None
        taken.append(chosen)
    counts = [taken.count(name) for name in names]
    assert max(counts) - min(counts) <= 1


def test_without_a_device_there_is_no_assignment() -> None:
    assert place(["0"], []) is None


@pytest.mark.parametrize(
    ("setting", "variable", "expected"),
    [("0, 2", "1", ("0", "2")), ("", "1,GPU-ab", ("1", "GPU-ab")), ("none", "1", ()), ("", "-1", ())],
)
def test_the_setting_decides_then_the_services_own_variable(
    tmp_path: Path, setting: str, variable: str, expected: tuple[str, ...]
) -> None:
    assert found_devices(setting, {"CUDA_VISIBLE_DEVICES": variable}, tmp_path) == expected


def test_otherwise_the_drivers_list_counts(tmp_path: Path) -> None:
    assert found_devices("", {}, tmp_path / "absent") == ()
    for name in ("0000:01:00.0", "0000:02:00.0"):
        (tmp_path / name).mkdir()
    assert found_devices("", {}, tmp_path) == ("0", "1")
