"""Batch scoring: the rows of files through the worker that deployments use, in chunks that are scored once.

``job`` runs the whole; ``places`` are files anywhere, ``reading`` and ``writing`` their formats, ``scoring`` asks for a
chunk's predictions, ``journal`` keeps them until the output is whole.
"""
