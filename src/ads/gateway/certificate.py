"""The certificate of the listener: loaded at the start, loaded again when its files change."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

from ads.errors import SettingError

__all__ = ["Certificate"]

logger = logging.getLogger(__name__)

_Stamp = tuple[tuple[int, int, int], ...]


class Certificate:
    """``context`` is for the listening socket: TLS 1.2 or newer, HTTP/1.1."""

    def __init__(self, certificate: str, key: str = "") -> None:
        """Load the files. Raises SettingError when they can't be used."""
        self._files = [Path(certificate), *([Path(key)] if key else [])]
        self._key = key or None
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.minimum_version = ssl.TLSVersion.TLSv1_2
        self.context.options |= ssl.OP_NO_RENEGOTIATION
        self.context.set_alpn_protocols(["http/1.1"])
        try:
            self._stamp = self._look()
            self._load()
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            raise SettingError(
                f"The certificate {certificate} can't be used: {error}.",
                hint="tls_certificate and tls_key must be readable PEM files that belong together.",
            ) from error

    def refresh(self) -> None:
        """Load the files again if they changed; connections from now on see the new certificate."""
        try:
            stamp = self._look()
            if stamp == self._stamp:
                return
            self._stamp = stamp
            self._load()
        except (OSError, ValueError) as error:
            logger.error("the new certificate can't be used, the last good one stays in force: %s", error)  # noqa: TRY400

    def _load(self) -> None:
        self.context.load_cert_chain(self._files[0], self._key, password=_no_password)

    def _look(self) -> _Stamp:
        stats = [path.stat() for path in self._files]
        return tuple((stat.st_mtime_ns, stat.st_size, stat.st_ino) for stat in stats)


def _no_password() -> str:
    raise ValueError("the key is encrypted")
