"""``ads keys``: the public keys with which requests are signed, as oci and oracle-ads do it."""

from __future__ import annotations

from pathlib import Path

import click

from ads.cli import people
from ads.cli.commands import LazyCommand, LazyGroup, command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.moments import ago
from ads.cli.output import Column
from ads.cli.references import PAGE_SIZE
from ads.errors import InputError

__all__ = ["add", "keys", "ls", "remove"]

_KEYS = "/openads/v1/keys"
_LONGEST = 10_000

keys = LazyGroup(
    "keys",
    sections={
        "Commands": {
            "ls": LazyCommand("ads.cli.keys:ls", "List the keys whose signatures are accepted."),
            "add": LazyCommand("ads.cli.keys:add", "Accept the signatures of a key from now on."),
            "remove": LazyCommand("ads.cli.keys:remove", "Refuse the signatures of a key from now on."),
        }
    },
    example="""
        ads keys add ~/.oci/oci_api_key_public.pem
        ads keys ls
        ads config oci                                 # a new key and a profile for oci in one step
    """,
    help="List, add and remove public keys.",
)

_COLUMNS = (
    Column("FINGERPRINT", lambda row: row.get("fingerprint")),
    Column("CREATED", lambda row: row.get("timeCreated"), ago),
)


@command("ls", example="ads keys ls\nads keys ls --user ada")
@click.option("--user", metavar="USER", help="Those of another user.")
@pass_invocation
def ls(invocation: Invocation, user: str | None) -> None:
    """List your keys, or those of another user."""
    owner = people.own_or(invocation.service, user)
    rows = invocation.service.list(_KEYS, params={"limit": PAGE_SIZE, "userId": owner})
    invocation.output.table(rows, _COLUMNS, id_key="fingerprint")


@command("add", example="ads keys add public.pem\nads keys add public.pem --user ada")
@click.argument("file", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--user", metavar="USER", help="A key of another user.")
@pass_invocation
def add(invocation: Invocation, file: Path, user: str | None) -> None:
    """Accept what is signed with the private half of the RSA public key in FILE (PEM)."""
    pem = file.read_text(encoding="ascii", errors="replace")[: _LONGEST + 1]
    if "PRIVATE KEY" in pem:
        raise InputError(
            f"{file} holds a private key, which must not leave its machine.",
            hint=f"Write its public half: openssl rsa -in {file} -pubout -out public.pem",
        )
    body = {"publicKey": pem}
    if user is not None:
        body["userId"] = people.user_id(invocation.service, user)
    made = invocation.service.request("POST", _KEYS, json=body).json()
    invocation.output.success(f"The key {made['fingerprint']} is accepted.")
    if invocation.format == "human":
        invocation.output.text(f"{made['tenancy']}/{made['user']}/{made['fingerprint']}")
    else:
        invocation.output.record(made, _COLUMNS, id_key="fingerprint")


@command("remove", example="ads keys remove bb:93:90:86:f4:a8:6c:e0:7a:f5:c4:6b:10:a9:86:10")
@click.argument("fingerprint", metavar="FINGERPRINT")
@click.option("--user", metavar="USER", help="A key of another user.")
@pass_invocation
def remove(invocation: Invocation, fingerprint: str, user: str | None) -> None:
    """Refuse what is signed with this key from now on."""
    owner = people.own_or(invocation.service, user)
    invocation.service.request("DELETE", f"{_KEYS}/{fingerprint}", params={"userId": owner})
    invocation.output.success(f"The key {fingerprint} is refused from now on.")
    if invocation.format != "human":
        invocation.output.record({"fingerprint": fingerprint}, _COLUMNS, id_key="fingerprint")
