from __future__ import annotations

import json
import os
import threading
import tracemalloc
from itertools import count, islice
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fakes import FakeEncoder, FakeLanguageDetector, FakeRedactor, FakeSplitter
from languages import ENGLISH

from textcx.commands import sentiment as job
from textcx.commands.sentiment import score, score_records, summarize
from textcx.domain.errors import ColumnNotFound, OutputExists, TextcxError, UnreadableInput, WrongUse
from textcx.domain.items import BrokenLine, GivenText
from textcx.readers.streaming.line_stream import numbered_lines
from textcx.readers.streaming.record_stream import RecordColumns, record_of
from textcx.runs.progress import StageClock
from textcx.settings.analysis import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from textcx.commands.sentiment import Record, Tally
    from textcx.domain.encoding import Encoding

TOOLS = SimpleNamespace(
    encoder=FakeEncoder(),
    language=ENGLISH,
    languages=FakeLanguageDetector(),
    splitter=FakeSplitter(),
    redactor=FakeRedactor(),
)
TEXTS = [
    "The room was dirty.",
    "Lovely staff. Awful food.",
    "",
    "Please add more.",
    "n/a",
    "Das ist nicht gut und kalt.",
]


def scored(records: Iterator[Record] | Sequence[Record], **how: Any) -> tuple[list[dict[str, Any]], Tally]:
    written: list[bytes] = []
    progress = how.pop("progress", StageClock())
    tally = score_records(iter(records), written.append, tools=TOOLS, progress=progress, **how)
    return [json.loads(line) for line in b"".join(written).splitlines()], tally


def given(*texts: str) -> list[Record]:
    return [GivenText(str(number), text, line=number) for number, text in enumerate(texts)]


def run(source: Path, out: Path | None, *, settings: Settings | None = None, **how: Any) -> Tally:
    return score(source, out=out, settings=settings or Settings(), tools=TOOLS, progress=StageClock(), **how)


def test_every_record_gets_one_line_in_input_order() -> None:
    records: list[Record] = given(*TEXTS * 300)
    records[7] = BrokenLine(7, "not_json", "mend it")
    lines, tally = scored(records)
    assert [line["id"] for line in lines] == [*map(str, range(7)), None, *map(str, range(8, len(records)))]
    assert lines[7] == {"line": 7, "id": None, "error": {"code": "not_json", "message": "mend it"}}
    assert (tally.scored, tally.failed) == (len(records) - 1, 1)
    assert tally.unlabelled == {"empty": 300, "not_an_answer": 300, "language_unsupported": 300}


@pytest.mark.parametrize("size", [1, 2, 7, 64])
def test_an_answer_does_not_depend_on_how_records_are_put_into_blocks(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, _ = scored(given(*TEXTS * 5), segments=True)
    monkeypatch.setattr(job, "FIRST_BLOCK", size)
    monkeypatch.setattr(job, "MOST_RECORDS", size)
    assert scored(given(*TEXTS * 5), segments=True)[0] == together


def test_aspects_are_listed_where_they_are_wanted() -> None:
    assert "aspects" not in scored(given("Lovely staff."))[0][0]
    [line] = scored(given("Fine. Lovely staff but not good food."), aspects=True)[0]
    said = [(each["aspect"], each["start"], each["opinion_start"], each["negated"]) for each in line["aspects"]]
    assert said == [("staff", 13, 6, False), ("food", 32, 27, True)]
    assert set(line["aspects"][0]["probabilities"]) == {"negative", "neutral", "positive"}


def test_what_identifies_a_person_is_no_aspect() -> None:
    [line] = scored(given("Lovely staff@example.com and good food."), aspects=True)[0]
    assert [each["aspect"] for each in line["aspects"]] == [None, "food"]


def test_segments_are_listed_where_they_are_wanted() -> None:
    assert "segments" not in scored(given("Lovely staff. Awful food."))[0][0]
    (line,), _ = scored(given("Lovely staff. Awful food."), segments=True)
    assert [(segment["start"], segment["end"]) for segment in line["segments"]] == [(0, 13), (14, 25)]


def test_a_line_is_written_while_the_input_only_pauses() -> None:
    written = threading.Event()
    answers: list[bytes] = []

    def write(lines: bytes) -> None:
        answers.append(lines)
        written.set()

    def pausing() -> Iterator[Record]:
        for number in range(3):
            yield GivenText(str(number), "The room was dirty.")
            assert written.wait(20)  # the input goes on only when the line before was answered
            written.clear()

    score_records(pausing(), write, tools=TOOLS, progress=StageClock())
    assert [json.loads(lines)["id"] for lines in answers] == ["0", "1", "2"]


def test_a_pipe_is_answered_line_by_line_before_it_is_closed() -> None:
    inlet, outlet = os.pipe()
    back, forth = os.pipe()

    def records() -> Iterator[Record]:
        with os.fdopen(inlet, "rb") as stream:
            for line in numbered_lines(stream, name="pipe", any_break=False):
                yield record_of(json.loads(line.text), line=line.number, columns=RecordColumns())

    def work() -> None:
        score_records(records(), lambda lines: void(os.write(forth, lines)), tools=TOOLS, progress=StageClock())

    worker = threading.Thread(target=work)
    worker.start()
    for number in range(3):
        os.write(outlet, b'{"id": %d, "text": "The room was dirty."}\n' % number)
        assert json.loads(os.read(back, 1 << 16))["id"] == str(number)
    os.close(outlet)
    worker.join(20)
    assert not worker.is_alive()
    for end in (back, forth):
        os.close(end)


def void(_: object) -> None:
    return None


def test_memory_does_not_grow_on_an_endless_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job, "MOST_RECORDS", 32)
    text = "The room was dirty and nobody came " * 9
    peaks = []
    tools = SimpleNamespace(**{**vars(TOOLS), "encoder": FlatEncoder()})
    for records in (256, 2048):
        endless: Iterator[Record] = (GivenText(str(number), f"{number} {text}") for number in count())
        tracemalloc.start()
        score_records(islice(endless, records), void, tools=tools, progress=StageClock())
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]


class FlatEncoder(FakeEncoder):
    """Finds every text the same, quickly."""

    def encode(self, texts: Sequence[str], *, vectors: bool = True, tags: bool = False) -> Encoding:
        return super().encode([""] * len(texts), vectors=vectors, tags=tags)


def test_no_more_is_read_than_can_wait() -> None:
    taken = 0

    def endless() -> Iterator[Record]:
        nonlocal taken
        for number in count():
            taken += 1
            yield GivenText(str(number), "The room was dirty.")

    def gone(_: bytes) -> None:
        raise BrokenPipeError

    tally = score_records(endless(), gone, tools=TOOLS, progress=StageClock())
    assert tally.stopped
    assert taken <= 3 * job.MOST_RECORDS


def test_what_came_before_a_problem_is_written_first() -> None:
    def cut_off() -> Iterator[Record]:
        yield from given("The room was dirty.", "Lovely staff.")
        msg = "it is damaged"
        raise UnreadableInput(msg)

    written: list[bytes] = []
    with pytest.raises(UnreadableInput, match="damaged"):
        score_records(cut_off(), written.append, tools=TOOLS, progress=StageClock())
    assert b"".join(written).count(b"\n") == 2


def test_a_full_disk_is_explained() -> None:
    def full(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(TextcxError, match="No space left on device"):
        score_records(iter(given("x y z")), full, tools=TOOLS, progress=StageClock())


def test_the_watch_is_told_of_every_record() -> None:
    told: list[int] = []

    class Counting(StageClock):
        def advance(self, name: str, amount: int) -> None:
            assert name == job.STAGE
            told.append(amount)

    scored(given(*TEXTS * 100), progress=Counting())
    assert sum(told) == 600
    assert max(told) <= job.MOST_RECORDS


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.csv"
    path.write_text('id,text\n1,"The room was dirty."\n,Lovely staff.\n3,a,b\n', encoding="utf-8")
    return path


def test_a_file_is_complete_when_it_is_there(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.jsonl"
    tally = run(source, out)
    lines = [json.loads(line) for line in out.read_text(encoding="ascii").splitlines()]
    assert [line["id"] for line in lines] == ["1", "line-3", None]
    assert (tally.scored, tally.failed, tally.unnamed) == (2, 1, 1)
    assert [path.name for path in out.parent.iterdir()] == ["out.jsonl"]


def test_a_run_that_fails_leaves_its_partial_file_and_no_result(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'{"text": "The room was dirty."}\n{"text": "Lovely"}\n')

    class Failing(FakeEncoder):
        def encode(self, texts: Sequence[str], *, vectors: bool = True, tags: bool = False) -> Encoding:
            super().encode(texts, vectors=vectors, tags=tags)
            raise KeyboardInterrupt

    tools = SimpleNamespace(**{**vars(TOOLS), "encoder": Failing()})
    with pytest.raises(KeyboardInterrupt):
        score(tmp_path / "in.jsonl", out=tmp_path / "o", settings=Settings(), tools=tools, progress=StageClock())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "o.partial"]


def test_an_existing_file_is_replaced_only_if_asked_for(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("mine", encoding="utf-8")
    with pytest.raises(OutputExists, match="--overwrite"):
        run(source, out)
    assert out.read_text(encoding="utf-8") == "mine"
    assert run(source, out, overwrite=True).scored == 2
    assert out.read_text(encoding="utf-8").count("\n") == 3


def test_the_input_is_never_replaced(source: Path, tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match="is the input"):
        run(source, source, overwrite=True)
    with pytest.raises(WrongUse, match="directory"):
        run(source, tmp_path)


def test_a_device_is_written_to_as_it_is(source: Path, tmp_path: Path) -> None:
    from pathlib import Path as RealPath

    assert run(source, RealPath(os.devnull)).scored == 2
    assert RealPath(os.devnull).is_char_device()


def test_a_missing_column_is_told_before_a_model_is_loaded(source: Path) -> None:
    class Unbuilt:
        def __getattr__(self, name: str) -> Any:
            raise AssertionError(name)

    settings = Settings(text_column=("comment",))
    with pytest.raises(ColumnNotFound, match="comment"):
        score(source, out=None, settings=settings, tools=Unbuilt(), progress=StageClock())


def test_columns_and_limit_come_from_the_settings(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'{"key": 1, "a": "Lovely", "b": "rude"}\n' * 9)
    settings = Settings(text_column=("a", "b"), id_column="key", limit=4)
    assert run(tmp_path / "in.jsonl", tmp_path / "out", settings=settings, segments=True).scored == 4
    first = json.loads((tmp_path / "out").read_text(encoding="ascii").splitlines()[0])
    assert first["id"] == "1"
    assert [(segment["start"], segment["end"]) for segment in first["segments"]] == [(0, 6), (8, 12)]


def test_an_empty_input_gives_an_empty_result(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").touch()
    tally = run(tmp_path / "in.jsonl", tmp_path / "out")
    assert (tally.scored, (tmp_path / "out").read_bytes()) == (0, b"")


def test_the_summary_counts_everything(source: Path, tmp_path: Path) -> None:
    said = summarize(run(source, tmp_path / "out"))
    assert said.startswith("2 records scored, 1 line failed, ")
    assert "1 record had no id: named line-<n>" in said
