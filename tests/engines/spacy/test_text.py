"""Informal text is parted where a reader would part it, and phrases are what people name things with."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import ENGLISH

from textcx.engines.spacy.phrase_patterns import SpacyPhraseFinder
from textcx.engines.spacy.text import SpacySentenceSplitter
from textcx.steps.text.clean import has_content
from textcx.steps.text.redact import MASK

SPLITTER = SpacySentenceSplitter(ENGLISH)

PIECES = st.sampled_from(
    [
        "great food", " but ", "the waiter was rude",
        ". ", ".", "!", "...", "\n", "\n\n", " ", ", ", ";", " - ", "1. ",
        "- ", "Dr. Smith", "e.g. this", "\U0001f600\U0001f600", MASK * 4, "although it is small", "however", "I",
        "nothing but good", "at 8 a.m.", "\u2014", "(but not this)", "3.5", "?!", " and it was ", "a", "\u2022 ", "word " * 30,
    ]
)  # fmt: skip
ANY_TEXT = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join))


def _split(text: str) -> list[str]:
    return [text[start:end] for start, end in SPLITTER.split([text])[0]]


@settings(max_examples=200, deadline=None)
@given(ANY_TEXT)
def test_segments_are_sorted_apart_trimmed_and_cover_all_content(text: str) -> None:
    reached = 0
    covered: set[int] = set()
    for start, end in SPLITTER.split([text])[0]:
        assert reached <= start < end <= len(text)
        assert text[start:end] == text[start:end].strip()
        covered.update(range(start, end))
        reached = end
    assert {place for place, each in enumerate(text) if each.isalnum()} <= covered


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT)
def test_a_mask_is_never_parted(text: str) -> None:
    text = text.replace("a", MASK)
    for start, end in SPLITTER.split([text])[0]:
        assert not (start and text[start - 1] == text[start] == MASK)
        assert not (end < len(text) and text[end - 1] == text[end] == MASK)


@settings(max_examples=100, deadline=None)
@given(ANY_TEXT)
def test_every_text_with_content_has_a_segment(text: str) -> None:
    if has_content(text):
        assert _split(text)


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("great food but the waiter was rude", ["great food", "but the waiter was rude"]),
        ("Great but the driver got lost", ["Great", "but the driver got lost"]),
        ("nice dress, though it runs small", ["nice dress", "though it runs small"]),
        ("Staff were lovely; however the room was dirty", ["Staff were lovely", "however the room was dirty"]),
        ("The food was good - the room was not clean", ["The food was good", "the room was not clean"]),
        ("It fits well except that the zipper broke", ["It fits well", "except that the zipper broke"]),
    ],
)
def test_a_sentence_is_parted_where_it_turns(text: str, segments: list[str]) -> None:
    assert _split(text) == segments


@pytest.mark.parametrize(
    "text",
    [
        "nothing but good", "Not only good but also cheap", "Nice though", "cheap but good", "not yet",
        "The room (small but very clean indeed) was fine", "last but not least it works", "great place ;) will come back",
        "Dr. Smith was kind to me", "He arrived at 8 a.m. and left", "It cost 3.5 dollars", "so... cheap",
    ],
)  # fmt: skip
def test_what_belongs_together_stays_whole(text: str) -> None:
    assert _split(text) == [text]


@pytest.mark.parametrize(
    ("text", "segments"),
    [
        ("great.But too slow for me", ["great.", "But too slow for me"]),
        ("Really? Yes!!Great", ["Really?", "Yes!!", "Great"]),
        ("1. Slow 2. Ugly 3. Too expensive", ["1. Slow", "2. Ugly", "3. Too expensive"]),
        ("- nice\n- slow wifi\n- rude", ["- nice", "- slow wifi", "- rude"]),
        ("I love it \U0001f60d\U0001f60d will buy again", ["I love it \U0001f60d\U0001f60d", "will buy again"]),
        ("good!!! \U0001f60d bad", ["good!!! \U0001f60d", "bad"]),
        ("Good app...but ads are too many", ["Good app...", "but ads are too many"]),
        ("Bad food\nBad staff", ["Bad food", "Bad staff"]),
        ("\U0001f600", ["\U0001f600"]),
        ("  ", []),
        ("...", []),
    ],
)
def test_informal_sentence_edges_are_found(text: str, segments: list[str]) -> None:
    assert _split(text) == segments


def test_a_wrapped_line_is_no_sentence_edge() -> None:
    text = "the courier came two hours late and had left the parcel\nin the rain"
    assert _split(text) == [text]


def test_a_run_on_sentence_is_parted_into_bearable_lengths() -> None:
    clause = "and then the driver said that he could not find the house "
    segments = _split(clause * 20)
    assert len(segments) > 3
    assert max(len(segment.split()) for segment in segments) <= 60
    assert all(segment.startswith("and") for segment in segments)


@pytest.mark.parametrize("piece", ["word ", "but ", "!", "\U0001f600", "a, ", "(", "x\n", MASK, "1. "])
def test_a_very_long_comment_is_parted_like_any_other(piece: str) -> None:
    text = piece * (30_000 // len(piece))  # quadratic work would take hours
    spans = SPLITTER.split([text])[0]
    assert all(start < end for start, end in spans)
    assert sum(map(str.isalnum, text)) == sum(str.isalnum(text[place]) for span in spans for place in range(*span))


@pytest.fixture(scope="module")
def finder() -> SpacyPhraseFinder:
    return SpacyPhraseFinder(ENGLISH.phrases)


def _lemmas(finder: SpacyPhraseFinder, text: str) -> set[tuple[str, str]]:
    return {(phrase.lemma, phrase.kind) for phrase in finder.phrases([text])[0]}


def test_noun_phrases_lose_determiners_and_verdicts(finder: SpacyPhraseFinder) -> None:
    assert ("customer service", "noun") in _lemmas(finder, "The terrible customer service made me leave.")
    assert ("customer service", "noun") in _lemmas(finder, "Your customer service is a joke.")


def test_what_went_wrong_is_a_verb_or_adjective_phrase(finder: SpacyPhraseFinder) -> None:
    assert ("keep crash", "verb") in _lemmas(finder, "The app keeps crashing on my phone.")
    assert ("arrive late", "verb") in _lemmas(finder, "My parcel arrived late again.")
    assert ("too small", "adjective") in _lemmas(finder, "The sleeves are too small for me.")
    assert ("not work", "verb") in _lemmas(finder, "The remote doesn't work.")


def test_fillers_and_masks_are_no_phrases(finder: SpacyPhraseFinder) -> None:
    text = f"A lot of things happened with {MASK * 5} at the desk."
    phrases = finder.phrases([text])[0]
    assert not {"lot", "thing"} & {phrase.lemma for phrase in phrases}
    assert all(MASK not in text[phrase.start : phrase.end] for phrase in phrases)


def test_phrases_come_in_text_order_and_do_not_overlap(finder: SpacyPhraseFinder) -> None:
    text = "The mobile app keeps crashing, the late delivery arrived damaged and the quality of the fabric is too thin."
    reached = 0
    for phrase in finder.phrases([text])[0]:
        assert reached <= phrase.start < phrase.end <= len(text)
        reached = phrase.end


def test_phrases_do_not_depend_on_the_other_texts(finder: SpacyPhraseFinder) -> None:
    texts = ["The delivery arrived late.", "too small", "", "the app does not work"]
    together = finder.phrases(texts)
    assert [finder.phrases([text])[0] for text in texts] == together
