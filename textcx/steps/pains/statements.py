"""Short statements in the customers' own words.

A statement is a trimmed clause, never a paraphrase: words are only left out at the beginning and at the end; where an
end was cut off within a clause, "…" says so.

Invariant, tested: without a final "…", a statement is part of the text with its white space normalized.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from textcx.steps.text.redact import MASK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.lexicons.pains import StatementWords

MAX_STATEMENT = 90
TRAILING = re.compile(r"[\s,;:.\-\u2013\u2014(\[/\"\u201c\u201d]+$")
FIGURE = re.compile(r"[\d.,]+")


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
