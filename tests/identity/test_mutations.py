"""Ten thousand valid signed requests, each with one field changed: all of them are refused."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ads.errors import NotAuthenticated
from ads.identity.signature import sign
from ads.identity.verifier import Verifier

CASES = 10_000
CHANGES_OF_ONE = 25
KEY_ID = "ocid1.tenancy.oc1..t/ocid1.user.oc1..u/" + ":".join(["ab"] * 16)
LETTERS = "abcdefXYZ0189+/=:._-"


@dataclass(frozen=True)
class Request:
    """One signed request. ``upload`` means that its body isn't signed, by rule."""

    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    now: float
    upload: bool = False

    @property
    def signed_names(self) -> list[str]:
        return self.parameter("headers").split(" ")

    def header(self, name: str) -> str:
        return dict(self.headers)[name]

    def with_header(self, name: str, value: str) -> Request:
        return replace(self, headers=tuple((n, value if n == name else v) for n, v in self.headers))

    def parameter(self, name: str) -> str:
        value = self.header("authorization")
        start = value.index(f'{name}="') + len(name) + 2
        return value[start : value.index('"', start)]

    def with_parameter(self, name: str, value: str) -> Request:
        old = f'{name}="{self.parameter(name)}"'
        return self.with_header("authorization", self.header("authorization").replace(old, f'{name}="{value}"', 1))


Change = Callable[[random.Random, Request], "Request | None"]


def other(chance: random.Random, text: str) -> str:
    """Return the text with one character replaced, added or removed."""
    place = chance.randrange(len(text))
    kind = chance.choice(["replace", "add", "remove"])
    letter = chance.choice([c for c in LETTERS if c != text[place]])
    changed = {
        "replace": text[:place] + letter + text[place + 1 :],
        "add": text[:place] + letter + text[place:],
        "remove": text[:place] + text[place + 1 :],
    }[kind]
    return changed if changed.strip() != text else text + "x"


def _method(chance: random.Random, request: Request) -> Request:
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
    return replace(request, method=chance.choice([m for m in methods if m != request.method]))


def _target(chance: random.Random, request: Request) -> Request:
    return replace(request, target="/" + other(chance, request.target[1:]))


def _escaped_target(chance: random.Random, request: Request) -> Request:
    """The same resource in another spelling: what was signed is the request line as it was."""
    place = chance.randrange(1, len(request.target))
    escaped = f"{request.target[:place]}%{ord(request.target[place]):02X}{request.target[place + 1 :]}"
    return replace(request, target=escaped)


def _body(chance: random.Random, request: Request) -> Request | None:
    if request.upload or "x-content-sha256" not in request.signed_names:
        return None
    body = bytearray(request.body or b"x")
    body[chance.randrange(len(body))] ^= 1 << chance.randrange(8)
    return replace(request, body=bytes(body) if request.body else b"x")


def _signed_header(chance: random.Random, request: Request) -> Request:
    name = chance.choice([n for n in request.signed_names if n != "(request-target)"])
    return request.with_header(name, other(chance, request.header(name)))


def _dropped_header(chance: random.Random, request: Request) -> Request:
    name = chance.choice([*(n for n in request.signed_names if n != "(request-target)"), "authorization"])
    return replace(request, headers=tuple((n, v) for n, v in request.headers if n != name))


def _doubled_header(chance: random.Random, request: Request) -> Request:
    name = chance.choice([*(n for n in request.signed_names if n != "(request-target)"), "authorization"])
    again = (chance.choice([name, name.title()]), request.header(name))
    return replace(request, headers=(*request.headers, again))


def _key_id(chance: random.Random, request: Request) -> Request:
    return request.with_parameter("keyId", other(chance, request.parameter("keyId")))


def _signature_bit(chance: random.Random, request: Request) -> Request:
    import base64

    raw = bytearray(base64.b64decode(request.parameter("signature")))
    raw[chance.randrange(len(raw))] ^= 1 << chance.randrange(8)
    return request.with_parameter("signature", base64.b64encode(bytes(raw)).decode())


def _signature_text(chance: random.Random, request: Request) -> Request:
    return request.with_parameter("signature", other(chance, request.parameter("signature")))


def _signature_length(chance: random.Random, request: Request) -> Request:
    import base64

    raw = base64.b64decode(request.parameter("signature"))
    changed = chance.choice([raw[:-1], raw + b"\0", b"\0" + raw, b"", raw[: len(raw) // 2], raw + raw])
    return request.with_parameter("signature", base64.b64encode(changed).decode())


def _algorithm(chance: random.Random, request: Request) -> Request:
    names = ["none", "hmac-sha256", "rsa-sha1", "rsa-sha512", "RSA-SHA256", "", "rsa-sha256 ", "ed25519"]
    return request.with_parameter("algorithm", chance.choice(names))


def _version(chance: random.Random, request: Request) -> Request:
    return request.with_parameter("version", chance.choice(["0", "2", "", "1.0", " 1", "10"]))


def _header_list(chance: random.Random, request: Request) -> Request:
    names = list(request.signed_names)
    kind = chance.choice(["drop", "swap", "double", "add", "case", "space"])
    place = chance.randrange(len(names))
    if kind == "drop":
        del names[place]
    elif kind == "swap":
        place = chance.randrange(len(names) - 1)
        names[place], names[place + 1] = names[place + 1], names[place]
    elif kind == "double":
        names.insert(place, names[chance.randrange(len(names))])
    elif kind == "add":
        names.insert(place, chance.choice(["x-date", "accept", "", "authorization", "(created)", "*"]))
    elif kind == "case":
        names[place] = names[place].title()
    else:
        names[place] = chance.choice([f" {names[place]}", f"{names[place]}\t", names[place].replace("-", "_") + "_"])
    return request.with_parameter("headers", " ".join(names))


def _skew(chance: random.Random, request: Request) -> Request:
    """The same request, replayed too late or from a clock that is ahead."""
    return replace(request, now=request.now + chance.choice([-1, 1]) * chance.uniform(302, 10_000_000))


def _missing_parameter(chance: random.Random, request: Request) -> Request:
    name = chance.choice(["algorithm", "headers", "keyId", "signature"])
    value = request.header("authorization").replace(f'{name}="{request.parameter(name)}"', "", 1)
    return request.with_header("authorization", value.replace(",,", ",").replace(" ,", " ").rstrip(","))


def _scheme(chance: random.Random, request: Request) -> Request:
    scheme = chance.choice(["Bearer", "Basic", "Signatur", "SignatureX", ""])
    return request.with_header("authorization", scheme + request.header("authorization")[len("Signature") :])


CHANGES: tuple[Change, ...] = (
    _method,
    _target,
    _escaped_target,
    _body,
    _signed_header,
    _dropped_header,
    _doubled_header,
    _key_id,
    _signature_bit,
    _signature_text,
    _signature_length,
    _algorithm,
    _version,
    _header_list,
    _skew,
    _missing_parameter,
    _scheme,
)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def make(chance: random.Random, key: rsa.RSAPrivateKey, now: float) -> Request:
    method, upload = chance.choice(
        [("GET", False), ("HEAD", False), ("DELETE", False), ("POST", False), ("PUT", False), ("POST", True)]
    )
    model = f"/20190101/models/ocid1.datasciencemodel.oc1..{chance.randrange(10**9)}"
    target = f"{model}/artifact" if upload else f"{model}?limit={chance.randrange(1, 99)}&compartmentId=c"
    has_body = method in {"POST", "PUT"}
    body = chance.randbytes(chance.randrange(60)) if has_body else b""
    base = {"host": f"127.0.0.1:{chance.randrange(1024, 65535)}", "content-type": "application/json"}
    signed = sign(key, KEY_ID, method, target, base, None if upload or not has_body else body)
    return Request(method, target, tuple({**base, **signed}.items()), body, now, upload)


def accepts(verifier: Verifier, request: Request) -> bool:
    try:
        verifier.authenticate(request.method, request.target, list(request.headers), request.body, now=request.now)
    except NotAuthenticated:
        return False
    return True


def test_ten_thousand_single_changes_of_valid_requests_are_refused(key: rsa.RSAPrivateKey) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    verifier = Verifier({"keys": [{"key_id": KEY_ID, "public_key": pem, "principal": "ocid1.user.oc1..u"}]})
    refused: Counter[str] = Counter()
    while refused.total() < CASES:
        request = make(chance, key, time.time())
        assert accepts(verifier, request), f"a valid request is refused: seed {seed}, {request}"
        for change in chance.sample(CHANGES * 2, CHANGES_OF_ONE):
            changed = change(chance, request)
            if changed is None or changed == request:
                continue
            assert not accepts(verifier, changed), f"accepted after {change.__name__}: seed {seed}, {changed}"
            refused[change.__name__] += 1
    assert refused.keys() == {change.__name__ for change in CHANGES}
    assert min(refused.values()) > CASES / len(CHANGES) / 4
