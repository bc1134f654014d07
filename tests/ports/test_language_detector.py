"""What every language detector must do; run against each implementation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from fakes import FakeLanguageDetector
from languages import ENGLISH

from textcx.engines.language.fasttext import FasttextLanguageDetector

if TYPE_CHECKING:
    from textcx.ports import LanguageDetector

TEXTS = [
    "The delivery was two days late and nobody answered the phone",
    "Der Fahrer kam zwei Stunden zu sp\u00e4t und war sehr unfreundlich",
    "",
    "Netflix",
    "\U0001f621\U0001f621",
    "5",
    "broken \ufffd surrogate",
    "The delivery was two days late and nobody answered the phone",
]


@pytest.fixture(
    scope="module", params=[partial(FasttextLanguageDetector, ENGLISH), FakeLanguageDetector], ids=["fastText", "fake"]
)
def detector(request: pytest.FixtureRequest) -> LanguageDetector:
    made: LanguageDetector = request.param()
    return made


def test_there_is_one_guess_per_text(detector: LanguageDetector) -> None:
    assert len(detector.detect(TEXTS)) == len(TEXTS)
    assert detector.detect([]) == []


def test_a_language_is_a_short_code_with_a_confidence(detector: LanguageDetector) -> None:
    for guess in detector.detect(TEXTS):
        assert guess.language is None or (guess.language.islower() and len(guess.language) in {2, 3})
        assert 0 <= guess.confidence <= 1


def test_an_english_sentence_is_told(detector: LanguageDetector) -> None:
    assert detector.detect(TEXTS)[0].language == "en"


def test_a_german_sentence_is_not_taken_for_english(detector: LanguageDetector) -> None:
    assert detector.detect(TEXTS)[1].language == "de"


@pytest.mark.parametrize("text", ["", "   ", "Netflix", "5", "\U0001f600", "!!!"])
def test_a_text_too_short_to_tell_has_no_language(detector: LanguageDetector, text: str) -> None:
    assert detector.detect([text])[0].language is None


def test_a_guess_does_not_depend_on_the_other_texts(detector: LanguageDetector) -> None:
    together = detector.detect(TEXTS)
    assert [detector.detect([text])[0] for text in TEXTS] == together
    assert detector.detect(TEXTS[::-1]) == together[::-1]
