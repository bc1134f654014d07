"""How severe a pain is, 0..1, and why.

    base     = 0.10 + 0.20 * p_pain + 0.15 * p_negative        (0.10 .. 0.45; times 0.6 where words soften it)
    severity = 1 - (1 - base) * product of (1 - weight)        over the reasons found

Reasons are consequences of the lexicon (each counts once; a negated one does not) and intensity: strong words 0.15,
capitals 0.10, exclamation marks 0.08. This "noisy or" keeps severity below 1 and makes it monotone, which is tested:
a higher probability or a further reason never lowers it, softening words never raise it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textcx.domain.lexicons.pains import Consequence, PainLexicon

BASE, PAIN_SHARE, NEGATIVE_SHARE, SOFTENED = 0.10, 0.20, 0.15, 0.6
STRONG_WORDS, CAPITALS, EXCLAMATION = 0.15, 0.10, 0.08
REACH_BACK = re.compile(r"(?:[\w']+[^\w.!?;]+){1,4}$")
SHOUTED = re.compile(r"\b[A-Z]{4,}\b")
SHOUTED_WORDS = 2


@dataclass(frozen=True, slots=True)
class Severity:
    """How severe a pain is, 0..1, and the reasons in the order of the lexicon."""

    value: float
    reasons: tuple[str, ...]


def straighten(text: str) -> str:
    """Replace curly apostrophes by straight ones, keeping the length."""
    return text.replace("\u2019", "'").replace("\u2018", "'")


def _happened(consequence: Consequence, text: str, lexicon: PainLexicon) -> bool:
    """Tell whether a consequence is said to have happened: found, and neither negated nor declared unnecessary."""
    for found in consequence.pattern.finditer(text):
        tail = REACH_BACK.search(text[: found.start()])
        before = tail.group() if tail else ""
        window = before + found.group()
        relief = lexicon.patterns["relief"].search(window)
        if relief and relief.start() < len(before):
            continue
        if consequence.negatable and lexicon.says("negations", before):
            continue
        after = re.match(r"[^.!?;]{0,30}", text[found.end() :])
        if after and lexicon.says("voids", after.group()):
            continue
        return True
    return False


def is_always_pain(text: str, lexicon: PainLexicon) -> bool:
    """Tell whether a text tells a consequence that is a pain whatever the pain head hears.

    Args:
        text: A segment.
        lexicon: Consequences and the words that void them.
    """
    straight = straighten(text)
    return any(one.always and _happened(one, straight, lexicon) for one in lexicon.consequences)


def find_consequences(text: str, lexicon: PainLexicon) -> tuple[Consequence, ...]:
    """Find what happened to the customer according to a text.

    Args:
        text: A segment.
        lexicon: Consequences and the words that void them.

    Returns:
        Consequences in the order of the lexicon, each at most once.
    """
    straight = straighten(text)
    return tuple(consequence for consequence in lexicon.consequences if _happened(consequence, straight, lexicon))


def judge_severity(text: str, *, p_pain: float, p_negative: float, lexicon: PainLexicon) -> Severity:
    """Judge how severe a pain is.

    Args:
        text: The segment that tells the pain.
        p_pain: Probability that something went wrong, 0..1.
        p_negative: Probability of negative sentiment, 0..1.
        lexicon: Consequences with weights, strong words and softeners.

    Returns:
        Severity 0..1, rounded to 4 decimals, with its reasons.
    """
    straight = straighten(text)
    found = find_consequences(text, lexicon)
    weights = [consequence.weight for consequence in found]
    reasons = [consequence.reason for consequence in found]
    if lexicon.says("strong_words", straight):
        weights.append(STRONG_WORDS)
        reasons.append("intensity: strong words")
    if len(SHOUTED.findall(text)) >= SHOUTED_WORDS:
        weights.append(CAPITALS)
        reasons.append("intensity: capitals")
    if "!!" in text:
        weights.append(EXCLAMATION)
        reasons.append("intensity: exclamation marks")
    base = BASE + PAIN_SHARE * p_pain + NEGATIVE_SHARE * p_negative
    if lexicon.says("softeners", straight):
        base *= SOFTENED
    left = 1.0 - base
    for weight in weights:
        left *= 1.0 - weight
    return Severity(value=round(1.0 - left, 4), reasons=tuple(reasons))
