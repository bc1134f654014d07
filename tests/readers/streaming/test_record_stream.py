from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from textcx.domain.errors import BadSetting, ColumnNotFound, TextcxError, UnreadableInput
from textcx.domain.items import BrokenLine, GivenText
from textcx.readers.streaming.record_stream import LONGEST_TEXT, RecordColumns, stream_records

if TYPE_CHECKING:
    from pathlib import Path

SAID = "zebra marmalade"


def read(folder: Path, data: bytes | str, *, name: str = "in", **how: Any) -> list[GivenText | BrokenLine]:
    path = folder / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode("utf-8", "surrogatepass"))
    how.setdefault("columns", RecordColumns())
    return list(stream_records(path, **how))


def jsonl(folder: Path, *lines: str) -> list[GivenText | BrokenLine]:
    return read(folder, "\n".join(lines) + "\n", form="jsonl")


def csv(folder: Path, text: str, **how: Any) -> list[GivenText | BrokenLine]:
    return read(folder, text, form="csv", **how)


def short(records: list[GivenText | BrokenLine]) -> list[tuple[Any, ...]]:
    return [
        (record.line, record.id, record.text)
        if isinstance(record, GivenText)
        else (record.line, record.id, record.code.upper())
        for record in records
    ]


def test_objects_are_read_and_other_keys_left_alone(tmp_path: Path) -> None:
    found = jsonl(tmp_path, '{"id": "a", "text": "one", "x": [1]}', "", '{"text": "two", "id": 7, "language": "en"}')
    assert short(found) == [(1, "a", "one"), (3, "7", "two")]
    assert isinstance(found[1], GivenText)
    assert found[1].language == "en"


def test_a_record_without_an_id_is_named_after_its_line(tmp_path: Path) -> None:
    found = jsonl(tmp_path, '{"text": "one"}', '{"id": null, "text": "two"}', '{"id": " ", "text": "three"}')
    assert [record.id for record in found] == ["line-1", "line-2", "line-3"]
    assert [record.named for record in found if isinstance(record, GivenText)] == [False] * 3


def test_the_same_id_may_come_again(tmp_path: Path) -> None:
    assert len(jsonl(tmp_path, *['{"id": 1, "text": "one"}'] * 3)) == 3


BROKEN = {
    "{'id': 1}": "not_json",
    f'"{SAID}"': "not_an_object",
    f'[{{"text": "{SAID}"}}]': "not_an_object",
    f'{{"text": "{SAID}"': "not_json",
    "[" * 100_000: "not_json",
    '{"id": 3, "comment": "x"}': "text_missing",
    '{"id": 3, "text": 5}': "text_not_a_string",
    '{"id": 3, "text": ["x"]}': "text_not_a_string",
    '{"id": [3], "text": "x"}': "bad_id",
    '{"id": true, "text": "x"}': "bad_id",
    '{"id": NaN, "text": "x"}': "bad_id",
    json.dumps({"id": "x" * 2_000, "text": "x"}): "bad_id",
    json.dumps({"id": 3, "text": "x" * (LONGEST_TEXT + 1)}): "text_too_long",
}


@pytest.mark.parametrize("line", BROKEN, ids=lambda line: line[:24])
def test_a_broken_line_is_told_by_its_code_and_the_rest_goes_on(tmp_path: Path, line: str) -> None:
    found = jsonl(tmp_path, '{"id": 1, "text": "one"}', line, '{"id": 2, "text": "two"}')
    assert [type(record) for record in found] == [GivenText, BrokenLine, GivenText]
    broken = found[1]
    assert isinstance(broken, BrokenLine)
    assert (broken.code, broken.line) == (BROKEN[line], 2)
    assert broken.id in {None, "3"}
    assert SAID not in json.dumps(broken.plain())
    assert broken.message


def test_a_text_that_is_null_is_an_empty_one(tmp_path: Path) -> None:
    assert short(jsonl(tmp_path, '{"id": 1, "text": null}')) == [(1, "1", "")]


def test_lone_surrogates_and_nul_reach_the_text_and_never_the_id(tmp_path: Path) -> None:
    found = jsonl(tmp_path, r'{"id": "a\ud800", "text": "x\ud83d y\u0000"}')
    assert short(found) == [(1, "a\ufffd", "x\ud83d y\x00")]


def test_a_line_that_is_not_utf8_keeps_its_id(tmp_path: Path) -> None:
    data = b'{"id": 1, "text": "caf\xe9"}\n{"id": "\xe9", "text": "x"}\n{"id": 3, "text": "ok"}\n\xff\n'
    assert short(read(tmp_path, data, form="jsonl")) == [
        (1, "1", "NOT_UTF8"), (2, None, "NOT_UTF8"), (3, "3", "ok"), (4, None, "NOT_UTF8"),
    ]  # fmt: skip
    assert short(read(tmp_path, data.splitlines()[0], form="jsonl", encoding="latin-1")) == [(1, "1", "caf\u00e9")]


def test_an_enormous_line_is_left_out_and_the_next_one_read(tmp_path: Path) -> None:
    data = '{"id": 1, "text": "' + "x" * 300_000 + '"}\r\n{"id": 2, "text": "ok"}\r\n'
    assert short(read(tmp_path, data, longest=100_000)) == [(1, None, "LINE_TOO_LONG"), (2, "2", "ok")]


@pytest.mark.parametrize(
    ("name", "start", "expected"),
    [("a.csv", "", "csv"), ("a.tsv.gz", "", "csv"), ("a.NDJSON", "", "jsonl"), ("a.log", "", "jsonl"), ("a", "\ufeff \n", "jsonl")],
)  # fmt: skip
def test_the_format_is_told_by_the_suffix_else_by_the_first_character(
    tmp_path: Path, name: str, start: str, expected: str
) -> None:
    data = start + ('{"id": 1, "text": "x"}\n' if expected == "jsonl" else "id,text\n1,x\n")
    assert [record.id for record in read(tmp_path, data, name=name)] == ["1"]


def test_an_unknown_format_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="expected jsonl or csv"):
        read(tmp_path, "x", form="xml")


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf", b"id,text\n"])
def test_an_input_without_records_is_no_error(tmp_path: Path, data: bytes) -> None:
    assert read(tmp_path, data) == []


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_rows_are_read_with_any_delimiter_and_line_end(tmp_path: Path, delimiter: str, end: str) -> None:
    rows = [["id", "when", "text"], ["1", "", "one"], ["2", "x", '"two, ; | more"']]
    found = csv(tmp_path, end.join(delimiter.join(row) for row in rows))
    assert short(found) == [(2, "1", "one"), (3, "2", "two, ; | more")]


def test_excels_hint_at_the_delimiter_is_understood(tmp_path: Path) -> None:
    assert short(csv(tmp_path, "sep=;\nid;text\n1;a,b\n")) == [(3, "1", "a,b")]


def test_a_cell_may_run_over_lines_and_holds_its_quotes(tmp_path: Path) -> None:
    found = csv(tmp_path, 'id,text\n1,"one\r\n""two"", three"\n2,next\n')
    assert short(found) == [(2, "1", 'one\r\n"two", three'), (4, "2", "next")]


def test_a_row_of_another_width_is_broken_and_shows_no_cell(tmp_path: Path) -> None:
    found = csv(tmp_path, f"id,text\n1,one\n{SAID}\n3,a,b\n4,four,,\n")
    assert short(found) == [(2, "1", "one"), (3, None, "CELL_COUNT"), (4, None, "CELL_COUNT"), (5, "4", "four")]


@pytest.mark.parametrize(
    "after",
    ["2,two\n3,three\n", '2,"two"\n3,"three"\n', '2,two\n3,"three"\n', '2,"t ""w"" o"\n3,three\n'],
)
def test_an_unclosed_quote_costs_its_own_line_only(tmp_path: Path, after: str) -> None:
    found = csv(tmp_path, f'id,text\n1,"{SAID}\n{after}')
    assert [(record.line, record.id) for record in found] == [(2, None), (3, "2"), (4, "3")]
    assert isinstance(found[0], BrokenLine)
    assert found[0].code == "unclosed_quote"
    assert SAID not in str(found[0].plain())


def test_an_unclosed_quote_is_noticed_in_bounded_memory(tmp_path: Path) -> None:
    rows = "".join(f"{number},plain\n" for number in range(2, 500))
    found = csv(tmp_path, f'id,text\n1,"open\n{rows}', longest=1_000)
    assert isinstance(found[0], BrokenLine)
    assert [record.id for record in found[1:]] == [str(number) for number in range(2, 500)]


def test_a_stray_quote_within_a_line_is_let_pass(tmp_path: Path) -> None:
    found = csv(tmp_path, 'id,text\n1,the 5" screen\n2,"so "great" it is"\n')
    assert [record.id for record in found] == ["1", "2"]


def test_an_enormous_row_line_is_left_out_and_the_next_one_read(tmp_path: Path) -> None:
    found = csv(tmp_path, f"id,text\n1,{'x' * 200_000}\n2,two\n", longest=70_000)
    assert short(found) == [(2, None, "LINE_TOO_LONG"), (3, "2", "two")]


def test_cells_that_are_not_utf8_are_told_with_their_id(tmp_path: Path) -> None:
    assert short(read(tmp_path, b"id,text\n1,caf\xe9\n2,ok\n")) == [(2, "1", "NOT_UTF8"), (3, "2", "ok")]


def test_nul_bytes_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    assert short(csv(tmp_path, "id,text\n\n1,a\0b\n   \n2,\n")) == [(3, "1", "a\0b"), (5, "2", "")]


def test_a_file_of_texts_alone_is_named_by_lines(tmp_path: Path) -> None:
    assert short(csv(tmp_path, "text\none\n\ntwo\n")) == [(2, "line-2", "one"), (4, "line-4", "two")]


def test_a_missing_column_comes_with_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ColumnNotFound, match="Did you mean 'Texts'"):
        csv(tmp_path, "id,Texts\n1,x\n")
    with pytest.raises(ColumnNotFound, match="no column 'key'"):
        csv(tmp_path, "id,text\n1,x\n", columns=RecordColumns(id="key"))


@pytest.mark.parametrize("first", [f"{SAID}", f"17,{SAID}", f"{SAID} and so on,yes"])
def test_a_first_line_that_is_a_record_is_refused_without_showing_it(tmp_path: Path, first: str) -> None:
    with pytest.raises(UnreadableInput) as caught:
        csv(tmp_path, f"{first}\n18,fine\n")
    assert SAID not in str(caught.value)


def test_several_text_columns_are_joined_and_keep_their_cells(tmp_path: Path) -> None:
    columns = RecordColumns(text=("good", "bad"), id="key")
    found = csv(tmp_path, "key,bad,good\na,slow,kind\nb,,kind\n", columns=columns)
    assert short(found) == [(2, "a", "kind\n\nslow"), (3, "b", "kind")]
    assert [record.cells for record in found if isinstance(record, GivenText)] == [((0, 4), (6, 10)), None]


def test_every_error_is_one_that_textcx_explains(tmp_path: Path) -> None:
    with pytest.raises(TextcxError):
        read(tmp_path, b"%PDF-1.4 ...")
