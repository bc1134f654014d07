"""What a pain is about: the noun phrase that names it, in a form that many customers share.

"the terrible customer service" is about "customer service" if others speak of customer service too, else about what
its head says. Counting is over records, so the order of segments never matters and one long complaint counts once.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from textcx.domain.lexicons.pains import PainLexicon
    from textcx.ports import Phrase

MOST_WORDS = 3
SHARED = 0.25
"""A longer form is taken if at least this share of the records that use its head use it too."""
GENERIC = 0.15
"""An aspect that more than this share of all pains name says little about one of them."""
WORD = re.compile(r"[^\W\d_][\w'&-]*")


@dataclass(frozen=True, slots=True)
class AspectCounts:
    """In how many records each form of an aspect stands, and how many records there are."""

    records: Mapping[str, int]
    total: int


def _forms(lemma: str, lexicon: PainLexicon) -> list[str]:
    """Forms of a noun phrase, longest first, all ending in its head; none where the head is vague."""
    words = lemma.casefold().split()
    if not words or not all(WORD.fullmatch(word) for word in words):
        words = words[-1:] if words and WORD.fullmatch(words[-1]) else []
    while words and words[0] in lexicon.bare_words and words[0] not in lexicon.compound_words and len(words) > 1:
        words = words[1:]
    words = words[-MOST_WORDS:]
    if not words or len(words[-1]) < 2:  # noqa: PLR2004 - a single letter names nothing
        return []
    vague_head = words[-1] in lexicon.vague_aspects
    forms = [" ".join(words[begin:]) for begin in range(len(words))]
    starts = [words[begin] for begin in range(len(words))]
    usable = [
        form
        for form, start in zip(forms, starts, strict=True)
        if (start not in lexicon.vague_aspects or (start in lexicon.compound_words and form != start))
        and (start not in lexicon.bare_words or start in lexicon.compound_words or form == words[-1])
    ]
    return [form for form in usable if " " in form] if vague_head else usable


def count_aspects(
    phrases: Sequence[Sequence[Phrase]], record_ids: Sequence[str], *, lexicon: PainLexicon
) -> AspectCounts:
    """Count in how many records each form of each noun phrase stands.

    Args:
        phrases: Phrases of each pain. Length ``pains``.
        record_ids: Record of each pain. Length ``pains``.
        lexicon: Words that never name an aspect.

    Returns:
        Counts per form.
    """
    seen: dict[str, set[str]] = defaultdict(set)
    for found, record_id in zip(phrases, record_ids, strict=True):
        for phrase in found:
            if phrase.kind == "noun":
                for form in _forms(phrase.lemma, lexicon):
                    seen[form].add(record_id)
    return AspectCounts(records={form: len(ids) for form, ids in seen.items()}, total=len(set(record_ids)))


def choose_aspect(phrases: Sequence[Phrase], *, counts: AspectCounts, lexicon: PainLexicon) -> str | None:
    """Choose what one pain is about.

    Args:
        phrases: Phrases of the pain's segment, in text order.
        counts: Counts over all pains.
        lexicon: Words that never name an aspect.

    Returns:
        The aspect: of its noun phrases the one that most customers name, unless nearly all do; earlier and more precise
        ones are preferred. A verb where there is no noun ("crash"). Null where nothing concrete is named.
    """
    best, best_worth = None, 0.0
    for position, phrase in enumerate(phrase for phrase in phrases if phrase.kind == "noun"):
        forms = _forms(phrase.lemma, lexicon)
        if not forms:
            continue
        head = counts.records.get(forms[-1], 1)
        few = max(SHARED * head, 2.0)
        form = next((form for form in forms[:-1] if counts.records.get(form, 1) >= few), None)
        if form is None:
            form = forms[0] if head <= 1 else forms[-1]
        n = counts.records.get(form, 1)
        worth = math.log1p(n) + 0.4 * (position == 0) + 0.3 * (" " in form)
        too_common = counts.total >= 20 and n > GENERIC * counts.total  # noqa: PLR2004 - shares of few mean nothing
        if too_common or form in lexicon.bare_words:
            worth *= 0.3
        if worth > best_worth + 1e-9:
            best, best_worth = form, worth
    if best is None or best in lexicon.bare_words:
        verbs = [phrase.lemma.casefold() for phrase in phrases if phrase.kind == "verb"]
        named = [
            verb
            for verb in verbs
            if WORD.fullmatch(verb.split(" ")[0])
            and not set(verb.split()) <= lexicon.bare_words | lexicon.vague_aspects
        ]
        best = best or (named[0] if named else None)
    return best
