"""What every phrase finder must do; run against each implementation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from fakes import FakePhraseFinder
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import ENGLISH

from textcx.engines.spacy.phrase_patterns import SpacyPhraseFinder
from textcx.steps.text.redact import MASK

if TYPE_CHECKING:
    from textcx.ports import PhraseFinder

PIECES = st.sampled_from(
    [
        "the late delivery", "customer service", " was ", "arrived late", "too small", "\U0001f600", MASK * 3, ", ",
        ". ", " ", "\n", "the app keeps crashing", "quality of the fabric", "3.5", "isn't", "and",
    ]
)  # fmt: skip
ANY_TEXT = st.one_of(st.text(max_size=30), st.lists(PIECES, max_size=8).map("".join))


@pytest.fixture(
    scope="module", params=[partial(SpacyPhraseFinder, ENGLISH.phrases), FakePhraseFinder], ids=["spaCy", "fake"]
)
def finder(request: pytest.FixtureRequest) -> PhraseFinder:
    made: PhraseFinder = request.param()
    return made


@settings(max_examples=25, deadline=None)
@given(text=ANY_TEXT)
def test_phrases_come_in_text_order_apart_and_trimmed(finder: PhraseFinder, text: str) -> None:
    reached = 0
    for phrase in finder.phrases([text])[0]:
        assert reached <= phrase.start < phrase.end <= len(text)
        said = text[phrase.start : phrase.end]
        assert said == said.strip()
        reached = phrase.end


@settings(max_examples=25, deadline=None)
@given(text=ANY_TEXT)
def test_every_phrase_has_a_known_kind_a_normal_form_and_no_mask(finder: PhraseFinder, text: str) -> None:
    for phrase in finder.phrases([text])[0]:
        assert phrase.kind in {"noun", "verb", "adjective"}
        assert phrase.lemma == phrase.lemma.strip() != ""
        assert MASK not in text[phrase.start : phrase.end]


@pytest.mark.parametrize("before", ["It was the ", "\U0001f621\U0001f621 the ", "Fran\u00e7ois\u2019 the "])
def test_offsets_of_a_phrase_are_exact(finder: PhraseFinder, before: str) -> None:
    text = f"{before}late delivery."
    phrase = finder.phrases([text])[0][-1]
    assert (phrase.start, phrase.end) == (len(before), len(text) - 1)
    assert (phrase.lemma, phrase.kind) == ("late delivery", "noun")


def test_there_is_one_list_per_text(finder: PhraseFinder) -> None:
    assert finder.phrases([]) == []
    assert finder.phrases(["", "  ", "!!!", MASK * 5]) == [[], [], [], []]


def test_phrases_do_not_depend_on_the_other_texts(finder: PhraseFinder) -> None:
    texts = ["The delivery arrived late.", "", "too small", "The delivery arrived late."]
    together = finder.phrases(texts)
    assert [finder.phrases([text])[0] for text in texts] == together
    assert finder.phrases(texts[::-1]) == together[::-1]
