"""The control plane as one application: routes, door, problems, and what runs beside the requests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import APIRouter, Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from ads import __version__
from ads.api import (
    aliases,
    archives,
    artifact,
    artifact_uploads,
    buckets,
    capture,
    compartments,
    console_links,
    deployments,
    environments,
    events,
    garbage,
    grants,
    keys,
    labelling,
    lineage,
    log_search,
    log_stream,
    logs,
    metadata_artifacts,
    metrics,
    model_search,
    model_states,
    models,
    multipart,
    object_copies,
    objects,
    openapi_route,
    preauthenticated,
    problems,
    projects,
    provenance,
    references,
    repository_v2,
    resource_search,
    rollouts,
    service,
    tokens,
    transfers,
    users,
    version_sets,
    webhooks,
    work_requests,
)
from ads.api.authentication import App, Door, Receive, Scope, Send
from ads.api.cluster_door import ClusterDoor
from ads.api.context import Context
from ads.api.dispatch import Dispatch
from ads.api.duties import Duties
from ads.api.lending import Lending
from ads.api.member import ControlMember
from ads.api.rules import authorize
from ads.console.application import Console
from ads.deploy.engines.base import Engine
from ads.deploy.environment_objects import stored_object
from ads.deploy.environment_orders import Builds
from ads.deploy.isolation import isolated_supplies
from ads.handover import LentConnections
from ads.registry.event_feed import News

__all__ = ["ROUTERS", "create_app"]

ROUTERS: tuple[APIRouter, ...] = (
    projects.router,
    artifact.router,
    artifact_uploads.router,
    archives.router,
    provenance.router,
    metadata_artifacts.router,
    models.router,
    version_sets.router,
    aliases.router,
    model_search.router,
    events.router,
    lineage.router,
    webhooks.router,
    labelling.router,
    deployments.router,
    rollouts.router,
    metrics.router,
    capture.router,
    model_states.router,
    work_requests.router,
    service.router,
    openapi_route.router,
    garbage.router,
    environments.router,
    users.router,
    grants.router,
    compartments.router,
    keys.router,
    tokens.router,
    console_links.router,
    resource_search.router,
    logs.router,
    log_search.router,
    log_stream.router,
    preauthenticated.router,
    multipart.router,
    object_copies.router,
    objects.router,
    transfers.router,
    references.router,
    repository_v2.router,
    buckets.router,
)
"""Every route of the control plane."""


class ControlPlane(FastAPI):
    """FastAPI behind what stands in front of it: most requests are answered before they come to it."""

    front: App

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request, or the lifespan."""
        if scope["type"] == "http":
            scope["app"] = self
            await self.front(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def inside(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request that nothing in front of FastAPI has answered."""
        await super().__call__(scope, receive, send)


def create_app(
    context: Context,
    engine: Engine | None = None,
    lent: LentConnections | None = None,
    member: ControlMember | None = None,
) -> FastAPI:
    """Return the application that serves this context; its lifespan ends with closing it.

    With an engine it also looks after the deployments; without one it only records what is wanted of them. ``lent``
    are the connections that the gateway lends for large bodies. As a ``member`` of a cluster it does what must be done
    once only while it leads.
    """
    app = ControlPlane(
        title="OpenADS",
        version=__version__,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,  # the door asks for a credential anyway; the document is published by the documentation
        redirect_slashes=False,
        lifespan=_lifespan,
        dependencies=[Depends(authorize)],
    )
    app.state.context = context
    app.state.news = News(context.database)
    app.state.streams = set()
    app.state.log_streams = set()
    stored = partial(stored_object, context.database, context.blobs)
    supplies = isolated_supplies(context.home, context.settings, stored)
    me = member.me.id if member is not None else ""
    app.state.builds = Builds(context.home, context.database, supplies, context.archive, me)
    app.state.member = member
    app.state.duties = duties = Duties(
        context,
        engine,
        supplies,
        app.state.news,
        database=None if member is None else member.database,
        share=None if member is None else member.share_routes,
        show=None if member is None else member.show_metrics,
    )
    app.state.controller = None if engine is None else member or duties
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    app.front = Console(Door(Dispatch(app.inside, ROUTERS), context), context)
    if lent is not None:
        app.front = Lending(app.front, lent)
    if member is not None:
        app.front = ClusterDoor(app.front, context.settings.cluster_key)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    duties: Duties = app.state.duties
    member: ControlMember | None = app.state.member
    news: News = app.state.news
    news.open()
    builds: Builds = app.state.builds
    await run_in_threadpool(builds.start)
    if member is None:
        await run_in_threadpool(duties.begin)
    else:
        member.start(duties)
    try:
        yield
    finally:
        news.close()
        builds.close()
        if member is not None:
            await run_in_threadpool(member.stop)
        await run_in_threadpool(duties.close)
        context.close()
