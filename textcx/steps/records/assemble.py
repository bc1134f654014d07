"""From a row of an input to records and segments for the encoder: assembled, screened, masked and laid out.

A record has its verbatim, the spans of its cells, a hash of its content and a pseudonym for its respondent. Screening
decides which records can be analyzed, and in the end which language the undecided ones take.

Invariants, tested: ``verbatim[start:end]`` of a cell is the cell as received; the same row gives the same hash wherever
it stands; the respondent as given appears in no column of the result.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from itertools import islice
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.domain.feedback import VERBATIM_JOINT, Reason
from textcx.domain.tables import REDACTIONS
from textcx.steps.text.clean import clean, entities_in, polish, why_unprocessable
from textcx.steps.text.redact import mask
from textcx.steps.text.split import place_segments

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textcx.domain.feedback import Redaction, TextColumn
    from textcx.domain.lexicons.language import Language
    from textcx.domain.lexicons.text import AnswerWords
    from textcx.ports import LanguageGuess

SPANS = {
    "row": pl.Int64, "text_column": pl.String, "question": pl.String, "start": pl.Int64, "end": pl.Int64,
    "text": pl.String, "cleaned": pl.String, "polished": pl.String,
}  # fmt: skip
CELLS = pl.List(pl.Struct({"column": pl.Int64, "start": pl.Int64, "end": pl.Int64}))
PERSONAL_ID = re.compile(r"@|^\+\d|^\(?\d{2,4}\)?(?:[ .-]\d{2,4}){2,}$|^[^\W\d_]+(?:[ ,.'-]+[^\W\d_]+)+$")
"""An e-mail address, a telephone or card number written in groups, or a name of two words or more."""


def join_cells(cells: Sequence[str | None]) -> tuple[str, list[dict[str, int]]]:
    """Join the non-empty cells of a record into its verbatim.

    Returns:
        The verbatim, and for each non-empty cell its column number and its span in the verbatim.
    """
    filled = [(column, cell) for column, cell in enumerate(cells) if cell]
    spans: list[dict[str, int]] = []
    position = 0
    for column, cell in filled:
        spans.append({"column": column, "start": position, "end": position + len(cell)})
        position += len(cell) + len(VERBATIM_JOINT)
    return VERBATIM_JOINT.join(cell for _, cell in filled), spans


def pseudonym(respondent: str | None, *, key: bytes) -> str | None:
    """Give a respondent a stable pseudonym: HMAC-SHA256 under the installation's key, 16 hex digits."""
    return _keyed_hash(respondent.strip(), key)[:16] if respondent and respondent.strip() else None


def public_id(given: str | None, *, key: bytes) -> str | None:
    """Return a given record id, or its pseudonym where the id itself tells who it is.

    That is so for an e-mail address, a telephone or card number with its separators, and words without any digit.
    """
    return pseudonym(given, key=key) if given and PERSONAL_ID.search(given.strip()) else given


def _content_hash(values: dict[str, Any], key: bytes) -> str:
    filled = {name: value for name, value in values.items() if value is not None}
    return _keyed_hash(json.dumps(filled, ensure_ascii=False, sort_keys=True), key)


def _keyed_hash(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def assemble(frame: pl.DataFrame, *, number: int, respondent_key: bytes) -> pl.DataFrame:
    """Turn a frame of ``FEEDBACK_SCHEMA``, with its rating and attribute columns, into records.

    Returns:
        The frame with ``input`` (``number``), and with ``texts`` and ``respondent`` replaced by ``verbatim``, ``cells``
        (list of {column, start, end}), ``content_hash`` (keyed hash of all values of the row, so that nobody can guess
        masked words from it; a column that is empty in the row counts as one that is not there) and ``respondent_id``.
    """
    joined = [join_cells(texts or ()) for texts in frame["texts"].to_list()]
    content = frame.drop("row", "where").with_columns(pl.col("created_at").dt.to_string("iso:strict"))
    texts: dict[str, list[str] | list[str | None]] = {
        "given_id": [public_id(given, key=respondent_key) for given in frame["given_id"]],
        "verbatim": [verbatim for verbatim, _ in joined],
        "content_hash": [_content_hash(values, respondent_key) for values in content.iter_rows(named=True)],
        "respondent_id": [pseudonym(who, key=respondent_key) for who in frame["respondent"]],
    }
    return frame.drop("texts", "respondent").with_columns(
        *(pl.Series(name, values, dtype=pl.String) for name, values in texts.items()),
        pl.Series("cells", [spans for _, spans in joined], dtype=CELLS),
        input=pl.lit(number, dtype=pl.Int64),
    )


def hint_of(reason: Reason, language: Language) -> str:
    """Tell a reader why a record was left out, and what to do."""
    if reason is Reason.LANGUAGE_UNSUPPORTED:
        return f"only {language.name} is analyzed; translate the text first, or leave it out"
    return {
        Reason.EMPTY: "the text columns of this record are empty",
        Reason.NOT_AN_ANSWER: "the text says that there is no answer",
    }[reason]


def screen(records: pl.DataFrame, *, questions: Sequence[str | None], answers: AnswerWords) -> pl.DataFrame:
    """Add ``cleaned`` (same length as ``verbatim``) and ``reason``, why a record cannot be analyzed (null if it can).

    ``questions``: what each text column answers, where known, in the order of the plan.
    """
    cleaned = [clean(verbatim) for verbatim in records["verbatim"]]
    reasons: list[str | None] = []
    for text, cells, question in zip(cleaned, records["cells"].to_list(), records["question"], strict=True):
        answered = question or next((questions[cell["column"]] for cell in cells if questions[cell["column"]]), None)
        reasons.append(why_unprocessable(text, question=answered, answers=answers))
    return records.with_columns(
        pl.Series("cleaned", cleaned, dtype=pl.String), pl.Series("reason", reasons, dtype=pl.String)
    )


def screen_languages(records: pl.DataFrame, guesses: Sequence[LanguageGuess], *, supported: str) -> pl.DataFrame:
    """Set ``language`` and mark the records of a clearly unsupported language; the undecided keep a null."""
    languages = pl.Series("language", [guess.language for guess in guesses], dtype=pl.String)
    return _without_foreign(records.with_columns(languages), supported)


def settle_languages(records: pl.DataFrame, *, supported: str) -> pl.DataFrame:
    """Give texts too short to tell their language the majority language of their file (``input``), if there is one.

    Where the majority language is unsupported, the undecided are unprocessable, too.
    """
    majority = (
        records.drop_nulls("language")
        .group_by("input", "language")
        .len()
        .sort("input", pl.col("len"), "language", descending=[False, True, False])
        .group_by("input", maintain_order=True)
        .agg(majority=pl.col("language").first())
    )
    settled = records.join(majority, on="input", how="left", maintain_order="left").with_columns(
        language=pl.coalesce("language", "majority", pl.lit(supported))
    )
    return _without_foreign(settled.drop("majority"), supported)


def _without_foreign(records: pl.DataFrame, supported: str) -> pl.DataFrame:
    foreign = pl.col("reason").is_null() & (pl.col("language") != supported)
    unsupported = pl.lit(Reason.LANGUAGE_UNSUPPORTED.value)
    return records.with_columns(reason=pl.when(foreign).then(unsupported).otherwise("reason"))


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
        ``end``, ``text`` (masked), and ``cleaned`` and ``polished`` (unmasked, for the encoder only; never written).
    """
    rows: list[tuple[int, str, str | None, int, int, str, str, str]] = []
    spans_left = iter(spans)
    texts = records.select("row", "cells", "cleaned", "text", "question").iter_rows()
    for (row, cells, cleaned, text, question), redactions in zip(texts, found, strict=True):
        per_cell = list(islice(spans_left, len(cells)))
        bounds = [(cell["start"], cell["end"]) for cell in cells]
        for index, start, end in place_segments(cleaned, bounds, per_cell, redactions, entities=entities_in(text)):
            column = columns[cells[index]["column"]]
            words, asked = cleaned[start:end], question or column.question
            rows.append((row, column.column, asked, start, end, text[start:end], words, polish(words)))
    return pl.DataFrame(rows, schema=SPANS, orient="row")
