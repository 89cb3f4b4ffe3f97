"""The predictions of a chunk: asked as a whole, and in halves where that fails, until the row is found."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Protocol

from ads.batch.chunk import ARROW, Body, Chunk
from ads.batch.predictions import Predictions, joined
from ads.errors import InputError

__all__ = ["Asked", "Asker", "AskerGone", "Scoring", "Stopped"]

_UNREADABLE = 415
_NO_SUCH_FORM = 406
_TOO_LARGE = 413
_OF_THE_ROWS = (400, _NO_SUCH_FORM, _TOO_LARGE, 422, 500)
_ROW = re.compile(r",? row 0\b")


class AskerGone(Exception):
    """The process that was asked ended before it answered; the next question starts another one."""


class Stopped(Exception):
    """The job is over: nobody is asked any more."""


@dataclass(frozen=True)
class Asked:
    """An answer. ``arrow``: the content is an Arrow stream, else JSON."""

    status: int
    content: bytes
    arrow: bool


class Asker(Protocol):
    """Whoever predicts: a replica of the job's own, or a deployment. Used by one thread."""

    composed: bool
    """Whether prepare() wrote the script that reads bodies."""
    arrow: bool
    """Whether bodies and answers in Arrow may be tried."""

    def start(self) -> float:
        """Start what will be asked; return the seconds that took, 0.0 where it was there. Raises Stopped."""

    def ask(self, body: Body, *, arrow: bool) -> Asked:
        """Return the answer to a body, in Arrow where that is wanted. Raises AskerGone."""

    def end(self) -> None:
        """End what was started for this, also while it is being asked; every question is answered with Stopped."""


class Scoring:
    """Asks ``asker`` for the predictions of chunks. ``keep_going``: a row that fails has an error, not the job.

    Whatever the asker turns out not to know is not tried again.
    """

    def __init__(self, asker: Asker, *, keep_going: bool) -> None:
        self._asker = asker
        self._keep_going = keep_going
        self._arrow_in = self._arrow_out = asker.arrow

    def predict(self, chunk: Chunk) -> Predictions:
        """Return one prediction for each row. Raises :class:`~ads.errors.InputError` naming file and row."""
        if not len(chunk):
            return Predictions(0, {})
        try:
            asked = self._ask(chunk)
        except AskerGone:
            if len(chunk) == 1:
                return self._failed(chunk, "the process that ran the model ended while it predicted this row")
            return self._halves(chunk)
        if asked.status == 200:
            found = _columns(asked, len(chunk))
            if found is not None:
                return Predictions(len(chunk), found)
            if len(chunk) == 1:
                raise InputError(
                    f"{chunk.source}, row {chunk.number(0)}: the answer is not one prediction for each row.",
                    hint="Ask for single answers: ads predict REF --data …",
                )
            raise InputError(
                f"{chunk.source}: the answer to {len(chunk):,} rows is not one prediction for each.",
                hint="Let predict() in score.py return lists as long as its input, under names such as prediction.",
            )
        if asked.status not in _OF_THE_ROWS:
            raise InputError(f"{chunk.source}: the answer is {asked.status}: {_message(asked)}")
        if len(chunk) == 1:
            return self._failed(chunk, _message(asked))
        return self._halves(chunk)

    def _ask(self, chunk: Chunk) -> Asked:
        asker = self._asker
        body = chunk.body(composed=asker.composed, arrow=self._arrow_in)
        asked = asker.ask(body, arrow=self._arrow_out)
        if asked.status == _NO_SUCH_FORM and self._arrow_out:
            asked = asker.ask(body, arrow=False)
            self._arrow_out = asked.status != 200
        if asked.status == _UNREADABLE and body.kind == ARROW:
            self._arrow_in = self._arrow_out = False
            asked = asker.ask(chunk.body(composed=asker.composed, arrow=False), arrow=False)
        return asked

    def _halves(self, chunk: Chunk) -> Predictions:
        half = len(chunk) // 2
        return joined([self.predict(chunk.part(0, half)), self.predict(chunk.part(half, len(chunk)))])

    def _failed(self, chunk: Chunk, why: str) -> Predictions:
        if self._keep_going:
            return Predictions(1, {}, {0: why})
        raise InputError(
            f"{chunk.source}, row {chunk.number(0)}: {_ROW.sub('', why)}",
            hint="Correct the row, or go on without such rows: --errors keep.",
        )


def _message(asked: Asked) -> str:
    try:
        return str(json.loads(asked.content)["message"])
    except (ValueError, KeyError, TypeError):
        return "the model did not predict"


def _columns(asked: Asked, rows: int) -> dict[str, Any] | None:
    """Return the outputs of an answer, None unless each is one value for every row."""
    if asked.arrow:
        import pyarrow as pa

        table = pa.ipc.open_stream(asked.content).read_all()
        return {name: table.column(name) for name in table.column_names} if table.num_rows == rows else None
    answer = json.loads(asked.content)
    columns = answer if isinstance(answer, dict) else {"prediction": answer}
    if not columns or any(not isinstance(values, list) or len(values) != rows for values in columns.values()):
        return None
    return columns
