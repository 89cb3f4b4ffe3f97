"""``ads environments``: in what models run on the service's machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ads.cli import exit_codes
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.gc import age_option, collect
from ads.cli.invocation import Invocation
from ads.cli.moments import ago, size
from ads.cli.output import Column
from ads.cli.references import MODEL, PAGE_SIZE, find
from ads.errors import InputError, NotFound

__all__ = ["build", "catalog", "environments", "gc", "info", "ls"]

_PATH = "/openads/v1/environments"
_SHORT = 17

environments = LazyGroup(
    "environments",
    sections={
        "Commands": {
            "ls": LazyCommand("ads.cli.environments:ls", "List what was built or unpacked, with its size."),
            "info": LazyCommand("ads.cli.environments:info", "Show one environment and the deployments that use it."),
            "build": LazyCommand("ads.cli.environments:build", "Make an environment before a deployment needs it."),
            "catalog": LazyCommand("ads.cli.environments:catalog", "List the slugs that are known."),
            "gc": LazyCommand("ads.cli.environments:gc", "Remove environments that nobody needs any more."),
        }
    },
    example="""
        ads environments ls
        ads environments build churn@champion
        ads environments gc --dry-run
    """,
    help="List, make and remove the environments that models run in.",
)


def _used_by(row: Mapping[str, Any]) -> str:
    return ", ".join(each["displayName"] for each in row["deployments"])


_COLUMNS = (
    Column("KEY", lambda row: row["key"], lambda key: str(key)[:_SHORT]),
    Column("KIND", lambda row: row["kind"]),
    Column("PYTHON", lambda row: row["pythonVersion"]),
    Column("SIZE", lambda row: row["size"], size),
    Column("LAST USED", lambda row: row["timeLastUsed"], ago),
    Column("HOLDS", lambda row: row["slug"] or row["source"] if row["kind"] == "pack" else _listed(row), foldable=True),
    Column("USED BY", _used_by, foldable=True),
)
_SLUGS = (
    Column("SLUG", lambda row: row["slug"]),
    Column("FROM", lambda row: row["origin"]),
    Column("PYTHON", lambda row: row["pythonVersion"]),
    Column("STANDS FOR", lambda row: row["pack"] or ", ".join(row["requirements"]), foldable=True),
)


def _listed(row: Mapping[str, Any]) -> str:
    lines = row["requirements"]
    return ", ".join(lines[:3]) + (f" and {len(lines) - 3} more" if len(lines) > 3 else "")


@command("ls", example="ads environments ls\nads environments ls --format json")
@pass_invocation
def ls(invocation: Invocation) -> None:
    """List the environments that were built or unpacked, the one used last first.

    Models whose packages the service's own interpreter has run in that, and it isn't listed.
    """
    rows = sorted(_all(invocation), key=lambda row: row["timeLastUsed"], reverse=True)
    invocation.output.table(rows, _COLUMNS, id_key="key")


@command("info", example="ads environments info 3f2a9c")
@click.argument("key", metavar="KEY")
@pass_invocation
def info(invocation: Invocation, key: str) -> None:
    """Show the environment whose key is KEY, or begins like it: what it holds, and which deployments use it."""
    found = [row for row in _all(invocation) if row["key"].startswith((key, f"pack-{key}"))]
    if not found:
        raise NotFound(f"There is no environment {key!r}.", status=404, hint="ads environments ls lists them.")
    if len(found) > 1:
        raise InputError(f"{key!r} begins the keys of {len(found)} environments.", hint="Write more of it.")
    invocation.output.record(found[0], _COLUMNS)


@command(
    "build",
    example="""
        ads environments build churn@champion
        ads environments build --slug risk_v3
        ads environments build --requirements requirements.txt --python 3.11
    """,
)
@click.argument("model", metavar="[REF]", required=False)
@click.option("--slug", metavar="SLUG", help="A slug of the catalog of environments.")
@click.option(
    "--requirements",
    "file",
    metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Lines.",
)
@click.option("--python", "version", metavar="VERSION", help="The Python version for --requirements, such as 3.11.")
@pass_invocation
def build(invocation: Invocation, model: str | None, slug: str | None, file: Path | None, version: str | None) -> int:
    """Make the environment of a model, a slug or a file of requirements now, and show how far it is."""
    from ads.client import wait_for_work_request

    if sum(each is not None for each in (model, slug, file)) != 1:
        raise click.UsageError("Name a model, or --slug, or --requirements.")
    body: dict[str, Any] = {"slug": slug}
    if model is not None:
        body = {"modelId": find(invocation.service, MODEL, model)["id"]}
    elif file is not None:
        body = {"requirements": _lines(file), **({"pythonVersion": version} if version else {})}
    answer = invocation.service.request("POST", _PATH, json=body)
    work = answer.headers["opc-work-request-id"]
    wait_for_work_request(invocation.service, work, label="Environment", max_wait_time=-1, poll_interval=1.0)
    logs = invocation.service.request("GET", f"/20190101/workRequests/{work}/logs").json()
    ended = invocation.service.request("GET", f"/20190101/workRequests/{work}").json()
    for entry in logs[:-1]:
        invocation.output.talk(entry["message"])
    if ended["status"] != "SUCCEEDED":
        invocation.output.warn(logs[-1]["message"])
        return exit_codes.FAILED
    invocation.output.success(logs[-1]["message"])
    return exit_codes.OK


@command("catalog", example="ads environments catalog")
@pass_invocation
def catalog(invocation: Invocation) -> None:
    """List the slugs that are known: the operator's, and OCI's own, which need an entry of the operator to be used."""
    rows = list(invocation.service.list(f"{_PATH}/catalog", params={"limit": PAGE_SIZE}))
    invocation.output.table(rows, _SLUGS, id_key="slug")


@command("gc", example="ads environments gc --dry-run\nads environments gc --older-than 7d --yes")
@click.option("--dry-run", is_flag=True, help="Only show what would go.")
@age_option
@click.option("-y", "--yes", is_flag=True, help="Don't ask.")
@pass_invocation
def gc(invocation: Invocation, dry_run: bool, older_than: int, yes: bool) -> None:
    """Remove the environments that no deployment needs, and that were not used for a while."""
    collect(invocation, f"{_PATH}/gc", dry_run, older_than, yes)


def _all(invocation: Invocation) -> list[dict[str, Any]]:
    return list(invocation.service.list(_PATH, params={"limit": PAGE_SIZE}))


def _lines(file: Path) -> list[str]:
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]
