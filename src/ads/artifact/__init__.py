"""The artifact: a folder with the model, ``score.py`` and their description, and the zip made from it."""
