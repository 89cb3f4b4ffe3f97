"""How long the console's pages take with 10,000 models and 100 deployments, and how large they are.

``python benchmarks/console.py [MODELS]``: processor time of service and client together, and 95th percentiles. Every
deployment has answered requests in each minute of the last day, and something changes in the catalog before each visit,
as it does while people work: what a page remembers of the visit before is not what is measured.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import select

from ads.deploy.minutes import MINUTE, Minutes, Usage, packed
from ads.registry.deployments import Deployment, insert_deployment
from ads.registry.events import Caller, record
from ads.registry.models import NewModel, create_model
from ads.registry.version_sets import NewVersionSet, create_version_set

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.api.conftest import Running, raw_archive, start
from tests.console.conftest import Browser
from tests.console.shop import SCORE, version_body

_VERSIONS = 20
_VISITS = 25
_OCID = re.compile(r"ocid1[\w.-]+")
_DAY = 24 * 3600
_BUCKETS = 24
_SIZE = {
    "instanceConfiguration": {"instanceShapeName": "VM.Standard.E4.Flex"},
    "scalingPolicy": {"policyType": "FIXED_SIZE", "instanceCount": 1},
}


def fill(service: Running, models: int) -> dict[str, str]:
    """Register names of twenty versions each, and deploy every hundredth model; return ids to look at."""
    context, found = service.context, {}
    places = {"compartment_id": context.defaults.compartment_id, "project_id": context.defaults.project_id}
    caller = Caller(context.defaults.user_id)
    for number in range(models // _VERSIONS):
        with context.database.write() as session:
            made = create_version_set(session, caller, NewVersionSet(**places, name=f"name-{number}"))
            for version in range(1, _VERSIONS + 1):
                body = version_body(None, version)
                details = NewModel(
                    **places,
                    display_name=f"name-{number}",
                    freeform_tags=body["freeformTags"],
                    custom_metadata=body["customMetadataList"],
                    defined_metadata=body["definedMetadataList"],
                    input_schema=body["inputSchema"],
                    model_version_set_id=made.id,
                )
                model = create_model(session, caller, details)
                found[f"version {version}"] = model.id
            if number % 5 == 0:
                values = {**places, "model_id": model.id, "display_name": f"api-{number}"}
                values["configuration"] = {
                    "deploymentType": "SINGLE_MODEL",
                    "modelConfigurationDetails": {"modelId": model.id, **_SIZE},
                }
                insert_deployment(session, {**values, "lifecycle_state": "ACTIVE", "created_by": caller.principal})
            found["set"] = made.id
    for version in (1, _VERSIONS):
        service.upload(found[f"version {version}"], raw_archive({"score.py": SCORE, "runtime.yaml": "{}"}))
    return found


def serve(service: Running) -> str:
    """Have each deployment answer in each minute of a day; return one of them."""
    chance = random.Random(1)
    with service.context.database.read() as session:
        deployments = list(session.scalars(select(Deployment.id)))
    now = int(time.time()) // MINUTE * MINUTE
    for id_ in deployments:
        rows = []
        for minute in range(now - _DAY, now + MINUTE, MINUTE):
            first, count = chance.randrange(15), chance.randrange(1, 9000)
            latency = packed({first + bucket: 1 + count // (bucket + 1) for bucket in range(_BUCKETS)})
            rows.append((id_, minute, Usage({200: count, 422: 3}, count, 0.5, latency)))
        Minutes(service.context.home).write("gateway", rows)
    return deployments[0]


def main() -> None:
    """Fill a catalog, visit each page, and print a table."""
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        service, stop = start(Path(folder) / "home")
        try:
            found = fill(service, models)
            deployment = f"/console/deployments/{serve(service)}"
            browser = Browser(service.url)
            browser.log_in(service.context.home.token_file.read_text())
            version = f"/console/versions/{found['version 20']}"
            tabs = ("", "/invoke", "/traffic", "/logs", "/replicas", "/settings")
            places = [
                "/console/",
                "/console/models",
                "/console/models?q=auc>0.9",
                "/console/models?q=framework:scikit-learn",
                f"/console/models/{found['set']}",
                *(
                    f"{version}{tab}"
                    for tab in ("", "/schema", "/files", "/checks", "/provenance", "/lineage", "/card")
                ),
                f"/console/compare?v={found['version 1']}&v={found['version 20']}",
                "/console/deployments",
                *(f"{deployment}{tab}" for tab in tabs),
                f"{deployment}?range=24h",
                "/console/activity",
                *(
                    f"/console/settings/{part}".rstrip("/")
                    for part in ("", "people", "projects", "webhooks", "storage", "service")
                ),
                "/console/",  # again: at first the service was still busy with what it had been filled with
            ]
            for place in places:
                visit(service, browser, place)
        finally:
            stop()


def visit(service: Running, browser: Browser, place: str) -> None:
    """Print what one page costs."""
    took, used = [], 0.0
    for _ in range(_VISITS):
        with service.context.database.write() as session:
            record(session, Caller(service.context.defaults.user_id), "model.update", "ocid1.datasciencemodel.none")
        processor, began = time.process_time(), time.perf_counter()
        answer = browser.get(place)
        took.append(time.perf_counter() - began)
        used += time.process_time() - processor
    p95 = sorted(took)[round(0.95 * (_VISITS - 1))]
    size, used = len(answer.content) / 1000, used / _VISITS
    shown = _OCID.sub("…", place)[:40]
    print(f"{answer.status_code}  {used * 1000:6.1f} ms processor  p95 {p95 * 1000:6.1f} ms  {size:6.1f} kB  {shown}")


if __name__ == "__main__":
    main()
