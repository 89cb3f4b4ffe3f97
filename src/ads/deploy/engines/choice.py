"""Which engine runs the replicas: the setting ``engine`` says so."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

from ads.deploy.engines.base import Engine
from ads.errors import SettingError
from ads.home import Home
from ads.registry.database import Database
from ads.registry.tables import Default
from ads.settings import Settings

__all__ = ["ENGINES", "engine_for"]

_URL = "OPENADS_SERVICE_URL"
_Make = Callable[[Settings, Home, Database, Sequence[str], str], Engine]


def _local(settings: Settings, home: Home, _database: Database, devices: Sequence[str], advertise: str) -> Engine:
    from ads.deploy.engines.local import LocalEngine, bindable

    listen = bindable(advertise) if advertise else ""
    return LocalEngine(home, devices=devices, settings=settings, listen=listen, advertise=advertise)


def _nodes(settings: Settings, home: Home, database: Database, _devices: Sequence[str], _advertise: str) -> Engine:
    from ads.deploy.engines.nodes import NodesEngine

    if not settings.cluster_key:
        raise SettingError(
            "The engine 'nodes' needs a cluster, and this service is no member of one.",
            hint="Set cluster_key, database_url and artifact_store, and start nodes with: ads serve --role node",
        )
    return NodesEngine(home, settings, database)


def _ray(settings: Settings, home: Home, database: Database, _devices: Sequence[str], _advertise: str) -> Engine:
    from ads.deploy.engines.ray import RayEngine

    return RayEngine(home, settings, _default(database, "tenancy_id"))


def _kubernetes(settings: Settings, home: Home, database: Database, _devices: Sequence[str], _advertise: str) -> Engine:
    from ads.deploy.engines.kubernetes import KubernetesEngine

    return KubernetesEngine(home, settings, _default(database, "page_secret"), os.environ.get(_URL, ""))


def _default(database: Database, name: str) -> str:
    """Return what was decided at the first start. It is only read: the engine is made before this member leads."""
    with database.read() as session:
        return session.get_one(Default, name).value


ENGINES: Mapping[str, _Make] = {"local": _local, "nodes": _nodes, "ray": _ray, "kubernetes": _kubernetes}
"""What makes the engine of each name."""


def engine_for(
    settings: Settings, home: Home, database: Database, devices: Sequence[str], advertise: str = ""
) -> Engine:
    """Return the engine that the settings name. ``devices`` are the GPUs of this machine that replicas may use.

    ``advertise`` is what other machines call this one, where their gateways ask its replicas as well.

    Raises SettingError for an unknown name, and for what an engine lacks.
    """
    make = ENGINES.get(settings.engine)
    if make is None:
        raise SettingError(
            f"The setting 'engine' is {settings.engine!r}, which is no engine.", hint=f"One of {', '.join(ENGINES)}."
        )
    return make(settings, home, database, devices, advertise)
