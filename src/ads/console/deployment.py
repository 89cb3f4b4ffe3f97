"""The pages of one deployment: how it does, its traffic, its logs, its replicas, its settings."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ads.console.deployment_lines import finished, model_labels
from ads.console.pages import Pages
from ads.console.replica_lines import replica_lines
from ads.console.settings_form import form_of, yaml_of
from ads.console.time_chart import Series, split_bar, time_chart
from ads.console.visit import Visit
from ads.deploy.log_files import LOG_TYPES
from ads.deploy.shapes import SHAPES
from ads.deploy.states import TRANSITIONS
from ads.identity.access import Verb
from ads.registry.deployments import get_deployment

__all__ = ["OWN", "PLACE", "SCIENCE", "deployment", "head", "pages", "settings", "traffic"]

pages = Pages()

PLACE = "/console/deployments/"
OWN = "/openads/v1/deployments/"
SCIENCE = "/20190101/modelDeployments/"

_TABS = (
    ("overview", "Overview", ""),
    ("invoke", "Invoke", "/invoke"),
    ("traffic", "Traffic", "/traffic"),
    ("logs", "Logs", "/logs"),
    ("replicas", "Replicas", "/replicas"),
    ("settings", "Settings", "/settings"),
)
_RANGES = {"1h": (3600, 60), "6h": (6 * 3600, 300), "24h": (24 * 3600, 1200)}
_RIGHTS: Mapping[str, Verb] = {"delete": "manage"}
_FINISHED = frozenset({"SUCCEEDED", "CANCELED", "FAILED"})
_EVENTS = 12
_LINES = 200
_PAIRS = 50
_ROOM = 2
_MOST_RULES = 16
_FILES = 100


def head(visit: Visit, tab: str) -> dict[str, Any]:
    """Return what stands above every tab: state, endpoint, shares, what may be done now."""
    id_ = visit.parts["id"]
    shown = visit.get(f"{SCIENCE}{id_}")
    own = visit.get(f"{OWN}{id_}")
    state, compartment = shown["lifecycleState"], shown["compartmentId"]
    places = visit.compartments("read")
    with visit.read() as session:
        labels = model_labels(session, [part["modelId"] for part in own["traffic"]] + [_model_of(shown)], places)
    may: dict[str, bool] = {
        verb: state in rule.states and visit.permissions.allows(_RIGHTS.get(verb, "use"), compartment, id_)
        for verb, rule in TRANSITIONS.items()
        if verb != "create"
    }
    may["use"] = state != "DELETED" and visit.permissions.allows("use", compartment, id_)
    parts = [(labels.get(part["modelId"], f"…{part['modelId'][-8:]}"), part["weight"]) for part in own["traffic"]]
    return {
        "title": shown["displayName"],
        "tab": tab,
        "tabs": [{"name": name, "text": text, "place": f"{PLACE}{id_}{end}"} for name, text, end in _TABS],
        "deployment": shown,
        "own": own,
        "endpoint": shown["modelDeploymentUrl"],
        "modelId": _model_of(shown),
        "model": labels.get(_model_of(shown), f"…{_model_of(shown)[-8:]}"),
        "labels": labels,
        "split": split_bar(parts),
        "may": may,
    }


@pages.page("/deployments/{id}", "deployment_overview.html", nav="deployments")
def deployment(visit: Visit) -> dict[str, Any]:
    """Return charts of the last hour or day, what is under way, and the latest changes."""
    found = head(visit, "overview")
    id_, named = visit.parts["id"], visit.query("range")
    window, step = _RANGES.get(named, _RANGES["1h"])
    metrics = _metrics(visit, id_, window, step)
    return {
        **found,
        "range": named if named in _RANGES else "1h",
        "ranges": list(_RANGES),
        "total": metrics["total"],
        "requestsPerSecond": metrics["total"]["requests"] / window,
        "charts": _charts(finished(metrics["items"], lambda item: item["requests"])),
        "work": _work(visit, id_),
        "events": visit.get("/openads/v1/events", resourceId=id_, limit=_EVENTS, sortOrder="DESC")["items"],
    }


@pages.page("/deployments/{id}/traffic", "deployment_traffic.html", nav="deployments")
def traffic(visit: Visit) -> dict[str, Any]:
    """Return who gets which requests, the rollout, what was served before, and where a shadow disagreed."""
    found = head(visit, "traffic")
    id_ = visit.parts["id"]
    revisions = visit.get(f"{OWN}{id_}/revisions", limit=_LINES)["items"]
    with visit.read() as session:
        labels = model_labels(session, [row["modelId"] for row in revisions], visit.compartments("read"))
    for row in revisions:
        row["label"] = labels.get(row["modelId"], f"…{row['modelId'][-8:]}")
        row.pop("configuration")
    pairs = visit.get(f"{OWN}{id_}/shadow", limit=_PAIRS)["items"]
    typed = {name: visit.field(name) for name in ("reference", "strategy", "steps", "bake", "least", "errors", "p95")}
    return {
        **found,
        "revisions": revisions,
        "rollouts": visit.get(f"{OWN}{id_}/rollouts", limit=20)["items"],
        "pairs": pairs,
        "rules": _rules(visit, found["own"]),
        "typed": typed,
    }


def _rules(visit: Visit, own: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rules for headers, as they were typed or as they are, and room for more."""
    typed = list(zip(visit.fields("header"), visit.fields("value"), visit.fields("whose"), strict=False))
    rules = [
        {"header": header, "value": value, "present": whose == "present"} for header, value, whose in typed if header
    ] or [
        {"header": rule["header"], "value": rule["value"], "present": rule["revision"] == own["revision"]}
        for rule in own["rules"]
    ]
    room = {"header": "", "value": "", "present": False}
    return [*rules, *[room] * min(_ROOM, _MOST_RULES - len(rules))]


@pages.page("/deployments/{id}/logs", "deployment_logs.html", nav="deployments")
def logs(visit: Visit) -> dict[str, Any]:
    """Return the last lines of one log; ``q`` is a text that they contain."""
    found = head(visit, "logs")
    kind = visit.query("type", "predict")
    kind = kind if kind in LOG_TYPES else "predict"
    lines = visit.get(f"{OWN}{visit.parts['id']}/logs", type=kind, limit=1000)["lines"]
    text = visit.query("q")[:200]
    if text:
        lines = [line for line in lines if text.lower() in line["message"].lower()]
    return {**found, "type": kind, "q": text, "lines": [_log_line(kind, line) for line in lines[-_LINES:]]}


@pages.page("/deployments/{id}/replicas", "deployment_replicas.html", nav="deployments")
def replicas(visit: Visit) -> dict[str, Any]:
    """Return each replica: state, process, how long its start took, how it batches."""
    found = head(visit, "replicas")
    return {**found, "replicas": replica_lines(visit.context.home, found["deployment"]["id"])}


@pages.page("/deployments/{id}/settings", "deployment_settings.html", nav="deployments")
def settings(visit: Visit) -> dict[str, Any]:
    """Return the settings as a form and as YAML."""
    found = head(visit, "settings")
    shown = form_of(found["deployment"])
    typed = {name: visit.field(name, str(value)) for name, value in shown.items()} if visit.field("shape") else shown
    return {
        **found,
        "fields": typed,
        "yaml": visit.field("yaml") or yaml_of(found["deployment"]),
        "shapes": [{"name": s.name, "cores": s.cores, "memory": s.memory_gb} for s in SHAPES],
        "usualRate": visit.context.settings.rate_limit or None,
        "capture": _capture(visit, found["deployment"]),
    }


def _capture(visit: Visit, shown: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of the requests, and the files for those who may fetch them."""
    place = f"{OWN}{shown['id']}/capture"
    policy = visit.get(place)
    may = shown["lifecycleState"] != "DELETED" and visit.permissions.allows(
        "manage", shown["compartmentId"], shown["id"]
    )
    files = visit.get(f"{place}/files", limit=_FILES)["items"] if may else []
    enabled = policy["enabled"]
    return {
        "enabled": enabled,
        "percent": visit.field("percent", f"{policy['sample'] * 100:g}" if enabled else "1"),
        "megabytes": visit.field("megabytes", f"{policy['maxBytes'] / 1_000_000:g}" if enabled else "100"),
        "mask": visit.field("mask", ", ".join(policy["mask"]) if enabled else ""),
        "files": files,
        "place": f"/console/api{place}/files/",
        "mayChange": may,
    }


def _model_of(shown: Mapping[str, Any]) -> str:
    id_: str = shown["modelDeploymentConfigurationDetails"]["modelConfigurationDetails"]["modelId"]
    return id_


def _metrics(visit: Visit, id_: str, window: int, step: int) -> dict[str, Any]:
    """Return the API's metrics of the last ``window`` seconds."""
    until = int(time.time()) // 60 * 60 + 60
    found: dict[str, Any] = visit.get(f"{OWN}{id_}/metrics", since=until - window, until=until, step=step)
    return found


def _charts(items: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    times = [item["time"] for item in items]
    good = [item["requests"] - item["errors"] - item["refused"] for item in items]

    def milliseconds(name: str) -> list[float | None]:
        return [None if item[name] is None else item[name] * 1000 for item in items]

    return {
        "requests": time_chart(
            times,
            [
                Series("answered", 1, good),
                Series("refused (4xx)", 2, [item["refused"] for item in items]),
                Series("failed (5xx)", 4, [item["errors"] for item in items]),
            ],
            stacked=True,
        ),
        "latency": time_chart(
            times,
            [
                Series("p50", 1, milliseconds("p50")),
                Series("p95", 2, milliseconds("p95")),
                Series("p99", 3, milliseconds("p99")),
            ],
        ),
        "load": time_chart(times, [Series("in flight", 5, [item["inFlight"] for item in items])]),
    }


def _work(visit: Visit, id_: str) -> dict[str, Any] | None:
    """Return how far the work under way came, None when there is none."""
    with visit.read() as session:
        work_id = get_deployment(session, id_).work_request_id
    if work_id is None:
        return None
    work = visit.get(f"/20190101/workRequests/{work_id}")
    if work["status"] in _FINISHED:
        return None
    return {
        "operation": work["operationType"],
        "status": work["status"],
        "percent": work["percentComplete"],
        "steps": visit.get(f"/20190101/workRequests/{work_id}/logs"),
    }


def _log_line(kind: str, line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line with what an access line says in words."""
    found = {"time": line["time"], "message": line["message"], "status": None}
    if kind != "access":
        return found
    try:
        said = json.loads(line["message"])
        path, replica = said["path"].rpartition("/")[2], said["replica"] or "none"
        words = (
            f"{said['status']}  {said['milliseconds']:.2f} ms  waited {said['queueMilliseconds']:.2f} ms  "
            f"{said['bytesIn']} → {said['bytesOut']} bytes  /{path}  replica {replica}  "
            f"request {said['requestId']}"
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return found
    return {**found, "message": words, "status": said["status"]}
