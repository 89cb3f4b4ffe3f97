"""No step of an upload loses what was acknowledged, shows half an artifact, or leaves anything behind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.storage_faults import FAULTS, WAYS, fail_at_every_step


@pytest.mark.timeout(900)  # kill and EIO mean a restart after each step
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("way", WAYS)
def test_a_fault_at_every_step(tmp_path: Path, way: str, fault: str) -> None:
    outcome = fail_at_every_step(tmp_path, way, fault)
    assert {"fsync", "before the commit", "after the commit"} <= set(outcome.steps), outcome
    assert len(outcome.steps) >= 6
    assert (outcome.lost, outcome.half_visible, outcome.orphans) == (0, 0, 0), outcome
