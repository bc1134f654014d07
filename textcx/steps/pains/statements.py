"""Short statements in the customers' own words: a trimmed clause, never a paraphrase.

Words are only left out at the beginning and at the end, never changed or put together anew; where an end was cut off
within a clause, "…" says so. Invariant, tested: without a final "…", a statement is part of the text with its white
space normalized.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

MASK = "█"
MAX_STATEMENT = 90
LEADING = re.compile(
    r"^(?:[\s,;:.!?\-\u2013\u2014*\u2022>)\]/&+\"\u201c\u201d]+|(?:but|and|because|cuz|cause|however|although|though|"
    r"even though|yet|plus|or|also|then|nor|except that|except|unfortunately,|sadly,|so,|well,|yes,|anyway,|overall,|"
    r"lastly,|secondly,|finally,)(?!\w)[\s,]*)+",
    re.IGNORECASE,
)
TRAILING = re.compile(r"[\s,;:.\-\u2013\u2014(\[/\"\u201c\u201d]+$")
DANGLING = re.compile(
    r"(?:[\s,;:.\-\u2013\u2014]+(?:a|an|the|of|to|and|or|but|with|for|in|on|at|by|from|that|which|who|when|where|because|"
    r"so|as|is|are|was|were|my|your|their|our|his|her|its|this|these|i|we|they|it|if|than|very|too|not|no|just|you|has|have|had|"
    r"be|been))+$",
    re.IGNORECASE,
)
CLAUSE_END = re.compile(
    r"(?<=[,;:)!?.])\s+|\s+(?=[(\u2013\u2014-]\s?\w)"
    r"|\s+(?=(?:but|and|because|so|which|when|while|whereas|then|although|though|or)\s)",
    re.IGNORECASE,
)
VERB = re.compile(
    r"\b(?:is|isn'?t|are|aren'?t|was|wasn'?t|were|weren'?t|be|been|has|hasn'?t|have|haven'?t|had|hadn'?t|do|don'?t|does|"
    r"doesn'?t|did|didn'?t|can|can'?t|cannot|could|couldn'?t|will|won'?t|would|wouldn'?t|should|shouldn'?t|must|need|needs|"
    r"keep|keeps|kept|get|gets|got|went|go|goes|came|come|comes|took|take|takes|made|make|makes|gave|give|gives|told|said|"
    r"says|sent|felt|feel|feels|fell|broke|lost|left|paid|ran|run|runs|let|lets|put|cut|sat|stood|found|stop|stops|looks?|"
    r"fits?|smells?|tastes?|crashes|freezes|want|wants|i'?m|it'?s|they'?re|we'?re|you'?re|i'?ve|\w{2,}ed)\b",
    re.IGNORECASE,
)
FRAGMENT = re.compile(
    r"^(?:at|of|for|with|to|than|in|on|by|from|into|onto|which|who|whose|that|as|until|even|like|per|too|such as|etc|"
    r"rather|been|being|having|more|less)\b",
    re.IGNORECASE,
)
PRONOUN = re.compile(r"^(?:it|this|that|they|these|those|he|she|them|one)\b", re.IGNORECASE)
FIGURE = re.compile(r"[\d.,]+")


def _trim(text: str) -> str:
    return TRAILING.sub("", LEADING.sub("", text))


def _cut(text: str, limit: int) -> str:
    """Cut a clause at a word boundary and say so."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    if not text[limit - 1].isspace() and not text[limit].isspace() and " " in head[:-1]:
        head = head[: head.rindex(" ")]
    head = TRAILING.sub("", DANGLING.sub("", TRAILING.sub("", head[: limit - 1])))
    return f"{head}…"


def shorten(text: str, *, signals: Sequence[re.Pattern[str]] = (), limit: int = MAX_STATEMENT) -> str:
    """Shorten a segment to a statement.

    Args:
        text: A segment (redacted).
        signals: Patterns of what matters; where the text must be shortened, the part that holds most of them is kept.
        limit: Longest statement in characters, at least 20.

    Returns:
        The statement: no leading conjunction, no trailing full stop, at most ``limit`` characters, cut between words.
        Empty if the text holds nothing but masked characters and punctuation.
    """
    whole = _trim(" ".join(text.split()))
    if not re.search(r"\w", whole.replace(MASK, "")):
        return ""
    if len(whole) <= limit:
        return whole
    clauses = [part for part in CLAUSE_END.split(whole) if part]
    best, best_worth = "", -1.0
    begin = 0
    for first, clause in enumerate(clauses):
        begin = whole.index(clause, begin)
        end = begin
        for last in clauses[first:]:
            end = whole.index(last, end) + len(last)
            window = _trim(whole[begin:end])
            size = min(len(window), limit)
            hits = sum(bool(pattern.search(window[:limit])) for pattern in signals)
            broken = 0.6 if len(window) > limit else 0.0
            worth = hits + size / limit - broken - 0.05 * first
            if worth > best_worth + 1e-9 and re.search(r"\w", window.replace(MASK, "")):
                best, best_worth = window, worth
            if len(window) > limit:
                break
        begin += len(clause)
    return _cut(best or whole, limit)


def clarity(statement: str) -> float:
    """Tell how well a statement can be understood standing alone.

    Args:
        statement: A statement.

    Returns:
        0..1: a sentence of four words or more with a verb is 1; fragments, masked words, cut ends and pronouns without
        a noun lower it. A rule of thumb over the words, no model.
    """
    words = re.findall(r"[^\W_][\w'\u2019]*", statement)
    if not words:
        return 0.0
    value = {1: 0.15, 2: 0.3, 3: 0.6}.get(len(words), 1.0)
    masked = statement.count(MASK) / len(statement)
    letters = sum(char.isalpha() or char.isspace() for char in statement) / len(statement)
    value *= 1.0 - min(1.0, 3 * masked)
    for holds, factor in (
        (not VERB.search(statement.replace("\u2019", "'")), 0.6),
        (FRAGMENT.search(statement) is not None, 0.5),
        (PRONOUN.search(statement) is not None, 0.75),
        (statement.endswith("…"), 0.7),
        (statement.endswith("?"), 0.8),
        (statement.isupper(), 0.75),
        (letters < 0.85 and not FIGURE.search(statement), 0.6),  # noqa: PLR2004 - signs and emoji in every seventh place
        (max(map(len, words)) > 22, 0.5),  # noqa: PLR2004 - no English word of customers is that long
    ):
        if holds:
            value *= factor
    return round(value, 4)
