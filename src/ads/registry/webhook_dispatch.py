"""Tells the webhooks what happened: one thread that looks, a few that call.

Each webhook is told in the order of events, one call at a time, from its place in the feed. The place moves on only
after the receiver's 2xx, so a service that was killed tells the last event again, with the same ``webhook-id``.
"""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import orjson

from ads import __version__
from ads.errors import AdsError
from ads.registry.catalog_tables import Webhook
from ads.registry.database import Database
from ads.registry.event_feed import News
from ads.registry.tables import now
from ads.registry.webhook_calls import LARGEST_BODY, Outcome, post, signature_of
from ads.registry.webhooks import Tried, due_webhooks, get_webhook, next_events, settle

__all__ = ["Dispatcher", "message_of"]

logger = logging.getLogger(__name__)

_LOOK = 1.0
_PAUSE = 0.05
"""Seconds between two looks: many commits in a row are one piece of news."""
_AT_ONCE = 8
_LONGEST_TURN = 20.0
_GRACE = 3.0


class Dispatcher:
    """Calls the webhooks of one catalog."""

    def __init__(self, database: Database, news: News, *, allow_private: bool) -> None:
        self._database = database
        self._allow_private = allow_private
        self._awake = threading.Event()
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._busy: set[str] = set()
        self._under_way: set[Future[None]] = set()
        self._calls = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="webhook")
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
        news.call(self._awake.set)

    def start(self) -> None:
        """Begin to call."""
        self._thread.start()

    def stop(self) -> None:
        """Call nobody any more; what is under way is tried again after the next start, if it doesn't end in time."""
        self._over.set()
        self._awake.set()
        if self._thread.is_alive():
            self._thread.join(5)
        self._calls.shutdown(wait=False, cancel_futures=True)
        wait(set(self._under_way), _GRACE)

    def _run(self) -> None:
        while not self._over.is_set():
            self._awake.clear()
            try:
                with self._database.read() as session:
                    due = due_webhooks(session)
                for webhook_id in due:
                    self._submit(webhook_id)
            except Exception:  # the loop's boundary: one bad round must not end the deliveries
                logger.exception("a round of the webhooks failed")
            self._awake.wait(_LOOK)
            self._over.wait(_PAUSE)

    def _submit(self, webhook_id: str) -> None:
        with self._lock:
            if webhook_id in self._busy or self._over.is_set():
                return
            self._busy.add(webhook_id)
        call = self._calls.submit(self._tell, webhook_id)
        self._under_way.add(call)
        call.add_done_callback(self._under_way.discard)

    def _tell(self, webhook_id: str) -> None:
        try:
            with self._database.read() as session:
                webhook = get_webhook(session, webhook_id)
                events, reached = next_events(session, webhook)
            tried, deadline = [], time.monotonic() + _LONGEST_TURN
            for event in events:
                tried.append(self._call(webhook, event))
                if not tried[-1].outcome.ok:
                    break
                if self._over.is_set() or time.monotonic() > deadline:
                    reached = event["seq"]
                    break
            with self._database.write() as session:
                settle(session, webhook_id, tried, reached)
        except AdsError as error:
            logger.warning("webhook %s: %s", webhook_id, error.message)
        except Exception:  # the boundary of a pool's thread: nobody else would ever see it
            logger.exception("webhook %s failed", webhook_id)
        else:
            self._awake.set()  # there may be more to tell
        finally:
            with self._lock:
                self._busy.discard(webhook_id)

    def _call(self, webhook: Webhook, event: dict[str, Any]) -> Tried:
        message_id = f"{webhook.id[-12:]}-{event['seq']}"
        body = message_of(event)
        timestamp, began, start = int(time.time()), now(), time.monotonic()
        headers = {
            "content-type": "application/json",
            "user-agent": f"OpenADS/{__version__}",
            "webhook-id": message_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signature_of(webhook.secret, message_id, timestamp, body),
        }
        try:
            outcome = post(webhook.url, body, headers, allow_private=self._allow_private)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the outcome of this call
            outcome = Outcome(error=f"The call failed: {type(error).__name__}")
        return Tried(event["seq"], event["action"], outcome, began, int((time.monotonic() - start) * 1000))


def message_of(event: dict[str, Any]) -> bytes:
    """Return the body that tells of an event; of one that is too large without what changed."""
    message = {"type": event["action"], "timestamp": event["time"], "data": event}
    body = orjson.dumps(message)
    if len(body) > LARGEST_BODY:
        short = {**event, "from": None, "to": None, "details": {}, "truncated": True}
        body = orjson.dumps({**message, "data": short})
    return body
