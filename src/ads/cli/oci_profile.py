"""The key pair and the OCI configuration profile with which OCI's own clients reach a service."""

from __future__ import annotations

import configparser
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads.errors import Conflict, InputError
from ads.home import write_private

if TYPE_CHECKING:
    from ads.client import Service

__all__ = ["key_pair", "register", "require_writable", "with_profile", "write"]

_KEY_NAME = "oci_api_key.pem"
_KEY_BITS = 2048  # what OCI's own console makes


def key_pair(folder: Path) -> tuple[Path, str, bool]:
    """Return the private key's file (mode 600), the public key (PEM), and whether they were made just now.

    Raises :class:`~ads.errors.InputError` when the file there holds no key.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / _KEY_NAME
    is_new = not file.exists()
    if is_new:
        made = rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
        pem = made.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        write_private(file, pem)
    file.chmod(0o600)
    try:
        private = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{file} holds no usable private key: {error}.", hint="Move it away; the next run makes a new one."
        ) from error
    public = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return file.absolute(), public.decode(), is_new


def register(service: Service, public_key: str) -> dict[str, str]:
    """Register the key for the caller's user (once) and return tenancy, user, fingerprint and region."""
    answer: Mapping[str, Any] = service.request("POST", "/openads/v1/keys", json={"publicKey": public_key}).json()
    return {name: str(answer[name]) for name in ("tenancy", "user", "fingerprint", "region")}


def require_writable(file: Path, profile: str, folder: Path, *, overwrite: bool) -> None:
    """Raise :class:`~ads.errors.Conflict` if the profile exists with a key from elsewhere, unless ``overwrite``."""
    if not profile or any(c in profile for c in "[]\r\n"):
        raise InputError(f"{profile!r} can't be the name of a profile.", hint="Use letters and digits, like OPENADS.")
    section = _section(file, profile)
    if section is None or overwrite:
        return
    key_file = section.get("key_file", "")
    if not key_file or Path(key_file).expanduser().absolute().parent != folder.absolute():
        raise Conflict(
            f"{file} already has a profile [{profile}] with another key, which may be your access to OCI.",
            hint="Give another name with --profile OPENADS, or replace it with --overwrite.",
        )


def write(file: Path, profile: str, registered: Mapping[str, str], key_file: Path, endpoint: str) -> Path:
    """Write the profile into ``file`` (mode 600), leave all else in it as it is, and return the file's full path.

    ``endpoint`` tells our own SDK whose profile it is; OCI's clients don't look at it.
    """
    target = file.absolute().resolve()
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    existing = target.read_text(encoding="utf-8") if target.exists() else ""
    entries = {
        "user": registered["user"],
        "fingerprint": registered["fingerprint"],
        "tenancy": registered["tenancy"],
        "region": registered["region"],
        "key_file": str(key_file),
        "endpoint": endpoint,
    }
    write_private(target, with_profile(existing, profile, entries).encode())
    return target


def with_profile(text: str, profile: str, entries: Mapping[str, str]) -> str:
    """Return the text of a configuration file with the profile replaced, or added at its end."""
    wanted = [f"[{profile}]", *(f"{key}={value}" for key, value in entries.items())]
    kept: list[str] = []
    place: int | None = None
    inside = False
    for line in text.splitlines():
        if line.strip().startswith("["):
            inside = line.strip() == f"[{profile}]"
            if inside and place is None:
                place = len(kept)
        if not inside or line.strip().startswith(("#", ";")):
            kept.append(line)
    if place is None:
        separator = [""] if kept and kept[-1].strip() else []
        return "\n".join([*kept, *separator, *wanted]) + "\n"
    rest = kept[place:]
    separator = [""] if rest and rest[0].strip() else []
    return "\n".join([*kept[:place], *wanted, *separator, *rest]) + "\n"


def _section(file: Path, profile: str) -> Mapping[str, str] | None:
    if not file.exists():
        return None
    if not os.access(file, os.R_OK | os.W_OK):
        raise PermissionError(13, "it can't be read and written", str(file))
    parser = configparser.RawConfigParser(default_section="")  # [DEFAULT] is a profile like any other here
    try:
        parser.read_string(file.read_text(encoding="utf-8"), str(file))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise InputError(
            f"{file} is not an OCI configuration file: {error}.", hint="Choose another file with --file."
        ) from error
    return parser[profile] if parser.has_section(profile) else None
