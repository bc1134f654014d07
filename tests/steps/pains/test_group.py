"""Pain points: what stands under which title, how far it reaches, how bad it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from fakes import FakeEncoder
from hypothesis import given, settings
from hypothesis import strategies as st
from languages import ENGLISH, NAMING

from textcx.domain.errors import ShapeMismatch
from textcx.domain.tables import PAIN_POINTS
from textcx.steps.matters import COVERED, ODDS_BY_VECTORS, encoded_matters
from textcx.steps.pains.find import PAIN_SCHEMA
from textcx.steps.pains.group import LEAST_FIT, fit_for_titles, group_pains, pain_point_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from textcx.domain.matters import KnownMatters

ENCODER = FakeEncoder()
TITLES = ("Late parcel", "Rude waiter", "Lift out of order", "Cold soup")
SAID = {
    "Late parcel": ["the parcel was late", "late parcel", "my parcel came late"],
    "Rude waiter": ["the waiter was rude", "a rude waiter", "our waiter was so rude"],
    "Lift out of order": ["lift out of order", "the lift is out of order", "lift was out of order"],
}
LATE, RUDE = SAID["Late parcel"], SAID["Rude waiter"]
OWN = "the soup arrived cold"
KEYS = ("segment_id", "record_id", "stage")


def known(*titles: str) -> KnownMatters:
    return encoded_matters(tuple((title, "name") for title in titles), ENCODER, ENGLISH.naming)


def segments(texts: Sequence[str], **columns: object) -> pl.DataFrame:
    n = len(texts)
    given: dict[str, object] = {
        "segment_id": [f"r{k:03d}:0-{len(text)}" for k, text in enumerate(texts)],
        "record_id": [f"r{k:03d}" for k in range(n)], "respondent_id": pl.Series([None] * n, dtype=pl.String),
        "start": pl.Series([0] * n, dtype=pl.Int64), "end": pl.Series(map(len, texts), dtype=pl.Int64),
        "text": pl.Series(texts, dtype=pl.String), "p_pain": [0.9] * n, "stage": ["use"] * n,
        "counted": pl.Series([True] * n, dtype=pl.Boolean),
    }  # fmt: skip
    return pl.DataFrame({**given, **columns}, schema_overrides=dict.fromkeys(KEYS, pl.String))


def pains(of: pl.DataFrame, **columns: object) -> pl.DataFrame:
    """A pain in every segment; its statement is the text."""
    given = {
        "statement": of["text"], "severity": [0.5] * of.height, "reasons": [[]] * of.height, "specific": [True] * of.height,
        "aspect": [None] * of.height, "pain_point_id": [None] * of.height,
    }  # fmt: skip
    frame = of.select("segment_id", "record_id").with_columns(
        pl.Series(name, values, dtype=PAIN_SCHEMA[name]) for name, values in (given | columns).items()
    )
    return frame.select(list(PAIN_SCHEMA))


def mentions(of: pl.DataFrame, themes: Sequence[str | None]) -> pl.DataFrame:
    frame = of.select("segment_id", theme_id=pl.Series(themes, dtype=pl.String), strength=pl.lit(0.8))
    return frame.drop_nulls("theme_id")


def grouped(
    texts: Sequence[str],
    *,
    titles: Sequence[str] = TITLES,
    themes: Sequence[str | None] | None = None,
    vectors: NDArray[np.float32] | None = None,
    small_data: int = 100,
    severity: Sequence[float] | None = None,
    reasons: Sequence[Sequence[str]] | None = None,
    statement: Sequence[str] | None = None,
    specific: Sequence[bool] | None = None,
    aspect: Sequence[str | None] | None = None,
    matters: KnownMatters | None = None,
    **columns: object,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Pain points of pains of these texts, which lie where they say or at ``vectors``, and the pains."""
    told = segments(texts, **columns)
    more = {"severity": severity, "reasons": reasons, "statement": statement, "specific": specific, "aspect": aspect}
    return group_pains(
        pains(told, **{name: values for name, values in more.items() if values is not None}),
        told,
        mentions(told, themes or [None] * len(texts)),
        ENCODER.encode(texts).matters if vectors is None else vectors,
        matters=matters or known(*titles),
        encoder=ENCODER,
        language=ENGLISH,
        small_data=small_data,
    )


def only(points: pl.DataFrame) -> dict[str, object]:
    assert points.height == 1
    return points.row(0, named=True)


# --- titles


def test_pains_stand_under_the_titles_that_cover_them() -> None:
    texts = [*LATE, *RUDE]
    points, placed = grouped(texts)
    title = dict(points.select("pain_point_id", "title").iter_rows())
    assert [title[one] for one in placed["pain_point_id"]] == ["Late parcel"] * 3 + ["Rude waiter"] * 3
    assert points.schema == PAIN_POINTS


def test_what_no_title_covers_is_in_no_pain_point() -> None:
    points, placed = grouped([*LATE, "there are so many things to say about it"])
    assert points["title"].to_list() == ["Late parcel"]
    assert placed["pain_point_id"].is_null().to_list() == [False] * 3 + [True]


@pytest.mark.parametrize(
    "statement",
    [
        "my soup arrived cold", "I'm always overcharged", "they\u2019ve lost the parcel", "it's always broken",
        "the fucking lift broke", "the \u2588\u2588\u2588\u2588 arrived cold", "the bill was 20 euros wrong", "soup",
        "the soup that came with the meal arrived cold", "the soup arrived\u2026", "was really very bad", "",
    ],
)  # fmt: skip
def test_no_title_is_of_a_person_masked_foul_cut_or_about_nothing(statement: str) -> None:
    assert fit_for_titles([statement, OWN], NAMING).tolist() == [False, True]


def test_a_title_of_praise_is_given_to_no_pain_point() -> None:
    shipped = {title.casefold() for title, _ in ENGLISH.matters}
    assert not shipped & {"friendly, helpful staff", "tasty food", "easy to use", "excellent service"}


def test_the_id_depends_on_the_title_only() -> None:
    assert pain_point_id("Late parcel") == pain_point_id("LATE parcel") != pain_point_id("Late parcels")
    few, many = (
        only(grouped(texts, stage=stages)[0]) for texts, stages in [(LATE, ["use"] * 3), (LATE * 2, ["support"] * 6)]
    )
    assert few["pain_point_id"] == many["pain_point_id"] == pain_point_id("Late parcel")


# --- fit


def likely_by(*likely: float) -> NDArray[np.float32]:
    """Vectors of remarks that "Late parcel" covers as likely as this."""
    told = np.array(likely)
    near = (np.log(told / (1 - told)) - np.log(ODDS_BY_VECTORS[0]) - ENCODER.near.shift) / ENCODER.near.slope
    title, other = ENCODER.encode(["late parcel", "cold soup"]).matters
    other = other - (other @ title) * title
    aside = np.sqrt(1 - near**2)[:, None] * other / np.linalg.norm(other)
    return np.asarray(near[:, None] * title + aside, dtype=np.float32)


@given(st.lists(st.floats(0.01, 0.98).map(lambda value: round(value, 2) + 0.005), min_size=1, max_size=12))
@settings(deadline=None, max_examples=30)
def test_a_title_covers_its_members_by_seven_tenths_and_those_it_covers_least_leave(likely: list[float]) -> None:
    points, placed = grouped(["late parcel"] * len(likely), titles=["Late parcel"], vectors=likely_by(*likely))
    inside = placed["pain_point_id"].is_not_null().to_list()
    stay = [value for value, kept in zip(likely, inside, strict=True) if kept]
    leave = [value for value, kept in zip(likely, inside, strict=True) if not kept]
    covered = [value for value in likely if value >= COVERED]
    assert points.is_empty() == (not covered)
    for fit in points["fit"]:
        assert fit == pytest.approx(np.mean(stay), abs=1e-4)
        assert fit >= LEAST_FIT or stay == covered  # too few would be left: a mixed group
        assert max(leave, default=0.0) <= min(stay)


# --- reach


def test_reach_counts_a_respondent_once() -> None:
    points, _ = grouped(LATE, respondent_id=["anna", "anna", None])
    assert (only(points)["records"], only(points)["respondents"]) == (3, 2)


def test_a_record_counts_once_however_often_it_complains() -> None:
    points, _ = grouped(LATE, record_id=["r0", "r0", "r1"])
    assert only(points)["records"] == 2


def test_duplicates_are_not_counted() -> None:
    points, placed = grouped(LATE, counted=[True, True, False])
    assert only(points)["records"] == 2
    assert placed["pain_point_id"].null_count() == 1


def test_a_bare_insult_is_in_no_pain_point() -> None:
    points, placed = grouped(LATE, specific=[True, True, False])
    assert only(points)["records"] == 2
    assert placed["pain_point_id"].is_null().to_list() == [False, False, True]


def test_pain_points_are_ranked_by_reach_times_severity() -> None:
    points, _ = grouped([*LATE, *RUDE], severity=[0.2] * 3 + [0.6] * 3)
    assert points["title"].to_list() == ["Rude waiter", "Late parcel"]


# --- severity, stages, theme, evidence


def test_severity_is_the_mean_of_the_records_worst_and_stands_beside_its_ninetieth_percentile() -> None:
    points, _ = grouped([LATE[0]] * 5, record_id=["r0", "r0", "r1", "r2", "r3"], severity=[0.1, 0.4, 0.2, 0.2, 0.8])
    assert only(points)["severity"] == pytest.approx(0.4)
    assert only(points)["severity_p90"] == pytest.approx(0.68)


def test_a_pain_point_is_of_safety_if_one_of_its_pains_is() -> None:
    harm = next(one.reason for one in ENGLISH.pains.consequences if one.id == "harm")
    points, _ = grouped([*LATE, *RUDE], reasons=[[harm], [], [], ["long wait"], [], []])
    assert dict(points.select("title", "safety").iter_rows()) == {"Late parcel": True, "Rude waiter": False}


def test_stages_are_told_with_their_records_and_the_widest_known_one_is_that_of_the_pain_point() -> None:
    point = only(grouped(LATE * 2, stage=["unknown"] * 3 + ["support", "support", "use"])[0])
    assert point["stage"] == "support"
    assert point["stages"] == [
        {"stage": "unknown", "records": 3}, {"stage": "support", "records": 2}, {"stage": "use", "records": 1},
    ]  # fmt: skip


def test_a_stage_that_is_not_known_is_told_as_unknown() -> None:
    assert only(grouped(LATE, stage=pl.Series([None] * 3, dtype=pl.String))[0])["stage"] == "unknown"


def test_one_matter_is_one_pain_point_across_themes_and_told_as_that_of_most() -> None:
    point = only(grouped(LATE, themes=["t2", "t1", "t1"], aspect=["parcel", None, "parcel"])[0])
    assert (point["theme_id"], point["aspect"]) == ("t1", "parcel")


def test_a_statement_and_every_quote_are_words_of_its_members() -> None:
    texts = [*LATE, *RUDE]
    points, placed = grouped(texts)
    by_id = {f"r{k:03d}": text for k, text in enumerate(texts)}
    for point in points.iter_rows(named=True):
        inside = placed.filter(pl.col("pain_point_id") == point["pain_point_id"])
        assert point["statement"] in inside["statement"].to_list()
        assert {quote["record_id"] for quote in point["evidence"]} <= set(inside["record_id"])
        assert all(by_id[q["record_id"]][q["start"] : q["end"]] == q["quote"] for q in point["evidence"])


# --- how much is listed


def test_in_a_small_file_one_complaint_is_a_pain_point() -> None:
    points, _ = grouped(["late parcel", OWN, *["lovely evening"] * 8], specific=[True] * 2 + [False] * 8)
    assert sorted(points["title"]) == ["Cold soup", "Late parcel"]


def test_where_few_members_are_surely_covered_all_stay_as_a_mixed_group() -> None:
    vectors = likely_by(0.75, 0.62, 0.62, 0.62, 0.62)  # of five members, one would be left
    points, placed = grouped(["late parcel"] * 5, titles=["Late parcel"], vectors=vectors, small_data=0)
    assert points["records"].to_list() == [5]
    assert only(points)["fit"] < LEAST_FIT
    assert placed["pain_point_id"].count() == 5


def test_three_complaints_are_listed_in_a_file_of_any_size() -> None:
    assert only(grouped(["late parcel"] * 4, small_data=0)[0])["records"] == 4


def test_thirty_records_give_pain_points_that_cover_them() -> None:
    texts = [text for said in SAID.values() for text in said for _ in range(3)] + [
        "cold soup",
        "loud music",
        "wet towel",
    ]
    points, placed = grouped(texts)
    assert set(TITLES) <= set(points["title"])
    assert points["records"].sum() == placed["pain_point_id"].count() >= 27


def test_a_file_of_one_matter_gives_one_pain_point() -> None:
    assert only(grouped(LATE * 40)[0])["records"] == 120


@pytest.mark.parametrize(("text", "title"), [("late parcel", "Late parcel"), (OWN, "Cold soup")])
def test_remarks_that_are_all_the_same_give_one_pain_point(text: str, title: str) -> None:
    point = only(grouped([text] * 50)[0])
    assert (point["title"], point["records"]) == (title, 50)
    assert len(point["evidence"]) == 1  # type: ignore[arg-type]


def test_titles_are_chosen_among_part_of_many_pains_and_all_are_filed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textcx.steps.matters.READ_TOGETHER", 6)
    points, _ = grouped(LATE * 10 + RUDE * 10, small_data=0)
    assert sorted(points.select("title", "records").rows()) == [("Late parcel", 30), ("Rude waiter", 30)]


def test_without_pains_there_are_no_pain_points() -> None:
    points, placed = grouped([])
    assert points.is_empty()
    assert points.schema == PAIN_POINTS
    assert placed.is_empty()


def test_vectors_of_other_segments_are_refused() -> None:
    told = segments(["late parcel"])
    with pytest.raises(ShapeMismatch, match="1 segments came with 2 vectors"):
        group_pains(
            pains(told), told, mentions(told, [None]), np.ones((2, 384), np.float32), matters=known(),
            encoder=ENCODER, language=replace(ENGLISH, matters=()),
        )  # fmt: skip


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([*LATE, *RUDE, OWN, "nothing of the kind was ever said"]),
            st.sampled_from(["t1", "t2", None]),
            st.sampled_from(["use", "support", "unknown"]),
            st.sampled_from([0.1, 0.5, 0.9]),
        ),
        min_size=1,
        max_size=24,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_pains_and_segments_changes_nothing_and_reach_adds_up(
    told: list[tuple[str, str | None, str, float]], random: object
) -> None:
    texts, themes, stages, severities = map(list, zip(*told, strict=True))
    frame = segments(texts, stage=stages)
    order = list(range(len(told)))
    random.shuffle(order)  # type: ignore[attr-defined]
    vectors, found, raised = ENCODER.encode(texts).matters, pains(frame, severity=severities), mentions(frame, themes)
    tools = {"matters": known(*TITLES), "encoder": ENCODER, "language": ENGLISH}
    points, placed = group_pains(found, frame, raised, vectors, **tools)
    again, placed_again = group_pains(found[order[::-1]], frame[order], raised[::-1], vectors[order], **tools)
    assert again.equals(points)
    assert placed_again.equals(placed)
    assert points["pain_point_id"].is_unique().all()
    assert int(points["records"].sum()) == placed["pain_point_id"].count() <= len(texts)
    assert (points["respondents"] <= points["records"]).all()


def test_a_word_that_is_a_brand_in_the_file_proves_no_title() -> None:
    said = ["the waiter was rude", "a rude waiter", "our waiter was so rude"]
    brand = [text.replace("waiter", "Waiter") for text in said]
    other = [("Rude cook", "name")] * 400  # so that "waiter" is a rare word
    matters = encoded_matters((("Rude waiter", "name"), *other), ENCODER, ENGLISH.naming)
    for texts, expected in ((said, ["Rude waiter"]), (brand, [])):
        vectors = ENCODER.encode(said).matters
        assert grouped(texts, matters=matters, vectors=vectors)[0]["title"].to_list() == expected
