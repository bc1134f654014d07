"""Phrases of a tagged spaCy document, by patterns over Penn Treebank tags.

Three kinds: a noun with what specifies it ("late delivery", "quality of fabric"), a verb with what happened ("arrived
late", "keeps crashing", "doesn't work"), and an adjective that is too much or missing ("too small", "not clean").

Words that praise or blame and fillers are left out: "terrible customer service" is "customer service".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textcx.engines.spacy.pipeline import DEFAULT_PIPELINE, load_pipeline, read
from textcx.ports import Phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spacy.tokens import Doc, Token

    from textcx.domain.lexicons.text import PhraseWords

_NOUNS = {"NN", "NNS", "NNP", "NNPS"}
_SPECIFIERS = {"JJ", "VBN", "VBG"}
_VERBS = {"VB", "VBD", "VBG", "VBN", "VBP", "VBZ"}
_AS_WRITTEN = {"NNP", "NNPS", "JJ", "VBN"}  # tags of words whose normal form is how they are written
_LONGEST = 4  # words of a noun phrase


class SpacyPhraseFinder:
    """Implements the ``PhraseFinder`` port by a pipeline with a tagger; errors as in ``load_pipeline``."""

    def __init__(self, words: PhraseWords, *, pipeline: str = DEFAULT_PIPELINE) -> None:
        self.words = words
        self._pipeline = load_pipeline(pipeline)

    def phrases(self, texts: Sequence[str]) -> list[list[Phrase]]:
        """Find the phrases of cleaned, masked texts in text order, not overlapping, without a mask character."""
        components = ("tagger", "attribute_ruler", "lemmatizer")
        return [self._match(doc) for doc in read(self._pipeline, texts, components=components)]

    def _match(self, doc: Doc) -> list[Phrase]:
        tokens = [token for token in doc if not token.is_space]
        phrases: list[Phrase] = []
        matchers = (self._adjective_phrase, self._verb_phrase, self._noun_phrase)
        place = 0
        while place < len(tokens):
            ends = (match(tokens, place, phrases) for match in matchers)
            place = next((end for end in ends if end > place), place + 1)
        return phrases

    def _noun_phrase(self, tokens: list[Token], start: int, phrases: list[Phrase]) -> int:
        """Match (specifier)* (noun)+ [of (noun)+]; return the place after it, or ``start``."""
        words = self.words
        end = start
        while end < len(tokens) and self._specifies(tokens, end):
            end += 1
        nouns = end
        while end < len(tokens) and _is_noun(tokens[end]):
            end += 1
        if end == nouns:
            return start
        first, last = start, end
        while first < last and self._normal(tokens[first]) in words.verdicts:
            first += 1
        while first < last and self._normal(tokens[first]) in words.fillers:
            first += 1
        if end + 1 < len(tokens) and tokens[end].lower_ in words.links and _is_noun(tokens[end + 1]) and first < last:
            tail = end + 1
            while tail < len(tokens) and _is_noun(tokens[tail]):
                tail += 1
            if self._normal(tokens[tail - 1]) not in words.fillers:
                end = last = tail
        first = max(first, last - _LONGEST)
        if first < last and self._normal(tokens[last - 1]) not in words.fillers and len(tokens[last - 1]) > 1:
            self._add(tokens[first:last], "noun", phrases)
        return end

    def _verb_phrase(self, tokens: list[Token], start: int, phrases: list[Phrase]) -> int:
        """Match a negated verb, or a verb with a particle, an adverb that tells something, or another verb."""
        words = self.words
        token = tokens[start]
        if token.lower_ in words.negations and start + 1 < len(tokens):
            verb = tokens[start + 1]
            if verb.tag_ in _VERBS and _is_plain(verb) and self._normal(verb) not in words.empty_verbs:
                end = start + 2
                if end < len(tokens) and tokens[end].tag_ == "RP":
                    end += 1
                self._add(tokens[start:end], "verb", phrases)
                return end
            return start
        if token.tag_ not in _VERBS or not _is_plain(token) or start + 1 >= len(tokens):
            return start
        normal, following = self._normal(token), tokens[start + 1]
        phase = normal in words.phases and following.tag_ == "VBG"
        particle = following.tag_ == "RP" and normal not in words.empty_verbs
        adverb = (
            following.tag_ in {"RB", "RBR", "JJ"}
            and following.lower_ in words.telling_adverbs
            and token.lemma_ not in words.being
        )
        if (phase or particle or adverb) and _is_plain(following) and normal not in words.being:
            self._add(tokens[start : start + 2], "verb", phrases)
            return start + 2
        return start

    def _adjective_phrase(self, tokens: list[Token], start: int, phrases: list[Phrase]) -> int:
        """Match "too small" and "not clean"."""
        words = self.words
        if start + 1 >= len(tokens) or tokens[start].lower_ not in words.too_much:
            return start
        end = start + 1
        while end < len(tokens) - 1 and tokens[end].lower_ in words.degrees:
            end += 1
        adjective = tokens[end]
        follows = tokens[end + 1].tag_ if end + 1 < len(tokens) else ""
        if adjective.tag_ not in {"JJ", "JJR"} or not _is_plain(adjective) or follows in _NOUNS:
            return start
        if self._normal(adjective) in words.plain_adjectives:
            return start
        self._add([tokens[start], adjective], "adjective", phrases)
        return end + 1

    def _add(self, tokens: list[Token], kind: str, phrases: list[Phrase]) -> None:
        start, stop = tokens[0].idx, tokens[-1].idx + len(tokens[-1])
        phrases.append(Phrase(start, stop, " ".join(map(self._normal, tokens)), kind))

    def _specifies(self, tokens: list[Token], place: int) -> bool:
        token = tokens[place]
        if token.tag_ not in _SPECIFIERS or not _is_plain(token) or token.lower_ in self.words.empty_adverbs:
            return False
        # "I've gotten compliments" and "is advertised" are verbs, "a damaged box" is not.
        return token.tag_ == "JJ" or not (place and tokens[place - 1].lemma_ in self.words.auxiliaries)

    def _normal(self, token: Token) -> str:
        if token.lower_ in self.words.parted_negations:
            return self.words.negation
        if token.tag_ in _AS_WRITTEN:
            return str(token.lower_)
        return str(token.lemma_ or token.lower_).lower()


def _is_plain(token: Token) -> bool:
    return bool(token.text.replace("-", "").replace("'", "").isalpha())


def _is_noun(token: Token) -> bool:
    return token.tag_ in _NOUNS and _is_plain(token)
