"""Phrases of a tagged spaCy document, by patterns over Penn Treebank tags.

Three kinds: a noun with what specifies it ("late delivery", "quality of fabric"), a verb with what happened ("arrived
late", "keeps crashing", "doesn't work"), and an adjective that is too much or missing ("too small", "not clean").

Words that praise or blame ("great", "awful") and fillers ("thing", "lot") are left out, so that "terrible customer
service" and "customer service" are the same phrase.
"""

# ruff: noqa: SIM905 - a word list is easier to read and edit as words

from __future__ import annotations

from typing import TYPE_CHECKING

from textcx.ports import Phrase

if TYPE_CHECKING:
    from spacy.tokens import Doc, Token

_NOUNS = {"NN", "NNS", "NNP", "NNPS"}
_SPECIFIERS = {"JJ", "VBN", "VBG"}
_VERBS = {"VB", "VBD", "VBG", "VBN", "VBP", "VBZ"}
_FILLERS = frozenset(
    """
    thing things lot lots bit kind sort way ways one ones something anything everything nothing someone anyone everyone
    couple time times day days part matter fact case point reason example end rest number amount type plenty hour
    minute week month year today yesterday tomorrow guy guys people person folk lol omg btw pls plz please thank thanks
    star stars stuff place people man woman lady god hell shit crap etc mr mrs ms dr i'm im ive dont cant x u ur n b
    """.split()
)
_VERDICTS = frozenset(
    """
    good great nice bad best worst better worse terrible awful horrible excellent amazing awesome fantastic lovely
    wonderful brilliant perfect poor fine decent superb beautiful cute gorgeous favorite favourite new old first last
    next other same many few more most much several such own whole entire certain sure able due overall general usual
    different various only main big huge little real true total complete absolute pathetic disgusting ridiculous
    stupid useless pretty happy glad sad sorry disappointed disappointing impressed very annoying frustrating going
    having being getting making doing used given got said made done seen gone ok okay okey super extra
    cool right high dear esp
    """.split()
)
_EMPTY_VERBS = frozenset(
    "be have do get go make say think know see want try let seem mean feel look love like hate use".split()
)
_EMPTY_ADVERBS = frozenset(
    """
    very really just so also even still then there here now always ever too quite pretty only actually definitely
    probably maybe well again almost however though already much more most as all that this yet else ago perhaps
    absolutely totally completely literally honestly basically extremely highly rather somewhat kinda not n't never
    """.split()
)
_TELLING_ADVERBS = frozenset(
    """
    late early slowly fast quickly badly poorly twice constantly continuously repeatedly randomly automatically
    properly correctly wrongly incorrectly rudely suddenly frequently apart off down out up away back over
    """.split()
)
_TOO_MUCH = frozenset("too overly excessively not n't".split())
_NEGATIONS = frozenset("not n't never nt cannot".split())
_AUXILIARIES = frozenset({"have", "be", "get", "'ve", "ve", "'s", "'m", "'re", "i", "we", "they", "to"})
_LONGEST = 4  # words of a noun phrase


def match_phrases(doc: Doc) -> list[Phrase]:
    """Find the phrases of a tagged document.

    Args:
        doc: A document with tags; lemmas are used where it has them.

    Returns:
        Phrases in text order, not overlapping, without a mask character.
    """
    tokens = [token for token in doc if not token.is_space]
    found: list[Phrase] = []
    place = 0
    while place < len(tokens):
        for match in (_adjective_phrase, _verb_phrase, _noun_phrase):
            end = match(tokens, place, found)
            if end > place:
                place = end
                break
        else:
            place += 1
    return found


def _noun_phrase(tokens: list[Token], start: int, found: list[Phrase]) -> int:
    """Match (specifier)* (noun)+ [of (noun)+]; return the place after it, or ``start``."""
    end = start
    while end < len(tokens) and _specifies(tokens, end):
        end += 1
    nouns = end
    while end < len(tokens) and _is_noun(tokens[end]):
        end += 1
    if end == nouns:
        return start
    first, last = start, end
    while first < last and _normal(tokens[first]) in _VERDICTS:
        first += 1
    while first < last and _normal(tokens[first]) in _FILLERS:
        first += 1
    if end + 1 < len(tokens) and tokens[end].lower_ == "of" and _is_noun(tokens[end + 1]) and first < last:
        tail = end + 1
        while tail < len(tokens) and _is_noun(tokens[tail]):
            tail += 1
        if _normal(tokens[tail - 1]) not in _FILLERS:
            end = last = tail
    first = max(first, last - _LONGEST)
    if first < last and _normal(tokens[last - 1]) not in _FILLERS and len(tokens[last - 1]) > 1:
        _add(tokens[first:last], "noun", found)
    return end


def _verb_phrase(tokens: list[Token], start: int, found: list[Phrase]) -> int:
    """Match a negated verb, or a verb with a particle, an adverb that tells something, or another verb."""
    token = tokens[start]
    if token.lower_ in _NEGATIONS and start + 1 < len(tokens):
        verb = tokens[start + 1]
        if verb.tag_ in _VERBS and _is_plain(verb) and _normal(verb) not in _EMPTY_VERBS:
            end = start + 2
            if end < len(tokens) and tokens[end].tag_ == "RP":
                end += 1
            _add(tokens[start:end], "verb", found)
            return end
        return start
    if token.tag_ not in _VERBS or not _is_plain(token) or start + 1 >= len(tokens):
        return start
    following = tokens[start + 1]
    keeps = _normal(token) in {"keep", "stop", "start"} and following.tag_ == "VBG"
    particle = following.tag_ == "RP" and _normal(token) not in _EMPTY_VERBS
    adverb = following.tag_ in {"RB", "RBR", "JJ"} and following.lower_ in _TELLING_ADVERBS and token.lemma_ != "be"
    if (keeps or particle or adverb) and _is_plain(following) and _normal(token) != "be":
        _add(tokens[start : start + 2], "verb", found)
        return start + 2
    return start


def _adjective_phrase(tokens: list[Token], start: int, found: list[Phrase]) -> int:
    """Match "too small" and "not clean"."""
    if start + 1 >= len(tokens) or tokens[start].lower_ not in _TOO_MUCH:
        return start
    end = start + 1
    while end < len(tokens) - 1 and tokens[end].lower_ in {"very", "so", "that", "at", "all"}:
        end += 1
    adjective = tokens[end]
    follows = tokens[end + 1].tag_ if end + 1 < len(tokens) else ""
    if adjective.tag_ not in {"JJ", "JJR"} or not _is_plain(adjective) or follows in _NOUNS:
        return start
    if _normal(adjective) in {"many", "much", "sure", "only", "able", "other", "same"}:
        return start
    _add([tokens[start], adjective], "adjective", found)
    return end + 1


def _add(tokens: list[Token], kind: str, found: list[Phrase]) -> None:
    start, stop = tokens[0].idx, tokens[-1].idx + len(tokens[-1])
    found.append(Phrase(start, stop, " ".join(map(_normal, tokens)), kind))


def _is_plain(token: Token) -> bool:
    return bool(token.text.replace("-", "").replace("'", "").isalpha())


def _is_noun(token: Token) -> bool:
    return token.tag_ in _NOUNS and _is_plain(token)


def _specifies(tokens: list[Token], place: int) -> bool:
    token = tokens[place]
    if token.tag_ not in _SPECIFIERS or not _is_plain(token) or token.lower_ in _EMPTY_ADVERBS:
        return False
    # "I've gotten compliments" and "is advertised" are verbs, "a damaged box" is not.
    return token.tag_ == "JJ" or not (place and tokens[place - 1].lemma_ in _AUXILIARIES)


def _normal(token: Token) -> str:
    if token.lower_ in {"n't", "nt"}:
        return "not"
    if token.tag_ in {"NNP", "NNPS", *_SPECIFIERS} and token.tag_ != "VBG":
        return str(token.lower_)
    return str(token.lemma_ or token.lower_).lower()
