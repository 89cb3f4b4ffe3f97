"""score.py by composition: a :class:`Recipe` says which blocks; :func:`compose` returns the source text.

:func:`write` puts it into an artifact folder together with ``score_payload.py``, which reads payloads for it, and
``score_recipe.json``, and never overwrites a file that somebody edited without being told to.
"""

from ads.score.compose import compose, compose_payload
from ads.score.recipe import OUTPUTS, PAYLOAD_FILE, RECIPE_FILE, SCORE_FILE, Recipe, supported
from ads.score.writing import WriteResult, generated_model, is_edited, read_recipe, remove_generated, write

__all__ = [
    "OUTPUTS",
    "PAYLOAD_FILE",
    "RECIPE_FILE",
    "SCORE_FILE",
    "Recipe",
    "WriteResult",
    "compose",
    "compose_payload",
    "generated_model",
    "is_edited",
    "read_recipe",
    "remove_generated",
    "supported",
    "write",
]
