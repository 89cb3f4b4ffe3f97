"""Help: keys, the words of a search, the three lines of Python."""

from __future__ import annotations

from typing import Any

from ads.console.frame import NAVIGATION
from ads.console.pages import Pages
from ads.console.visit import Visit

__all__ = ["pages"]

pages = Pages()

_QUERIES = (
    ("churn forecast", "both words, in name, description, tags or metadata"),
    ("chur*", "words that begin so"),
    ("framework:xgboost", "a field has this value"),
    ('tag.team:"data science"', "a tag; quotes hold words together"),
    ("auc>0.9 n_estimators<=200", "metrics and hyperparameters"),
    ("alias:champion", "what an alias points at"),
    ("created>2026-01-31", "registered after a day"),
    ("-state:inactive -churn", "what must not be"),
)


@pages.page("/help", "help.html")
def help_(_: Visit) -> dict[str, Any]:
    """Return what the keys do and how a search is written."""
    keys = [("/", "find a model"), ("?", "this page")]
    keys += [(f"g {key}", text) for _, text, _, key in NAVIGATION]
    return {
        "title": "Help",
        "keys": [{"key": key, "does": does} for key, does in keys],
        "queries": [{"query": query, "finds": finds} for query, finds in _QUERIES],
    }
