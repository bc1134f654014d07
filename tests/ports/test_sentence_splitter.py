"""What every splitter must do; run against each implementation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest
from fakes import FakeSplitter
from hypothesis import example, given, settings
from hypothesis import strategies as st
from languages import ENGLISH

from textcx.engines.spacy.text import SpacySentenceSplitter
from textcx.steps.text.clean import has_content
from textcx.steps.text.redact import MASK

if TYPE_CHECKING:
    from textcx.ports import SentenceSplitter

PIECES = st.sampled_from(
    [
        "Great food", " but ", "the waiter was rude", ". ", ".", "!!", "...", "\n", "\n\n", " ", ", ", ";", "1. ",
        "Dr. Smith", "\U0001f600\U0001f600", MASK * 4, "\u2014", "(but not this)", "3.5", "word " * 70, "\u00a0",
    ]
)  # fmt: skip
ANY_TEXT = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=12).map("".join))


@pytest.fixture(scope="module", params=[partial(SpacySentenceSplitter, ENGLISH), FakeSplitter], ids=["spaCy", "fake"])
def splitter(request: pytest.FixtureRequest) -> SentenceSplitter:
    made: SentenceSplitter = request.param()
    return made


@settings(max_examples=100, deadline=None)
@given(text=ANY_TEXT)
def test_segments_are_sorted_apart_trimmed_and_never_empty(splitter: SentenceSplitter, text: str) -> None:
    reached = 0
    for start, end in splitter.split([text])[0]:
        assert reached <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        reached = end


@settings(max_examples=100, deadline=None)
@given(text=ANY_TEXT)
def test_every_letter_and_digit_is_in_a_segment(splitter: SentenceSplitter, text: str) -> None:
    covered = {place for span in splitter.split([text])[0] for place in range(*span)}
    assert {place for place, character in enumerate(text) if character.isalnum()} <= covered


@settings(max_examples=50, deadline=None)
@given(text=ANY_TEXT)
@example(text="\u00ae")
def test_a_text_with_content_has_a_segment(splitter: SentenceSplitter, text: str) -> None:
    assert not has_content(text) or splitter.split([text])[0]


@settings(max_examples=50, deadline=None)
@given(text=ANY_TEXT)
def test_a_run_of_mask_characters_is_never_parted(splitter: SentenceSplitter, text: str) -> None:
    for span in splitter.split([text])[0]:
        for edge in span:
            assert text[max(0, edge - 1) : edge + 1] != MASK * 2


def test_sentences_are_parted_where_they_end(splitter: SentenceSplitter) -> None:
    text = "\U0001f600 Great food. The waiter was rude!\nNobody said sorry"
    parted = [text[start:end] for start, end in splitter.split([text])[0]]
    assert parted[-3:] == ["\U0001f600 Great food.", "The waiter was rude!", "Nobody said sorry"]


def test_there_is_one_list_per_text(splitter: SentenceSplitter) -> None:
    assert splitter.split([]) == []
    assert splitter.split(["", "  \n", "ok"]) == [[], [], [(0, 2)]]


def test_segments_do_not_depend_on_the_other_texts(splitter: SentenceSplitter) -> None:
    texts = ["Slow. Ugly.", "", "Great food, bad music.", "Slow. Ugly."]
    assert splitter.split(texts) == [splitter.split([text])[0] for text in texts]
