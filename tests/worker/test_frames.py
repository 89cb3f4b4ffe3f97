from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.worker import frames

items = st.lists(
    st.builds(frames.Item, st.integers(0, 255), st.binary(max_size=50), st.binary(max_size=200)), max_size=5
)


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(0, 2**64 - 1), st.binary(max_size=300))), st.data())
def test_frames_survive_any_way_of_cutting_them(sent: list[tuple[int, int, bytes]], data: st.DataObject) -> None:
    wire = b"".join(frames.encode_frame(*frame) for frame in sent)
    buffer, received = frames.FrameBuffer(), []
    while wire:
        size = data.draw(st.integers(1, len(wire)))
        received += list(buffer.feed(wire[:size]))
        wire = wire[size:]
    assert received == sent


@given(items)
def test_items_come_back_as_they_went(sent: list[frames.Item]) -> None:
    assert frames.decode_items(frames.encode_items(sent)) == sent


@given(st.lists(st.tuples(st.integers(200, 599), st.binary(max_size=200)), max_size=5))
def test_answers_come_back_as_they_went(sent: list[tuple[int, bytes]]) -> None:
    assert frames.decode_answers(frames.encode_answers(sent)) == sent


@given(st.binary(max_size=60))
def test_rubbish_is_refused_and_nothing_else_happens(payload: bytes) -> None:
    for decode in (frames.decode_items, frames.decode_answers):
        with contextlib.suppress(frames.FrameError):
            decode(payload)


def test_a_frame_that_claims_gigabytes_is_refused_at_once() -> None:
    with pytest.raises(frames.FrameError, match="4294967295"):
        list(frames.FrameBuffer().feed(b"\xff" * 13))
