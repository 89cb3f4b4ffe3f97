"""Records found in the files of deployments."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from ads.deploy.log_search import LogSource, search_logs
from ads.deploy.log_times import note_growth
from ads.home import Home
from ads.registry.log_query import parse_log_query

ID = "ocid1.datasciencemodeldeployment.oc1..d"
NOON = datetime(2026, 1, 31, 12, tzinfo=timezone.utc)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.create()
    made.deployment(ID).mkdir(parents=True)
    return made


def source(kind: Any) -> LogSource:
    return LogSource(ID, "churn", kind, "c", "g", "l")


def found(home: Home, kind: str, query: str = 'search "c"', hours: float = 24, limit: int = 100) -> list[Any]:
    start, end = NOON - timedelta(hours=hours), NOON + timedelta(hours=hours)
    return search_logs(home, [source(kind)], parse_log_query(query), start, end, limit)


def access_line(minute: int, status: int = 200) -> str:
    return f'{{"time": "2026-01-31T12:{minute:02d}:00.500Z", "status": {status}}}\n'


def test_access_records(home: Home) -> None:
    folder = home.deployment(ID)
    (folder / "access.log.1").write_text(access_line(0) + access_line(1, 500))
    (folder / "access.log").write_text(access_line(2) + "\n" + access_line(3) + access_line(4).rstrip("\n"))
    records = found(home, "access")
    assert [r["logContent"]["time"][14:16] for r in records] == ["03", "02", "01", "00"]
    content = records[0]["logContent"]
    assert records[0]["datetime"] == int((NOON + timedelta(minutes=3, seconds=0.5)).timestamp() * 1000)
    assert (content["source"], content["subject"], content["type"].rsplit(".", 1)[1]) == (ID, "churn", "access")
    assert content["oracle"] == {"compartmentid": "c", "loggroupid": "g", "logid": "l"}
    assert (content["data"]["status"], content["data"]["message"]) == (200, access_line(3).strip())
    assert len({r["logContent"]["id"] for r in records}) == 4
    failed = found(home, "access", 'search "c" | where data.status >= 500')
    assert [r["logContent"]["data"]["status"] for r in failed] == [500]
    oldest = found(home, "access", 'search "c" | sort by datetime asc', limit=2)
    assert [r["logContent"]["time"][14:16] for r in oldest] == ["00", "01"]
    assert found(home, "access", hours=0.01) == records[3:]


def test_lines_without_a_time_have_the_one_at_which_they_were_seen(home: Home) -> None:
    path = home.deployment(ID) / "predict.log"
    path.write_text("first\nsecond\n")
    note_growth(path, 13, NOON.timestamp())
    with path.open("a") as file:
        file.write("third\n2026-01-31T11:59:00Z says it itself\n")
    note_growth(path, 60, (NOON + timedelta(seconds=5)).timestamp())
    times = {r["logContent"]["data"]["message"][:6]: r["logContent"]["time"] for r in found(home, "predict")}
    assert times == {
        "first": "2026-01-31T12:00:00.000Z",
        "second": "2026-01-31T12:00:00.000Z",
        "third": "2026-01-31T12:00:05.000Z",
        "2026-0": "2026-01-31T11:59:00.000Z",
    }
    order = found(home, "predict", 'search "c" | sort by datetime asc')
    assert [r["logContent"]["data"]["message"][:6] for r in order] == ["2026-0", "first", "second", "third"]


def test_a_deployment_without_logs_has_no_records(home: Home) -> None:
    assert found(home, "access") == found(home, "predict") == []
