import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ads.gateway.frames import (
    ANSWER,
    PING,
    PREDICT,
    FrameError,
    FrameReader,
    Input,
    Output,
    decode_answer,
    decode_answer_and_rows,
    decode_predict,
    encode_answer,
    encode_empty,
    encode_predict,
)

inputs = st.lists(st.builds(Input, st.integers(0, 255), st.binary(max_size=40), st.binary(max_size=200)), max_size=5)
outputs = st.lists(st.builds(Output, st.integers(0, 65535), st.binary(max_size=200)), max_size=5)
ids = st.integers(0, 2**64 - 1)


def in_pieces(reader, data, cuts):
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [frame for a, b in pairwise(edges) for frame in reader.feed(data[a:b])]


@given(ids, inputs, ids, outputs, st.lists(st.integers(0, 5000), max_size=8))
def test_frames_survive_any_cutting(first, asked, second, answered, cuts):
    data = encode_predict(first, asked) + encode_empty(PING, first) + encode_answer(second, answered)
    one, ping, two = in_pieces(FrameReader(1 << 20), data, cuts)
    assert one[:2] == (PREDICT, first)
    assert decode_predict(one[2]) == asked
    assert ping == (PING, first, b"")
    assert two[:2] == (ANSWER, second)
    assert decode_answer(two[2]) == answered


@given(outputs, st.integers(0, 2**40))
def test_an_answer_may_say_how_many_rows_it_is_of(answered, rows):
    from ads.worker import frames as workers

    payload = workers.encode_answers([tuple(each) for each in answered], rows)
    assert decode_answer_and_rows(payload) == (answered, min(rows, 2**32 - 1))
    assert workers.decode_answers(payload) == [tuple(each) for each in answered]
    without = workers.encode_answers([tuple(each) for each in answered])
    assert decode_answer_and_rows(without) == (answered, len(answered))


@given(st.binary(max_size=300))
def test_noise_is_a_frame_error_or_frames(data):
    for decode in (decode_answer, decode_predict):
        with contextlib.suppress(FrameError):
            decode(data)


@pytest.mark.parametrize("size", [0, 8, 1 << 21])
def test_impossible_lengths(size):
    with pytest.raises(FrameError):
        list(FrameReader(1 << 20).feed(size.to_bytes(4, "big") + b"x" * 20))


def test_worker_and_gateway_speak_the_same():
    from ads.worker import frames as workers

    frame = encode_predict(7, [Input(0, b"{}", b"[1]")])
    assert frame[4] == workers.PREDICT
    assert encode_empty(PING, 1)[4] == workers.PING
