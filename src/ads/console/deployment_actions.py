"""What is done to a deployment from its pages. Each form is one call of the API, as the visitor."""

from __future__ import annotations

from typing import Any

from ads.console.deployment import OWN, PLACE, SCIENCE, deployment, pages, settings, traffic
from ads.console.pages import Elsewhere
from ads.console.settings_form import body_of_form, body_of_yaml
from ads.console.visit import Visit
from ads.errors import InputError, NotFound

__all__ = ["pages"]

_MEGABYTE = 1_000_000
_STEPS = "Write percentages like 5, 25, 100."


@pages.form("/deployments/{id}/stop", back=deployment)
def stop(visit: Visit) -> str:
    """Stop serving."""
    visit.send("POST", f"{SCIENCE}{visit.parts['id']}/actions/deactivate")
    return visit.done(_place(visit), "stopped")


@pages.form("/deployments/{id}/start", back=deployment)
def start(visit: Visit) -> str:
    """Serve again."""
    visit.send("POST", f"{SCIENCE}{visit.parts['id']}/actions/activate")
    return visit.done(_place(visit), "started")


@pages.form("/deployments/{id}/restart", back=deployment)
def restart(visit: Visit) -> str:
    """Replace all replicas."""
    visit.send("POST", f"{OWN}{visit.parts['id']}/actions/restart")
    return visit.done(_place(visit), "restarted")


@pages.form("/deployments/{id}/delete", back=settings)
def delete(visit: Visit) -> str:
    """Delete, when the name was typed."""
    name = visit.get(f"{SCIENCE}{visit.parts['id']}")["displayName"]
    if visit.field("name") != name.strip():
        raise InputError(f"The name that was typed is not {name!r}, so nothing is deleted.")
    visit.send("DELETE", f"{SCIENCE}{visit.parts['id']}")
    return visit.done("/console/deployments", "deleted")


@pages.form("/deployments/{id}/rollback", back=traffic)
def roll_back(visit: Visit) -> str:
    """Return to what served before, or to the revision that was chosen."""
    chosen = _whole(visit, "revision", "Revision")
    visit.send("POST", f"{OWN}{visit.parts['id']}/rollback", {} if chosen is None else {"revision": chosen})
    return visit.done(f"{_place(visit)}/traffic", "rolled-back")


@pages.form("/deployments/{id}/update", back=traffic)
def update(visit: Visit) -> str:
    """Roll out another model."""
    reference = visit.field("reference")
    if not reference:
        raise InputError("An update needs a model.", hint="Write its name, name:version, name@alias or OCID.")
    visit.send("POST", f"{OWN}{visit.parts['id']}/rollouts", {"reference": reference, **_plan(visit)})
    return visit.done(f"{_place(visit)}/traffic", "updated")


@pages.form("/deployments/{id}/promote", back=traffic)
def promote(visit: Visit) -> str:
    """Let the candidate serve alone."""
    return _steer(visit, "promote")


@pages.form("/deployments/{id}/pause", back=traffic)
def pause(visit: Visit) -> str:
    """Stay at the present step."""
    return _steer(visit, "pause")


@pages.form("/deployments/{id}/resume", back=traffic)
def resume(visit: Visit) -> str:
    """Go on with the steps."""
    return _steer(visit, "resume")


@pages.form("/deployments/{id}/abort", back=traffic)
def abort(visit: Visit) -> str:
    """Return to what serves."""
    return _steer(visit, "abort")


@pages.form("/deployments/{id}/weights", back=traffic)
def weights(visit: Visit) -> str:
    """Give another revision a share of the requests, and callers with certain headers one of the two."""
    own = visit.get(f"{OWN}{visit.parts['id']}")
    other, share = _whole(visit, "revision", "Revision"), _whole(visit, "share", "Share")
    if other is None or share is None or share > 100:
        raise InputError("Shares need a revision, and a percentage from 0 to 100.")
    parts = [{"revision": own["revision"], "weight": 100 - share}, {"revision": other, "weight": share}]
    body: dict[str, Any] = {"traffic": parts}
    rules = zip(visit.fields("header"), visit.fields("value"), visit.fields("whose"), strict=False)
    chosen = {"other": other, "present": own["revision"]}
    body["rules"] = [
        {"header": header.strip(), "value": value.strip(), "revision": chosen.get(whose, other)}
        for header, value, whose in rules
        if header.strip()
    ]
    if visit.field("sticky"):
        body["sticky"] = visit.field("sticky")
    visit.send("PUT", f"{OWN}{visit.parts['id']}/traffic", body)
    return visit.done(f"{_place(visit)}/traffic", "changed")


@pages.form("/deployments/{id}/follow", back=traffic)
def follow(visit: Visit) -> str:
    """Serve what an alias points at; with no alias, nothing is followed any more."""
    reference = visit.field("alias") or None
    plan = _plan(visit) if reference else {}
    visit.send("PUT", f"{OWN}{visit.parts['id']}/follow", {"reference": reference, **plan})
    return visit.done(f"{_place(visit)}/traffic", "changed")


@pages.form("/deployments/{id}/autoscaling", back=traffic)
def autoscaling(visit: Visit) -> str:
    """Have as many instances as the load asks for, or a fixed number again."""
    body: dict[str, Any] = {"enabled": False}
    if visit.field("enabled") == "yes":
        body = {
            "minimum": _whole(visit, "minimum", "Least"),
            "maximum": _whole(visit, "maximum", "Most"),
            "targetInFlight": _number(visit, "target", "Requests at a time"),
        }
    content = {name: value for name, value in body.items() if value is not None}
    visit.send("PUT", f"{OWN}{visit.parts['id']}/autoscaling", content)
    return visit.done(f"{_place(visit)}/traffic", "changed")


@pages.form("/deployments/{id}/limits", back=settings)
def limits(visit: Visit) -> str:
    """Set how many predictions a second are answered; with nothing typed it is as for all deployments."""
    rate = _number(visit, "rate", "Predictions a second")
    visit.send("PUT", f"{OWN}{visit.parts['id']}/limits", {"rateLimit": rate})
    return visit.done(f"{_place(visit)}/settings#limits", "changed")


@pages.form("/deployments/{id}/capture", back=settings)
def capture(visit: Visit) -> str:
    """Keep a sample of the requests, or no more."""
    body: dict[str, Any] = {"enabled": False}
    if visit.field("enabled") == "yes":
        percent, size = _number(visit, "percent", "Percent of the requests"), _number(visit, "megabytes", "Megabytes")
        mask = [name.strip() for name in visit.field("mask").split(",") if name.strip()]
        body = {"sample": None if percent is None else percent / 100, "mask": mask}
        if size is not None:
            body["maxBytes"] = int(size * _MEGABYTE)
    visit.send("PUT", f"{OWN}{visit.parts['id']}/capture", body)
    return visit.done(f"{_place(visit)}/settings#capture", "changed")


@pages.form("/deployments/{id}/capture/forget", back=settings)
def forget(visit: Visit) -> str:
    """Remove what was captured."""
    visit.send("DELETE", f"{OWN}{visit.parts['id']}/capture/files")
    return visit.done(f"{_place(visit)}/settings#capture", "removed")


@pages.form("/deployments/{id}/settings", back=settings)
def change(visit: Visit) -> str:
    """Change what the form says."""
    visit.send("PUT", f"{SCIENCE}{visit.parts['id']}", body_of_form(visit.field))
    return visit.done(f"{_place(visit)}/settings", "updated")


@pages.form("/deployments/{id}/yaml", back=settings)
def change_by_yaml(visit: Visit) -> str:
    """Change what the YAML says."""
    visit.send("PUT", f"{SCIENCE}{visit.parts['id']}", body_of_yaml(visit.field("yaml")))
    return visit.done(f"{_place(visit)}/settings#yaml", "updated")


@pages.page("/deployments/{id}/{verb}", "error.html")
def after_a_form(visit: Visit) -> dict[str, Any]:
    """Lead to the deployment from the address of a form, which is what a browser has after one that was refused."""
    path = f"/deployments/{{id}}/{visit.parts['verb']}"
    if not any(form.path == path for form in pages.forms):
        raise NotFound("There is no such page.")
    raise Elsewhere(_place(visit))


def _place(visit: Visit) -> str:
    return f"{PLACE}{visit.parts['id']}"


def _steer(visit: Visit, verb: str) -> str:
    visit.send("POST", f"{OWN}{visit.parts['id']}/rollouts/{verb}")
    return visit.done(f"{_place(visit)}/traffic", "changed")


def _plan(visit: Visit) -> dict[str, Any]:
    """Return the plan of the form; what is empty is left to the service."""
    strategy = visit.field("strategy") or "rolling"
    plan: dict[str, Any] = {"strategy": strategy}
    if strategy == "canary" and visit.field("steps"):
        try:
            plan["steps"] = [int(part) for part in visit.field("steps").replace("%", "").split(",")]
        except ValueError:
            raise InputError(f"Steps: {visit.field('steps')[:60]!r} is no list of numbers.", hint=_STEPS) from None
    if strategy != "rolling":
        plan["bakeSeconds"] = _number(visit, "bake", "Seconds for each step")
        gates = {
            "leastRequests": _whole(visit, "least", "Requests before a step ends"),
            "errorRate": _share(visit, "errors", "Errors"),
            "p95Ratio": _number(visit, "p95", "p95"),
        }
        plan["gates"] = {name: value for name, value in gates.items() if value is not None} or None
    return {name: value for name, value in plan.items() if value is not None}


def _number(visit: Visit, field: str, name: str) -> float | None:
    text = visit.field(field)
    try:
        return float(text) if text else None
    except ValueError:
        raise InputError(f"{name}: {text[:40]!r} is not a number.") from None


def _share(visit: Visit, field: str, name: str) -> float | None:
    percent = _number(visit, field, name)
    return None if percent is None else percent / 100


def _whole(visit: Visit, field: str, name: str) -> int | None:
    text = visit.field(field)
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(f"{name}: {text[:40]!r} is not a whole number.")
    return int(text)
