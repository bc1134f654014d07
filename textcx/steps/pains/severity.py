"""How severe a pain is, 0..1, and why.

    base     = 0.10 + 0.20 * p_pain + 0.15 * p_negative        (0.10 .. 0.45; times 0.6 where words soften it)
    severity = 1 - (1 - base) * product of (1 - weight)        over the reasons found

Reasons are consequences of the lexicon (each counts once; a negated one does not) and intensity: strong words 0.15,
capitals 0.10, exclamation marks 0.08. This "noisy or" keeps severity below 1 and makes it monotone, which is tested:
a higher probability or a further reason never lowers it, softening words never raise it.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textcx.domain.lexicons.pains import Consequence, PainLexicon

BASE, PAIN_SHARE, NEGATIVE_SHARE, SOFTENED = 0.10, 0.20, 0.15, 0.6
STRONG_WORDS, CAPITALS, EXCLAMATION = 0.15, 0.10, 0.08
REACH_BACK = re.compile(r"(?:[\w']+[^\w.!?;]+){1,4}$")
SHOUTED = re.compile(r"\b[A-Z]{4,}\b")
SHOUTED_WORDS = 2


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


def find_consequences(text: str, lexicon: PainLexicon) -> tuple[Consequence, ...]:
    """Find what happened to the customer according to a text, in the order of the lexicon."""
    straight = straighten(text)
    return tuple(consequence for consequence in lexicon.consequences if _happened(consequence, straight, lexicon))


def judge_severity(text: str, *, p_pain: float, p_negative: float, lexicon: PainLexicon) -> tuple[float, list[str]]:
    """Judge how severe the pain that a segment tells is.

    Returns:
        Severity 0..1, rounded to 4 decimals, and its reasons: consequences in the order of the lexicon, then intensity.
    """
    straight = straighten(text)
    found = [(consequence.reason, consequence.weight) for consequence in find_consequences(text, lexicon)]
    if lexicon.says("strong_words", straight):
        found.append(("intensity: strong words", STRONG_WORDS))
    if len(SHOUTED.findall(text)) >= SHOUTED_WORDS:
        found.append(("intensity: capitals", CAPITALS))
    if "!!" in text:
        found.append(("intensity: exclamation marks", EXCLAMATION))
    base = BASE + PAIN_SHARE * p_pain + NEGATIVE_SHARE * p_negative
    if lexicon.says("softeners", straight):
        base *= SOFTENED
    left = math.prod((1.0 - weight for _, weight in found), start=1.0 - base)
    return round(1.0 - left, 4), [reason for reason, _ in found]
