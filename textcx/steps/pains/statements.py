"""Short statements in the customers' own words, and names of groups of pains.

A statement is a trimmed clause, never a paraphrase: words are only left out at the beginning and at the end; where an
end was cut off within a clause, "…" says so. A group is named after the aspect that sets it apart, else what happened,
else its theme. A noun that pains of most themes name ("app" in reviews of an app) names the offer, not what is wrong
with it, so it never names a group of a theme where anything better is known.

Invariants, tested: without a final "…", a statement is part of the text with its white space normalized; the order of
pains never matters.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from textcx.steps.text.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textcx.domain.lexicons.pains import StatementWords

MAX_STATEMENT = 90
TRAILING = re.compile(r"[\s,;:.\-\u2013\u2014(\[/\"\u201c\u201d]+$")
FIGURE = re.compile(r"[\d.,]+")
EVERYWHERE = 0.5
"""An aspect in more than this share of the themes names the offer."""
FEW_THEMES = 8
"""With fewer themes nothing is said to stand everywhere."""
LEAST_SHARE = 0.1
"""Least share of a group's records that must name an aspect for it to name the group."""
TELLING_SHARE = 0.3
"""Least share of a group's pains that must tell one consequence for it to name the group."""
UNTOLD = ("intensity", "asked for", "same record")
"""Beginnings of reasons that do not say what happened in the segment itself."""
SHORT_NAME = 40


def _trim(text: str, words: StatementWords) -> str:
    return TRAILING.sub("", words.leading.sub("", text))


def _cut(text: str, limit: int, words: StatementWords) -> str:
    """Cut a clause at a word boundary and say so."""
    if len(text) <= limit:
        return text
    head = text[:limit]
    if not text[limit - 1].isspace() and not text[limit].isspace() and " " in head[:-1]:
        head = head[: head.rindex(" ")]
    head = TRAILING.sub("", words.dangling.sub("", TRAILING.sub("", head[: limit - 1])))
    return f"{head}…"


def shorten(
    text: str, words: StatementWords, *, signals: Sequence[re.Pattern[str]] = (), limit: int = MAX_STATEMENT
) -> str:
    """Shorten a segment to a statement; of a longer text, the part that holds most ``signals`` is kept.

    Returns:
        The statement: no leading conjunction, no trailing full stop, at most ``limit`` characters (at least 20), cut
        between words. Empty if the text holds nothing but masked characters and punctuation.
    """
    whole = _trim(" ".join(text.split()), words)
    if not re.search(r"\w", whole.replace(MASK, "")):
        return ""
    if len(whole) <= limit:
        return whole
    clauses = [part for part in words.clause_starts.split(whole) if part]
    best, best_worth = "", -1.0
    begin = 0
    for first, clause in enumerate(clauses):
        begin = whole.index(clause, begin)
        end = begin
        for last in clauses[first:]:
            end = whole.index(last, end) + len(last)
            window = _trim(whole[begin:end], words)
            size = min(len(window), limit)
            hits = sum(bool(pattern.search(window[:limit])) for pattern in signals)
            broken = 0.6 if len(window) > limit else 0.0
            worth = hits + size / limit - broken - 0.05 * first
            if worth > best_worth + 1e-9 and re.search(r"\w", window.replace(MASK, "")):
                best, best_worth = window, worth
            if len(window) > limit:
                break
        begin += len(clause)
    return _cut(best or whole, limit, words)


def clarity(statement: str, words: StatementWords) -> float:
    """Tell how well a statement can be understood standing alone, 0..1.

    A sentence of four words or more with a verb is 1; fragments, masked words, cut ends and pronouns without a noun
    lower it. A rule of thumb over the words, no model.
    """
    found = re.findall(r"[^\W_][\w'\u2019]*", statement)
    if not found:
        return 0.0
    value = {1: 0.15, 2: 0.3, 3: 0.6}.get(len(found), 1.0)
    masked = statement.count(MASK) / len(statement)
    letters = sum(char.isalpha() or char.isspace() for char in statement) / len(statement)
    value *= 1.0 - min(1.0, 3 * masked)
    for holds, factor in (
        (not words.verb.search(statement.replace("\u2019", "'")), 0.6),
        (words.fragment.search(statement) is not None, 0.5),
        (words.pronoun.search(statement) is not None, 0.75),
        (statement.endswith("…"), 0.7),
        (statement.endswith("?"), 0.8),
        (statement.isupper(), 0.75),
        (letters < 0.85 and not FIGURE.search(statement), 0.6),  # noqa: PLR2004 - signs and emoji in every seventh place
        (max(map(len, found)) > 22, 0.5),  # noqa: PLR2004 - no English word of customers is that long
    ):
        if holds:
            value *= factor
    return round(value, 4)


def spread_over_themes(frame: Mapping[str, Sequence[Any]]) -> dict[str, float]:
    """Share of the themes in whose pains each aspect stands.

    Aspect -> share, 0..1; all 0 where there are few themes.
    """
    themes: dict[str, set[str]] = defaultdict(set)
    for aspect, theme_id in zip(frame["aspect"], frame["theme_id"], strict=True):
        if aspect and theme_id:
            themes[aspect].add(theme_id)
    n_themes = len({theme_id for theme_id in frame["theme_id"] if theme_id})
    return {aspect: len(own) / n_themes if n_themes >= FEW_THEMES else 0.0 for aspect, own in themes.items()}


def _what_happened(frame: Mapping[str, Sequence[Any]], members: Sequence[int]) -> str | None:
    """The consequence that many pains of a group share: "long wait", "cannot use"."""
    reasons = (reason for member in members for reason in frame["reasons"][member])
    counts = Counter(reason.split(": ")[-1] for reason in reasons if not reason.startswith(UNTOLD))
    best = min(counts, key=lambda reason: (-counts[reason], reason), default=None)
    return best if best is not None and counts[best] >= max(2.0, TELLING_SHARE * len(members)) else None


def name_group(
    frame: Mapping[str, Sequence[Any]],
    members: Sequence[int],
    spread: Mapping[str, float],
    theme_name: str | None,
    taken: set[str],
    *,
    statements: StatementWords,
) -> str:
    """Name a group of pains of one theme; never with one of ``taken``, the names of its other groups in this stage.

    ``frame``: columns of the pains: aspect, record_id, reasons, statement, segment_id. ``members``: rows of the group,
    at least one. ``spread``: what ``spread_over_themes`` returned.
    """
    own: dict[str, set[str]] = defaultdict(set)
    for member in members:
        if frame["aspect"][member]:
            own[frame["aspect"][member]].add(frame["record_id"][member])
    worth = {
        aspect: len(ids) * math.log(2.0 / (spread.get(aspect, 0.0) + 0.05))
        for aspect, ids in own.items()
        if aspect not in taken
    }
    best = min(worth, key=lambda aspect: (-worth[aspect], aspect), default=None)
    n_records = len({frame["record_id"][member] for member in members})
    if best is not None:
        enough = len(own[best]) >= max(min(2, n_records), LEAST_SHARE * n_records)
        if enough and spread.get(best, 0.0) <= EVERYWHERE:
            return best
    for name in (_what_happened(frame, members), theme_name, best):
        if name and name not in taken:
            return name
    words = name_by_words(frame, members, statements)
    return words if words not in taken else f"{words} ({len(taken) + 1})"


def name_by_words(frame: Mapping[str, Sequence[Any]], members: Sequence[int], statements: StatementWords) -> str:
    """Name a group after the clearest words of its members, where no phrase names it."""
    best = min(
        members, key=lambda member: (-clarity(frame["statement"][member], statements), frame["segment_id"][member])
    )
    return shorten(frame["statement"][best], statements, limit=SHORT_NAME).casefold()
