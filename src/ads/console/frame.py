"""What is around every page: the templates, the navigation, the words that say what has been done."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ads import __version__
from ads.console import words
from ads.console.assets import assets
from ads.console.markdown import to_html

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["NAVIGATION", "NOTICES", "render"]

NAVIGATION = (
    ("overview", "Overview", "/console/", "o"),
    ("models", "Models", "/console/models", "m"),
    ("deployments", "Deployments", "/console/deployments", "d"),
    ("activity", "Activity", "/console/activity", "a"),
    ("settings", "Settings", "/console/settings", "s"),
)
"""Name, text, address, and the key that leads there after ``g``."""

NOTICES: dict[str, str] = {
    "saved": "Saved.",
    "moved": "The alias points there now.",
    "removed": "Removed.",
    "deleted": "Deleted.",
    "revoked": "The token is revoked; it is refused from now on.",
    "created": "Created.",
    "exported": "The archive lies in the bucket.",
    "collected": "What nobody needed is gone.",
    "granted": "Granted.",
    "stopped": "Stopping: what is under way is answered first.",
    "started": "Starting.",
    "restarted": "Restarting, one replica after the other.",
    "updated": "The update is under way.",
    "rolled-back": "Rolling back.",
    "changed": "Changed.",
    "test-sent": "A test delivery is on its way.",
}
"""What a page says after a form, by the word in ``?done=``. Nothing else is ever shown from there."""


def _environment_class() -> type[Environment]:
    from jinja2 import Environment

    class Templates(Environment):
        """Templates in which ``page.items`` is what the page calls items, not the method of a dict."""

        def getattr(self, obj: Any, attribute: str) -> Any:
            if isinstance(obj, dict) and attribute in obj:
                return obj[attribute]
            return super().getattr(obj, attribute)

    return Templates


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the templates, made at the first page. Everything is escaped, and a name that isn't there is an error."""
    from jinja2 import FileSystemLoader, StrictUndefined

    made = _environment_class()(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        ago=words.ago,
        brief=words.brief,
        absolute=words.absolute,
        size=words.size,
        number=words.number,
        short=words.short,
        plain=words.plain,
        tone=words.tone,
        markdown=to_html,
    )
    made.globals.update(navigation=NAVIGATION, version=__version__, asset=assets().url, tags_text=words.tags_text)
    return made


def render(template: str, values: Mapping[str, Any]) -> str:
    """Return a page as HTML."""
    return environment().get_template(template).render(values)
