"""Cleaning keeps lengths, keeps plain text, and knows silence from an answer."""

import re
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from languages import ENGLISH

from textcx.domain.feedback import Reason
from textcx.steps.text.clean import clean, entities_in, has_content, polish, unpolished, why_unprocessable

why_unprocessable = partial(why_unprocessable, answers=ENGLISH.answers)

ODD = st.sampled_from(
    [
        "&amp;", "&#39;", "&#x27;", "&nbsp;", "&lt;", "&#0;", "&hellip;", "&bogus;", "&", ";", "<br>", "<br/>", "</p>",
        "<a href='x'>", "<", ">", "<3", "a < b", "\x00", "\r\n", "\r", "\t", "\u200b", "\u200d", "\ufeff", "\xa0",
        "\ud800", "\u201c", "\u2019", "\u2014", "\uff21", "\ufb01", "\U0001f468\u200d\U0001f469", "don", "t", " ",
    ]
)  # fmt: skip
ANY_TEXT = st.one_of(st.text(max_size=60), st.lists(ODD, max_size=20).map("".join))


@given(ANY_TEXT)
def test_cleaning_never_changes_the_length(text: str) -> None:
    assert len(clean(text)) == len(text)


@given(st.text(alphabet="abc XYZ 019 .,!?'\"-()", max_size=80))
def test_plain_text_comes_back_unchanged(text: str) -> None:
    assert clean(text) == text


@given(ANY_TEXT)
def test_cleaned_text_holds_no_control_characters_and_no_surrogates(text: str) -> None:
    assert not any((ord(each) < 32 and each != "\n") or "\ud800" <= each <= "\udfff" for each in clean(text))
    clean(text).encode("utf-8")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("don&#39;t", "don'    t"),
        ("R&amp;D", "R&    D"),
        ("I love it &lt;3", "I love it    <3"),
        ("good<br>bad", "good\n   bad"),
        ("<b>good</b>", "   good    "),
        ("&lt;br&gt;x", "\n" + " " * 9 + "x"),
        ("I <3 you, a < b", "I <3 you, a < b"),
        ("\u201cgood\u201d \u2013 it\u2019s", '"good" - it\'s'),
        ("\uff27\uff2f\uff2f\uff24", "GOOD"),
        ("a\x00b\u200bc\xa0d", "a b c d"),
        ("one\r\ntwo\rthree", "one \ntwo\nthree"),
        ("&bogus; &copy", "&bogus; &copy"),
        ("ﬁne", "ﬁne"),
    ],
)
def test_odd_characters_become_plain_ones_in_their_place(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(ANY_TEXT)
def test_entities_are_found_where_they_are_filled_up(text: str) -> None:
    cleaned, reached = clean(text), 0
    for start, end in entities_in(text):
        assert reached <= start < end <= len(text)
        assert cleaned[start:end].strip() != cleaned[start:end] or cleaned[start] == "&"
        reached = end


def test_an_entity_is_found_also_in_full_width_and_not_within_a_tag() -> None:
    assert entities_in("\uff06quot;ok &lt;br&gt; &bogus") == [(0, 6)]


def test_an_em_dash_stays_because_it_parts_clauses() -> None:
    assert clean("good\u2014but slow") == "good\u2014but slow"


def test_a_lone_surrogate_becomes_the_replacement_character() -> None:
    assert clean("a\ud800b") == "a\ufffdb"


def test_a_joined_emoji_stays_in_one_piece() -> None:
    family = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
    assert clean(f"{family} a\u200db") == f"{family} a b"


def test_a_script_tag_is_blanked_and_its_words_stay() -> None:
    assert clean("<script>alert(1)</script>").split() == ["alert(1)"]


def test_polish_joins_contractions_that_an_entity_parted() -> None:
    assert polish(clean("I don&#39;t  know\n\nwhy it&#039;s late")) == "I don't know why it's late"


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b\u200b", "\x00", "\ufffd"])
def test_nothing_but_white_space_is_empty(text: str) -> None:
    assert why_unprocessable(clean(text), question="How could we improve?") is Reason.EMPTY


@pytest.mark.parametrize("text", ["n/a", "N / A", "NA", "n.a.", "-", ".", "...", "no comment", "No comments!", "XXX"])
def test_a_phrase_for_silence_is_no_answer_whatever_was_asked(text: str) -> None:
    assert why_unprocessable(text, question="How could we improve?") is Reason.NOT_AN_ANSWER
    assert why_unprocessable(text, question=None) is Reason.NOT_AN_ANSWER


@pytest.mark.parametrize("text", ["Did not answer", "null", "Prefer not to say", "left blank"])
def test_what_survey_tools_write_for_silence_is_no_answer(text: str) -> None:
    assert why_unprocessable(text, question="What was good?") is Reason.NOT_AN_ANSWER


@pytest.mark.parametrize("text", ["Nothing", "none", "No", "nothing really", "nil"])
def test_nothing_is_an_answer_only_when_the_question_is_known(text: str) -> None:
    assert why_unprocessable(text, question="How could we improve?") is None
    assert why_unprocessable(text, question=None) is Reason.NOT_AN_ANSWER
    assert why_unprocessable(text, question="  ") is Reason.NOT_AN_ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "ok",
        "\U0001f621",
        ":(",
        "<3",
        "\u2605\u2605\u2605",
        "5",
        "no sound",
        "Nothing works",
        "\u092c\u0939\u0941\u0924",
    ],
)
def test_short_answers_emoji_and_emoticons_are_answers(text: str) -> None:
    assert why_unprocessable(text, question=None) is None


def test_a_mask_is_no_content() -> None:
    assert not has_content("\u2588\u2588 - !")
    assert has_content("\u2588\u2588 a")


@given(ANY_TEXT)
def test_words_of_the_polished_text_are_found_again_in_the_cleaned_one(text: str) -> None:
    cleaned = clean(text)
    polished = polish(cleaned)
    for word in re.finditer(r"\S+", polished):
        start, end = unpolished(cleaned, *word.span())
        assert "".join(cleaned[start:end].split()) == word[0]
