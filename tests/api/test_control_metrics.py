"""What control counts for the gateways to tell."""

from __future__ import annotations

import time

from ads.deploy.control_metrics import ControlMetrics, render_control

from .conftest import Running
from .test_rollouts import OWN, active, model

__all__ = ["active"]


def test_a_rollout_under_way_has_its_step(service: Running, active: str) -> None:
    body = {"modelId": model(service), "strategy": "canary", "steps": [10, 100]}
    assert service.client.post(f"{active}/rollouts", json=body).status_code == 200
    sample = f'openads_rollout_step{{deployment="{active.removeprefix(OWN + "/")}"}} 0'
    with service.context.database.read() as session:
        text = render_control(session).decode()
    assert sample in text.splitlines()
    assert 'openads_deployments{state="UPDATING"}' in text
    assert service.client.post(f"{active}/rollouts/abort").status_code == 200
    with service.context.database.read() as session:
        assert sample not in render_control(session).decode().splitlines()


def test_the_file_is_written_and_followed(service: Running) -> None:
    generation = [1]
    metrics = ControlMetrics(service.context.home, service.context.database, lambda: generation[0])
    path = service.context.home.control_metrics_file
    path.unlink(missing_ok=True)
    metrics.start()
    try:
        for _ in range(2):
            deadline = time.monotonic() + 60
            while not path.exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            assert path.read_text().startswith("# HELP openads_rollout_step")
            path.unlink()
            generation[0] += 1
    finally:
        metrics.stop()
