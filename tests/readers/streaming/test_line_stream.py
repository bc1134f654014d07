from __future__ import annotations

import gzip
import io
import os
import re
import threading
import zlib
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textcx.domain.errors import BadSetting, UnreadableInput
from textcx.readers.formats.decoding import Line
from textcx.readers.streaming.line_stream import numbered_lines, open_stream

if TYPE_CHECKING:
    from pathlib import Path


class Pieces(io.BufferedReader):
    """A stream that gives its bytes a piece at a time, as a pipe does."""

    def __init__(self, *pieces: bytes) -> None:
        super().__init__(io.BytesIO())  # type: ignore[arg-type]
        self.pieces = list(pieces)

    def read1(self, size: int = -1) -> bytes:
        piece = self.pieces.pop(0) if self.pieces else b""
        if len(piece) > size:
            self.pieces.insert(0, piece[size:])
        return piece[:size]


def lines(*pieces: bytes, any_break: bool = True, longest: int = 100, encoding: str | None = None) -> list[Line]:
    found = numbered_lines(
        Pieces(*filter(None, pieces)), name="x", any_break=any_break, longest=longest, encoding=encoding
    )
    return list(found)


def read(path: Path) -> list[str]:
    with open_stream(path) as stream:
        return [line.text for line in numbered_lines(stream, name=path.name, any_break=False)]


def cut(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[start:end] for start, end in pairwise(edges)]


@settings(max_examples=150, deadline=None)
@given(text=st.text("ab\u00e9\U0001f600\r\n", max_size=40), places=st.lists(st.integers(0, 200), max_size=8))
def test_lines_are_the_same_in_whatever_pieces_the_bytes_come(text: str, places: list[int]) -> None:
    found = lines(*cut(text.encode(), places))
    assert [line.text for line in found] == re.findall(r"(?s).*?(?:\r\n|\n|\r)|.+", text)
    assert [line.number for line in found] == list(range(1, len(found) + 1))


@pytest.mark.parametrize("compressed", [False, True])
def test_a_line_is_given_as_soon_as_its_end_has_come(*, compressed: bool) -> None:
    pack = zlib.compressobj(wbits=31)
    pieces = [b'{"a": 1}\n{"b', b'": 2}\n']
    if compressed:
        pieces = [pack.compress(piece) + pack.flush(zlib.Z_SYNC_FLUSH) for piece in pieces] + [pack.flush()]
    stream = Pieces(*pieces)
    found = numbered_lines(stream, name="x", any_break=False)
    assert next(found).text == '{"a": 1}\n'
    assert stream.pieces == pieces[1:]


def test_a_pipe_that_does_not_block_is_waited_for() -> None:
    inlet, outlet = os.pipe()
    with open_stream(f"/dev/fd/{inlet}") as stream:
        os.close(inlet)
        os.set_blocking(stream.fileno(), False)
        threading.Timer(0.05, lambda: (os.write(outlet, b"late\n"), os.close(outlet))).start()
        assert [line.text for line in numbered_lines(stream, name="x", any_break=False)] == ["late\n"]


def test_a_bare_carriage_return_ends_a_line_only_where_it_may() -> None:
    assert [line.text for line in lines(b"a\rb\nc", any_break=True)] == ["a\r", "b\n", "c"]
    assert [line.text for line in lines(b"a\rb\nc", any_break=False)] == ["a\rb\n", "c"]


def test_a_line_beyond_the_limit_is_counted_and_not_kept() -> None:
    found = lines(b"one\n", b"x" * 90, b"x" * 90, b"x" * 90 + b"\nthree\n")
    assert [(line.number, line.too_long) for line in found] == [(1, False), (2, True), (3, False)]
    assert found[1].text == ""
    assert lines(b"x" * 101)[0].too_long
    assert not lines(b"x" * 100)[0].too_long
    assert [line.number for line in lines(b"x" * 100 + b"\r\n" + b"next\r\n")] == [1, 2]


def test_a_limit_between_the_two_characters_of_a_line_end_loses_no_line_behind_it() -> None:
    found = numbered_lines(io.BytesIO(b"abc\r\n\nx"), name="in", any_break=True, longest=3)
    assert [(line.number, line.text.strip(), line.too_long) for line in found] == [
        (1, "", True),
        (2, "", False),
        (3, "x", False),
    ]


def test_bytes_that_are_not_utf8_spoil_their_own_line_only() -> None:
    found = lines(b"caf\xc3\xa9\ncaf\xe9\nok\n")
    assert [line.damaged for line in found] == [False, True, False]


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_the_encoding(codec: str) -> None:
    data = "caf\u00e9\nok\n".encode(codec)
    assert [line.text for line in lines(data[:1], data[1:2], data[2:7], data[7:])] == ["caf\u00e9\n", "ok\n"]


def test_another_encoding_can_be_named() -> None:
    assert lines(b"caf\xe9", encoding="cp1252")[0].text == "caf\u00e9"
    with pytest.raises(BadSetting, match="--encoding 'latin-seven' is unknown"):
        lines(b"x", encoding="latin-seven")


def test_no_bytes_give_no_line() -> None:
    assert lines() == []
    assert lines(b"") == []
    assert lines(b"a") == [Line(1, "a")]


def test_compressed_files_are_read_also_several_in_one(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl.gz"
    path.write_bytes(gzip.compress(b"one\n" * 50_000) + gzip.compress(b"two\n"))
    assert read(path) == ["one\n"] * 50_000 + ["two\n"]


def test_damaged_gzip_is_explained(tmp_path: Path) -> None:
    path = tmp_path / "x.gz"
    path.write_bytes(gzip.compress(b"one\n" * 5_000)[:-12])
    with pytest.raises(UnreadableInput, match="damaged gzip"):
        read(path)


def test_what_cannot_be_opened_is_explained_at_once(tmp_path: Path) -> None:
    with pytest.raises(UnreadableInput, match="no such file"):
        open_stream(tmp_path / "missing.csv")
    with pytest.raises(UnreadableInput, match="directory"):
        open_stream(tmp_path)


def test_a_binary_file_is_refused_by_its_kind(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b"PAR1" + bytes(50))
    with pytest.raises(UnreadableInput, match="Parquet"):
        read(tmp_path / "x.jsonl")
