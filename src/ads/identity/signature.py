"""Signed requests: HTTP signatures (draft-cavage, OCI's version 1) with RSA keys and SHA-256, made and checked.

The signing string is ``name: value`` for each signed header, joined by newlines, where ``(request-target)`` stands for
``<method in lower case> <path with query exactly as on the request line>``.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import hashlib
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ads.errors import InputError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

__all__ = [
    "MAX_SKEW",
    "BadSignature",
    "Signature",
    "body_digest",
    "fingerprint",
    "is_upload",
    "load_private_key",
    "load_public_key",
    "parse_authorization",
    "sign",
    "verify",
]

MAX_SKEW = 300.0
"""Seconds that a signed date may differ from the server's clock, both ways."""

_READ_HEADERS = ("date", "(request-target)", "host")
_BODY_HEADERS = ("content-length", "content-type", "x-content-sha256")
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})
_MAX_SIGNED_HEADERS = 50
_MAX_AUTHORIZATION = 16_384
_SMALLEST_KEY = 2048

_PARAMETER = re.compile(r' *([A-Za-z]+)="([^"]*)" *(?:,(?! *$)|$)', re.ASCII)
_PARAMETERS = frozenset({"algorithm", "headers", "keyId", "signature", "version"})
_UPLOAD = re.compile(
    r"POST /20190101/models/[^/?]+/artifact"
    r"|(?:POST|PUT) /20190101/models/[^/?]+/(?:custom|defined)Metadata/[^?]+/artifact"
    r"|PUT /openads/v1/models/[^/?]+/artifact/uploads/[^/?]+/parts/[^/?]+"
    r"|PUT /n/[^/?]+/b/[^/?]+/[ou]/[^?]+",
    re.ASCII,
)
_DATE = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) (\d{4}) "
    r"(\d\d):(\d\d):(\d\d) GMT",
    re.ASCII,
)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class BadSignature(InputError):
    """A signature can't be accepted. The message is for the log: a caller must not learn which check failed."""

    code = "bad-signature"


@dataclass(frozen=True)
class Signature:
    """The parts of a ``Signature`` authorization header. ``headers`` are the signed names, in order."""

    key_id: str
    headers: tuple[str, ...]
    signature: bytes


def is_upload(method: str, target: str) -> bool:
    """Tell whether clients send this request without signing its body: the uploads of any size."""
    return _UPLOAD.fullmatch(f"{method} {target.partition('?')[0]}") is not None


def body_digest(body: bytes) -> str:
    """Return the value of ``x-content-sha256`` for this body."""
    return base64.b64encode(hashlib.sha256(body).digest()).decode("ascii")


def load_private_key(pem: bytes, passphrase: bytes | None = None) -> RSAPrivateKey:
    """Return the RSA key in this PEM text. Raises InputError when it isn't one."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(pem, passphrase)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise InputError(f"The private key can't be read: {error}", hint="Give an RSA key as PEM.") from error
    if not isinstance(key, RSAPrivateKey):
        raise InputError("The private key is not an RSA key.", hint="Give an RSA key as PEM.")
    return key


def load_public_key(pem: str) -> RSAPublicKey:
    """Return the RSA key of at least 2048 bits in this PEM text. Raises InputError when it isn't one."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise InputError("The public key can't be read.", hint="Give an RSA public key as PEM.") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < _SMALLEST_KEY:
        raise InputError(f"The public key is not an RSA key of at least {_SMALLEST_KEY} bits.")
    return key


def fingerprint(key: RSAPublicKey) -> str:
    """Return the key's name in ``keyId``: the MD5 of its DER form, as 16 pairs of hex digits with colons."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.md5(der, usedforsecurity=False).digest().hex(":")


def sign(
    private_key: RSAPrivateKey,
    key_id: str,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> dict[str, str]:
    """Return the headers to add to the request, ``authorization`` among them, names in lower case.

    ``headers`` must hold ``host``. ``body`` None means a request whose body isn't signed: GET, HEAD, DELETE, uploads.
    """
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    given = {name.lower(): value for name, value in headers.items()}
    if "host" not in given:
        raise InputError("A request can't be signed without its Host header.")
    added: dict[str, str] = {}
    if "date" not in given:
        added["date"] = _format_date(time.time())
    names: tuple[str, ...] = _READ_HEADERS
    if body is not None and method.upper() in _BODY_METHODS:
        names += _BODY_HEADERS
        added["content-length"] = str(len(body))
        added["x-content-sha256"] = body_digest(body)
        if "content-type" not in given:
            added["content-type"] = "application/json"
    text = _signing_string(names, method, target, {**given, **added})
    value = base64.b64encode(private_key.sign(text, PKCS1v15(), SHA256())).decode("ascii")
    added["authorization"] = (
        f'Signature algorithm="rsa-sha256",headers="{" ".join(names)}",keyId="{key_id}",signature="{value}",version="1"'
    )
    return added


def parse_authorization(value: str) -> Signature:
    """Return the parts of the header. Raises BadSignature for another scheme, algorithm, version, or form."""
    scheme, _, rest = value.partition(" ")
    if scheme.lower() != "signature" or len(value) > _MAX_AUTHORIZATION:
        raise BadSignature("the Authorization header is not a signature")
    parameters = _parse_parameters(rest)
    if parameters.get("algorithm") != "rsa-sha256" or parameters.get("version", "1") != "1":
        raise BadSignature("the signature has another algorithm or version")
    if not {"headers", "keyId", "signature"} <= parameters.keys():
        raise BadSignature("the Authorization header lacks a parameter")
    names = tuple(parameters["headers"].split(" "))
    if len(names) > _MAX_SIGNED_HEADERS or len(set(names)) != len(names):
        raise BadSignature("too many or repeated signed headers")
    return Signature(parameters["keyId"], names, _decode_base64(parameters["signature"]))


def _parse_parameters(text: str) -> dict[str, str]:
    parameters: dict[str, str] = {}
    position = 0
    while position < len(text) or not parameters:
        match = _PARAMETER.match(text, position)
        if match is None or match[1] in parameters or match[1] not in _PARAMETERS:
            raise BadSignature("the Authorization header has a broken, repeated or unknown parameter")
        parameters[match[1]] = match[2]
        position = match.end()
    return parameters


def verify(
    signature: Signature,
    public_key: RSAPublicKey,
    method: str,
    raw_target: str,
    headers: Mapping[str, Sequence[str]],
    *,
    body_sha256: str | None = None,
    now: float | None = None,
    max_skew: float = MAX_SKEW,
) -> None:
    """Return when the signature is good for this request, otherwise raise BadSignature.

    ``headers`` maps names in lower case to all values that arrived. ``raw_target`` is the request line's, undecoded.
    ``body_sha256`` (base64) is compared when given; otherwise the caller has to compare the signed ``x-content-sha256``
    with what arrives. ``now`` is in Unix seconds; ``max_skew`` infinity accepts any date.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    _require_coverage(signature, method, raw_target)
    values = _single_values(signature.headers, headers)
    text = _signing_string(signature.headers, method, raw_target, values)
    try:
        public_key.verify(signature.signature, text, PKCS1v15(), SHA256())
    except InvalidSignature:
        raise BadSignature("the signature doesn't fit the request") from None
    present = time.time() if now is None else now
    for name in ("date", "x-date"):
        if name in values and abs(_parse_date(values[name]) - present) > max_skew:
            raise BadSignature(f"the {name} is too far from the server's clock")
    if body_sha256 is not None and values.get("x-content-sha256", body_sha256) != body_sha256:
        raise BadSignature("the body is not the one that was signed")


def _require_coverage(signature: Signature, method: str, raw_target: str) -> None:
    signed = set(signature.headers)
    if not {"(request-target)", "host"} <= signed or not signed & {"date", "x-date"}:
        raise BadSignature("the signature doesn't cover target, host and date")
    if method in _BODY_METHODS and not is_upload(method, raw_target) and not signed.issuperset(_BODY_HEADERS):
        raise BadSignature("the signature doesn't cover the body")


def _single_values(names: Sequence[str], headers: Mapping[str, Sequence[str]]) -> dict[str, str]:
    values: dict[str, str] = {}
    for name in names:
        if name == "(request-target)":
            continue
        found = headers.get(name, ())
        if len(found) != 1:
            raise BadSignature("a signed header is missing or came twice")
        values[name] = found[0]
    return values


def _signing_string(names: Sequence[str], method: str, target: str, values: Mapping[str, str]) -> bytes:
    lines = [
        f"(request-target): {method.lower()} {target}" if name == "(request-target)" else f"{name}: {values[name]}"
        for name in names
    ]
    return "\n".join(lines).encode("latin-1", "backslashreplace")  # the bytes that came: headers are read as Latin-1


def _decode_base64(text: str) -> bytes:
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise BadSignature("the signature is not base64") from None
    if not raw or base64.b64encode(raw).decode("ascii") != text:
        raise BadSignature("the signature is not canonical base64")
    return raw


def _parse_date(text: str) -> float:
    match = _DATE.fullmatch(text)
    if match is None:
        raise BadSignature("the date is not an HTTP date")
    day, month, year, hour, minute, second = match.groups()
    numbers = (int(year), _MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second))
    try:
        return float(calendar.timegm(numbers))
    except (ValueError, OverflowError):
        raise BadSignature("the date doesn't exist") from None


def _format_date(seconds: float) -> str:
    """Return an HTTP date, in English whatever the locale is."""
    t = time.gmtime(seconds)
    return (
        f"{_DAYS[t.tm_wday]}, {t.tm_mday:02d} {_MONTHS[t.tm_mon - 1]} {t.tm_year:04d} "
        f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d} GMT"
    )
