"""How severe a pain is, 0..1, and why: by its own words, and by what else its record tells.

    base     = 0.10 + 0.20 * p_pain + 0.15 * p_negative    (0.10 .. 0.45; times 0.6 where words soften it, and times
                                                            0.6 where something is only asked for or lacking)
    severity = 1 - (1 - base) * product of (1 - weight)    over the reasons found

Reasons are consequences of the lexicon and intensity: strong words 0.10, capitals 0.06, exclamation marks 0.05. Each
counts once; a consequence that is negated, or that somebody else did, does not count: "they cancelled my flight" is not
"I cancelled my contract". The gravest consequence that only other segments of the record tell counts 0.6 of its weight:
a queue is worse where somebody fell ill in it. Its reason begins with ``ELSEWHERE``.

This "noisy or" keeps severity below 1 and makes it monotone, which is tested: a higher probability or a further reason
never lowers it, softening words never raise it; what other records say never matters.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from typing import TYPE_CHECKING

import polars as pl

from textcx.domain.lexicons.cues import cue_regex
from textcx.domain.lexicons.pains import ELSEWHERE, LEAVING, SAFETY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textcx.domain.lexicons.pains import Consequence, PainLexicon

CLEARLY_POSITIVE = 0.6
"""P(positive) from which a segment tells no consequence, and is never a pain."""
BASE, PAIN_SHARE, NEGATIVE_SHARE = 0.10, 0.20, 0.15
SOFTENED = LACKING = DAMPED = 0.6
STRONG_WORDS, CAPITALS, EXCLAMATION = 0.10, 0.06, 0.05
CUES_AT_ONCE = 15
"""Cues in one expression; those of many are slow, or too large."""
FEW = 800
"""Texts of which each is read sooner than the expressions for many are compiled."""
UPPER = 0.9
"""The quantile that is shown beside a mean."""
REACH_BACK = re.compile(r"(?:[\w']+[^\w.!?;]+){1,4}$")
REACH_ON = 30
SENTENCE_END = re.compile(r"[.!?;]")
SHOUTED = re.compile(r"\b[A-Z]{4,}\b")
SHOUTED_WORDS = 2


def straighten(text: str) -> str:
    """Replace curly apostrophes by straight ones, keeping the length."""
    return text.replace("\u2019", "'").replace("\u2018", "'")


def _before(text: str, end: int) -> str:
    """Return the few words before a place, of the same sentence."""
    tail = REACH_BACK.search(text[:end])
    return tail.group() if tail else ""


def _denied(found: re.Match[str], text: str, consequence: Consequence, lexicon: PainLexicon) -> bool:
    """Tell whether a cue that was found is negated, unnecessary, or done by somebody else."""
    before = _before(text, found.start())
    relief = lexicon.patterns["relief"].search(before + found.group())
    if relief is not None and relief.start() < len(before):
        return True
    if consequence.negatable and lexicon.says("negations", before):
        return True
    if lexicon.says("voids", SENTENCE_END.split(text[found.end() :], maxsplit=1)[0][:REACH_ON]):
        return True
    if not consequence.actor:
        return False
    sentence = SENTENCE_END.split(text[: found.start()])[-1].lstrip()
    ours = lexicon.statements.by_customer(sentence, found.group().split()[0])
    named = lexicon.statements.customer.search(sentence) is not None
    return not ours if consequence.actor == "customer" else ours and named


def happened(consequence: Consequence, text: str, lexicon: PainLexicon) -> bool:
    """Tell whether a text with straight apostrophes says that a consequence has come about."""
    voided = any(
        not lexicon.says("negations", _before(text, found.start()) + found.group())
        for found in consequence.voided.finditer(text)
    )
    return not voided and any(
        not _denied(found, text, consequence, lexicon) for found in consequence.pattern.finditer(text)
    )


def find_consequences(text: str, lexicon: PainLexicon) -> tuple[Consequence, ...]:
    """Find what happened to the customer according to a text, in the order of the lexicon, each reason once."""
    straight = straighten(text)
    found = (one for one in lexicon.consequences if happened(one, straight, lexicon))
    return tuple({one.reason: one for one in found}.values())


def may_tell(consequences: Iterable[Consequence], *, of: int) -> pl.Expr:
    """Tell fast which of many texts may hold a cue: true for all that tell one, and for all where they are few."""
    if of <= FEW:
        return pl.lit(value=True)
    patterns = [
        cue_regex(one.cues[start : start + CUES_AT_ONCE], numbers=one.numbers)
        for one in consequences
        for start in range(0, len(one.cues), CUES_AT_ONCE)
    ]
    return pl.any_horizontal(pl.lit(value=False), *map(pl.col("text").str.contains, patterns))


def told_in_records(segments: pl.DataFrame, lexicon: PainLexicon) -> dict[str, dict[str, tuple[Consequence, ...]]]:
    """Find the consequences that records tell, by record_id and segment_id; clearly positive segments tell none."""
    likely = segments.filter((pl.col("p_positive") < CLEARLY_POSITIVE).fill_null(value=True))
    likely = likely.filter(may_tell(lexicon.consequences, of=likely.height))
    told: dict[str, dict[str, tuple[Consequence, ...]]] = defaultdict(dict)
    for record_id, segment_id, text in likely.select("record_id", "segment_id", "text").iter_rows():
        if found := find_consequences(text, lexicon):
            told[record_id][segment_id] = found
    return dict(told)


def judge_severity(
    text: str,
    told: Iterable[Consequence],
    *,
    p_pain: float,
    p_negative: float,
    lexicon: PainLexicon,
    lacking: bool = False,
    elsewhere: Iterable[Consequence] = (),
) -> tuple[float, list[str]]:
    """Judge how severe the pain that a segment tells is.

    Args:
        text: What the segment says, redacted.
        told: The consequences that it tells.
        p_pain: Probability of a pain, 0..1.
        p_negative: Probability of the label negative, 0..1.
        lexicon: Words of intensity.
        lacking: Whether something is only asked for, or missing.
        elsewhere: Consequences that the other segments of the record tell.

    Returns:
        Severity 0..1, rounded to 4 decimals, and its reasons: consequences in the order of the lexicon, that of another
        segment, then intensity.
    """
    straight = straighten(text)
    found = {one.reason: one.weight for one in told}
    worst = max((one for one in elsewhere if one.reason not in found), key=lambda one: one.weight, default=None)
    if worst is not None:
        found[f"{ELSEWHERE}{worst.reason}"] = DAMPED * worst.weight
    if lexicon.says("strong_words", straight):
        found["intensity: strong words"] = STRONG_WORDS
    if len(SHOUTED.findall(text)) >= SHOUTED_WORDS:
        found["intensity: capitals"] = CAPITALS
    if "!!" in text:
        found["intensity: exclamation marks"] = EXCLAMATION
    base = BASE + PAIN_SHARE * p_pain + NEGATIVE_SHARE * p_negative
    base *= (SOFTENED if lexicon.says("softeners", straight) else 1.0) * (LACKING if lacking else 1.0)
    left = math.prod((1.0 - weight for weight in found.values()), start=1.0 - base)
    return round(1.0 - left, 4), list(found)


def is_safety(reasons: Iterable[str], *, whole_record: bool = False) -> bool:
    """Tell whether reasons tell of harm, danger, discrimination or exposed data; ``whole_record``: by any segment."""
    return any((one.removeprefix(ELSEWHERE) if whole_record else one).startswith(SAFETY) for one in reasons)


def record_severities(record_ids: Sequence[str], severities: Sequence[float]) -> dict[str, float]:
    """Return the severity of each record's worst pain, by record id in the order of first appearance."""
    worst: dict[str, float] = {}
    for record_id, severity in zip(record_ids, severities, strict=True):
        worst[record_id] = max(worst.get(record_id, 0.0), severity)
    return worst


def severity_summary(severities: Iterable[float]) -> tuple[float, float]:
    """Return mean and 90th percentile (linear interpolation) of severities 0..1, of one per record; at least one."""
    values = sorted(severities)
    place = UPPER * (len(values) - 1)
    low, high = values[math.floor(place)], values[math.ceil(place)]
    return round(math.fsum(values) / len(values), 4), round(low + (high - low) * (place - math.floor(place)), 4)


def leaving_records(told: Mapping[str, Mapping[str, Sequence[Consequence]]]) -> frozenset[str]:
    """Return the ids of the records that say that the customer left or will leave, of ``told_in_records``."""
    return frozenset(
        record_id
        for record_id, segments in told.items()
        if any(one.reason.startswith(LEAVING) for found in segments.values() for one in found)
    )
