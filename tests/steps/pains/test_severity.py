"""Severity: what happened to the customer decides, negations do not count, and nothing lowers it but softening."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import PAINS

from textcx.steps.pains.find import find_consequences, judge_severity

LEXICON = PAINS
SENTENCES = [
    "The box was dented", "My card was charged twice and nobody refunded me", "It took three weeks", "The app keeps crashing",
    "I cancelled my contract", "The soup made me ill", "The waiter was rude", "The sleeve tore after a day",
]  # fmt: skip
SHARES = st.floats(0, 1, allow_nan=False)


def _severity(text: str, p_pain: float = 0.9, p_negative: float = 0.8) -> float:
    return judge_severity(text, p_pain=p_pain, p_negative=p_negative, lexicon=LEXICON)[0]


def _ids(text: str) -> set[str]:
    return {consequence.id for consequence in find_consequences(text, LEXICON)}


def test_charged_twice_without_refund_is_worse_than_a_slightly_dented_box() -> None:
    charged, reasons = judge_severity(
        "my card was charged twice and nobody refunded me", p_pain=0.9, p_negative=0.8, lexicon=LEXICON
    )
    assert charged > _severity("the box was slightly dented") + 0.3
    assert {"consequence: money", "consequence: refund"} <= set(reasons)


@pytest.mark.parametrize(
    ("text", "consequence"),
    [
        ("I have cancelled my subscription.", "left"),
        ("We will never order here again.", "left"),
        ("I am thinking about leaving for another bank.", "may_leave"),
        ("They still owe me a refund.", "refund"),
        ("Nobody refunded me.", "refund"),
        ("I asked for my money back.", "refund"),
        ("I sent both pairs back.", "returned"),
        ("The charger caught fire.", "safety"),
        ("My son had an allergic reaction.", "safety"),
        ("I was charged twice for one night.", "money"),
        ("They keep taking money from my account.", "money"),
        ("My account was hacked last week.", "data"),
        ("All my photos? They lost all my photos.", "data"),
        ("I called four times.", "repeated_contact"),
        ("Three e-mails and no reply.", "repeated_contact"),
        ("It was the third time I had to explain it.", "repeated_contact"),
        ("We waited nearly two hours.", "long_wait"),
        ("I was on hold for ages.", "long_wait"),
        ("The parcel came 9 days late.", "long_wait"),
        ("I can\u2019t log in any more.", "blocked"),
        ("The page won't load.", "blocked"),
        ("The order never arrived.", "blocked"),
        ("The zip broke.", "defect"),
        ("I missed my connection because of it.", "missed"),
        ("The agent hung up on me.", "treated_badly"),
    ],
)
def test_a_consequence_is_found_in_plain_words(text: str, consequence: str) -> None:
    assert consequence in _ids(text)


@pytest.mark.parametrize(
    ("text", "consequence"),
    [
        ("No refund needed.", "refund"),
        ("I did not need a refund in the end.", "refund"),
        ("I did not have to wait two hours.", "long_wait"),
        ("I was never charged twice.", "money"),
        ("Nothing broke, not one plate was damaged.", "defect"),
        ("There was no need to call four times.", "repeated_contact"),
        ("The staff were never rude.", "treated_badly"),
    ],
)
def test_a_negated_consequence_does_not_count(text: str, consequence: str) -> None:
    assert consequence not in _ids(text)


def test_a_consequence_does_not_run_across_the_end_of_a_sentence() -> None:
    assert "left" not in _ids("I will never. Again and again I try.")


def test_intensity_raises_severity_and_says_why() -> None:
    loud, reasons = judge_severity("THEY NEVER answered, TERRIBLE!!", p_pain=0.8, p_negative=0.8, lexicon=LEXICON)
    assert {"intensity: strong words", "intensity: capitals", "intensity: exclamation marks"} <= set(reasons)
    assert loud > _severity("they never answered", 0.8, 0.8)


def test_softening_words_lower_severity() -> None:
    assert _severity("the sleeves are a bit long") < _severity("the sleeves are long")


@settings(deadline=None)
@given(st.sampled_from(SENTENCES), SHARES, SHARES, SHARES)
def test_a_higher_probability_never_lowers_severity(text: str, low: float, high: float, other: float) -> None:
    low, high = sorted((low, high))
    assert _severity(text, low, other) <= _severity(text, high, other)
    assert _severity(text, other, low) <= _severity(text, other, high)


@settings(deadline=None)
@given(st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=5), st.sampled_from(SENTENCES), SHARES)
def test_a_further_sentence_of_trouble_never_lowers_severity(told: list[str], further: str, share: float) -> None:
    text = ". ".join(told) + "."
    assert 0.0 <= _severity(text, share, share) <= _severity(f"{text} {further}.", share, share) < 1.0
