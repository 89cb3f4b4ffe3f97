"""The replica process: imports a model's ``score.py`` once and answers frames on a Unix socket.

It runs in the model's own environment, which may hold nothing but Python 3.8, so this package uses the standard library
alone and imports nothing else of ours. ``launch.py`` is the file that an interpreter is started with.
"""
