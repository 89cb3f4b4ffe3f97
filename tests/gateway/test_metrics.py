"""What a Prometheus server reads from a real gateway."""

import contextlib
import json
import os
import re
import time

DEPLOYMENT = "ocid1.datasciencemodeldeployment.oc1.local." + "a" * 60
UNKNOWN = "ocid1.datasciencemodeldeployment.oc1.local." + "b" * 60

SAMPLE = re.compile(r'openads_[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? [0-9.e+-]+')


def scrape(gateway):
    """Return {name with labels: value}; every line must have Prometheus' form."""
    with contextlib.closing(gateway.http()) as connection:
        connection.request("GET", "/metrics", headers={"Authorization": "Bearer the-token"})
        answer = connection.getresponse()
        text = answer.read().decode()
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = [line for line in text.splitlines() if not line.startswith("# ")]
    assert all(SAMPLE.fullmatch(line) for line in samples), samples
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in samples)}


def test_what_happened_is_counted(make_gateway, start_control, eventually):
    gateway = make_gateway()
    gateway.deploy(("a", "b"))
    start_control(gateway)
    folder = gateway.home.deployment(DEPLOYMENT) / "a"
    folder.mkdir()
    stages = [{"name": "import", "seconds": 1.25}, {"name": "load", "seconds": 0.5}]
    (folder / "status.json").write_text(json.dumps({"state": "ready", "stages": stages}))
    for number in range(7):
        assert gateway.predict([number])[0] == 200
    assert gateway.predict({"status": 400})[0] == 400
    assert gateway.predict([1], deployment=UNKNOWN)[0] == 404
    assert gateway.predict([1], token="wrong")[0] == 401
    assert gateway.request("PUT", "/anything", body=b"x" * 5000)[0] == 200
    gateway.replicas["b"].kill()
    label = f'deployment="{DEPLOYMENT}"'
    eventually(lambda: scrape(gateway)[f'openads_replicas{{{label},state="ready"}}'] == 1, what="the death seen")
    found = scrape(gateway)
    assert found[f'openads_requests_total{{{label},code="200"}}'] == 7
    assert found[f'openads_requests_total{{{label},code="400"}}'] == 1
    assert found['openads_requests_total{deployment="",code="404"}'] == 1
    assert found['openads_requests_total{deployment="",code="401"}'] == 1
    for name in ("request_duration_seconds", "inference_duration_seconds", "queue_wait_seconds", "batch_rows"):
        assert found[f"openads_{name}_count{{{label}}}"] == 8, name
        assert found[f'openads_{name}_bucket{{{label},le="+Inf"}}'] == 8
        assert found[f"openads_{name}_sum{{{label}}}"] > 0
    assert found[f'openads_batch_rows_bucket{{{label},le="1.0"}}'] == 8
    assert found[f"openads_queue_depth{{{label}}}"] == found[f"openads_inflight{{{label}}}"] == 0
    assert found[f'openads_replicas{{{label},state="absent"}}'] == 1
    assert found[f"openads_cold_starts_total{{{label}}}"] == 2
    assert found[f"openads_worker_restarts_total{{{label}}}"] == 1
    assert found[f"openads_model_load_seconds{{{label}}}"] == 1.75
    assert found["openads_upload_bytes_total"] == 5000


def test_metrics_need_a_credential_and_get(shared):
    assert shared.request("GET", "/metrics", token=None)[0] == 401
    assert shared.request("GET", "/metrics", token="wrong")[0] == 401
    assert shared.request("POST", "/metrics", body=b"{}")[0] == 405
    assert shared.request("GET", "/metrics", body=b"{}")[0] == 400


def test_the_series_of_a_deployment_go_with_it(make_gateway):
    gateway = make_gateway()
    gateway.deploy(("a",))
    assert gateway.predict([1])[0] == 200
    assert any(DEPLOYMENT in name for name in scrape(gateway))
    gateway.deployments.clear()
    gateway.publish_routes()
    assert not any(DEPLOYMENT in name for name in scrape(gateway))


def test_what_is_too_much_for_a_deployment_is_counted_there(make_gateway):
    gateway = make_gateway(rate_limit=0.001)
    gateway.deploy(("a",))
    assert [gateway.predict([1])[0] for _ in range(3)] == [200, 429, 429]
    found = scrape(gateway)
    assert found[f'openads_requests_total{{deployment="{DEPLOYMENT}",code="429"}}'] == 2
    assert 'openads_requests_total{deployment="",code="429"}' not in found


def test_what_control_counts_is_there_as_long_as_control_lives(make_gateway):
    gateway = make_gateway()
    path = gateway.home.control_metrics_file
    step = f'openads_rollout_step{{deployment="{DEPLOYMENT}"}}'
    assert step not in scrape(gateway)
    path.write_text(f"# TYPE openads_rollout_step gauge\n{step} 2\n")
    assert scrape(gateway)[step] == 2
    os.utime(path, (time.time() - 100, time.time() - 100))
    assert step not in scrape(gateway)
