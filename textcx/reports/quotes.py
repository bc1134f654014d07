"""Evidence as quotes: the span that counts, marked within the words around it.

Invariants, all tested: what stands in the mark is the evidence's own quote, shortened at most; nothing unredacted can
appear, since only ``records.text`` is read; a quote never grows beyond ``QUOTE_LENGTH + 2 * CONTEXT`` characters,
however long its record is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
from markupsafe import Markup, escape

from textcx.reports.formats import MASK, clip, day, rating_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

CONTEXT = 110
QUOTE_LENGTH = 320
SENTENCE_END = re.compile(r"[.!?…]\s+|\n+")


@dataclass(frozen=True, slots=True)
class Quote:
    """A quote ready to be read: what stands before it, the span that counts, what follows, and where it is from."""

    before: Markup
    span: Markup
    after: Markup
    record_id: str
    facts: str
    """Date, ratings and source of the record, in words; empty where none is known."""


def tidy(text: str) -> Markup:
    """Escape a text, put it on one line and turn masked characters into one short label."""
    one_line = re.sub(r"\s+", " ", text)
    pieces, at = [], 0
    for match in MASK.finditer(one_line):
        label = Markup('<span class="redacted">redacted</span>')
        pieces += [escape(one_line[at : match.start()]), label]
        at = match.end()
    return Markup("").join([*pieces, escape(one_line[at:])])


def _before(text: str, start: int) -> str:
    window = text[max(0, start - CONTEXT) : start]
    ends = list(SENTENCE_END.finditer(window))
    near = [end for end in ends if end.end() < len(window)]
    if near:
        return window[near[-1].end() :]
    if ends or start <= CONTEXT:
        return "" if ends else window
    space = window.find(" ")
    return "…" + window[space + 1 :] if 0 <= space < CONTEXT // 2 else "…" + window


def _after(text: str, end: int) -> str:
    window = text[end : end + CONTEXT]
    stop = next((match for match in SENTENCE_END.finditer(window) if match.start() > 0), None)
    if stop:
        return window[: stop.start() + 1].rstrip("\n")
    if end + CONTEXT >= len(text):
        return window
    space = window.rfind(" ")
    return (window[:space] if space > CONTEXT // 2 else window) + "…"


def _answer_name(rating: str) -> str:
    """A single answer is no NPS: that is a balance of many."""
    return "NPS answer" if rating == "nps" else rating_name(rating)


def _facts(record: Mapping[str, Any], ratings: Sequence[str]) -> str:
    parts = [day(record.get("created_at"))]
    parts += [f"{_answer_name(name)} {record[name]:g}" for name in ratings if record.get(name) is not None]
    parts.append(clip(str(record.get("source") or ""), 30))
    return " · ".join(part for part in parts if part)


class QuoteBook:
    """Looks up the records that quotes come from; built once per report, for the quoted records only."""

    def __init__(self, records: pl.DataFrame, evidence: Iterable[Mapping[str, Any]], *, ratings: Sequence[str]) -> None:
        wanted = sorted({str(piece["record_id"]) for piece in evidence})
        self._ratings = [name for name in ratings if name in records.columns]
        columns = ["record_id", "text", "created_at", "source", *self._ratings]
        found = records.filter(pl.col("record_id").is_in(wanted)).select(columns)
        self._records = {str(record["record_id"]): record for record in found.iter_rows(named=True)}

    def quote(self, piece: Mapping[str, Any]) -> Quote:
        """Make one quote of a piece of evidence; without its record the quote stands alone."""
        record_id = str(piece["record_id"])
        record = self._records.get(record_id, {})
        text, start, end = str(record.get("text") or ""), int(piece["start"]), int(piece["end"])
        held = text[start:end] == piece["quote"]
        return Quote(
            before=tidy(_before(text, start)) if held else Markup(""),
            span=tidy(clip(str(piece["quote"]), QUOTE_LENGTH)),
            after=tidy(_after(text, end)) if held else Markup(""),
            record_id=clip(record_id, 48),
            facts=_facts(record, self._ratings),
        )

    def quotes(self, evidence: Sequence[Mapping[str, Any]] | None, *, most: int) -> tuple[Quote, ...]:
        """Make at most ``most`` quotes in the order of the evidence, no record and no wording twice."""
        chosen: list[Mapping[str, Any]] = []
        seen: set[str] = set()
        for piece in evidence or ():
            marks = {str(piece["record_id"]), "quote " + str(piece["quote"]).casefold()}
            if not marks & seen:
                chosen.append(piece)
                seen |= marks
        return tuple(self.quote(piece) for piece in chosen[:most])
