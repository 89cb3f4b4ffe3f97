"""Whom an HTTPS client believes: the machine's authorities, and the certificate of this machine's own service."""

from __future__ import annotations

import ssl
from urllib.parse import urlsplit

from ads.settings import load_settings

__all__ = ["is_loopback", "tls_context"]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def is_loopback(url: str) -> bool:
    """Tell whether the address is one of this machine alone."""
    host = urlsplit(url).hostname or ""
    return host in _LOOPBACK or host.startswith("127.")


def tls_context(url: str) -> ssl.SSLContext:
    """Return the context for connections to ``url``.

    With ``tls_certificate`` set, that certificate is believed too. A service on loopback must have exactly that one;
    whom it names doesn't matter there: it is the name that others know the machine by.
    """
    certificate = load_settings().tls_certificate
    if not certificate:
        return ssl.create_default_context()
    if urlsplit(url).hostname in _LOOPBACK:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
    else:
        context = ssl.create_default_context()
    context.load_verify_locations(certificate)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    return context
