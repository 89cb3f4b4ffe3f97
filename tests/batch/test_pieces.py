"""The pieces of batch scoring by themselves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from ads.batch.chunk import Body, RecordChunk, TableChunk
from ads.batch.job import Job, run
from ads.batch.journal import Journal
from ads.batch.places import Place
from ads.batch.predictions import Predictions, from_bytes, joined, to_bytes
from ads.batch.scoring import Asked, Scoring
from ads.errors import InputError


class Doubling:
    """Answers twice the column ``n``; refuses more than ``most`` rows, and the row 13."""

    composed = True

    def __init__(self, most: int = 1000, *, arrow: bool = False) -> None:
        self.most = most
        self.arrow = arrow
        self.asked: list[int] = []

    def start(self) -> float:
        return 0.0

    def ask(self, body: Body, *, arrow: bool) -> Asked:  # noqa: ARG002
        rows = json.loads(bytes(body.content))
        rows = rows if isinstance(rows, list) else [{"n": n} for n in rows["data"]["n"]]
        self.asked.append(len(rows))
        if len(rows) > self.most:
            return Asked(413, b'{"message": "too large"}', arrow=False)
        if any(row["n"] == 13 for row in rows):
            return Asked(400, b'{"message": "Column \'n\', row 0: 13 is bad luck."}', arrow=False)
        return Asked(200, json.dumps({"prediction": [row["n"] * 2 for row in rows]}).encode(), arrow=False)

    def end(self) -> None:
        pass


def numbers(count: int) -> RecordChunk:
    return RecordChunk("in.jsonl", 0, [{"n": n} for n in range(count)])


def test_halves_find_the_row_and_what_is_too_large() -> None:
    asker = Doubling(most=4)
    found = Scoring(asker, keep_going=True).predict(numbers(20))
    assert found.errors == {13: "Column 'n', row 0: 13 is bad luck."}
    assert found.columns["prediction"] == [None if n == 13 else n * 2 for n in range(20)]
    with pytest.raises(InputError, match=r"^in.jsonl, row 14: Column 'n': 13 is bad luck\.\n"):
        Scoring(asker, keep_going=False).predict(numbers(20))


def test_an_answer_of_another_length_is_refused() -> None:
    class Short(Doubling):
        def ask(self, body: Body, *, arrow: bool) -> Asked:  # noqa: ARG002
            return Asked(200, b'{"prediction": [1]}', arrow=False)

    with pytest.raises(InputError, match="not one prediction for each"):
        Scoring(Short(), keep_going=True).predict(numbers(2))


def test_predictions_are_kept_whole() -> None:
    lists = Predictions(2, {"prediction": [1, None], "predict_proba": [[0.5], None]}, {1: "no"})
    arrow = Predictions(2, {"prediction": pa.chunked_array([[1.5, 2.5]])}, {1: "no"})
    for given in (lists, arrow, Predictions(1, {}, {0: "no"})):
        again = from_bytes(to_bytes(given))
        assert again is not None
        assert (again.rows, again.errors, list(again.columns)) == (given.rows, given.errors, list(given.columns))
        assert from_bytes(to_bytes(given)[:-3]) is None
    both = joined([arrow, Predictions(1, {}, {0: "bad"})])
    assert (both.columns, both.errors) == ({"prediction": [1.5, 2.5, None]}, {1: "no", 2: "bad"})


def test_two_processes_never_write_the_same_output(tmp_path: Path) -> None:
    folder = Place.of(str(tmp_path / "out.csv.parts"))
    first = Journal(folder, {"model": "a"})
    first.keep(0, 0, Predictions(1, {"prediction": [1]}))
    with pytest.raises(InputError, match="Another process"):
        Journal(folder, {"model": "a"})
    first.close()
    again = Journal(folder, {"model": "a"})
    assert again.resumed
    assert again.read(0, 0) == Predictions(1, {"prediction": [1]})
    again.close()
    other = Journal(folder, {"model": "b"})
    assert other.read(0, 0) is None
    other.end()
    assert not Path(folder.path).exists()


def test_no_more_is_read_than_a_few_chunks(tmp_path: Path) -> None:
    """What isn't written yet stays unread: a file of any length takes the same memory."""
    (tmp_path / "in.jsonl").write_text("".join(f'{{"n": {n}}}\n' for n in range(20, 220)), encoding="utf-8")
    told: list[int] = []
    waiting: list[int] = []
    asker = Doubling()
    job = Job(Place.of(str(tmp_path / "in.jsonl")), Place.of(str(tmp_path / "out.jsonl")), "m", chunk_rows=2)

    def progress(rows: int, total: int | None) -> None:
        assert total is None
        told.append(rows)
        waiting.append(sum(asker.asked) - rows)

    outcome = run(job, lambda: asker, progress)
    assert (outcome.rows, told[-1], len(told)) == (200, 200, 100)
    assert max(waiting) <= 2 * 4
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 200


def test_tables_that_no_arrow_can_carry_go_as_json(tmp_path: Path) -> None:
    class NoArrow(Doubling):
        def ask(self, body: Body, *, arrow: bool) -> Asked:
            return Asked(415, b"{}", arrow=False) if body.kind else super().ask(body, arrow=arrow)

    asker: Any = NoArrow(arrow=True)
    scoring = Scoring(asker, keep_going=False)
    chunk = TableChunk("in.parquet", 0, pa.table({"n": [1, 2]}))
    assert scoring.predict(chunk).columns == {"prediction": [2, 4]}
    assert scoring.predict(chunk.part(1, 2)).columns == {"prediction": [4]}
