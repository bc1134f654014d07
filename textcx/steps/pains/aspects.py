"""What a pain is about: the noun phrase that names it, in a form that many customers share.

"the terrible customer service" is about "customer service" if others speak of customer service too, else about what
its head says. Counting is over records, so the order of segments never matters and one long complaint counts once.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
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


def _forms(lemma: str, lexicon: PainLexicon) -> list[str]:
    """Forms of a noun phrase, longest first, all ending in its head; the head alone only where it is not vague."""
    words = lemma.casefold().split()
    if not all(WORD.fullmatch(word) for word in words):
        words = [word for word in words[-1:] if WORD.fullmatch(word)]
    while len(words) > 1 and words[0] in lexicon.bare_words and words[0] not in lexicon.compound_words:
        words = words[1:]
    words = words[-MOST_WORDS:]
    if not words or len(words[-1]) < 2:  # noqa: PLR2004 - a single letter names nothing
        return []
    forms = []
    for begin, start in enumerate(words):
        is_head = begin == len(words) - 1
        is_vague = start in lexicon.vague_aspects and (is_head or start not in lexicon.compound_words)
        is_bare = start in lexicon.bare_words and not is_head and start not in lexicon.compound_words
        if not (is_vague or is_bare):
            forms.append(" ".join(words[begin:]))
    return forms


def count_aspects(
    phrases: Sequence[Sequence[Phrase]], record_ids: Sequence[str], *, lexicon: PainLexicon
) -> dict[str, int]:
    """Count in how many records each form of each noun phrase stands; phrases and record of each pain."""
    seen: dict[str, set[str]] = defaultdict(set)
    for found, record_id in zip(phrases, record_ids, strict=True):
        for phrase in found:
            if phrase.kind == "noun":
                for form in _forms(phrase.lemma, lexicon):
                    seen[form].add(record_id)
    return {form: len(ids) for form, ids in seen.items()}


def choose_aspect(
    phrases: Sequence[Phrase], *, counts: Mapping[str, int], records: int, lexicon: PainLexicon
) -> str | None:
    """Choose what one pain is about, from the phrases of its segment in text order.

    ``counts``: records of each form over all pains; ``records``: all records with pains.

    Returns:
        Of its noun phrases the one that most customers name, unless nearly all do; earlier and more precise ones are
        preferred. A verb where there is no noun ("crash"). Null where nothing concrete is named.
    """
    best, best_worth = None, 0.0
    for position, phrase in enumerate(phrase for phrase in phrases if phrase.kind == "noun"):
        forms = _forms(phrase.lemma, lexicon)
        if not forms:
            continue
        head = counts.get(forms[-1], 1)
        few = max(SHARED * head, 2.0)
        form = next((form for form in forms[:-1] if counts.get(form, 1) >= few), forms[0] if head <= 1 else forms[-1])
        n = counts.get(form, 1)
        worth = math.log1p(n) + 0.4 * (position == 0) + 0.3 * (" " in form)
        too_common = records >= 20 and n > GENERIC * records  # noqa: PLR2004 - shares of few mean nothing
        if too_common or form in lexicon.bare_words:
            worth *= 0.3
        if worth > best_worth + 1e-9:
            best, best_worth = form, worth
    if best is not None and best not in lexicon.bare_words:
        return best
    vague = lexicon.bare_words | lexicon.vague_aspects
    verbs = (phrase.lemma.casefold() for phrase in phrases if phrase.kind == "verb")
    named = (verb for verb in verbs if WORD.fullmatch(verb.split(" ")[0]) and set(verb.split()) - vague)
    return best or next(named, None)
