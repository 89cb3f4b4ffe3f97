"""Section 3.8 of the abuse catalogue: the console. Every test is named after its line."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from tests.api.conftest import Running, raw_archive
from tests.console import conftest as console
from tests.console.conftest import Browser, Reader
from tests.console.shop import SCORE, version_body

service, token, stranger, browser = console.service, console.token, console.stranger, console.browser

MARKUP = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'><svg/onload=alert(1)>"
BIDI = "safe\u202etxt.exe\u2066\u200b"


@pytest.fixture(scope="module")
def hostile(service: Running) -> dict[str, str]:
    """A name and a version whose every text is markup."""
    name = MARKUP[:200]
    places = {"compartmentId": service.compartment, "projectId": service.project}
    made = service.client.post("/20190101/modelVersionSets", json={**places, "name": name, "description": MARKUP})
    set_id = made.json()["id"]
    schema = {"schema": [{"name": MARKUP, "dtype": MARKUP, "feature_type": MARKUP, "description": MARKUP}]}
    checks = {"x": {"category": MARKUP, "description": MARKUP, "error_msg": MARKUP, "success": False}}
    body = version_body(
        set_id,
        1,
        displayName=MARKUP,
        description=MARKUP,
        versionLabel=MARKUP,
        freeformTags={MARKUP[:90]: MARKUP},
        customMetadataList=[
            {"key": MARKUP, "value": MARKUP, "description": MARKUP, "category": "Other"},
            {"key": f"{MARKUP}2", "value": "0.5", "category": "Performance"},
        ],
        definedMetadataList=[
            {"key": "Framework", "value": MARKUP},
            {"key": "Hyperparameters", "value": json.dumps({MARKUP: MARKUP})},
            {"key": "ArtifactTestResults", "value": json.dumps(checks)},
        ],
        inputSchema=json.dumps(schema),
    )
    model = service.create_model(**body)
    files = {
        "score.py": f'"""{MARKUP}"""\n{SCORE}',
        "runtime.yaml": "{}",
        "README.md": MARKUP,
        "<img src=x>.txt": MARKUP,
    }
    assert service.upload(model["id"], raw_archive(files)).status_code < 300, "the archive"
    link = {"repositoryUrl": "javascript:alert(1)", "gitBranch": MARKUP, "scriptDir": "data:text/html,<script>"}
    assert service.client.post(f"/20190101/models/{model['id']}/provenance", json=link).status_code == 200
    service.client.put(
        f"/openads/v1/models/{model['id']}/lineage", json={"trainedFrom": [MARKUP, "javascript:alert(1)"]}
    )
    alias = f"/openads/v1/modelVersionSets/{set_id}/aliases/champion"
    service.client.put(alias, json={"versionId": 1, "reason": MARKUP})
    second = service.create_model(**{**body, "displayName": f"{MARKUP}2", "versionLabel": "second"})
    return {"set": set_id, "model": model["id"], "second": second["id"]}


def pages_of(hostile: dict[str, str]) -> list[str]:
    version = f"/console/versions/{hostile['model']}"
    tabs = ("", "/schema", "/files", "/files?file=README.md", "/checks", "/provenance", "/lineage", "/card")
    return [
        "/console/",
        "/console/models",
        f"/console/models?q={MARKUP.partition('<img')[0]}",
        f"/console/models/{hostile['set']}",
        *(version + tab for tab in tabs),
        f"/console/compare?v={hostile['model']}&v={hostile['second']}",
        "/console/activity",
    ]


def test_191_markup_in_any_field_is_text(browser: Browser, hostile: dict[str, str]) -> None:
    shown = 0
    for place in pages_of(hostile):
        answer = browser.get(place)
        page = Reader(answer.text)
        assert answer.status_code == 200, place
        assert not [tag for tag, attrs in page.tags if tag == "script" and not (attrs.get("src") or "").startswith("/")]
        assert not [attrs for tag, attrs in page.tags if tag == "img" and attrs.get("src") == "x"], place
        assert not [name for _, attrs in page.tags for name in attrs if name.startswith("on")], place
        shown += "alert(1)" in page.text
    assert shown >= 8  # it is told, only not run


def test_192_a_link_leads_to_http_and_nothing_else(browser: Browser, hostile: dict[str, str], service: Running) -> None:
    card = (
        "[run](javascript:alert(1)) [data](data:text/html,x) [fine](https://example.com/x) <a href='javascript:x'>y</a>"
    )
    model = service.create_model(displayName="links")
    service.upload(model["id"], raw_archive({"score.py": SCORE, "runtime.yaml": "{}", "README.md": card}))
    found = browser.page(f"/console/versions/{model['id']}/card")
    assert "https://example.com/x" in found.links
    for place in [*pages_of(hostile), f"/console/versions/{model['id']}/card"]:
        for link in browser.page(place).links:
            assert link.startswith(("/console/", "#", "https://example.com/")), (place, link)


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "application/json"])
def test_193_a_write_from_another_origin_is_refused(service: Running, browser: Browser, kind: str) -> None:
    place = "/console/settings"
    token = next(form for form in browser.page(place).forms if form["action"].endswith("/tokens"))["fields"]["csrf"]
    body = f"csrf={token}&name=forged&verb=manage"
    elsewhere = {"content-type": kind, "origin": "https://evil.example"}
    with_cookies = browser.http.post(f"{place}/tokens", content=body, headers=elsewhere)
    assert with_cookies.status_code == 403
    without = httpx.post(f"{service.url}{place}/tokens", content=body, headers=elsewhere)
    assert without.status_code == 401
    unsaid = browser.http.post(f"{place}/tokens", content=body, headers={"content-type": kind})
    assert unsaid.status_code == 403
    cross = {"content-type": kind, "origin": service.url, "sec-fetch-site": "cross-site"}
    assert browser.http.post(f"{place}/tokens", content=body, headers=cross).status_code == 403
    stale = browser.http.post(
        f"{place}/tokens", content="csrf=0&name=forged", headers={"content-type": kind, "origin": service.url}
    )
    assert stale.status_code == 403
    api = browser.http.post("/openads/v1/tokens", content='{"name": "forged"}', headers={**elsewhere})
    assert api.status_code == 401
    assert "forged" not in browser.get(place).text


def test_194_framing_inline_scripts_and_readable_cookies_are_out(service: Running, stranger: Browser) -> None:
    login = stranger.get("/console/login")
    policy = login.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in policy
    assert "script-src 'self';" in policy
    assert login.headers["x-frame-options"] == "DENY"
    entered = stranger.log_in(service.context.home.token_file.read_text())
    session = next(line for line in entered.headers.get_list("set-cookie") if "Max-Age=6" in line)
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "Path=/console" in session
    assert "Secure" not in session  # this one came by plain HTTP, on loopback


def test_194_over_https_the_cookie_is_secure(service: Running, stranger: Browser) -> None:
    host = service.url.removeprefix("http://")
    form = stranger.page("/console/login").forms[0]["fields"]
    token = service.context.home.token_file.read_text()
    answer = stranger.post("/console/login", {**form, "token": token}, origin=f"https://{host}")
    assert answer.status_code == 303
    assert all("Secure" in line for line in answer.headers.get_list("set-cookie") if "Max-Age=6" in line)


@pytest.mark.parametrize(
    "path",
    [
        "/console/static/..%2f..%2fadmin-token",
        "/console/static/x/..%5c..%5cadmin-token",
        "/console/static/x/../../frame.py",
        "/console/static//etc/passwd",
        "/console/static/x/console.css%00",
        "/console/static/x/.",
    ],
)
def test_195_nothing_beside_the_files_is_served(service: Running, path: str) -> None:
    import socket
    from urllib.parse import urlsplit

    parts = urlsplit(service.url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=10) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404")


def test_196_a_session_fixed_before_the_login_is_worth_nothing(service: Running, stranger: Browser) -> None:
    form = stranger.page("/console/login").forms[0]["fields"]
    visit, value = next((name, value) for name, value in stranger.http.cookies.items() if "visit" in name)
    name = visit.replace("-visit", "")
    answer = httpx.post(
        f"{service.url}/console/login",
        data={**form, "token": service.context.home.token_file.read_text()},
        headers={"origin": service.url, "cookie": f"{visit}={value}; {name}=fixed-by-somebody-else"},
    )
    assert answer.status_code == 303
    assert answer.cookies[name] != "fixed-by-somebody-else"
    other = Browser(service.url)
    other.http.cookies.set(name, "fixed-by-somebody-else", path="/console")
    assert other.get("/console/").status_code == 303


def test_196_each_login_is_a_new_session_and_logging_out_ends_it_on_the_server(
    service: Running, stranger: Browser
) -> None:
    token = service.context.home.token_file.read_text()
    stranger.log_in(token)
    first = dict(stranger.http.cookies)
    stranger.log_in(token)
    second = dict(stranger.http.cookies)
    assert first != second
    copied = Browser(service.url)
    copied.http.cookies.update(first)
    assert copied.get("/console/").status_code == 303  # the earlier one ended at the second login
    copied.http.cookies.update(second)
    assert copied.get("/console/").status_code == 200
    assert stranger.send("/console/", "/console/logout").status_code == 303
    assert copied.get("/console/").status_code == 303


def test_197_long_lines_terminal_codes_and_direction_marks_are_cut_and_shown(
    service: Running, browser: Browser
) -> None:
    model = service.create_model(displayName="noisy", description=f"\x1b[31mred\x1b[0m {BIDI}")
    files = {"score.py": SCORE, "runtime.yaml": "{}", "long.txt": "x" * 10_000_000, "log.txt": f"\x1b[2J{BIDI}\n"}
    service.upload(model["id"], raw_archive(files))
    version = f"/console/versions/{model['id']}"
    for place in (version, f"{version}/files?file=log.txt", f"{version}/files?file=long.txt"):
        answer = browser.get(place)
        assert answer.status_code == 200
        assert len(answer.content) < 60_000
        shown = re.sub(r"<textarea.*?</textarea>", "", answer.text, flags=re.DOTALL)  # edited as it is
        assert not {"\x1b", "\u202e", "\u2066"} & set(shown)


def test_198_a_download_with_a_hostile_name_has_one_header(service: Running, browser: Browser) -> None:
    model = service.create_model(displayName="download")
    name = 'attachment; filename="a\\"b;x=y.zip"; filename*=UTF-8\'\'%0d%0aset-cookie%3a%20a%3db.zip'
    service.upload(model["id"], raw_archive({"score.py": SCORE, "runtime.yaml": "{}"}), **{"content-disposition": name})
    answer = browser.get(f"/console/api/20190101/models/{model['id']}/artifact/content")
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    said = answer.headers.get("content-disposition", "")
    assert said.isascii()
    assert not set("\r\n") & set(said)


def test_199_ten_thousand_rows_and_a_huge_text_leave_the_page_usable(service: Running, browser: Browser) -> None:
    columns: list[dict[str, Any]] = [
        {"name": f"c{n}", "dtype": "float64", "description": "d" * 20} for n in range(9000)
    ]
    text = json.dumps({"schema": columns})
    metadata = [{"key": "long", "value": "v" * 15_900}, {"key": "more", "value": "w" * 15_900}]
    model = service.create_model(displayName="large", inputSchema=text, customMetadataList=metadata)
    version = f"/console/versions/{model['id']}"
    for place in (version, f"{version}/schema", "/console/models", "/console/activity"):
        answer = browser.get(place)
        assert answer.status_code == 200
        assert len(answer.content) < 150_000, place
    assert "9,000 columns" in browser.page(f"{version}/schema").text


@pytest.mark.parametrize(
    "place",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "/console//evil.example",
        "javascript:alert(1)",
        "/other",
        "/console/..//evil.example",
        "\thttps://evil.example",
        "/console/\r\nset-cookie: a=b",
    ],
)
def test_200_after_the_login_nobody_is_led_elsewhere(service: Running, stranger: Browser, place: str) -> None:
    form = Reader(stranger.get("/console/login", params={"next": place}).text).forms[0]["fields"]
    assert form["next"] == "/console/"
    token = service.context.home.token_file.read_text()
    answer = stranger.post("/console/login", {**form, "token": token, "next": place})
    assert answer.headers["location"] == "/console/"
