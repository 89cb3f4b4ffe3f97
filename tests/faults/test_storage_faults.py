"""No step of an upload loses what was acknowledged, shows half an artifact, or leaves anything behind."""

from __future__ import annotations

import os
from pathlib import Path

import httpx
import pytest

from tests.faults.storage_faults import FAULTS, PART, SENDERS, WAYS, Control, archive, fail_at_every_step

WHOLE = os.environ.get("OPENADS_TEST_FAULTS") == "all"
CASES = [(way, fault) for way in WAYS for fault in FAULTS if WHOLE or way != "in parts" or fault == "enospc"]
"""Kill and EIO mean a restart after each of the 35 steps of an upload in parts: ``make faults`` takes those minutes."""


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("way", "fault"), CASES)
def test_a_fault_at_every_step(tmp_path: Path, way: str, fault: str) -> None:
    outcome = fail_at_every_step(tmp_path, way, fault)
    assert {"fsync", "before the commit", "after the commit"} <= set(outcome.steps), outcome
    assert len(outcome.steps) >= 6
    assert (outcome.lost, outcome.half_visible, outcome.orphans) == (0, 0, 0), outcome


@pytest.mark.needs("unshare")
@pytest.mark.parametrize("way", WAYS)
def test_a_full_disk_takes_nothing_and_gives_what_it_has(tmp_path: Path, way: str) -> None:
    control = Control(tmp_path, disk_bytes=4 * PART)
    control.start()
    try:
        kept: dict[str, bytes] = {}
        while True:
            assert len(kept) < 10
            model_id, content = control.new_model(), archive(PART)
            status = _status(control, way, model_id, content)
            if status != 200:
                break
            kept[model_id] = content
        assert status in {503, 507}
        assert kept
        assert control.download(model_id) is None
        assert all(control.download(name) == there for name, there in kept.items())
    finally:
        control.stop()


def _status(control: Control, way: str, model_id: str, content: bytes) -> int:
    try:
        with control.client() as client:
            SENDERS[way](client, model_id, content)
    except httpx.HTTPStatusError as error:
        return error.response.status_code
    return 200
