"""``ads deployments capture``: keep a sample of a deployment's requests, and fetch it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from ads.cli import references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.reference_argument import reference_argument
from ads.cli.references import DEPLOYMENT
from ads.errors import InputError

__all__ = ["capture"]

_OWN = "/openads/v1/deployments"


@command(
    "capture",
    example="""
        ads deployments capture churn --sample 0.01 --mask name
        ads deployments capture churn --download captured/
        ads deployments capture churn --off
    """,
)
@reference_argument(DEPLOYMENT)
@click.option("--sample", type=float, metavar="SHARE", help="Keep this share of the requests: above 0, up to 1.")
@click.option("--max-bytes", type=int, metavar="BYTES", help="What all files may have together; the oldest go.")
@click.option("--mask", multiple=True, metavar="COLUMN", help="Keep no values of this column; may be repeated.")
@click.option("--off", is_flag=True, help="Keep nothing more. What was kept stays.")
@click.option("--download", type=click.Path(file_okay=False, path_type=Path), metavar="DIR", help="Fetch the files.")
@click.option("--forget", is_flag=True, help="Remove what was kept.")
@pass_invocation
def capture(
    invocation: Invocation,
    reference: str,
    sample: float | None,
    max_bytes: int | None,
    mask: tuple[str, ...],
    off: bool,
    download: Path | None,
    forget: bool,
) -> None:
    """Show, begin or end the capture of the requests of the deployment REF, or fetch what was captured."""
    if sum((sample is not None, off, download is not None, forget)) > 1:
        raise InputError("--sample, --off, --download and --forget exclude each other.")
    if sample is None and (max_bytes is not None or mask):
        raise InputError("--max-bytes and --mask belong to --sample.")
    service = invocation.service
    path = f"{_OWN}/{references.find(service, DEPLOYMENT, reference)['id']}/capture"
    if download is not None:
        _download(invocation, path, download)
        return
    if forget:
        service.request("DELETE", f"{path}/files")
        invocation.output.talk("What was captured is removed.")
        return
    if sample is not None:
        body: dict[str, Any] = {"sample": sample, "maxBytes": max_bytes, "mask": list(mask)}
        sent = {name: value for name, value in body.items() if value is not None}
        found = service.request("PUT", path, json=sent).json()
    elif off:
        found = service.request("PUT", path, json={"enabled": False}).json()
    else:
        found = service.get_json(path)
    if invocation.format == "json":
        invocation.output.json(found)
    elif found["enabled"]:
        masked = f", without {', '.join(found['mask'])}" if found["mask"] else ""
        invocation.output.text(f"{found['sample']:.2%} of the requests{masked}, up to {found['maxBytes']} bytes")
    else:
        invocation.output.text("Nothing is captured.")


def _download(invocation: Invocation, path: str, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    fetched = 0
    for file in invocation.service.list(f"{path}/files"):
        target = folder / Path(file["name"]).name
        if target.exists() and target.stat().st_size == file["bytes"]:
            continue
        with invocation.service.stream("GET", f"{path}/files/{file['name']}", repeatable=True) as response:
            partial = target.with_name(f".{target.name}")
            with partial.open("wb") as out:
                for piece in response.iter_bytes():
                    out.write(piece)
            partial.replace(target)
        fetched += 1
    invocation.output.talk(f"{fetched} new files in {folder}.")
