"""Lay segments out: from spans found in cells to a frame of segments with redacted text, and masked columns."""

from __future__ import annotations

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
    return [
        cleaned[cell["start"] : cell["end"]]
        for cleaned, cells in zip(records["cleaned"], records["cells"].to_list(), strict=True)
        for cell in cells
    ]


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
    """Mask what identifies a person in touchpoints, sources, questions and attribute values.

    Args:
        records: Records with ``touchpoint``, ``source``, ``question`` and ``attribute:NAME`` columns.
        find: Finds what must be masked in each text.

    Returns:
        The records; values without personal data are unchanged.
    """
    masked: list[pl.Series] = []
    for name in (
        "touchpoint",
        "source",
        "question",
        *(column for column in records.columns if column.startswith("attribute:")),
    ):
        values = records[name].drop_nulls().unique().sort().to_list()
        found = find(values)
        change = {value: mask(value, spans) for value, spans in zip(values, found, strict=True) if spans}
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
    """Lay out the segments of records.

    Args:
        records: Usable records with ``row``, ``cells``, ``cleaned`` and ``text``.
        spans: For each cell (in the order of ``cell_texts``) the spans found in it.
        found: Redactions of each record.
        columns: The text columns, in the order of the plan.

    Returns:
        One row per segment: ``row``, ``text_column``, ``question`` (what it answers, where known), ``start``,
        ``end``, ``text`` (masked) and ``polished`` (cleaned, unmasked, for the encoder only; never written).
    """
    rows: list[tuple[int, str, str | None, int, int, str, str]] = []
    taken = 0
    for row, cells, cleaned, text, asked, redactions in zip(
        records["row"], records["cells"].to_list(), records["cleaned"], records["text"], records["question"], found,
        strict=True,
    ):  # fmt: skip
        per_cell = spans[taken : taken + len(cells)]
        taken += len(cells)
        bounds = [(cell["start"], cell["end"]) for cell in cells]
        entities = entities_in(text)
        for index, start, end in place_segments(cleaned, bounds, per_cell, redactions, entities=entities):
            column = columns[cells[index]["column"]]
            question = asked or column.question
            words = polish(cleaned[start:end])
            rows.append((row, column.column, question, start, end, text[start:end], words))
    return pl.DataFrame(rows, schema=SPANS, orient="row")
