"""``python -m ads.cluster``: the feed beside a gateway on a machine without a control plane."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy.engine import URL

from ads.cluster.board import CONTROL_METRICS, IDENTITIES, ROUTES
from ads.cluster.ending import until_ended
from ads.cluster.feed import Feed, controls_json
from ads.cluster.files import gateway_url, take_identities, take_metrics, take_routes
from ads.cluster.members import Seen
from ads.cluster.membership import Me, member_id
from ads.deploy.gateway_lines import GatewayLines, is_urgent
from ads.errors import AdsError
from ads.gateway_notice import notify_gateways
from ads.home import Home, write_private
from ads.identity.cluster_key import admin_token
from ads.registry.database import database_url
from ads.settings import load_settings

_CONFIGURATION = 78
"""Exit status that tells the supervisor not to try again."""


def main() -> int:
    """Run until SIGTERM or SIGINT, or until the supervisor is gone; return the exit status."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s feed %(levelname)s %(message)s")
    over = until_ended()
    try:
        settings = load_settings()
        home = Home(settings.home)
        home.create()
        write_private(home.token_file, admin_token(settings.cluster_key).encode())
        me = Me(
            member_id(home), settings.role, gateway=gateway_url(settings, os.environ.get("OPENADS_SERVICE_URL", ""))
        )
        url = database_url(settings, home)
    except (AdsError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return _CONFIGURATION
    feed = _feed(home, me, url)
    lines = GatewayLines(home, lambda path, line: _forward(feed, path, line), lambda _path: None)
    feed.start()
    lines.start()
    over.wait()
    lines.stop()
    feed.stop()
    return 0


def _feed(home: Home, me: Me, url: URL) -> Feed:
    def tell_controls(members: Sequence[Seen]) -> None:
        write_private(home.controls_file, controls_json(me, members))
        notify_gateways(home)

    return Feed(
        url,
        me,
        takes={
            ROUTES: lambda content: take_routes(home, content),
            IDENTITIES: lambda content: take_identities(home, content),
            CONTROL_METRICS: lambda content: take_metrics(home, content),
        },
        on_members=tell_controls,
    )


def _forward(feed: Feed, path: Path, line: bytes) -> None:
    feed.forward(path.stem, line, urgent=is_urgent(line))


if __name__ == "__main__":
    sys.exit(main())
