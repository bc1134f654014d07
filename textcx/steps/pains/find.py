"""Find the segments in which something went wrong for the customer.

That is not the same as negative sentiment: "had to call four times" is neutral in tone and a pain, "I hate winter" is
negative and none. A trained head says how likely a segment is a pain; words then guard the verdict:

- a segment confidently positive is never a pain;
- a negated or solved problem ("never had an issue", "sorted within minutes") is none, nor is a fear, a hope or a
  condition, nor a dislike that concerns no organization;
- a wish that implies a lack ("there should be a way to ...") is a pain, also where the head alone would not say so;
- what the lexicon says is always one, such as a price that was raised, is a pain, too;
- a bare insult ("worst app ever") is kept with ``specific`` false: it is negative, but says nothing that went wrong,
  so it is never grouped and never counted as a pain in the segments table.

How severe a pain is, ``textcx.steps.pains.severity`` judges over its whole record.

Invariants, tested: the order of segments never matters; every pain is one segment; statements hold the segment's words.
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Any

import polars as pl

from textcx.domain.tables import PAINS
from textcx.steps.pains.aspects import choose_aspect, count_aspects
from textcx.steps.pains.severity import (
    CLEARLY_POSITIVE,
    find_consequences,
    happened,
    judge_severity,
    may_tell,
    straighten,
    told_in_records,
)
from textcx.steps.pains.statements import shorten
from textcx.steps.text.redact import MASK

if TYPE_CHECKING:
    from textcx.domain.lexicons.pains import PainLexicon
    from textcx.ports import Encoder, PhraseFinder

THRESHOLD = 0.5
REQUEST_THRESHOLD = 0.5
FEAR_THRESHOLD = 0.95
"""A fear or condition is a pain only if the head is as sure as this, or a consequence is told."""
LACK_POSITIVE = 0.4
"""P(positive) from which a wish is kindly meant and implies no lack, and a raised price is no matter."""
REACH = 40
"""Characters around words of solving in which a "not" denies it."""
ASKED_FOR = "asked for: something is missing"
PAIN_SCHEMA = pl.Schema([*PAINS.items(), ("specific", pl.Boolean())])
CONTENT = re.compile(r"[^\W\d_][\w'\u2019]+")


def _all_well(text: str, lexicon: PainLexicon) -> bool:
    """Tell whether a text says that nothing went wrong, or that it was put right, and does not turn afterwards."""
    words = lexicon.statements
    well = lexicon.patterns["all_well"].finditer(text)
    solved = (
        found
        for found in lexicon.patterns["solved"].finditer(text)
        if not words.denied.search(text[max(0, found.start() - REACH) : found.end() + REACH])
    )
    return any(not words.turned.search(text[found.end() :]) for found in chain(well, solved))


def is_specific(text: str, lexicon: PainLexicon, *, offer_words: frozenset[str] = frozenset()) -> bool:
    """Tell whether a text says anything beyond praise, blame and names of the offer as a whole."""
    known = lexicon.bare_words | offer_words
    words = (word.casefold() for word in CONTENT.findall(straighten(text).replace(MASK, " ")))
    return any(word not in known and len(set(word)) > 2 for word in words)  # noqa: PLR2004 - "aaah", "zzz"


def _is_pain(row: dict[str, Any], *, threshold: float, lexicon: PainLexicon) -> tuple[bool, bool]:
    """Tell whether a segment is a pain, and whether it is one because something is asked for."""
    text = straighten(row["text"])
    p_pain, p_request, question = row["p_pain"] or 0.0, row["p_request"] or 0.0, row.get("question")
    if _all_well(text, lexicon) or lexicon.says("general", text):
        return False, False
    if lexicon.says("hypothetical", text) and p_pain < FEAR_THRESHOLD and not find_consequences(text, lexicon):
        return False, False
    if (row["p_positive"] or 0.0) >= LACK_POSITIVE:
        return p_pain >= threshold, False
    invited = question is not None and lexicon.says("asks_improvement", question)
    lack = p_request >= REQUEST_THRESHOLD and (invited or lexicon.says("lacks", text))
    always = (one for one in lexicon.consequences if one.always)
    return p_pain >= threshold or lack or any(happened(one, text, lexicon) for one in always), lack


def find_pains(
    segments: pl.DataFrame,
    *,
    phrases: PhraseFinder,
    lexicon: PainLexicon,
    threshold: float = THRESHOLD,
    offer_words: frozenset[str] = frozenset(),
) -> pl.DataFrame:
    """Find pains with aspect, statement, severity and reasons.

    Args:
        segments: Redacted and judged, with ``question`` where the question asked is known.
        phrases: Called once, with the texts of the pains only.
        lexicon: Consequences, guards and vague words.
        threshold: Least P(pain) of a pain, 0..1.
        offer_words: Names of the product or company, case-folded; alone they make no statement specific.

    Returns:
        The pains table, one row per pain, sorted by segment_id: ``pain_point_id`` is null until pains are grouped;
        ``specific`` (an extra column) is false for bare insults. Empty where the model has no head of pain: words alone
        would find but a few, and not the worst.
    """
    if not _is_judged(segments):
        return pl.DataFrame(schema=PAIN_SCHEMA)
    ordered = segments.sort("segment_id")
    question = ["question"] if "question" in ordered.columns else []
    always = may_tell((one for one in lexicon.consequences if one.always), of=ordered.height)
    likely = ordered.filter(
        (pl.col("p_pain") >= threshold) | (pl.col("p_request") >= REQUEST_THRESHOLD) | always,
        pl.col("p_positive") < CLEARLY_POSITIVE,
    ).select("segment_id", "record_id", "text", "p_pain", "p_request", "p_negative", "p_positive", *question)
    rows = []
    for row in likely.iter_rows(named=True):
        pain, lack = _is_pain(row, threshold=threshold, lexicon=lexicon)
        if pain:
            rows.append({**row, "lack": lack})
    found = phrases.phrases([row["text"] for row in rows])
    record_ids = [row["record_id"] for row in rows]
    counts, records = count_aspects(found, record_ids, lexicon=lexicon), len(set(record_ids))
    signals = [*(consequence.pattern for consequence in lexicon.consequences), lexicon.patterns["strong_words"]]
    told = told_in_records(ordered.filter(pl.col("record_id").is_in(record_ids)), lexicon)
    pains = []
    for row, own in zip(rows, found, strict=True):
        aspect = choose_aspect(own, counts=counts, records=records, lexicon=lexicon)
        others = dict(told.get(row["record_id"], {}))
        severity, reasons = judge_severity(
            row["text"],
            others.pop(row["segment_id"], ()),
            p_pain=row["p_pain"],
            p_negative=row["p_negative"],
            lexicon=lexicon,
            lacking=(row["p_request"] or 0.0) >= REQUEST_THRESHOLD or lexicon.says("lacks", straighten(row["text"])),
            elsewhere=chain.from_iterable(others.values()),
        )
        about = [re.compile(rf"(?i)\b{re.escape(aspect)}")] if aspect else []
        statement = shorten(row["text"], lexicon.statements, signals=[*signals, *about])
        pains.append({
            "segment_id": row["segment_id"], "record_id": row["record_id"], "aspect": aspect,
            "statement": statement or None,
            "severity": severity, "reasons": [*reasons, *([ASKED_FOR] if row["lack"] else [])],
            "pain_point_id": None,
            "specific": bool(statement) and is_specific(row["text"], lexicon, offer_words=offer_words),
        })  # fmt: skip
    return pl.DataFrame(pains, schema=PAIN_SCHEMA)


def mark_pains(segments: pl.DataFrame, pains: pl.DataFrame) -> pl.DataFrame:
    """Set the ``pain`` column of segments: true where something specific went wrong, null where nobody judged."""
    ids = pains.filter(pl.col("specific"))["segment_id"]
    pain = pl.col("segment_id").is_in(ids.implode()) if _is_judged(segments) else pl.lit(None, dtype=pl.Boolean)
    return segments.with_columns(pain.alias("pain"))


def missing_heads(segments: pl.DataFrame, *, encoder: Encoder) -> tuple[str, ...]:
    """Return a note for the reader where the model judges sentiment only, or else finds no aspects."""
    if not _is_judged(segments):
        told = "pain points, requests and emotions are not told from it"
        return (f"The model {encoder.encoder_id} judges sentiment only: {told}.",)
    note = f"The model {encoder.encoder_id} finds no aspects: there is no table of them."
    return () if encoder.finds_aspects else (note,)


def _is_judged(segments: pl.DataFrame) -> bool:
    return segments.is_empty() or segments["p_pain"].null_count() < segments.height
