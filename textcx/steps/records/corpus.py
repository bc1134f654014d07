"""Bring the parts of a run together: final ids, settled languages, repetitions marked, everything in a fixed order.

Invariants, tested: rows in = records analyzed + unprocessable; records are sorted by ``record_id`` and segments by
record and place, so nothing after this step can depend on the order of the input; matters keep to their
segments.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.feedback import Reason, Unprocessable
from textcx.domain.tables import ASPECTS
from textcx.steps.records.assemble import hint_of, settle_languages
from textcx.steps.records.campaigns import find_campaigns
from textcx.steps.records.duplicates import mark_duplicates
from textcx.steps.records.ids import assign_ids
from textcx.steps.sentiment.encode import find_mixed, unit_length

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from textcx.domain.lexicons.language import Language
    from textcx.domain.parts import Part

PREFIX = re.compile("^(?:rating|attribute):")
BEHIND = ("row", "input", "where", "given_id", "content_hash", "reason", "question")
RECORD_CONTEXT = ("record_id", "respondent_id", "created_at", "touchpoint", "counted")


@dataclass(frozen=True, slots=True)
class Corpus:
    """All records and segments of a run, in their final order.

    ``answers``: one row per readable row of the input, with ``analyzed`` and ``counted``. ``records``: the analyzed
    ones. ``segments``: theirs, with respondent, date, touchpoint and ``counted`` of the record. ``matters``:
    of unit length, one row per segment. ``aspects``: those of the segments, in their order. ``campaigns``: texts that
    many people sent, as ``tables.CAMPAIGNS``.
    """

    answers: pl.DataFrame
    records: pl.DataFrame
    segments: pl.DataFrame
    matters: NDArray[np.float32]
    aspects: pl.DataFrame
    campaigns: pl.DataFrame
    unprocessable: tuple[Unprocessable, ...]
    notes: tuple[str, ...]

    @property
    def optional(self) -> dict[str, pl.DataFrame]:
        """Tables that are written only where there is something in them."""
        tables = {"aspects": self.aspects, "campaigns": self.campaigns}
        return {name: table for name, table in tables.items() if table.height}


def build_corpus(part: Part, *, language: Language) -> Corpus:
    """Bring everything the first half found into its final form; ``part`` are all parts of the run, joined."""
    rows, conflicts = assign_ids(settle_languages(part.records, supported=language.code))
    records = rows.filter(pl.col("reason").is_null()).sort("record_id")
    records = records.join(mark_duplicates(records), on="record_id", how="left", maintain_order="left")
    records = records.with_columns(counted=pl.col("duplicate_of").is_null())
    segments, places = _segments(part, records)
    named = segments.select("row", "segment_id", "record_id", segment_start="start")
    aspects = part.aspects.join(named, on=["row", "segment_start"], maintain_order="right_left").select(ASPECTS.names())
    segments = segments.drop("row")
    records = records.join(find_mixed(segments, by="record_id"), on="record_id", how="left", maintain_order="left")
    records = records.with_columns(pl.col("mixed").fill_null(value=False), pl.col("n_segments").fill_null(0))
    counted = records.filter("counted")["record_id"].implode()
    answers = rows.with_columns(analyzed=pl.col("reason").is_null(), counted=pl.col("record_id").is_in(counted))
    answers = answers.sort("record_id")
    return Corpus(
        answers=_plainly_named(answers),
        records=_plainly_named(records),
        segments=segments,
        matters=unit_length(part.matters[places]),
        aspects=aspects,
        campaigns=find_campaigns(records, segments),
        unprocessable=_unprocessable(part, answers, language),
        notes=_notes(conflicts),
    )


def _plainly_named(rows: pl.DataFrame) -> pl.DataFrame:
    """Give ratings and attributes their names, once the columns that only this step needs are out of the way."""
    return rows.drop(BEHIND, strict=False).rename(lambda column: PREFIX.sub("", column))


def _segments(part: Part, records: pl.DataFrame) -> tuple[pl.DataFrame, NDArray[np.integer]]:
    """Segments in their final order, and where in the part each of them stands."""
    segments = (
        part.segments.with_row_index("place")
        .join(records.select("row", *RECORD_CONTEXT), on="row", how="inner")
        .sort("record_id", "start")
        .with_columns(segment_id=pl.format("{}:{}-{}", "record_id", "start", "end"))
    )
    return segments.drop("place"), segments["place"].to_numpy()


def _unprocessable(part: Part, answers: pl.DataFrame, language: Language) -> tuple[Unprocessable, ...]:
    left_out = [
        Unprocessable(
            row=row,
            where=where,
            reason=Reason(reason),
            hint=hint_of(Reason(reason), language),
            record_id=record_id,
            language=code if reason == Reason.LANGUAGE_UNSUPPORTED else None,
        )
        for row, where, reason, record_id, code in answers.drop_nulls("reason")
        .select("row", "where", "reason", "record_id", "language")
        .iter_rows()
    ]
    return tuple(sorted([*left_out, *part.unreadable], key=lambda broken: broken.row))


def _notes(conflicts: int) -> tuple[str, ...]:
    if not conflicts:
        return ()
    which = "One record id came" if conflicts == 1 else f"{conflicts:,} record ids came"
    return (f"{which} with more than one content; the others were kept under the id with a suffix.",)
