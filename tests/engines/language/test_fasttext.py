"""Clear foreign sentences are told, and informal English is never taken for one."""

import socket

import pytest
from languages import ENGLISH

from textcx.engines.language.fasttext import FasttextLanguageDetector


@pytest.fixture(scope="module")
def detector() -> FasttextLanguageDetector:
    return FasttextLanguageDetector(ENGLISH)


@pytest.mark.parametrize(
    "text",
    [
        "gud app", "WORST APP EVER", "very gud aap luv it \U0001f60d\U0001f60d", "pls fix dis bug asap plzzz",
        "Worst worst worst worst app",
        "superb", "nice app but to many adds", "Netflix", "ok \U0001f44d", "LOVE ITTTTT!!!",
        "app glitches till ad plays", "cant login since last update", "Waited 6 hours. 23/09/2025", "noice app bro",
        "Runs small, itchy fabric", "10/10", "\U0001f621\U0001f621", "",
    ],
)  # fmt: skip
def test_informal_english_is_never_called_foreign(detector: FasttextLanguageDetector, text: str) -> None:
    assert detector.detect([text])[0].language in {"en", None}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("El servicio fue muy malo y la comida estaba fría", "es"),
        ("Der Fahrer kam zwei Stunden zu spät und war unfreundlich", "de"),
        ("Le service est vraiment nul et la livraison en retard", "fr"),
        ("app bahut kharab hai, paise wapas karo", "hi"),
        ("bahut accha app hai lekin ads zyada hai", "hi"),
        ("यह ऐप बहुत खराब है", "hi"),
        ("все очень плохо работает", "ru"),
        ("サービスがとても悪かったです", "ja"),
    ],
)
def test_clear_foreign_sentences_are_told(detector: FasttextLanguageDetector, text: str, language: str) -> None:
    guess = detector.detect([text])[0]
    assert guess.language == language
    assert 0.0 < guess.confidence <= 1.0


@pytest.mark.parametrize("text", ["muy bien", "Netflix", "5", "\U0001f600", "!!!"])
def test_texts_too_short_to_tell_have_no_language(detector: FasttextLanguageDetector, text: str) -> None:
    assert detector.detect([text])[0].language is None


def test_plain_english_is_told_with_confidence(detector: FasttextLanguageDetector) -> None:
    guess = detector.detect(["The delivery was two days late and nobody answered the phone"])[0]
    assert guess.language == "en"
    assert guess.confidence > 0.8


def test_a_guess_does_not_depend_on_the_other_texts(detector: FasttextLanguageDetector) -> None:
    texts = ["The app keeps crashing on my phone", "bahut accha app hai bhai", "ok"]
    together = detector.detect(texts)
    assert together == [detector.detect([text])[0] for text in texts]
    assert detector.detect(texts[::-1]) == together[::-1]


def test_no_connection_is_ever_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the language detector opened a connection")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    assert FasttextLanguageDetector(ENGLISH).detect(["The food was cold when it came"])[0].language == "en"
