"""Pains: what went wrong, in whose words."""

from collections.abc import Sequence

import polars as pl
import pytest
from fakes import FakeEncoder
from hypothesis import given
from hypothesis import strategies as st
from languages import PAINS

from textcx.ports import Phrase
from textcx.steps.pains.find import ASKED_FOR, find_pains, is_specific, mark_pains, missing_heads

LEXICON = PAINS
NOUNS = (
    "delivery", "parcel", "courier", "checkout page", "return label", "customer service", "invoice", "waiter", "soup",
    "waiting time", "app", "password", "lift", "seat", "socket",
)  # fmt: skip
TYPES = {
    "segment_id": pl.String, "record_id": pl.String, "respondent_id": pl.String, "text": pl.String, "stage": pl.String,
    "start": pl.Int64, "end": pl.Int64, "counted": pl.Boolean, "p_pain": pl.Float64, "p_request": pl.Float64,
    "p_negative": pl.Float64, "p_positive": pl.Float64,
}  # fmt: skip


class NounFinder:
    """Finds the nouns of a list, by their letters."""

    def phrases(self, texts: Sequence[str]) -> list[list[Phrase]]:
        found = [[(text.lower().find(noun), noun) for noun in NOUNS if noun in text.lower()] for text in texts]
        return [[Phrase(at, at + len(noun), noun, "noun") for at, noun in sorted(own)] for own in found]


def _segments(texts: Sequence[str], **columns: object) -> pl.DataFrame:
    n = len(texts)
    given: dict[str, object] = {
        "segment_id": [f"r{k:03d}:0-{len(text)}" for k, text in enumerate(texts)],
        "record_id": [f"r{k:03d}" for k in range(n)], "respondent_id": [None] * n, "start": [0] * n,
        "end": [len(text) for text in texts], "text": list(texts), "p_pain": [0.9] * n, "p_request": [0.0] * n,
        "p_negative": [0.7] * n, "p_positive": [0.1] * n, "stage": ["use"] * n, "counted": [True] * n,
    }  # fmt: skip
    return pl.DataFrame({**given, **columns}, schema_overrides=TYPES)


def _pains(texts: Sequence[str], **columns: object) -> pl.DataFrame:
    return find_pains(_segments(texts, **columns), phrases=NounFinder(), lexicon=LEXICON)


@pytest.mark.parametrize(
    ("text", "positive", "pain"),
    [
        ("The price went up at renewal.", 0.1, True),
        ("Every year it costs more than the last.", 0.1, True),
        ("They raised their fees again.", 0.39, True),
        ("They never raised their fees.", 0.1, False),
        ("They raised their fees, worth every penny.", 0.4, False),
        ("The price is on the label.", 0.1, False),
    ],
)
def test_a_raised_price_is_a_pain_even_where_the_head_hears_none(text: str, positive: float, pain: bool) -> None:  # noqa: FBT001 - a parameter of the test
    found = _pains([text], p_pain=[0.02], p_positive=[positive])
    assert (found.height == 1) == pain
    assert all("consequence: price raised" in reasons for reasons in found["reasons"])


# --- severity over the record


def test_a_pain_is_worse_where_its_record_tells_of_harm_and_other_records_do_not_matter() -> None:
    texts = ["The delivery was slow.", "The soup made me ill.", "The delivery was slow."]
    pains = _pains(texts, record_id=["r000", "r000", "r002"]).sort("segment_id")
    harmed, _, plain = pains["severity"]
    assert harmed > plain + 0.2
    assert "same record: safety: harm" in pains["reasons"][0]
    assert pains["reasons"][2].to_list() == []


def test_what_is_only_asked_for_is_less_severe_than_what_failed() -> None:
    asked = _pains(["There should be a socket next to every seat."], p_request=[0.9])
    failed = _pains(["The socket next to every seat is odd."])
    assert asked["severity"][0] < 0.3 < failed["severity"][0]


# --- what is a pain


def test_a_pain_told_in_a_neutral_tone_is_a_pain() -> None:
    pains = _pains(["I had to ring the customer service four times."], p_negative=[0.1])
    assert pains["aspect"].to_list() == ["customer service"]
    assert "repeated contact" in pains["reasons"].to_list()[0]


def test_a_dislike_that_concerns_nobody_is_no_pain() -> None:
    assert _pains(["I hate winter.", "We really dislike flying."]).is_empty()


@pytest.mark.parametrize(
    "text",
    [
        "I never had a problem with the delivery.",
        "No issues at all with the courier.",
        "The parcel came without any delay.",
        "I can\u2019t fault the waiter.",
        "Nothing could have been done better.",
        "You could not have done any better.",
        "My invoice problem was solved within minutes.",
        "I can't wait to try the soup.",
        "I was worried the seat would be too small.",
        "Hopefully the lift does not break down.",
    ],
)
def test_a_negated_solved_or_merely_feared_problem_is_no_pain(text: str) -> None:
    assert _pains([text]).is_empty()


@pytest.mark.parametrize(
    "text",
    [
        "No problems until the last update, now the app closes itself.",
        "My invoice problem was never solved.",
        "They said it was fixed but the problem is still not resolved.",
        "I was worried about the parcel, and it never arrived.",
    ],
)
def test_a_problem_that_came_after_all_or_was_not_solved_is_a_pain(text: str) -> None:
    assert _pains([text]).height == 1


def test_a_segment_clearly_positive_is_never_a_pain() -> None:
    assert _pains(["The lift was out of order and staff carried our bags, superb."], p_positive=[0.8]).is_empty()


def test_a_wish_that_implies_a_lack_is_a_pain_and_says_so() -> None:
    pains = _pains(["There should be a socket next to every seat."], p_pain=[0.2], p_request=[0.9])
    assert pains["reasons"].to_list()[0][-1] == ASKED_FOR


def test_a_wish_that_implies_no_lack_is_none() -> None:
    assert _pains(["Send my regards to the waiter."], p_pain=[0.2], p_request=[0.9]).is_empty()


def test_an_answer_to_what_could_be_better_is_a_pain_if_it_asks_for_something() -> None:
    asked = {"p_pain": [0.2], "p_request": [0.9], "question": ["How could we improve?"]}
    assert _pains(["Sockets at the seats."], **asked).height == 1
    assert _pains(["Nothing could be better."], **asked).is_empty()


def test_a_bare_insult_is_kept_as_unspecific_and_never_marked() -> None:
    texts = ["Worst app ever!!", "The app closes itself when I open my invoice."]
    pains = _pains(texts)
    assert pains["specific"].to_list() == [False, True]
    assert mark_pains(_segments(texts), pains)["pain"].to_list() == [False, True]


def test_names_of_the_offer_alone_make_nothing_specific() -> None:
    assert is_specific("Zenbank is terrible", LEXICON)
    assert not is_specific("Zenbank is terrible", LEXICON, offer_words=frozenset({"zenbank"}))


def test_a_statement_and_aspect_are_the_customers_words() -> None:
    pains = _pains(["but the checkout page rejects my card."])
    assert pains.select("aspect", "statement").row(0) == ("checkout page", "the checkout page rejects my card")


def test_masked_text_alone_gives_no_specific_pain() -> None:
    assert _pains(["██████ ██████"])["specific"].to_list() == [False]


def test_without_a_head_of_pain_there_are_no_pains_and_no_segment_is_said_to_be_free_of_them() -> None:
    segments = _segments(
        ["They raised the price again.", "The parcel was lost."], p_pain=[None] * 2, p_request=[None] * 2
    )
    pains = find_pains(segments, phrases=NounFinder(), lexicon=LEXICON)
    assert pains.is_empty()
    assert mark_pains(segments, pains)["pain"].to_list() == [None, None]
    (note,) = missing_heads(segments, encoder=FakeEncoder())
    assert "fake-1@sha256:000000000000 judges sentiment only" in note


def test_an_encoder_that_finds_no_aspects_is_noted() -> None:
    encoder = FakeEncoder()
    assert missing_heads(_segments(["The parcel was lost."]), encoder=encoder) == ()
    encoder.finds_aspects = False
    (note,) = missing_heads(_segments(["The parcel was lost."]), encoder=encoder)
    assert "finds no aspects" in note


def test_no_segments_give_no_pains() -> None:
    assert _pains([]).is_empty()


@given(st.permutations(["The lift was stuck.", "The soup was cold.", "No seat was free.", "I hate winter.", "Lovely!"]))
def test_the_order_of_the_segments_changes_nothing(texts: list[str]) -> None:
    segments = _segments(texts)
    found = find_pains(segments, phrases=NounFinder(), lexicon=LEXICON)
    assert find_pains(segments[::-1], phrases=NounFinder(), lexicon=LEXICON).equals(found)
