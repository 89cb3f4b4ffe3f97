"""What is done once, however many control planes there are: the reconcile loop, webhooks, labels, sweeping.

On one machine it begins with the control plane and ends with it. In a cluster it begins when this control plane leads,
with a database that refuses to be written once another one does.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from ads.api.context import Context
from ads.api.labelling import Labeller
from ads.deploy.control_metrics import ControlMetrics
from ads.deploy.controller import Controller
from ads.deploy.engines.base import Engine
from ads.deploy.environment_supplies import Supplies
from ads.deploy.placement import Machine
from ads.deploy.routes import Share
from ads.errors import AdsError
from ads.registry.database import Database
from ads.registry.event_feed import News
from ads.registry.webhook_dispatch import Dispatcher

__all__ = ["Duties"]

logger = logging.getLogger(__name__)


class Duties:
    """Begins and ends everything of the kind; between an end and the next beginning nothing of it runs.

    ``share`` publishes routes to other machines, and ``show`` the metrics; without them both are files of this one.
    Without an engine nothing looks after deployments.
    """

    def __init__(
        self,
        context: Context,
        engine: Engine | None,
        supplies: Supplies,
        news: News,
        database: Database | None = None,
        share: Share | None = None,
        show: Callable[[bytes], None] | None = None,
    ) -> None:
        self._context = context
        self._database = database or context.database
        self._engine = engine
        self._supplies = supplies
        self._news = news
        self._share = share
        self._show = show
        self._controller: Controller | None = None
        self._running: list[Dispatcher | Labeller | ControlMetrics | Controller] = []
        self._sweep: threading.Thread | None = None

    def begin(self) -> None:
        """Begin with all of it."""
        context, database, news = self._context, self._database, self._news
        allow_private = context.settings.webhooks_allow_private
        self._running = [Dispatcher(database, news, allow_private=allow_private)]
        if self._engine is not None:
            self._controller = Controller(
                database,
                context.home,
                context.settings,
                self._engine,
                context.archive,
                self._supplies,
                share=self._share,
            )
            metrics = ControlMetrics(context.home, database, lambda: news.generation, show=self._show)
            self._running += [metrics, self._controller, Labeller(database, context.blobs)]
        for each in self._running:
            each.start()
        self._sweep = threading.Thread(target=self._sweep_blobs, name="sweep", daemon=True)
        self._sweep.start()

    def end(self) -> None:
        """End all of it; what is under way is left to whoever begins next."""
        self._controller = None
        running, self._running = self._running, []
        for each in running:
            each.stop()

    def close(self) -> None:
        """End, and wait until nothing uses the catalog any more."""
        self.end()
        if self._sweep is not None:
            self._sweep.join()

    def wake(self) -> None:
        """Have the deployments looked at now, where that is this process's duty."""
        controller = self._controller
        if controller is not None:
            controller.wake()

    def machine(self) -> Machine:
        """Return what there is to run replicas on."""
        assert self._engine is not None
        return self._engine.machine()

    def count(self, lines: Sequence[tuple[str, bytes]]) -> None:
        """Count what gateways of other machines told."""
        controller = self._controller
        if controller is not None:
            controller.count(lines)

    def _sweep_blobs(self) -> None:
        """Remove what deleted models left, while requests are already served."""
        try:
            removed = self._context.sweep_blobs()
        except (AdsError, OSError) as error:
            logger.warning("unused blobs could not be removed: %s", error)
            return
        if removed:
            logger.info("removed %s blobs that no model uses", removed)
