"""One Settings object for everything that can be configured, and where each value came from.

A value is looked up in this order: argument, environment variable (``OPENADS_<NAME>``), project file
(``[tool.openads]`` in the nearest ``pyproject.toml``), user file (``openads.toml`` in the platform's configuration
folder), default. An unknown key in a file is an error that names the nearest known key.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any

from ads.errors import SettingError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__all__ = ["Settings", "load_settings"]

ENVIRONMENT_PREFIX = "OPENADS_"


def _default_home() -> Path:
    from platformdirs import user_data_path

    return user_data_path("openads", appauthor=False)


@dataclass(frozen=True)
class Settings:
    """Every setting with its default. Times are in seconds, sizes in bytes."""

    home: Path = field(default_factory=_default_home)
    """The data directory: database, artifacts, environments, logs, the service file."""
    url: str = ""
    """Address of a running service. Empty: the one on this machine, started if need be. ``oci``: OCI itself."""
    token: str = ""
    """Bearer token for ``url``."""
    host: str = "127.0.0.1"
    """Address that the gateway listens on. Anything but loopback is the operator's explicit choice."""
    port: int = 8900
    """Port that the gateway listens on. 0: any free port."""
    compartment_id: str = ""
    """Compartment for new models and deployments. Empty: the service's default."""
    project_id: str = ""
    """Project for new models and deployments. Empty: the service's default."""
    database_url: str = ""
    """SQLAlchemy URL of the catalog. Empty: SQLite in ``home``."""
    artifact_store: str = ""
    """Where artifacts and objects are kept: an address for fsspec (``s3://bucket/prefix``). Empty: in ``home``."""
    artifact_cache_bytes: int = 10 * 1024**3
    """How much of a remote artifact store is kept on this machine for reading again."""
    reference_urls: str = ""
    """Beginnings of ``s3://`` addresses from which models by reference may be read, separated by commas."""
    predict_timeout: float = 60.0
    """Longest time for one prediction; the replica that exceeds it is replaced."""
    max_body_bytes: int = 10 * 1024 * 1024
    """Largest body of a prediction request."""
    max_artifact_bytes: int = 400 * 1024**3
    """Largest artifact, packed and unpacked."""
    start_timeout: float = 600.0
    """Longest time for a replica from its start to ready."""
    environment_timeout: float = 1800.0
    """Longest time for building a model's environment."""
    gpus: str = ""
    """GPUs that replicas are spread over, as ``CUDA_VISIBLE_DEVICES`` names them. Empty: those that are found."""
    replica_uids: str = "60600-61099"
    """User numbers of which each replica gets one of its own, where the service runs as root. Empty: none."""
    replica_network: bool = True
    """Whether replicas may use the network. False needs a service that runs as root."""
    replica_processes: int = 300
    """Most processes and threads of a replica that has a user of its own."""
    replica_file_bytes: int = 10 * 1024**3
    """Largest file that a replica may write."""
    replica_templates: bool = True
    """Whether replicas are forked from a process that has imported their libraries, where that is safe."""
    wheels: str = ""
    """Folder of wheels from which models' environments are built, without any package index. Empty: the index."""
    environment_catalog: str = ""
    """File (YAML or JSON) that says what slugs of environments stand for. Empty: only OCI's own names are known."""
    pack_urls: str = ""
    """Folders and beginnings of addresses from which artifacts may name conda packs, separated by commas."""
    enforce_bandwidth: bool = True
    """Whether a deployment's ``bandwidthMbps`` is enforced."""
    rate_limit: float = 0.0
    """Predictions per second that a deployment answers, beyond that 429. 0: no limit."""
    rate_limit_per_token: float = 0.0
    """Predictions per second that one caller may ask for, over all deployments. 0: no limit."""
    log_max_bytes: int = 64 * 1024 * 1024
    """Size at which a log is put aside for a new one; what was put aside before goes."""
    log_max_age: float = 7 * 86400.0
    """Age at which a log is put aside, and at which what was put aside goes."""
    allowed_hosts: str = ""
    """Names under which the service may be reached, beside ``host``, addresses and ``localhost``; comma-separated."""
    tls_certificate: str = ""
    """File with the certificate chain (PEM) for HTTPS. Empty: HTTP."""
    tls_key: str = ""
    """File with the private key of ``tls_certificate`` (PEM). Empty: it is in the certificate's file."""
    trusted_keys: str = ""
    """Public keys (a PEM file, or a folder of them): only what one of them signed is deployed. Empty: everything is."""
    webhooks_allow_private: bool = False
    """Whether webhooks may be at loopback, private and link-local addresses."""
    role: str = "all"
    """What of the service runs here: ``all``, ``control``, ``gateway`` or ``node``. See :mod:`ads.cluster`."""
    cluster_key: str = ""
    """The secret that all members of a cluster share, at least 32 characters. Empty: this machine is no member."""
    advertise: str = ""
    """Name or address under which other members reach this machine. Empty: its first address, or loopback."""
    control_port: int = 0
    """Port at ``advertise`` on which a member's control plane takes requests from gateways. 0: any free port."""
    engine: str = "local"
    """What runs replicas: ``local`` (processes of this machine) or another one of :mod:`ads.deploy.engines.choice`."""
    ray_address: str = ""
    """The cluster of the engine ``ray``: ``auto``, an address of its head, ``ray://…``. Empty: ``auto``."""
    kubernetes_config: str = ""
    """Kubeconfig file of the cluster for the engine ``kubernetes``. Empty: the pod's account, or the user's file."""
    kubernetes_namespace: str = ""
    """Namespace that replicas' pods are in. Empty: the pod's own, or the kubeconfig's."""
    kubernetes_image: str = ""
    """Image of this service, which replicas' pods run."""
    kubernetes_service_url: str = ""
    """Address under which replicas' pods fetch models from this service. Empty: the one that it listens on."""
    kubernetes_pod: str = ""
    """File (YAML) with what holds for all replicas' pods: ``nodeSelector``, ``tolerations``, ``imagePullSecrets``, …"""
    no_progress: bool = False
    """Whether bars and checklists are left out."""
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """For each name set by somebody: ``argument``, ``environment`` or the file's path."""


_TYPES: dict[str, type] = {
    "home": Path,
    "port": int,
    "control_port": int,
    "predict_timeout": float,
    "max_body_bytes": int,
    "max_artifact_bytes": int,
    "artifact_cache_bytes": int,
    "start_timeout": float,
    "environment_timeout": float,
    "replica_network": bool,
    "replica_templates": bool,
    "replica_processes": int,
    "replica_file_bytes": int,
    "enforce_bandwidth": bool,
    "webhooks_allow_private": bool,
    "no_progress": bool,
    "log_max_bytes": int,
    "log_max_age": float,
    "rate_limit": float,
    "rate_limit_per_token": float,
}


def setting_names() -> list[str]:
    """Return the names of all settings, in the order of their declaration."""
    return [f.name for f in fields(Settings) if f.name != "sources"]


def load_settings(start: Path | None = None, **arguments: Any) -> Settings:
    """Return the settings that hold for a program that runs in ``start`` (default: the current folder).

    ``None`` among ``arguments`` means "not given". Raises :class:`~ads.errors.SettingError` for an unknown key or a
    value of the wrong type, naming where it stands.
    """
    found: dict[str, tuple[Any, str]] = {}
    for path, table in _file_tables(start or Path.cwd()):
        for key, value in table.items():
            _require_known(key, str(path))
            found[key] = (value, str(path))
    for name in setting_names():
        variable = ENVIRONMENT_PREFIX + name.upper()
        if os.environ.get(variable):
            found[name] = (os.environ[variable], "environment")
    for name, value in arguments.items():
        _require_known(name, "argument")
        if value is not None:
            found[name] = (value, "argument")
    values = {name: _convert(name, value, source) for name, (value, source) in found.items()}
    return Settings(**values, sources={name: source for name, (_, source) in found.items()})


def _file_tables(start: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Return user file, then project file: the later one wins."""
    from platformdirs import user_config_path

    tables: list[tuple[Path, dict[str, Any]]] = []
    user_file = user_config_path("openads", appauthor=False) / "openads.toml"
    if user_file.is_file():
        tables.append((user_file, _read_toml(user_file)))
    for folder in (start, *start.parents):
        project_file = folder / "pyproject.toml"
        if project_file.is_file():
            table = _read_toml(project_file).get("tool", {}).get("openads", {})
            if table:
                tables.append((project_file, table))
            break
    return tables


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingError(f"{path} is not valid TOML: {error}", hint="Correct the file, or remove it.") from error
    return table


def _require_known(key: str, source: str) -> None:
    names = setting_names()
    if key in names:
        return
    from difflib import get_close_matches

    near = get_close_matches(key, names, n=1)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known settings: {', '.join(names)}."
    raise SettingError(f"{source} sets {key!r}, which is not a setting.", hint=hint)


def _convert(name: str, value: Any, source: str) -> Any:
    wanted = _TYPES.get(name, str)
    try:
        read = _truth if wanted is bool else wanted
        converted = value if isinstance(value, wanted) else read(value)
    except (TypeError, ValueError) as error:
        raise SettingError(
            f"The setting {name!r} from {source} is {value!r}, not a valid {wanted.__name__}.",
            hint=f"Give {name} a {wanted.__name__} value, for example {_default_text(name)}.",
        ) from error
    return converted.expanduser() if isinstance(converted, Path) else converted


def _truth(value: Any) -> bool:
    """Return what an environment variable's text means: ``bool("false")`` would be True."""
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    text = str(value).strip().lower()
    if text not in words:
        raise ValueError(text)
    return words[text]


def _default_text(name: str) -> str:
    default = next(f.default for f in fields(Settings) if f.name == name)
    return "a folder" if default is MISSING else repr(default)
