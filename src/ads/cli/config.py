"""``ads config``: what is set, and how other clients reach this service."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.output import Column

__all__ = ["config", "oci", "show"]

config = LazyGroup(
    "config",
    sections={
        "Commands": {
            "show": LazyCommand("ads.cli.config:show", "Show each setting, its value, and where it comes from."),
            "oci": LazyCommand("ads.cli.config:oci", "Let oci, oci-cli and oracle-ads talk to this service."),
        }
    },
    example="""
        ads config show
        ads config oci
    """,
    help="Show the settings; point oci, oci-cli and oracle-ads at this service.",
)

COLUMNS = (
    Column("SETTING", lambda row: row["name"]),
    Column("VALUE", lambda row: row["value"], foldable=True),
    Column("FROM", lambda row: row["source"], foldable=True),
)


@command("show", example="ads config show\nads config show --format json")
@pass_invocation
def show(invocation: Invocation) -> None:
    """Show each setting, its value, and where it comes from. Secrets are masked."""
    from ads.settings import ENVIRONMENT_PREFIX, setting_names

    settings = invocation.settings
    rows: list[dict[str, Any]] = []
    for name in setting_names():
        source = settings.sources.get(name, "default")
        if source == "environment":
            source = f"environment ({ENVIRONMENT_PREFIX}{name.upper()})"
        value = getattr(settings, name)
        rows.append(
            {"name": name, "value": masked(name, str(value) if isinstance(value, Path) else value), "source": source}
        )
    invocation.output.table(rows, COLUMNS, id_key="name")


def masked(name: str, value: Any) -> Any:
    """Return ``value`` without the secret that it is or holds."""
    if name in {"token", "cluster_key"}:
        return "********" if value else ""
    if name in ("database_url", "url"):
        return re.sub(r"(://[^:/@]*):[^@/]*@", r"\1:********@", value)
    return value


@command(
    "oci",
    example="""
        ads config oci
        ads config oci --file ~/.oci/config --profile OPENADS
    """,
)
@click.option(
    "--file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="OCI configuration file to write to. Default: oci/config in the data directory.",
)
@click.option(
    "--profile", default="DEFAULT", show_default=True, metavar="NAME", help="Name of the profile in that file."
)
@click.option("--overwrite", is_flag=True, help="Replace the profile even if it belongs to something else.")
@pass_invocation
def oci(invocation: Invocation, file: Path | None, profile: str, overwrite: bool) -> None:
    """Let oci, oci-cli and oracle-ads talk to this service: a key pair, a profile, and what to set.

    Makes an RSA key pair in the data directory (once), registers its public half at the service, and writes a profile.
    ~/.oci/config is touched only if you name it. -q prints the profile's file.
    """
    from ads.cli import oci_profile
    from ads.cli.oci_snippets import snippets

    folder = invocation.home.root / "oci"
    target = file.expanduser() if file else folder / "config"
    oci_profile.require_writable(target, profile, folder, overwrite=overwrite)
    key_file, public_key, is_new = oci_profile.key_pair(folder)
    registered = oci_profile.register(invocation.service, public_key)
    service = invocation.service
    written = oci_profile.write(target, profile, registered, key_file, service.url)
    facts = {
        "file": str(written),
        "profile": profile,
        "endpoint": service.url,
        "keyFile": str(key_file),
        "compartmentId": service.compartment_id,
        "projectId": service.project_id,
        **registered,
    }
    output = invocation.output
    if output.format == "json":
        output.json(facts)
        return
    if output.format == "quiet":
        output.text(str(written))
        return
    output.success(f"{'Made' if is_new else 'Kept'} the key pair {key_file}")
    output.success(f"Wrote the profile [{profile}] of {written} for {service.url}")
    output.talk()
    output.text(snippets(facts))
