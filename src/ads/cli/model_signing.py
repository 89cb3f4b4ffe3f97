"""``ads models sign`` and ``ads models verify-signature``: who made an artifact, and that it is as they left it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ads.cli import references
from ads.cli.commands import command, pass_invocation
from ads.cli.invocation import Invocation
from ads.cli.references import MODEL
from ads.errors import InputError

__all__ = ["sign", "verify_signature"]


@command("sign", example="ads models sign churn/ --key release.key")
@click.argument("path", type=click.Path(path_type=Path), metavar="PATH")
@click.option(
    "--key",
    required=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Private key: an elliptic curve, PEM, not encrypted.",
)
@pass_invocation
def sign(invocation: Invocation, path: Path, key: Path) -> None:
    """Sign the artifact folder at PATH as it is now, and write the signature into it as model.sig.

    Do it last: whatever changes afterwards makes the signature wrong. Needs openads[signing]; the format is that of the
    OpenSSF (model-signing), so others can check it without OpenADS.
    """
    from ads.artifact import layout, model_signature

    if not path.is_dir():
        raise InputError(
            f"There is no artifact folder at {path}.", hint="Unpack an archive first: unzip FILE -d FOLDER"
        )
    layout.require_files(layout.list_files(path))
    target = model_signature.sign(path, key)
    if invocation.format == "json":
        invocation.output.json({"path": str(path), "signature": str(path / target.name)})
    else:
        invocation.output.text(str(path / target.name))
    invocation.output.success(f"{path} is signed.")
    invocation.output.hint(f"Register it: ads models create {shlex.quote(str(path))}")


@command(
    "verify-signature",
    example="""
        ads models verify-signature churn@champion --public-key release.pem
        ads models verify-signature churn/ --public-key keys/
    """,
)
@click.argument("what", metavar="PATH_OR_REF")
@click.option(
    "--public-key",
    "keys",
    required=True,
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Public key (PEM), or a folder of them; may be given again.",
)
@pass_invocation
def verify_signature(invocation: Invocation, what: str, keys: tuple[Path, ...]) -> None:
    """Tell whose signature an artifact carries: a folder, a zip file, or a registered model, which is fetched for it.

    What has a slash in it or ends in .zip is a path. Ends with status 1 when there is no signature, when none of the
    keys made it, or when a file was changed, added or removed since.
    """
    from ads.artifact import model_signature

    trusted = [key for each in keys for key in model_signature.trusted_keys_in(each)]
    with _folder(invocation, what) as folder:
        signer = model_signature.verify(folder, trusted)
    if invocation.format == "json":
        invocation.output.json({"artifact": what, "signer": str(signer)})
    else:
        invocation.output.text(str(signer))
    invocation.output.success(f"{what} is as the owner of {signer.name} signed it.")


@contextmanager
def _folder(invocation: Invocation, what: str) -> Iterator[Path]:
    """Yield the artifact as a folder, for as long as it is looked at."""
    import tempfile

    from ads.cli.artifact_files import local

    path = Path(what).expanduser()
    is_path = "/" in what or path.suffix.lower() == ".zip"
    if is_path:
        local(path)
    if is_path and path.is_dir():
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="openads-") as scratch:
        target = Path(scratch) / "artifact"
        if is_path:
            from ads.artifact.archive import extract

            extract(path, target)
        else:
            from ads.model.artifact_transfer import fetch_artifact

            model = references.find(invocation.service, MODEL, what)
            fetch_artifact(invocation.service, str(model["id"]), target)
        yield target
