"""The parts of score.py, as ordinary Python that is linted, typed and tested; :mod:`ads.score.compose` copies them.

A block uses the standard library at module level, imports its framework (and numpy and pandas) inside the function, and
nothing of this project but other blocks. What it needs of the script around it is in :mod:`ads.score.blocks.script`.
"""
