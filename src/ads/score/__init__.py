"""score.py by composition: a :class:`Recipe` says which blocks; :func:`compose` returns the source text.

:func:`write` puts it into an artifact folder together with ``score_recipe.json`` and never overwrites a file that
somebody edited without being told to.
"""

from ads.score.compose import compose
from ads.score.recipe import RECIPE_FILE, SCORE_FILE, Recipe, supported
from ads.score.writing import WriteResult, is_edited, read_recipe, write

__all__ = [
    "RECIPE_FILE",
    "SCORE_FILE",
    "Recipe",
    "WriteResult",
    "compose",
    "is_edited",
    "read_recipe",
    "supported",
    "write",
]
