"""The query language of log search."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.errors import InputError
from ads.registry.log_query import Scope, parse_log_query

RECORD: dict[str, Any] = {
    "id": "i",
    "source": "ocid1.datasciencemodeldeployment.oc1..abc",
    "type": "com.oraclecloud.datascience.modeldeployment.access",
    "data": {"message": "GET 'x' done.\nnext", "status": 404, "ok": True},
}


def test_the_query_that_clients_send() -> None:
    query = parse_log_query("SEARCH \"c/g/l\" | WHERE source = '*abc' | SORT BY datetime DESC")
    assert query.scopes == (Scope("c", "g", "l"),)
    assert query.newest_first
    assert query.matches(RECORD)
    assert not query.matches({**RECORD, "source": "abcd"})


def test_other_forms() -> None:
    query = parse_log_query("search 'c' , \"c2/g\"|sort by LOGCONTENT.time asc")
    assert query.scopes == (Scope("c"), Scope("c2", "g"))
    assert not query.newest_first
    assert parse_log_query('search "c"').newest_first
    assert parse_log_query('search "c" | sort by datetime').newest_first


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("data.status = 404", True),
        ("data.status >= 404 AND data.status < 405", True),
        ("data.status > 404", False),
        ("logContent.data.status != 404", False),
        ("data.status = '4*'", True),
        ("data.message = '*done*next'", True),
        ("data.message = 'done'", False),
        ("data.message = \"*'x'*\"", True),
        ("data.message = '.*'", False),
        ("data.absent = 'x'", False),
        ("data.absent != 'x'", True),
        ("data.absent < 3", False),
        ("data.ok > 0", False),
        ("data.message < 3", False),
        ("type = '*.access' and source = '*'", True),
        ("type = '*.access' and source = 'x'", False),
    ],
)
def test_conditions(condition: str, holds: bool) -> None:
    assert parse_log_query(f'search "c" | where {condition}').matches(RECORD) is holds


@pytest.mark.parametrize(
    "text",
    [
        "",
        "search",
        "search c",
        'search ""',
        'search "a/b/c/d"',
        'search "c" where source = 1',
        'search "c" | where',
        'search "c" | where source',
        'search "c" | where source | 1',
        'search "c" | where secret = 1',
        'search "c" | where source = \'x',
        'search "c" | where source = 1 or 1 = 1',
        'search "c" | sort by name',
        'search "c" | drop table',
        'search "c" | where source = 1; x',
        'search "c" | where logContent = 1',
        "x" * 10_001,
    ],
)
def test_what_is_no_query(text: str) -> None:
    with pytest.raises(InputError):
        parse_log_query(text)


@given(st.text(max_size=60), st.booleans())
def test_any_text_is_a_query_or_an_input_error(text: str, is_condition: bool) -> None:
    with contextlib.suppress(InputError):
        parse_log_query(f'search "c" | where {text}' if is_condition else text).matches(RECORD)
