"""What only the control plane can count, written to a file for the gateways to append to their metrics."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ads.errors import AdsError
from ads.home import Home, write_private
from ads.registry.database import Database
from ads.registry.deployments import Deployment
from ads.registry.rollouts import active_rollouts

__all__ = ["ControlMetrics", "render_control"]

logger = logging.getLogger(__name__)

_LOOK_SECONDS = 1.0
_AGAIN_AFTER = 15
"""Looks after which the file is written again although nothing changed: gateways pass over an old one."""


def render_control(session: Session) -> bytes:
    """Return the step of each rollout that is under way, and the deployments by state, in Prometheus' text form."""
    steps = [(f'deployment="{id_}"', row.step) for id_, row in sorted(active_rollouts(session).items())]
    statement = select(Deployment.lifecycle_state, func.count()).group_by(Deployment.lifecycle_state)
    counts = sorted((str(state), int(count)) for state, count in session.execute(statement))
    states = [(f'state="{state}"', count) for state, count in counts]
    text = _gauge("rollout_step", "The step that a rollout under way is at, from 0.", steps)
    return (text + _gauge("deployments", "Deployments, by lifecycle state.", states)).encode()


def _gauge(name: str, text: str, samples: list[tuple[str, int]]) -> str:
    lines = "".join(f"openads_{name}{{{labels}}} {value}\n" for labels, value in samples)
    return f"# HELP openads_{name} {text}\n# TYPE openads_{name} gauge\n{lines}"


class ControlMetrics:
    """Writes the file once a second when something changed. ``generation`` grows with every commit of this process.

    ``show`` is given the content instead of the file, each second when that changed: others change things, too.
    """

    def __init__(
        self,
        home: Home,
        database: Database,
        generation: Callable[[], int],
        show: Callable[[bytes], None] | None = None,
    ) -> None:
        self._home = home
        self._show = show
        self._database = database
        self._generation = generation
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control-metrics", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def stop(self) -> None:
        """Write no more."""
        self._over.set()
        self._thread.join(2 * _LOOK_SECONDS)

    def _run(self) -> None:
        written, looks, shown = -1, 0, b""
        while True:
            now, looks = self._generation(), looks + 1
            if now != written or looks >= _AGAIN_AFTER or self._show is not None:
                try:
                    with self._database.read() as session:
                        content = render_control(session)
                    if self._show is None:
                        write_private(self._home.control_metrics_file, content)
                        written, looks = now, 0
                    elif content != shown or looks >= _AGAIN_AFTER:
                        self._show(content)
                        shown, looks = content, 0
                except (OSError, SQLAlchemyError, AdsError) as error:
                    logger.warning("the metrics of the control plane can't be written: %s", error)
            if self._over.wait(_LOOK_SECONDS):
                return
