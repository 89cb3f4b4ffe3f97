"""Replicas spread over the GPUs that are there."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.deploy.placement import Machine, Need, found_devices, no_room, place, room, this_machine


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


GIB = 1024**3


@given(st.integers(1, 64), st.integers(0, 40 * GIB), st.booleans(), st.integers(0, 64 * GIB), st.integers(0, 4))
def test_what_is_said_to_fit_does_fit(replicas: int, size: int, on_device: bool, memory: int, devices: int) -> None:
    machine = Machine(memory, 2, {str(number): 16 * GIB for number in range(devices)})
    most = room(Need(replicas, size, on_device), machine)
    assert bool(no_room(Need(replicas, size, on_device), machine)) == (replicas > most)
    if on_device and devices:
        assert most * size <= devices * 16 * GIB
    elif not on_device:
        assert most * size <= memory


def test_a_refusal_names_the_numbers_and_what_would_fit() -> None:
    said = no_room(Need(8, 2 * GIB), Machine(8 * GIB, 2))
    assert "8 replicas of a model of 2048 MiB don't fit" in said
    assert "8.0 GiB of memory and 2 processors" in said
    assert said.endswith("Ask for 3 at most.")
    said = no_room(Need(1, 20 * GIB, on_device=True), Machine(64 * GIB, 8, {"0": 16 * GIB, "1": 16 * GIB}))
    assert "its 2 GPUs have 16.0 GiB, 16.0 GiB" in said
    assert "smaller model" in said


def test_a_gpu_shape_on_a_machine_without_one_runs_on_its_processors() -> None:
    assert room(Need(1, GIB, on_device=True), Machine(8 * GIB, 2, {})) > 0


def test_this_machine_has_memory() -> None:
    found = this_machine(())
    assert found.memory_bytes > 100 * 1024**2
    assert found.devices == {}
