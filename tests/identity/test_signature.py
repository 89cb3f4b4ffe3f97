"""Request signatures: the published vectors, the real signer of ``oci``, and refusal of everything that was changed."""

from __future__ import annotations

import base64
import random
import subprocess
import sys
from dataclasses import replace
from email.utils import formatdate

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from ads.errors import InputError, NotAuthenticated
from ads.identity.signature import (
    BadSignature,
    body_digest,
    fingerprint,
    is_upload,
    load_private_key,
    load_public_key,
    parse_authorization,
    sign,
    verify,
)
from ads.identity.verifier import Verifier

VECTOR_KEY = """-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAphmzsqyWHNPTj3Mgex3u
AwvrFdNjRuB9yDN+pGHhMrt8hXYUdp+9sIVWZ85lZdW12TJv976Y2QJQ2vRogZW7
AOOU+FBJds6I2sGLaXo8AkSFxRwo7AU/RQMk3P0QnBl9pNQuPOL2c8ZJMWP2iqrm
uqsfoHG7t97fD97VMfX5J61h52iwjDD+hWctva2AJzIAiECDjC8oi1vrxGRL4w70
RjGfCyGCEFL5Mj9UpH0mwfwv7ZMvVgfL1RSLojCMoXH7N52NUORgAhGzoxGTHkRN
tPd+FSbY7SM9I/9/d4ofS+KwlV+0WBrlbKcn+31Im+R+dWITQFIk/ro6eXiUh3Xp
EQIDAQAB
-----END PUBLIC KEY-----
"""
VECTOR_FINGERPRINT = "bb:93:90:86:f4:a8:6c:e0:7a:f5:c4:6b:10:a9:86:10"
VECTOR_KEY_ID = f"ocid1.tenancy.oc1..aaaaexampletenancy/ocid1.user.oc1..aaaaexampleuser/{VECTOR_FINGERPRINT}"
VECTOR_HEADERS = {"date": ["Thu, 05 Jan 2023 21:31:40 GMT"], "host": ["127.0.0.1:8080"]}
READ = "date (request-target) host"
BODY = f"{READ} content-length content-type x-content-sha256"
POST_BODY = b'{"compartmentId": "ocid1.compartment.oc1..aaaaexample", "displayName": "demo"}'

VECTORS = {
    "get": (
        "GET",
        "/20190101/projects?compartmentId=ocid1.compartment.oc1..aaaaexample&limit=2",
        READ,
        {},
        (
            "grEInO69Z5NEd9hDXevIdYqqEd9z7X7+JzuTpJZykBOZUtFbgc6Lf/xWzuyXYwOlhG1zlsmOcdv4l9cCknPrHOqf37bhDINQECa+BbpLM3/k"
            "kfei1E0kJwMyjF1Z4A4epA4/zxWcLpHhstGcufbsgZRsVkg0buYVQ/3bJakBoP6aW6p4BNYAWgF4V0vf0okAv6wDjLm/E5wllpprSEfNBJT0"
            "mxUUzMLa8A1pnNO44BpPAJvD47OF6YyGY4Ms/91tcEPicTjiccn12iwBRSb+Up3IBuMFK/i9BWkG8N05V9emWaR8nMDhPmOKgdcgAz3Zbfel"
            "Gf2VGANScznxzWQuVw=="
        ),
    ),
    "post": (
        "POST",
        "/20190101/projects",
        BODY,
        {
            "content-length": ["78"],
            "content-type": ["application/json"],
            "x-content-sha256": ["+rTdIKH62vRqDVPH3HWE4wOv8YhaGAcsNBevB3N3Bdw="],
        },
        (
            "pVtO30dF978/wOgJ+IeRvYWZAv0IU8ILpBOrHlXINEezmrK6YL0FZwDqdJ1RhCIW3rntEnk/3hRt6TgRfPLBEiUj3QSaqXI6hAIxGmEbQVlt"
            "CT5ncXr1BKnSI0wyzu4tlAvWCfVN1BrWctfY39Nn6gZ4qKGD2icUkysu4OWvYriZCkfJQYo4D2rHvxg+fb39AH7nyfnFYCi2CU2Hl2ywEBrj"
            "d38VItOaE5XeSq0tOpjK8tDyDIdcWC/9ZH5XqiLNPLmePGPQVGANXiWLcHr27E7fqzzB5WcOnOr+ur7DcE25Ra0/tTRsQLVwAjwBTFD+DpyF"
            "KUVZD9ojE3dSgpOlBw=="
        ),
    ),
    "upload": (
        "POST",
        "/20190101/models/ocid1.datasciencemodel.oc1.iad.aaaaexample/artifact",
        READ,
        {"content-length": ["2"], "content-type": ["application/octet-stream"]},
        (
            "o8XUKV2M+cAmIF86NLABuk/tGeFxNkPFFTn7P0jH9dw/u7EXH0czcnxDn4rjr3Wp5AQiqeDjzRakC9JJyqGMKXJo+J8daclJL+jqu0KUSFYJ"
            "VFOE4lEhh0blqL/JuNgEKfk2eMCz7KY0VTIizJrNrTkO1h76QORX0gHyOuJAHPecmfN/lBd28D8x3bjsh1XUTK/0D7VQgPnhXcAdLZoKzY5C"
            "UWVLU8xuk58Fi/K3aiWT4oSYni/FtLDmyFELaQ1L0LX7wqrjvi4oAj5t4+HDSwXYZjUEKVuFW46Z7xed7or+mMXJThxCuMspv0cCEVaP3EKN"
            "mVXKBdLOX/SMeIv9fQ=="
        ),
    ),
}


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_pem(key: rsa.RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize("name", VECTORS)
def test_published_vectors_verify(name: str) -> None:
    method, target, names, extra, value = VECTORS[name]
    header = (
        f'Signature algorithm="rsa-sha256",headers="{names}",keyId="{VECTOR_KEY_ID}",signature="{value}",version="1"'
    )
    signature = parse_authorization(header)
    assert signature.key_id == VECTOR_KEY_ID
    public_key = load_public_key(VECTOR_KEY)
    digest = body_digest(POST_BODY) if name == "post" else None
    headers = {**VECTOR_HEADERS, **extra}
    verify(signature, public_key, method, target, headers, body_sha256=digest, max_skew=float("inf"))
    with pytest.raises(BadSignature, match="clock"):
        verify(signature, public_key, method, target, headers, body_sha256=digest)
    with pytest.raises(BadSignature, match=r"fit|cover"):
        verify(signature, public_key, method, target + "x", headers, max_skew=float("inf"))


def test_fingerprint_of_the_vector_key() -> None:
    assert fingerprint(load_public_key(VECTOR_KEY)) == VECTOR_FINGERPRINT


def test_we_sign_as_the_real_signer_does(key: rsa.RSAPrivateKey, tmp_path) -> None:
    signer_module = pytest.importorskip("oci.signer")
    requests = pytest.importorskip("requests")
    file = tmp_path / "key.pem"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()))
    print_ = fingerprint(key.public_key())
    theirs = signer_module.Signer("tenancy", "user", print_, str(file))
    date = formatdate(usegmt=True)
    for method, body in (("GET", None), ("POST", b'{"a": 1}'), ("PUT", b"")):
        prepared = requests.Request(
            method,
            "http://127.0.0.1:8900/20190101/models?x=%2F",
            data=body,
            headers={"date": date, "content-type": "application/json"},
        ).prepare()
        signed = theirs.do_request_sign(prepared)
        headers = {"host": "127.0.0.1:8900", "date": date, "content-type": "application/json"}
        target = "/20190101/models?x=%2F"
        ours = sign(load_private_key(file.read_bytes()), f"tenancy/user/{print_}", method, target, headers, body)
        assert ours["authorization"] == signed.headers["authorization"]
        received = {name.lower(): [value] for name, value in signed.headers.items()}
        verify(
            parse_authorization(signed.headers["authorization"]), key.public_key(), method, prepared.path_url, received
        )


def verifier_for(key: rsa.RSAPrivateKey, key_id: str = "t/u/f") -> Verifier:
    return Verifier({"keys": [{"key_id": key_id, "public_key": public_pem(key), "principal": "ocid1.user.oc1..u"}]})


def test_random_single_field_changes_are_refused(key: rsa.RSAPrivateKey) -> None:
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    verifier = verifier_for(key)
    cases = 600
    for number in range(cases):
        body = bytes(chance.randrange(256) for _ in range(chance.randrange(40)))
        method = chance.choice(["GET", "POST", "PUT", "DELETE"])
        target = f"/20190101/models/{chance.randrange(10**9)}?compartmentId=c&limit={chance.randrange(1, 99)}"
        base = {"host": f"127.0.0.1:{chance.randrange(1024, 65535)}", "content-type": "application/json"}
        headers = {**base, **sign(key, "t/u/f", method, target, base, body)}
        assert verifier.authenticate(method, target, headers, body) == "ocid1.user.oc1..u"
        changed = _change_one_field(chance, method, target, headers, body)
        if changed is None:
            continue
        assert refuses(verifier, changed), f"accepted after a change: seed {seed}, case {number}: {changed}"


def refuses(verifier: Verifier, request) -> bool:
    try:
        verifier.authenticate(*request)
    except NotAuthenticated:
        return True
    return False


def _change_one_field(chance: random.Random, method: str, target: str, headers: dict[str, str], body: bytes):
    has_body = method in {"POST", "PUT"}
    names = ["date", "host", "authorization"]
    if has_body:
        names += ["content-length", "content-type", "x-content-sha256"]
    choice = chance.choice(["method", "target", "body", "drop", "double", *names])
    if choice == "method":
        return (
            chance.choice([m for m in ("GET", "POST", "PUT", "DELETE", "HEAD") if m != method]),
            target,
            headers,
            body,
        )
    if choice == "target":
        return method, _change_text(chance, target), headers, body
    if choice == "body":
        return (method, target, headers, body + b"x") if has_body else None
    if choice == "drop":
        gone = chance.choice(names)
        return method, target, {n: v for n, v in headers.items() if n != gone}, body
    if choice == "double":
        again = chance.choice(names)
        return method, target, [*headers.items(), (again, headers[again])], body
    if choice == "authorization":
        value = headers[choice]
        start, end = chance.choice([_span(value, p) for p in ("headers", "keyId", "signature", "algorithm", "version")])
        changed = value[:start] + _change_text(chance, value[start:end]) + value[end:]
        return method, target, {**headers, choice: changed}, body
    return method, target, {**headers, choice: _change_text(chance, headers[choice])}, body


def _span(value: str, parameter: str) -> tuple[int, int]:
    start = value.index(f'{parameter}="') + len(parameter) + 2
    return start, value.index('"', start)


def _change_text(chance: random.Random, text: str) -> str:
    position = chance.randrange(len(text))
    letter = chance.choice([c for c in "abcXYZ019/+=:" if c != text[position]])
    return text[:position] + letter + text[position + 1 :]


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic YWRtaW46YWRtaW4=",
        "Signature",
        "Signature ",
        'Signature keyId="a',
        'Signature keyId="a",headers="date (request-target) host",signature="AAAA"',
        'Signature keyId="a",algorithm="none",headers="date (request-target) host",signature="AAAA"',
        'Signature keyId="a",algorithm="hmac-sha256",headers="date (request-target) host",signature="AAAA"',
        'Signature keyId="a",keyId="b",algorithm="rsa-sha256",headers="date",signature="AAAA"',
        'Signature keyId="a",algorithm="rsa-sha256",headers="date",signature="AAAA",version="2"',
        'Signature keyId="a",algorithm="rsa-sha256",headers="date date",signature="AAAA"',
        'Signature keyId="a",algorithm="rsa-sha256",headers="date",signature="not base64"',
        'Signature keyId="a",algorithm="rsa-sha256",headers="date",signature="AAAA",',
        'Signature keyId="a",algorithm="rsa-sha256",headers="'
        + " ".join(f"h{i}" for i in range(3000))
        + '",signature="AAAA"',
        'Signature keyId="' + "a" * 70_000 + '",algorithm="rsa-sha256",headers="date",signature="AAAA"',
        "Signature " + "," * 16_000,
    ],
)
def test_broken_authorization_headers_are_refused(value: str) -> None:
    with pytest.raises(BadSignature):
        parse_authorization(value)


def resigned(key: rsa.RSAPrivateKey, names: str, method: str, target: str, headers: dict[str, str]) -> dict[str, str]:
    """Sign with a list of names that an honest client would not use."""
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    lines = [
        f"(request-target): {method.lower()} {target}" if n == "(request-target)" else f"{n}: {headers[n]}"
        for n in names.split()
    ]
    value = base64.b64encode(key.sign("\n".join(lines).encode(), PKCS1v15(), SHA256())).decode()
    text = f'Signature algorithm="rsa-sha256",headers="{names}",keyId="t/u/f",signature="{value}",version="1"'
    return {**headers, "authorization": text}


@pytest.mark.parametrize(
    ("names", "method"),
    [("date", "GET"), ("date host", "GET"), ("(request-target) host", "GET"), (READ, "POST"), (READ, "PATCH")],
)
def test_too_few_signed_headers_are_refused(key: rsa.RSAPrivateKey, names: str, method: str) -> None:
    headers = resigned(key, names, method, "/20190101/projects", {"date": formatdate(usegmt=True), "host": "h"})
    with pytest.raises(NotAuthenticated):
        verifier_for(key).authenticate(method, "/20190101/projects", headers, b"")


def test_other_order_and_x_date_are_accepted(key: rsa.RSAPrivateKey) -> None:
    headers = resigned(
        key, "(request-target) host x-date", "GET", "/x", {"x-date": formatdate(usegmt=True), "host": "h"}
    )
    assert verifier_for(key).authenticate("GET", "/x", headers)


@pytest.mark.parametrize(("minutes", "good"), [(4, True), (-4, True), (6, False), (-6, False)])
def test_clock_skew(key: rsa.RSAPrivateKey, minutes: int, good: bool) -> None:
    headers = {"host": "h", **sign(key, "t/u/f", "GET", "/x", {"host": "h"})}
    import time

    later = time.time() + minutes * 60
    if good:
        verifier_for(key).authenticate("GET", "/x", headers, now=later)
    else:
        with pytest.raises(NotAuthenticated):
            verifier_for(key).authenticate("GET", "/x", headers, now=later)


@pytest.mark.parametrize("date", ["", "yesterday", "Thu, 05 Jan 0000 21:31:40 GMT", "Thu, 05 Jan 9999999 21:31:40 GMT"])
def test_impossible_dates_are_refused(key: rsa.RSAPrivateKey, date: str) -> None:
    headers = resigned(key, READ, "GET", "/x", {"date": date, "host": "h"})
    with pytest.raises(NotAuthenticated):
        verifier_for(key).authenticate("GET", "/x", headers)


def test_unknown_key_and_wrong_fingerprint_are_refused(key: rsa.RSAPrivateKey) -> None:
    headers = {"host": "h", **sign(key, "t/u/other", "GET", "/x", {"host": "h"})}
    with pytest.raises(NotAuthenticated):
        verifier_for(key).authenticate("GET", "/x", headers)


@pytest.mark.parametrize(
    ("method", "target", "expected"),
    [
        ("POST", "/20190101/models/m/artifact", True),
        ("POST", "/20190101/models/m/artifact?x=1", True),
        ("PUT", "/20190101/models/m/artifact", False),
        ("POST", "/20190101/models/m/artifact/content", False),
        ("PUT", "/20190101/models/m/customMetadata/k/artifact", True),
        ("POST", "/20190101/models/m/definedMetadata/k/artifact", True),
        ("PUT", "/n/ns/b/bucket/o/a%2Fb", True),
        ("PUT", "/n/ns/b/bucket/u/a%2Fb?uploadId=1", True),
        ("POST", "/n/ns/b/bucket/u/a", False),
        ("POST", "/20190101/models", False),
    ],
)
def test_which_requests_are_uploads(method: str, target: str, expected: bool) -> None:
    assert is_upload(method, target) is expected


@pytest.mark.parametrize("pem", ["", "hello", VECTOR_KEY.replace("MIIB", "AAAA")])
def test_keys_that_are_none(pem: str) -> None:
    with pytest.raises(InputError):
        load_public_key(pem)
    with pytest.raises(InputError):
        load_private_key(pem.encode())


def test_small_keys_are_refused() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    with pytest.raises(InputError, match="2048"):
        load_public_key(public_pem(small))


def test_importing_the_room_is_cheap() -> None:
    code = "import sys, ads.identity.verifier, ads.identity.signature; sys.exit('cryptography' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_signature_is_frozen() -> None:
    signature = replace(
        parse_authorization('Signature keyId="a",algorithm="rsa-sha256",headers="date",signature="AAAA"')
    )
    with pytest.raises(AttributeError):
        signature.key_id = "b"  # type: ignore[misc]
