from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from textcx_client.jobs import event_data

STREAM = (
    ': hello\n\nevent: progress\ndata: {"a": "x\u2028y\x85z"}\n\n'
    "data: one\r\ndata:two\r\n\r\nid: 7\revent: end\rdata: é\r\r\nevent: unfinished\ndata: lost"
).encode()
DATA = ['{"a": "x\u2028y\x85z"}', "one\ntwo", "é"]


@given(st.lists(st.integers(0, len(STREAM)), max_size=12).map(sorted))
def test_a_stream_tells_the_same_however_it_is_cut(cuts: list[int]) -> None:
    edges = [0, *cuts, len(STREAM)]
    pieces = [STREAM[start:end] for start, end in pairwise(edges)]
    assert list(event_data(pieces)) == DATA


def test_an_event_without_data_is_none() -> None:
    assert list(event_data([b"event: progress\n\n: comment\n\n"])) == []
