"""Pains and pain points: what went wrong, in whose words, how far it reaches."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import polars as pl
import pytest
from fakes import FakeEncoder
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import PAINS, STATEMENTS

from textcx.domain.errors import ShapeMismatch
from textcx.domain.tables import PAIN_POINTS
from textcx.ports import Phrase
from textcx.steps.pains.find import ASKED_FOR, find_pains, is_specific, mark_pains, missing_heads
from textcx.steps.pains.group import group_pains, pain_point_id

group_pains = partial(group_pains, statements=STATEMENTS)

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
THINGS = ("delivery", "invoice", "waiter", "lift")


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


def _vectors(texts: Sequence[str]) -> np.ndarray:
    """One direction per thing named, so that texts about one thing are alike."""
    matrix = np.full((len(texts), len(NOUNS) + 1), 0.05, dtype=np.float32)
    for row, text in enumerate(texts):
        at = [index for index, noun in enumerate(NOUNS) if noun in text.lower()]
        matrix[row, at or [len(NOUNS)]] = 1.0
    return matrix / np.linalg.norm(matrix, axis=1, keepdims=True)


def _mentions(themes: Sequence[str | None]) -> pl.DataFrame:
    rows = [(k, theme) for k, theme in enumerate(themes) if theme]
    return pl.DataFrame(
        {
            "record_id": [f"r{k:03d}" for k, _ in rows],
            "theme_id": [theme for _, theme in rows],
            "strength": [0.8] * len(rows),
        },
        schema={"record_id": pl.String, "theme_id": pl.String, "strength": pl.Float64},
    )


def _group(
    texts: Sequence[str], themes: Sequence[str | None] | None = None, *, small_data: int = 100, **columns: object
) -> tuple[pl.DataFrame, pl.DataFrame]:
    segments = _segments(texts, **columns)
    mentions = _mentions(themes or [None] * len(texts)).join(segments.select("record_id", "segment_id"), on="record_id")
    names = pl.DataFrame({"theme_id": ["t1", "t2"], "name": ["late parcels", "rude staff"]})
    return group_pains(
        find_pains(segments, phrases=NounFinder(), lexicon=LEXICON), segments, mentions, names, _vectors(texts),
        small_data=small_data,
    )  # fmt: skip


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


def test_a_bare_insult_is_kept_as_unspecific_and_never_grouped_or_marked() -> None:
    texts = ["Worst app ever!!", "The app closes itself when I open my invoice."]
    pains = _pains(texts)
    assert pains["specific"].to_list() == [False, True]
    assert mark_pains(_segments(texts), pains)["pain"].to_list() == [False, True]
    _, placed = _group(texts)
    assert placed["pain_point_id"].is_null().to_list() == [True, False]


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


def test_no_segments_give_no_pains_and_no_pain_points() -> None:
    points, pains = _group([])
    assert points.is_empty()
    assert pains.is_empty()
    assert points.schema == PAIN_POINTS


# --- what is a pain point


def test_pains_of_one_theme_and_stage_make_one_pain_point_with_quotes_of_distinct_records() -> None:
    texts = [f"The delivery came {n} days late." for n in range(2, 9)]
    points, pains = _group(texts, ["t1"] * 7)
    assert points.height == 1
    point = points.row(0, named=True)
    assert (point["theme_id"], point["stage"], point["aspect"], point["records"]) == ("t1", "use", "delivery", 7)
    assert point["statement"] in [text.removesuffix(".") for text in texts]
    assert 3 <= len({quote["record_id"] for quote in point["evidence"]}) == len(point["evidence"]) <= 5
    assert pains["pain_point_id"].unique().to_list() == [point["pain_point_id"]]


def test_every_quote_is_the_text_of_its_segment() -> None:
    texts = [f"The delivery came {n} days late." for n in range(2, 9)]
    points, _ = _group(texts, ["t1"] * 7)
    by_id = {f"r{k:03d}": text for k, text in enumerate(texts)}
    for quote in points["evidence"].to_list()[0]:
        assert by_id[quote["record_id"]][quote["start"] : quote["end"]] == quote["quote"]


def test_a_theme_that_holds_clearly_different_things_is_split_by_aspect() -> None:
    texts = [f"The delivery came {n} days late." for n in range(2, 9)] + [
        f"The waiter made us wait {n} minutes." for n in range(20, 27)
    ]
    points, _ = _group(texts, ["t1"] * 14)
    assert sorted(points["aspect"]) == ["delivery", "waiter"]


def test_stages_with_enough_pains_make_pain_points_of_their_own_and_rare_ones_join_the_main_one() -> None:
    texts = [f"The invoice was wrong by {n} euros." for n in range(2, 14)]
    points, _ = _group(texts, ["t1"] * 12, stage=["purchase"] * 6 + ["support"] * 5 + ["renewal"])
    assert dict(points.select("stage", "records").iter_rows()) == {"purchase": 7, "support": 5}


def test_pains_of_unknown_stage_join_the_main_stage_of_their_theme() -> None:
    texts = [f"The invoice was wrong by {n} euros." for n in range(2, 12)]
    points, _ = _group(texts, ["t1"] * 10, stage=["purchase"] * 6 + ["unknown"] * 4)
    assert points.select("stage", "records").rows() == [("purchase", 10)]


def test_pains_without_a_theme_join_the_pain_point_about_the_same_thing() -> None:
    texts = [f"The lift was stuck for {n} hours." for n in range(2, 9)]
    points, _ = _group(texts, ["t1"] * 5 + [None, None])
    assert points.select("theme_id", "records").rows() == [("t1", 7)]


def test_pains_without_a_theme_stand_together_by_aspect_and_stage() -> None:
    texts = [f"The lift was stuck for {n} hours." for n in range(2, 6)] + [
        f"The soup was cold for the {n}th time" for n in range(4, 7)
    ]
    points, _ = _group(texts, small_data=0)
    assert sorted(points.select("aspect", "records").rows()) == [("lift", 4), ("soup", 3)]


def test_two_themes_about_one_thing_make_one_pain_point() -> None:
    texts = [f"The lift was stuck for {n} hours." for n in range(2, 12)]
    points, _ = _group(texts, ["t1"] * 6 + ["t2"] * 4)
    assert points.select("theme_id", "records").rows() == [("t1", 10)]


def test_ten_records_still_give_pain_points() -> None:
    texts = ["The soup was cold.", "The lift was stuck.", "The parcel was torn open."] + ["Lovely evening."] * 7
    points, _ = _group(texts, p_pain=[0.9] * 3 + [0.0] * 7)
    assert sorted(points["aspect"]) == ["lift", "parcel", "soup"]


def test_with_much_data_one_complaint_is_listed_only_if_it_is_severe() -> None:
    severe = "I was charged twice for my invoice, nobody refunded me and I had to call five times!!"
    points, pains = _group([severe, "The soup was cold."], small_data=0)
    assert points["aspect"].to_list() == ["invoice"]
    assert pains["pain_point_id"].is_null().sum() == 1


def test_pain_points_are_ranked_by_reach_times_severity() -> None:
    texts = [f"The soup was a bit cold on day {n}." for n in range(6)] + [
        f"I was charged {n} times for one invoice and nobody refunded me." for n in range(2, 7)
    ]
    points, _ = _group(texts, ["t1"] * 6 + ["t2"] * 5)
    assert points["aspect"].to_list() == ["invoice", "soup"]
    worth = [reach * severity for reach, severity in points.select("respondents", "severity").iter_rows()]
    assert worth == sorted(worth, reverse=True)


def test_reach_counts_a_respondent_once() -> None:
    texts = [f"The lift was stuck for {n} hours." for n in range(2, 6)]
    points, _ = _group(texts, ["t1"] * 4, respondent_id=["anna", "anna", "ben", None])
    assert points.select("records", "respondents").rows() == [(4, 3)]


def test_duplicates_are_not_counted_in_pain_points() -> None:
    texts = [f"The lift was stuck for {n} hours." for n in range(2, 6)]
    points, pains = _group(texts, ["t1"] * 4, counted=[True, True, True, False])
    assert points["records"].to_list() == [3]
    assert pains.height == 4
    assert pains["pain_point_id"].null_count() == 1


def test_the_id_depends_on_theme_stage_and_aspect_only() -> None:
    assert pain_point_id("t1", "use", "lift") == pain_point_id("t1", "use", "lift")
    assert (
        len(
            {
                pain_point_id(*key)
                for key in [
                    ("t1", "use", "lift"),
                    ("t2", "use", "lift"),
                    ("t1", "support", "lift"),
                    ("t1", "use", "app"),
                    (None, "use", "lift"),
                ]
            }
        )
        == 5
    )


def test_vectors_of_other_segments_are_refused() -> None:
    segments = _segments(["The lift was stuck."])
    empty = _mentions([]).with_columns(pl.lit("s").alias("segment_id"))
    themes = pl.DataFrame(schema={"theme_id": pl.String, "name": pl.String})
    with pytest.raises(ShapeMismatch, match="1 segments came with 2 vectors"):
        group_pains(_pains(["The lift was stuck."]), segments, empty, themes, np.ones((2, 3), np.float32))


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(THINGS),
            st.integers(2, 40),
            st.sampled_from(["t1", "t2", None]),
            st.sampled_from(["use", "support", "unknown"]),
        ),
        min_size=1,
        max_size=24,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_input_changes_nothing_and_reach_adds_up(
    told: list[tuple[str, int, str | None, str]], random: object
) -> None:
    texts = [f"The {thing} cost me {n} hours." for thing, n, _, _ in told]
    segments = _segments(texts, stage=[stage for *_, stage in told])
    mentions = _mentions([theme for _, _, theme, _ in told]).join(
        segments.select("record_id", "segment_id"), on="record_id"
    )
    themes = pl.DataFrame({"theme_id": ["t1", "t2"], "name": ["late parcels", "rude staff"]})
    order = list(range(len(texts)))
    random.shuffle(order)  # type: ignore[attr-defined]
    vectors = _vectors(texts)
    pains = find_pains(segments, phrases=NounFinder(), lexicon=LEXICON)
    mixed = find_pains(segments[order], phrases=NounFinder(), lexicon=LEXICON)
    assert mixed.equals(pains)
    points, placed = group_pains(pains, segments, mentions, themes, vectors)
    again, placed_again = group_pains(mixed[::-1], segments[order], mentions[::-1], themes, vectors[order])
    assert again.equals(points)
    assert placed_again.equals(placed)
    assert points["pain_point_id"].is_unique().all()
    assert int(points["records"].sum()) == placed["pain_point_id"].count() == len(texts)
