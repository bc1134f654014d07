"""Severity: what happened to the customer decides, negations do not count, and nothing lowers it but softening."""

import re
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import PAINS
from severity_pairs import PAIRS

from textcx.steps.pains.severity import (
    FEW,
    find_consequences,
    is_safety,
    judge_severity,
    leaving_records,
    record_severities,
    severity_summary,
    told_in_records,
)

LEXICON = PAINS
SENTENCES = [
    "The box was dented", "My card was charged twice and nobody refunded me", "It took three weeks", "The app keeps crashing",
    "I cancelled my contract", "The soup made me ill", "The waiter was rude", "The sleeve tore after a day",
]  # fmt: skip
SHARES = st.floats(0, 1, allow_nan=False)


def _severity(text: str, p_pain: float = 0.9, p_negative: float = 0.8) -> float:
    return judged(text, p_pain=p_pain, p_negative=p_negative)[0]


def judged(text: str, *, p_pain: float = 0.9, p_negative: float = 0.8, **more: Any) -> tuple[float, list[str]]:
    told = find_consequences(text, LEXICON)
    return judge_severity(text, told, p_pain=p_pain, p_negative=p_negative, lexicon=LEXICON, **more)


def record(text: str) -> float:
    """The severity of the worst pain of a record whose sentences are all pains, equally sure."""
    told = {part: find_consequences(part, LEXICON) for part in re.split(r"(?<=\.) ", text)}
    others = {part: [one for other, found in told.items() if other != part for one in found] for part in told}
    wishing = {part: LEXICON.says("lacks", part) for part in told}
    return max(judged(part, elsewhere=others[part], lacking=wishing[part])[0] for part in told)


def _ids(text: str) -> set[str]:
    return {consequence.id for consequence in find_consequences(text, LEXICON)}


def test_charged_twice_without_refund_is_worse_than_a_slightly_dented_box() -> None:
    charged, reasons = judged("my card was charged twice and nobody refunded me")
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
        ("The charger caught fire.", "danger"),
        ("My son had an allergic reaction.", "harm"),
        ("My husband died on the ward.", "death"),
        ("He was refused because of his disability.", "discrimination"),
        ("I was charged twice for one night.", "money"),
        ("They keep taking money from my account.", "money"),
        ("My account was hacked last week.", "data"),
        ("All my photos? They lost all my photos.", "data_loss"),
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
        ("Luckily nobody was injured.", "harm"),
        ("I nearly died of embarrassment.", "harm"),
        ("There was no need to call four times.", "repeated_contact"),
        ("The staff were never rude.", "treated_badly"),
    ],
)
def test_a_negated_consequence_does_not_count(text: str, consequence: str) -> None:
    assert consequence not in _ids(text)


def test_a_consequence_does_not_run_across_the_end_of_a_sentence() -> None:
    assert "left" not in _ids("I will never. Again and again I try.")


def test_intensity_raises_severity_and_says_why() -> None:
    loud, reasons = judged("THEY NEVER answered, TERRIBLE!!", p_pain=0.8)
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


# --- what counts more


def test_pairs_of_many_trades_are_ordered_by_what_happened_alone() -> None:
    """All sentences are equally sure pains here, so that only the words can tell."""
    wrong = [pair for pair in PAIRS if record(pair[0]) <= record(pair[1])]
    assert len(PAIRS) >= 80
    assert len(wrong) <= 0.1 * len(PAIRS), wrong


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("Shorter wait times", 0.15, 0.3),
        ("More colours please", 0.15, 0.3),
        ("The box was dented", 0.3, 0.5),
        ("The staff were slow and the room smelled odd", 0.3, 0.5),
        ("I was charged twice", 0.5, 0.75),
        ("I called four times", 0.5, 0.75),
        ("I can't log in", 0.5, 0.75),
        ("I cancelled my contract", 0.6, 0.8),
        ("The toaster gave my son an electric shock", 0.85, 1.0),
        ("The soup gave us food poisoning", 0.85, 1.0),
        ("My father died because nobody came", 0.85, 1.0),
    ],
)
def test_severity_spreads_over_its_range(text: str, low: float, high: float) -> None:
    assert low <= judged(text, lacking=LEXICON.says("lacks", text))[0] <= high


# --- who did what


@pytest.mark.parametrize(
    "text",
    [
        "I cancelled my subscription", "We've now cancelled our membership", "Cancelled my contract last week",
        "They were rude so I cancelled my policy", "They were rude, so we have decided to cancel our booking",
        "I read the bill and cancelled my contract", "My husband has closed his account", "I closed my account",
        "Terrible service, cancelled my subscription", "I have moved to another bank", "I will never come here again",
        "It makes me want to cancel", "We won't be back", "I'm seriously thinking of leaving", "You have lost a customer",
        "I am switching to a different provider",
    ],
)  # fmt: skip
def test_a_customer_who_leaves_is_one(text: str) -> None:
    assert {"left", "lost", "may_leave"} & _ids(text)


@pytest.mark.parametrize(
    "text",
    [
        "They cancelled my subscription", "BA cancelled my booking", "My contract was cancelled without notice",
        "The clinic cancelled our booking twice", "My membership has been cancelled", "They lied and cancelled my order",
        "The shop changed the date and cancelled my order", "We were moved to another room by the company",
        "I was told that they closed my account", "The driver will never wait again", "It would not come back on",
        "The bank closed my account", "She was about to leave", "I got my plan cancelled by their system",
        "The company that cancelled my policy", "He deleted my account", "I left my phone at the gym",
        "We went to a shop nearby", "The hotel moved us to a different hotel",
    ],
)  # fmt: skip
def test_what_others_do_is_not_the_customer_leaving(text: str) -> None:
    assert not {"left", "lost", "may_leave"} & _ids(text)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("They charged me twice", True), ("I was charged twice", True), ("I was wrongly charged again", True),
        ("I charged my phone twice", False), ("We always charged my scooter twice a day", False),
        ("They took 20 pounds from my account", True), ("I took some money from my account", False),
    ],
)  # fmt: skip
def test_money_counts_where_others_took_it(text: str, told: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert ("money" in _ids(text)) == told


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("They refunded me", False), ("I was refunded within a day", False), ("They gave me a full refund", False),
        ("Nobody refunded me", True), ("I was never refunded", True), ("They refuse to refund me", True),
        ("I still have not received my refund", True), ("I want my money back", True),
    ],
)  # fmt: skip
def test_a_refund_counts_where_it_is_missing(text: str, told: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert ("refund" in _ids(text)) == told


# --- the record


def test_many_records_tell_what_each_tells_alone() -> None:
    said = [*SENTENCES, "Nice lamp", "All is fine"]
    many = _segments(*(said * (FEW // len(said) + 1)))
    told = told_in_records(many, LEXICON)["r"]
    alone = {f"r:{n}": found for n, text in enumerate(many["text"]) if (found := find_consequences(text, LEXICON))}
    assert told == alone


def _segments(*texts: str, positive: float = 0.1) -> pl.DataFrame:
    return pl.DataFrame(
        {"record_id": "r", "segment_id": [f"r:{n}" for n in range(len(texts))], "text": texts, "p_positive": positive},
        schema_overrides={"text": pl.String},
    )


def test_what_happened_elsewhere_in_the_record_raises_severity_and_is_named_as_such() -> None:
    illness = find_consequences("I was ill for a week after it", LEXICON)
    alone, beside = judged("The queue was long"), judged("The queue was long", elsewhere=illness)
    assert alone[0] + 0.2 < beside[0] < judged("I was ill for a week after it")[0]
    assert beside[1] == ["same record: safety: harm", *alone[1]]


def test_only_the_gravest_of_other_segments_counts_and_what_is_said_twice_counts_once() -> None:
    refund, died = (find_consequences(text, LEXICON) for text in ("I want a refund", "My dog died"))
    assert judged("The queue was odd", elsewhere=[*refund, *died]) == judged("The queue was odd", elsewhere=died)
    assert judged("I want a refund", elsewhere=refund) == judged("I want a refund")


def test_records_tell_by_segment_and_clearly_positive_segments_tell_nothing() -> None:
    told = told_in_records(_segments("I cancelled my contract", "Nice lamp"), LEXICON)
    assert {segment: [one.id for one in found] for segment, found in told["r"].items()} == {"r:0": ["left"]}
    assert leaving_records(told) == {"r"}
    assert told_in_records(_segments("I cancelled my contract", positive=0.9), LEXICON) == {}
    assert leaving_records(told_in_records(_segments("They cancelled my contract"), LEXICON)) == frozenset()


@pytest.mark.parametrize(
    ("reasons", "own", "record"),
    [
        (["safety: harm"], True, True), (["same record: safety: death"], False, True),
        (["consequence: money", "intensity: capitals"], False, False), ([], False, False),
    ],
)  # fmt: skip
def test_safety_is_told_by_the_beginning_of_a_reason(reasons: list[str], own: bool, record: bool) -> None:  # noqa: FBT001 - parameters of the test
    assert is_safety(reasons) is own
    assert is_safety(reasons, whole_record=True) is record


def test_a_record_counts_with_its_worst_pain_and_the_summary_is_untrimmed() -> None:
    worst = record_severities(["a", "b", "a"], [0.2, 0.4, 0.9])
    assert worst == {"a": 0.9, "b": 0.4}
    assert severity_summary([0.5]) == (0.5, 0.5)
    assert severity_summary([0.0, 1.0]) == (0.5, 0.9)
    assert severity_summary([n / 10 for n in range(11)]) == (0.5, 0.9)


@given(st.lists(SHARES, min_size=1, max_size=20))
def test_mean_and_upper_severity_lie_within_what_was_given(values: list[float]) -> None:
    mean, upper = severity_summary(values)
    assert min(values) - 1e-4 <= mean <= max(values) + 1e-4
    assert min(values) - 1e-4 <= upper <= max(values) + 1e-4
    assert severity_summary(values[::-1]) == (mean, upper)
