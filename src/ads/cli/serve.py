"""``ads serve`` and ``ads stop``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from ads.cli import exit_codes
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.output import Output

if TYPE_CHECKING:
    from ads.home import Home, ServiceFile

__all__ = ["serve", "stop"]


@command(
    "serve",
    example="""
        ads serve
        ads serve --detach
        OPENADS_HOME=/srv/openads ads serve --host 0.0.0.0 --port 8900
        ads serve --engine ray --ray-address auto
    """,
)
@click.option("--host", metavar="ADDRESS", help="Address to listen on. Default: 127.0.0.1, this machine only.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="Port to listen on; 0 for any free one. Default: 8900.",
)
@click.option("--engine", metavar="NAME", help="What runs replicas: local (the default), nodes, ray, kubernetes.")
@click.option(
    "--ray-address", metavar="ADDRESS", help="The cluster of --engine ray: auto, its head's address, ray://…."
)
@click.option(
    "--role", metavar="ROLE", help="What of a cluster runs here: all (the default), control, gateway or node."
)
@click.option("-d", "--detach", is_flag=True, help="Start in the background, and return once it answers.")
@pass_invocation
def serve(
    invocation: Invocation,
    host: str | None,
    port: int | None,
    engine: str | None,
    ray_address: str | None,
    role: str | None,
    detach: bool,
) -> int:
    """Start the service: catalog, gateway and deployments. Ctrl-C, or ads stop, ends it and everything it started.

    Deployments that were active are served again. -q prints the address once the service answers.
    """
    from ads import service

    settings = invocation.load_settings(host=host, port=port, engine=engine, ray_address=ray_address, role=role)
    if not detach:
        status = service.serve(settings, on_ready=lambda found: _tell(invocation, found, "Ctrl-C"))
        invocation.output.talk("The service is stopped.")
        return status
    ran_before = service.find_running(invocation.home) is not None
    found = service.start_detached(settings)
    _tell(invocation, found, "ads stop")
    if port and found.url and not found.url.endswith(f":{port}"):
        reason = "it ran there before" if ran_before else f"port {port} is taken"
        invocation.output.warn(f"The service is not on port {port}: {reason}.")
    return exit_codes.OK


@command("stop", example="ads stop")
@pass_invocation
def stop(invocation: Invocation) -> int:
    """Stop the service on this machine and every process of it.

    Models and deployments stay; ads serve brings them back. Exit status 3 when no service runs.
    """
    from ads import service

    home = invocation.home
    if not service.stop(home):
        invocation.output.talk(f"No service runs for the data directory {home.root}.")
        return exit_codes.NOT_FOUND
    invocation.output.success("The service is stopped.")
    invocation.output.hint("Models and deployments are kept in " + str(home.root) + "; start again with: ads serve")
    return exit_codes.OK


def _tell(invocation: Invocation, found: ServiceFile, end: str) -> None:
    output = invocation.output
    if output.format == "json":
        output.json({"url": found.url, "pid": found.pid, "version": found.version, "home": str(invocation.home.root)})
    elif output.format == "quiet":
        output.text(found.url)
    else:
        _welcome(output, invocation.home, found)
        _tell_console(output, found)
        output.hint(f"Stop it: {end}")


def _welcome(output: Output, home: Home, found: ServiceFile) -> None:
    if not found.url:
        output.text(f"OpenADS {found.version} takes part in the cluster; gateways of it are the way to it")
        output.talk(f"  data directory  {home.root}")
        return
    output.text(f"OpenADS {found.version} answers at {found.url}")
    output.talk(f"  data directory  {home.root}")
    output.talk(f"  token           in {home.token_file}")
    output.talk("  Python          finds it by itself: model.save(), model.deploy()")
    output.talk(
        f'  HTTP            curl -H "Authorization: Bearer $(cat {home.token_file})" {found.url}/openads/v1/service'
    )
    output.talk("  OCI clients     ads config oci")


def _tell_console(output: Output, found: ServiceFile) -> None:
    """Say where the console is, by a link that logs in once. It is a word of talk: nothing fails without it."""
    if not found.url:
        return
    from ads.cli.open import login_link
    from ads.client import Service
    from ads.errors import AdsError

    try:
        link = login_link(Service(found.url, found.token))
    except AdsError:
        link = f"{found.url}/console/"
    output.talk(f"  console         {link}")
    output.talk("                  (logs in once, within 15 minutes; ads open makes another)")
