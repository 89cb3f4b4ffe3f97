"""How long the console's pages take with 10,000 models and 100 deployments, and how large they are.

``python benchmarks/console.py [MODELS]``: processor time of service and client together, and 95th percentiles.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import select

from ads.registry.deployments import Deployment, insert_deployment
from ads.registry.events import Caller
from ads.registry.models import NewModel, create_model
from ads.registry.version_sets import NewVersionSet, create_version_set

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.api.conftest import Running, start
from tests.console.conftest import Browser
from tests.console.shop import version_body

_VERSIONS = 20
_VISITS = 25


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
                wanted = {"modelConfigurationDetails": {"modelId": model.id}}
                values = {**places, "model_id": model.id, "display_name": f"api-{number}", "configuration": wanted}
                insert_deployment(session, {**values, "lifecycle_state": "ACTIVE", "created_by": caller.principal})
            found["set"] = made.id
    with context.database.read() as session:
        found["deployment"] = session.scalar(select(Deployment.id).limit(1)) or ""
    return found


def main() -> None:
    """Fill a catalog, visit each page, and print a table."""
    models = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        service, stop = start(Path(folder) / "home")
        try:
            found = fill(service, models)
            browser = Browser(service.url)
            browser.log_in(service.context.home.token_file.read_text())
            version = f"/console/versions/{found['version 20']}"
            places = [
                "/console/",
                "/console/models",
                "/console/models?q=auc>0.9",
                "/console/models?q=framework:scikit-learn",
                f"/console/models/{found['set']}",
                version,
                f"{version}/schema",
                f"{version}/lineage",
                f"/console/compare?v={found['version 1']}&v={found['version 20']}",
                "/console/activity",
                "/console/settings/people",
                "/console/settings/storage",
                "/console/deployments",
            ]
            for place in places:
                visit(browser, place)
        finally:
            stop()


def visit(browser: Browser, place: str) -> None:
    """Print what one page costs."""
    took, used = [], time.process_time()
    for _ in range(_VISITS):
        began = time.perf_counter()
        answer = browser.get(place)
        took.append(time.perf_counter() - began)
    used = (time.process_time() - used) / _VISITS
    p95 = sorted(took)[round(0.95 * (_VISITS - 1))]
    size = len(answer.content) / 1000
    print(
        f"{answer.status_code}  {used * 1000:6.1f} ms processor  p95 {p95 * 1000:6.1f} ms  {size:6.1f} kB  {place[:60]}"
    )


if __name__ == "__main__":
    main()
