"""How things look in a notebook: cards of plain HTML that a cell shows."""

from ads.display.card import Card

__all__ = ["Card"]
