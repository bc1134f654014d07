"""Score a stream: records in, one JSON line each out, in input order, for as long as records come.

A thread reads, cleans and splits ahead while the encoder computes; the encoder itself is used by the calling thread
only. What has come is scored as soon as the input pauses or a block is full, and every block is flushed, so that a
reader at the other end of a pipe never waits for records that nobody has sent yet.

Invariants, all tested: one line out for each record in, in order; the answers do not depend on how records were put
into blocks; memory does not grow with the length of the stream; a file in ``--out`` is complete.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections import Counter, deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from textcx.commands.terminal import many
from textcx.domain.errors import OutputExists, TextcxError, WrongUse
from textcx.domain.items import BrokenLine, GivenText
from textcx.pipelines.text import judge, prepare
from textcx.readers.streaming.record_stream import RecordColumns, stream_records
from textcx.runs.output import partial_of
from textcx.steps.sentiment.items import PreparedText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from textcx.domain.lexicons.language import Language
    from textcx.ports import Encoder, ProgressReporter, Redactor, ScoringTools
    from textcx.settings.analysis import Settings

    Record = GivenText | BrokenLine
    Write = Callable[[bytes], None]

STAGE = "sentiment"
FIRST_BLOCK = 32
"""Records of the first block; blocks double while the input keeps up, since the encoder likes them large."""
MOST_RECORDS = 512
"""Records of the largest block."""
BLOCK_CHARACTERS = 250_000
"""A block is full with so many characters, too; a single longer text is a block of its own."""
PAUSE = 0.03
"""Seconds without a new record after which a block is scored as it is."""
LONGEST_WAIT = 0.25
"""Seconds after its first record after which a block is scored, however steadily records trickle in."""
NAP = 0.2
"""Seconds between two looks while nothing comes."""


@dataclass(slots=True)
class Tally:
    """How a run went.

    ``scored`` counts the records that were answered, ``failed`` the lines that became error lines, ``unnamed`` the
    records without an id, ``unlabelled`` those without a label by reason. ``stopped``: whoever read went away.
    ``seconds`` run from the first record that was waited for to the last line written.
    """

    scored: int = 0
    failed: int = 0
    unnamed: int = 0
    unlabelled: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    stopped: bool = False


def score(
    source: str | Path,
    *,
    out: Path | None,
    settings: Settings,
    tools: ScoringTools,
    progress: ProgressReporter,
    form: str | None = None,
    encoding: str | None = None,
    segments: bool = False,
    aspects: bool = False,
    overwrite: bool = False,
) -> Tally:
    """Score the records of a stream.

    Args:
        source: A JSONL or CSV file, or "-" for standard input.
        out: File for the items; null for standard output. It is written as ``FILE.partial``, which a run that is
            stopped leaves, and moved into place when it is complete.
        settings: Columns and limit.
        tools: The engines, built when the input is known to be readable.
        progress: Receives the number of finished records.
        form: "jsonl" or "csv", where suffix and content do not tell.
        encoding: Encoding of the input, where it is neither UTF-8 nor marked.
        segments: Whether each item lists its segments.
        aspects: Whether each item lists its aspects, masked.
        overwrite: Replace ``out`` if it exists.

    Raises:
        WrongUse: If ``out`` is the input or a directory, or exists without ``overwrite``.
        TextcxError: If the input cannot be read, a column is missing, or the output cannot be written.
    """
    _check_out(out, source=source, overwrite=overwrite)
    columns = RecordColumns(text=settings.text_column or ("text",), id=settings.id_column)
    records = stream_records(source, columns=columns, form=form, encoding=encoding)
    if str(source) != "-" and Path(source).is_file():  # a bad file is reported before models are loaded
        records = chain(tuple(islice(records, 1)), records)
    with _output(out) as write:
        wanted = islice(records, settings.limit)
        return score_records(wanted, write, tools=tools, progress=progress, segments=segments, aspects=aspects)


def score_records(
    records: Iterator[Record],
    write: Write,
    *,
    tools: ScoringTools,
    progress: ProgressReporter,
    segments: bool = False,
    aspects: bool = False,
) -> Tally:
    """Score records as they come and write one line for each.

    ``records`` are read in a thread of their own, which also uses ``tools`` but for the encoder; what they raise is
    raised after the records before are written. ``write`` takes whole lines and passes them on at once.
    """
    ahead, tally, encoder = _Ahead(), Tally(), tools.encoder
    language = tools.language if aspects else None
    redactor = tools.redactor if aspects else None
    _ = tools.language, tools.languages, tools.splitter  # built before the first record is waited for

    def read() -> None:
        problem: BaseException | None = None
        try:
            for record in records:
                if not ahead.put(_entry(record, tools, redactor)):
                    return
        except BaseException as raised:  # noqa: BLE001 - raised again in the calling thread
            problem = raised
        ahead.end(problem)

    start = time.perf_counter()
    threading.Thread(target=read, name="sentiment-reader", daemon=True).start()
    size = FIRST_BLOCK
    try:
        with progress.stage(STAGE):
            while block := ahead.take(size):
                lines = _lines(block, tally, encoder=encoder, segments=segments, aspects_in=language)
                try:
                    write(lines)
                except BrokenPipeError:
                    tally.stopped = True
                    break
                except OSError as error:
                    msg = f"the result could not be written ({error.strerror}); make room or choose another --out"
                    raise TextcxError(msg) from error
                progress.advance(STAGE, len(block))
                size = min(MOST_RECORDS, 2 * size) if len(block) == size else size
    finally:
        ahead.close()
        tally.seconds = time.perf_counter() - start
    return tally


def summarize(tally: Tally) -> str:
    """Say in one or two lines how a run went."""
    line = f"{many(tally.scored, 'record')} scored, {many(tally.failed, 'line')} failed, {tally.seconds:.1f} s"
    if tally.unlabelled:
        reasons = ", ".join(f"{count:,} {reason}" for reason, count in sorted(tally.unlabelled.items()))
        line += f"; without a label: {reasons}"
    if tally.unnamed:
        line += f"\n{many(tally.unnamed, 'record')} had no id: named line-<n> after the line"
    return line


@dataclass(frozen=True, slots=True)
class _Entry:
    """A record on its way to the encoder."""

    ready: PreparedText | BrokenLine
    named: bool
    size: int


def _entry(record: Record, tools: ScoringTools, redactor: Redactor | None) -> _Entry:
    if isinstance(record, BrokenLine):
        return _Entry(record, named=True, size=1)
    [ready] = prepare(
        [record], language=tools.language, languages=tools.languages, splitter=tools.splitter, redactor=redactor
    )
    return _Entry(ready, named=record.named, size=1 + len(record.text))


def _lines(
    block: list[_Entry], tally: Tally, *, encoder: Encoder, segments: bool, aspects_in: Language | None
) -> bytes:
    ready = [entry.ready for entry in block if isinstance(entry.ready, PreparedText)]
    items = iter(judge(ready, encoder=encoder, aspects_in=aspects_in))
    lines = []
    for entry in block:
        if isinstance(entry.ready, BrokenLine):
            tally.failed += 1
            plain = entry.ready.plain()
        else:
            item = next(items)
            tally.scored += 1
            tally.unnamed += not entry.named
            if item.reason is not None:
                tally.unlabelled[item.reason.value] += 1
            plain = item.plain(segments=segments, aspects=aspects_in is not None)
        lines.append(json.dumps(plain, allow_nan=False))
    return ("\n".join(lines) + "\n").encode("ascii")


class _Ahead:
    """Records that wait for the encoder: bounded in number and in characters, so that a pipe is held up instead.

    ``end`` says that no more will come, and why; ``close`` that nobody wants more.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Entry] = deque()
        self._size = 0
        self._came = 0
        self._ended = self._closed = False
        self._problem: BaseException | None = None
        self._changed = threading.Condition()

    def put(self, entry: _Entry) -> bool:
        """Add a record, once there is room for it; false when nobody wants more."""
        with self._changed:
            while self._is_full(MOST_RECORDS) and not self._closed:
                self._changed.wait()
            self._waiting.append(entry)
            self._size += entry.size
            self._came += 1
            self._changed.notify_all()
            return not self._closed

    def end(self, problem: BaseException | None) -> None:
        with self._changed:
            self._ended, self._problem = True, problem
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def take(self, most: int) -> list[_Entry]:
        """Return the next block, empty at the end; what ended the records is raised after the last of them."""
        with self._changed:
            while not self._waiting and not self._ended:
                self._changed.wait(NAP)  # where locks cannot be interrupted, Ctrl-C is seen between two naps
            latest = time.monotonic() + LONGEST_WAIT
            while not self._ended and not self._is_full(most):
                came, now = self._came, time.monotonic()
                if now >= latest:
                    break
                self._changed.wait(min(PAUSE, latest - now))
                if self._came == came:
                    break
            if not self._waiting and self._problem is not None:
                raise self._problem
            block: list[_Entry] = []
            size = 0
            while self._waiting and len(block) < most and (not block or size < BLOCK_CHARACTERS):
                block.append(self._waiting.popleft())
                size += block[-1].size
            self._size -= size
            self._changed.notify_all()
            return block

    def _is_full(self, records: int) -> bool:
        return len(self._waiting) >= records or self._size >= BLOCK_CHARACTERS


def _check_out(out: Path | None, *, source: str | Path, overwrite: bool) -> None:
    if out is None or not out.exists():
        return
    if out.is_dir():
        msg = f"{out} is a directory; name a file in it, such as --out {out / 'sentiment.jsonl'}"
        raise WrongUse(msg)
    if str(source) != "-" and Path(source).exists() and out.samefile(source):
        msg = f"{out} is the input; choose another --out, so that nothing of yours is replaced"
        raise WrongUse(msg)
    if out.is_file() and not overwrite:
        msg = f"{out} exists already; add --overwrite to replace it, or choose another --out"
        raise OutputExists(msg)


@contextmanager
def _output(out: Path | None) -> Iterator[Write]:
    """Give a function that writes lines and passes them on at once."""
    if out is None:
        yield _to_stdout
        return
    special = out.exists() and not out.is_file()  # a named pipe or device cannot be moved into place
    place = out if special else partial_of(out)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        file = place.open("wb", buffering=0)
    except OSError as error:
        msg = f"{place} cannot be written to ({error.strerror}); choose another --out"
        raise TextcxError(msg) from None
    with file:
        yield lambda lines: _all_of(lines, file.write)
        if not special:
            os.fsync(file.fileno())
    if not special:
        place.replace(out)


def _all_of(lines: bytes, write: Callable[[memoryview], int | None]) -> None:
    left = memoryview(lines)
    while left:
        left = left[write(left) or 0 :]


def _to_stdout(lines: bytes) -> None:
    stream = sys.stdout.buffer
    try:
        stream.write(lines)
        stream.flush()
    except BrokenPipeError:
        # What could not be delivered must not be tried again, loudly, when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        raise
