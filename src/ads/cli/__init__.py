"""The command ``ads``: what a person types at a terminal or a script runs.

``main`` is the process boundary, ``commands`` how a command looks and which options all of them share, ``invocation``
what one run knows (settings, output, service), ``output`` the one place that writes, ``references`` turns what people
type into ids. Every other module holds one noun's commands and is imported only when one of them runs.
"""
