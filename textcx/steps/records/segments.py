"""Lay segments out: from spans found in cells to a frame of segments with redacted text, and masked columns."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.tables import REDACTIONS
from textcx.steps.text.clean import entities_in, polish
from textcx.steps.text.redact import mask
from textcx.steps.text.split import place_segments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textcx.domain.feedback import Redaction, TextColumn

SPANS = {
    "row": pl.Int64, "text_column": pl.String, "question": pl.String, "start": pl.Int64, "end": pl.Int64,
    "text": pl.String, "polished": pl.String,
}  # fmt: skip


def cell_texts(records: pl.DataFrame) -> list[str]:
    """Return the cleaned cells of all records, one after the other."""
    texts = records.select("cleaned", "cells").iter_rows()
    return [cleaned[cell["start"] : cell["end"]] for cleaned, cells in texts for cell in cells]


def mask_records(records: pl.DataFrame, found: Sequence[Sequence[Redaction]]) -> pl.DataFrame:
    """Add ``text`` (the verbatim, masked) and ``redactions`` to records."""
    masked = [mask(verbatim, spans) for verbatim, spans in zip(records["verbatim"], found, strict=True)]
    listed = [[{"start": span.start, "end": span.end, "kind": span.kind} for span in spans] for spans in found]
    return records.with_columns(
        pl.Series("text", masked, dtype=pl.String), pl.Series("redactions", listed, dtype=REDACTIONS)
    )


def mask_columns(
    records: pl.DataFrame, *, find: Callable[[Sequence[str]], Sequence[Sequence[Redaction]]]
) -> pl.DataFrame:
    """Mask what identifies a person in touchpoints, sources, questions and attribute values (``attribute:NAME``)."""
    masked: list[pl.Series] = []
    attributes = [column for column in records.columns if column.startswith("attribute:")]
    for name in ("touchpoint", "source", "question", *attributes):
        values = records[name].drop_nulls().unique().sort().to_list()
        change = {value: mask(value, spans) for value, spans in zip(values, find(values), strict=True) if spans}
        if change:
            masked.append(records[name].replace(list(change), list(change.values())))
    return records.with_columns(masked)


def build_segments(
    records: pl.DataFrame,
    spans: Sequence[Sequence[tuple[int, int]]],
    found: Sequence[Sequence[Redaction]],
    *,
    columns: Sequence[TextColumn],
) -> pl.DataFrame:
    """Lay out the segments of usable records, from the spans of each cell (see ``cell_texts``) and the redactions.

    Returns:
        One row per segment: ``row``, ``text_column``, ``question`` (what it answers, where known), ``start``,
        ``end``, ``text`` (masked) and ``polished`` (cleaned, unmasked, for the encoder only; never written).
    """
    rows: list[tuple[int, str, str | None, int, int, str, str]] = []
    spans_left = iter(spans)
    texts = records.select("row", "cells", "cleaned", "text", "question").iter_rows()
    for (row, cells, cleaned, text, asked), redactions in zip(texts, found, strict=True):
        per_cell = list(islice(spans_left, len(cells)))
        bounds = [(cell["start"], cell["end"]) for cell in cells]
        for index, start, end in place_segments(cleaned, bounds, per_cell, redactions, entities=entities_in(text)):
            column = columns[cells[index]["column"]]
            words = polish(cleaned[start:end])
            rows.append((row, column.column, asked or column.question, start, end, text[start:end], words))
    return pl.DataFrame(rows, schema=SPANS, orient="row")
