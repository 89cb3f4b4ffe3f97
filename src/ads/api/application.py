"""The control plane as one application: routes, door, problems, and what runs beside the requests."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import APIRouter, Depends, FastAPI
from starlette.concurrency import run_in_threadpool

from ads import __version__
from ads.api import (
    aliases,
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
from ads.api.authentication import Door
from ads.api.context import Context
from ads.api.labelling import Labeller
from ads.api.lending import Lending
from ads.api.rules import authorize
from ads.console.application import Console
from ads.deploy.control_metrics import ControlMetrics
from ads.deploy.controller import Controller
from ads.deploy.engines.base import Engine
from ads.deploy.environment_objects import stored_object
from ads.deploy.environment_orders import Builds
from ads.deploy.isolation import isolated_supplies
from ads.errors import AdsError
from ads.handover import LentConnections
from ads.registry.event_feed import News
from ads.registry.webhook_dispatch import Dispatcher

__all__ = ["ROUTERS", "create_app"]

logger = logging.getLogger(__name__)

ROUTERS: tuple[APIRouter, ...] = (
    projects.router,
    artifact.router,
    artifact_uploads.router,
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


def create_app(context: Context, engine: Engine | None = None, lent: LentConnections | None = None) -> FastAPI:
    """Return the application that serves this context; its lifespan ends with closing it.

    With an engine it also looks after the deployments; without one it only records what is wanted of them. ``lent``
    are the connections that the gateway lends for large bodies.
    """
    app = FastAPI(
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
    app.state.controller = None
    stored = partial(stored_object, context.database, context.blobs)
    supplies = isolated_supplies(context.home, context.settings, stored)
    app.state.builds = Builds(context.home, context.database, supplies, context.archive)
    if engine is not None:
        app.state.controller = Controller(
            context.database, context.home, context.settings, engine, context.archive, supplies
        )
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    app.add_middleware(Door, context=context)
    app.add_middleware(Console, context=context)
    if lent is not None:
        app.add_middleware(Lending, lent=lent)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    context: Context = app.state.context
    controller: Controller | None = app.state.controller
    news: News = app.state.news
    news.open()
    dispatcher = Dispatcher(context.database, news, allow_private=context.settings.webhooks_allow_private)
    dispatcher.start()
    builds: Builds = app.state.builds
    await run_in_threadpool(builds.start)
    sweep = asyncio.create_task(_sweep(context))
    labeller = Labeller(context.database, context.blobs) if controller is not None else None
    metrics_file = ControlMetrics(context.home, context.database, lambda: news.generation)
    if controller is not None:
        controller.start()
        metrics_file.start()
    if labeller is not None:
        labeller.start()
    try:
        yield
    finally:
        news.close()
        builds.close()
        await run_in_threadpool(dispatcher.stop)
        if controller is not None:
            await run_in_threadpool(metrics_file.stop)
            await run_in_threadpool(controller.stop)
        if labeller is not None:
            await run_in_threadpool(labeller.stop)
        await sweep
        context.close()


async def _sweep(context: Context) -> None:
    """Remove what deleted models left, while requests are already served."""
    try:
        removed = await run_in_threadpool(context.sweep_blobs)
    except (AdsError, OSError) as error:
        logger.warning("unused blobs could not be removed: %s", error)
        return
    if removed:
        logger.info("removed %s blobs that no model uses", removed)
