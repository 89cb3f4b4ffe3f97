"""Where the API of a Kubernetes cluster is, and as whom it is asked: inside a pod, or by a kubeconfig file."""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import ssl
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ads.errors import SettingError

__all__ = ["Access", "access_of"]

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_HINT = "Name a kubeconfig file with the setting kubernetes_config, or run the service in a pod of the cluster."


@dataclass(frozen=True)
class Access:
    """How to reach one cluster. ``token_file`` is read again for each request: clusters renew what is in it."""

    server: str
    namespace: str
    tls: ssl.SSLContext | None
    token: str = ""
    token_file: Path | None = None
    proxied: bool = False

    def headers(self) -> dict[str, str]:
        """Return the headers that say who asks. Raises SettingError when the token's file can't be read."""
        token = self.token
        if self.token_file is not None:
            try:
                token = self.token_file.read_text("utf-8").strip()
            except OSError as error:
                raise SettingError(
                    f"The token for the cluster can't be read: {self.token_file}: {error.strerror}.", hint=_HINT
                ) from error
        return {"authorization": f"Bearer {token}"} if token else {}


def access_of(config: str, namespace: str, variables: Mapping[str, str], account: Path = _ACCOUNT) -> Access:
    """Return the access that a setting names: a kubeconfig file, else the pod's own, else the user's kubeconfig.

    ``namespace`` wins over what those say. Raises SettingError that says what is missing.
    """
    if not config and variables.get("KUBERNETES_SERVICE_HOST") and (account / "token").exists():
        return _in_cluster(namespace, variables, account)
    path = Path(config or variables.get("KUBECONFIG") or "~/.kube/config").expanduser()
    try:
        return _Kubeconfig(path).access(namespace)
    except OSError as error:
        raise SettingError(f"The kubeconfig {path} can't be read: {error.strerror or error}.", hint=_HINT) from error
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise SettingError(f"The kubeconfig {path} can't be used: {error}.", hint=_HINT) from error


def _in_cluster(namespace: str, variables: Mapping[str, str], account: Path) -> Access:
    host = variables["KUBERNETES_SERVICE_HOST"]
    host = f"[{host}]" if ":" in host else host
    try:
        tls = ssl.create_default_context(cafile=str(account / "ca.crt"))
        own = (account / "namespace").read_text("utf-8").strip()
    except OSError as error:
        raise SettingError(f"The pod's service account can't be read: {error}.", hint=_HINT) from error
    server = f"https://{host}:{variables.get('KUBERNETES_SERVICE_PORT', '443')}"
    return Access(server, namespace or own, tls, token_file=account / "token")


class _Kubeconfig:
    """One kubeconfig file, read as kubectl does for its current context."""

    def __init__(self, path: Path) -> None:
        import yaml

        self._folder = path.absolute().parent
        try:
            self._content = yaml.safe_load(path.read_text("utf-8"))
        except yaml.YAMLError as error:
            raise ValueError(f"it is no YAML: {error}") from None
        if not isinstance(self._content, dict):
            raise TypeError("it holds no contexts")

    def access(self, namespace: str) -> Access:
        current = self._content.get("current-context") or ""
        context = self._named("contexts", current, "context")
        cluster = self._named("clusters", context.get("cluster", ""), "cluster")
        user = self._named("users", context.get("user", ""), "user")
        if "exec" in user or "auth-provider" in user:
            raise ValueError("its user logs in by another program, which is not supported; use a token")
        server = str(cluster["server"]).rstrip("/")
        token_file = self._folder / user["tokenFile"] if user.get("tokenFile") else None
        return Access(
            server=server,
            namespace=namespace or str(context.get("namespace") or "default"),
            tls=self._tls(cluster, user) if server.startswith("https:") else None,
            token=str(user.get("token") or ""),
            token_file=token_file,
            proxied=True,
        )

    def _named(self, section: str, name: str, key: str) -> dict[str, Any]:
        for entry in self._content.get(section) or ():
            if entry.get("name") == name:
                found: dict[str, Any] = entry.get(key) or {}
                return found
        raise ValueError(f"it has no {key} {name!r}")

    def _tls(self, cluster: Mapping[str, Any], user: Mapping[str, Any]) -> ssl.SSLContext:
        authority = self._bytes(cluster, "certificate-authority")
        tls = ssl.create_default_context(cadata=authority.decode("ascii") if authority else None)
        if cluster.get("insecure-skip-tls-verify") is True:
            tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
        certificate, key = self._bytes(user, "client-certificate"), self._bytes(user, "client-key")
        if certificate and key:
            with _private_file(certificate) as chain, _private_file(key) as secret:
                tls.load_cert_chain(chain, secret)
        return tls

    def _bytes(self, entry: Mapping[str, Any], name: str) -> bytes:
        if entry.get(f"{name}-data"):
            return base64.b64decode(entry[f"{name}-data"], validate=True)
        return (self._folder / entry[name]).read_bytes() if entry.get(name) else b""


@contextlib.contextmanager
def _private_file(content: bytes) -> Iterator[str]:
    """Yield the path of a file that only this user may read, for as long as the block lasts."""
    descriptor, path = tempfile.mkstemp(prefix="openads-")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        yield path
    finally:
        Path(path).unlink()
