"""A call as code that can be pasted: curl, Python, Java, JavaScript, OCI CLI. Pure.

Whatever the payload holds is written as a literal of the language, so no text of a model or a visitor can end one.
"""

from __future__ import annotations

import json
import pprint
import shlex
from typing import Any

__all__ = ["snippets"]

_LONGEST = 4000
_TOKEN = "OPENADS_TOKEN"  # noqa: S105 - the name of a variable


def snippets(endpoint: str, payload: Any) -> list[dict[str, str]]:
    """Return name and text of each. A payload that is too long to paste is replaced by the name of a file with it."""
    body = json.dumps(payload, ensure_ascii=False)
    named = len(body) > _LONGEST
    url = f"{endpoint}/predict"
    return [
        {"name": "curl", "text": _curl(url, body, named=named)},
        {"name": "Python", "text": _python(url, payload, named=named)},
        {"name": "Java", "text": _java(url, body, named=named)},
        {"name": "JavaScript", "text": _javascript(url, body, named=named)},
        {"name": "OCI CLI", "text": _oci(url, body, named=named)},
    ]


def _curl(url: str, body: str, *, named: bool) -> str:
    data = "@payload.json" if named else shlex.quote(body)
    return (
        f"curl -sS {shlex.quote(url)} \\\n"
        f'  -H "Authorization: Bearer ${_TOKEN}" \\\n'
        "  -H 'Content-Type: application/json' \\\n"
        f"  --data-binary {data}"
    )


def _python(url: str, payload: Any, *, named: bool) -> str:
    value = 'json.load(open("payload.json"))' if named else pprint.pformat(payload, width=100, sort_dicts=False)
    return (
        "import json, os, urllib.request\n\n"
        f"payload = {value}\n"
        "request = urllib.request.Request(\n"
        f"    {url!r},\n"
        "    data=json.dumps(payload).encode(),\n"
        f'    headers={{"Authorization": "Bearer " + os.environ["{_TOKEN}"], "Content-Type": "application/json"}},\n'
        ")\n"
        "print(json.load(urllib.request.urlopen(request)))"
    )


def _java(url: str, body: str, *, named: bool) -> str:
    publisher = (
        'HttpRequest.BodyPublishers.ofFile(java.nio.file.Path.of("payload.json"))'
        if named
        else f"HttpRequest.BodyPublishers.ofString({_literal(body)})"
    )
    return (
        "import java.net.URI;\n"
        "import java.net.http.*;\n\n"
        "class Predict {\n"
        "  public static void main(String[] args) throws Exception {\n"
        f"    var request = HttpRequest.newBuilder(URI.create({_literal(url)}))\n"
        f'        .header("Authorization", "Bearer " + System.getenv("{_TOKEN}"))\n'
        '        .header("Content-Type", "application/json")\n'
        f"        .POST({publisher})\n"
        "        .build();\n"
        "    var answer = HttpClient.newHttpClient().send(request, HttpResponse.BodyHandlers.ofString());\n"
        "    System.out.println(answer.body());\n"
        "  }\n"
        "}"
    )


def _javascript(url: str, body: str, *, named: bool) -> str:
    value = 'await readFile("payload.json", "utf8")' if named else f"JSON.stringify({body})"
    head = 'import { readFile } from "node:fs/promises";\n\n' if named else ""
    return (
        f"{head}const answer = await fetch({_literal(url)}, {{\n"
        '  method: "POST",\n'
        "  headers: {\n"
        f"    Authorization: `Bearer ${{process.env.{_TOKEN}}}`,\n"
        '    "Content-Type": "application/json",\n'
        "  },\n"
        f"  body: {value},\n"
        "});\n"
        "console.log(await answer.json());"
    )


def _oci(url: str, body: str, *, named: bool) -> str:
    data = "file://payload.json" if named else shlex.quote(body)
    return f"oci raw-request --http-method POST \\\n  --target-uri {shlex.quote(url)} \\\n  --request-body {data}"


def _literal(text: str) -> str:
    """Return a text in double quotes, in ASCII, as Java and JavaScript read it."""
    return json.dumps(text)
