"""The signature of an artifact in the form of the OpenSSF model signing specification: ``model.sig`` beside its files.

It covers every file that is packed, and nothing else. Signing and verifying need the package ``model-signing``
(``pip install 'openads[signing]'``); nothing of it is imported before.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ads.artifact import layout
from ads.errors import ArtifactError, InputError, SignatureMissing, SignatureWrong

__all__ = ["is_signed", "sign", "trusted_keys_in", "verify"]


def is_signed(folder: Path | str) -> bool:
    """Tell whether the artifact in ``folder`` carries a signature, valid or not."""
    return (Path(folder) / layout.SIGNATURE).is_file()


def sign(folder: Path | str, private_key: Path | str) -> Path:
    """Sign the artifact in ``folder`` with an elliptic curve key (PEM, not encrypted); return the signature's file.

    Sign at the end: whatever changes after it makes the signature wrong. Raises
    :class:`~ads.errors.InputError` for a key that can't be used or without the package that signs.
    """
    folder, key = Path(folder).absolute(), Path(private_key).expanduser()
    if not key.is_file():
        raise InputError(f"There is no key at {key}.", hint="Make one: openssl ecparam -name prime256v1 -genkey -noout")
    target = folder / layout.SIGNATURE
    target.unlink(missing_ok=True)
    files = layout.list_files(folder)
    signing, hashing = _package("signing"), _package("hashing")
    try:
        signer = signing.Config().use_elliptic_key_signer(private_key=key)
        signer.set_hashing_config(_only(hashing, folder, files)).sign(folder, target)
    except (ValueError, TypeError, AttributeError) as error:  # the last for keys that have no curve
        raise InputError(
            f"The artifact can't be signed with {key}: {error}.", hint="Use an unencrypted EC key in PEM form."
        ) from error
    return target


def verify(folder: Path | str, public_keys: Iterable[Path | str]) -> Path:
    """Return which of the keys (PEM files) signed the artifact in ``folder`` as it is now.

    Raises :class:`~ads.errors.SignatureMissing` without a signature, :class:`~ads.errors.SignatureWrong` when none of
    the keys made it or a file was changed, added or removed since; :class:`~ads.errors.InputError` without the package.
    """
    folder = Path(folder).absolute()  # the package compares what it leaves out by absolute paths
    target = folder / layout.SIGNATURE
    if not target.is_file():
        raise SignatureMissing("The artifact carries no signature.", hint="Sign it: model.save(signing_key=…)")
    verifying, hashing = _package("verifying"), _package("hashing")
    files = [name for name in layout.list_files(folder) if name != layout.SIGNATURE]

    def reason(key: Path | str) -> str:
        """Return what speaks against the key, nothing when it made the signature."""
        try:
            verifier = verifying.Config().use_elliptic_key_verifier(public_key=key)
            verifier.set_hashing_config(_only(hashing, folder, files)).verify(folder, target)
        except Exception as error:  # noqa: BLE001 - the package raises what a hostile signature makes it stumble over
            return " ".join(str(error).split())[:200] or type(error).__name__
        return ""

    reasons: list[str] = []
    for key in public_keys:
        reasons.append(reason(key))
        if not reasons[-1]:
            return Path(key)
    raise SignatureWrong(
        f"The artifact's signature is not that of a trusted key for these files: {'; '.join(reasons) or 'no keys'}.",
        hint="Sign the artifact again as it is now, or add the signer's public key to trusted_keys.",
    )


def trusted_keys_in(path: Path | str) -> list[Path]:
    """Return the public keys that a file or a folder of ``.pem`` and ``.pub`` files holds, sorted by name.

    Raises :class:`~ads.errors.ArtifactError` when there are none: nothing could be deployed then.
    """
    path = Path(path).expanduser()
    found = sorted(p for p in path.iterdir() if p.suffix in {".pem", ".pub"}) if path.is_dir() else [path]
    if not found or not all(key.is_file() for key in found):
        raise ArtifactError(f"trusted_keys names {path}, where there is no public key.", hint="Put PEM files there.")
    return found


def _package(module: str) -> Any:
    try:
        return importlib.import_module(f"model_signing.{module}")
    except ImportError as error:
        raise InputError(
            f"Signatures need the package model-signing, which can't be imported: {error}.",
            hint="pip install 'openads[signing]'",
        ) from error


def _only(hashing: Any, folder: Path, files: list[str]) -> Any:
    """Return how to hash the folder as it is packed: what no archive carries is none of the signature's business."""
    wanted = set(files)
    others = [
        path for path in folder.rglob("*") if path.is_file() and path.relative_to(folder).as_posix() not in wanted
    ]
    return hashing.Config().set_ignored_paths(paths=others, ignore_git_paths=False)
