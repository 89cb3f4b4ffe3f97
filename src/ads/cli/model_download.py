"""``ads models download``."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from ads.cli import references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.moments import size
from ads.cli.reference_argument import reference_argument
from ads.cli.references import MODEL
from ads.errors import InputError

__all__ = ["download"]


@command(
    "download",
    example="""
        ads models download churn@champion
        ads models download churn:3 folder/
        ads models download churn:3 churn-3.zip
    """,
)
@reference_argument(MODEL)
@click.argument("target", type=click.Path(path_type=Path), required=False, metavar="[TARGET]")
@click.option("--force", is_flag=True, help="Replace what is there.")
@pass_invocation
def download(invocation: Invocation, reference: str, target: Path | None, force: bool) -> None:
    """Write the artifact of the model REF to TARGET: a folder, or a file that ends in .zip. Prints where it is.

    Default: a folder of the model's name here. Every byte is checked against the service's digest, and every file
    against the artifact's manifest; what fails leaves nothing behind, and an existing folder stays as it was.
    """
    model = references.find(invocation.service, MODEL, reference)
    wanted = (target or Path(_file_name(str(model["displayName"])))).expanduser().absolute()
    if wanted.suffix.lower() == ".zip":
        count = _as_archive(invocation, str(model["id"]), wanted, force=force)
        shown = f"{size(count)}, one archive"
    else:
        files = _as_folder(invocation, str(model["id"]), wanted, force=force)
        shown = f"{files} files"
    if invocation.format == "json":
        invocation.output.json({"id": model["id"], "path": str(wanted)})
    else:
        invocation.output.text(str(wanted))
    invocation.output.success(f"Model {model['displayName']!r} is here: {shown}, verified.")
    invocation.output.hint(f"Try it: ads verify {shlex.quote(str(target or wanted.name))}")


def _file_name(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in "-_. " else "-" for c in name).strip(". ")
    return kept or "model"


def _as_folder(invocation: Invocation, model_id: str, target: Path, *, force: bool) -> int:
    from ads.model.artifact_transfer import fetch_artifact

    if target.is_file():
        raise InputError(f"{target} is a file, not a folder.", hint="Name a folder, or a file that ends in .zip.")
    if target.is_dir() and any(target.iterdir()) and not force:
        raise InputError(f"The folder {target} is not empty.", hint="Give --force to replace it, or another folder.")
    fetch_artifact(invocation.service, model_id, target)
    return sum(1 for path in target.rglob("*") if path.is_file())


def _as_archive(invocation: Invocation, model_id: str, target: Path, *, force: bool) -> int:
    """Write the archive next to the target first, check it, then put it in place."""
    import tempfile

    from ads.artifact.archive import check_zip

    if target.exists() and not force:
        raise InputError(f"{target} exists.", hint="Give --force to replace it, or another name.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".openads-", dir=target.parent) as scratch:
        archive = Path(scratch) / target.name
        invocation.service.download_artifact(model_id, archive)
        check_zip(archive)
        archive.replace(target)
    return target.stat().st_size
