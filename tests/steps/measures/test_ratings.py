from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from textcx.domain import tables
from textcx.domain.errors import BadSetting
from textcx.domain.feedback import RatingColumn, RatingKind
from textcx.steps.measures.ratings import memberships, raised, respondents, summarize_ratings
from textcx.steps.records.people import PERSON

NPS = RatingColumn(name="nps", column="NPS", kind=RatingKind.NPS, low=0, high=10)
CSAT = RatingColumn(name="csat", column="CSAT", kind=RatingKind.CSAT, low=1, high=5)
FFT = RatingColumn(name="fft", column="FFT", kind=RatingKind.SCALE, low=1, high=5, reversed=True)
START = datetime(2026, 1, 1, tzinfo=UTC)
NO_MEMBERSHIPS = pl.DataFrame(schema={"record_id": pl.String, "subject_kind": pl.String, "subject_id": pl.String})
ANSWERS = pl.Schema({
    "record_id": pl.String, "respondent_id": pl.String, "created_at": tables.UTC, "analyzed": pl.Boolean,
    "counted": pl.Boolean, "nps": pl.Float64, "csat": pl.Float64, "fft": pl.Float64, "plan": pl.String,
})  # fmt: skip


def answers(*rows: dict[str, Any]) -> pl.DataFrame:
    """One record per row; whatever a row does not say is ordinary: analyzed, counted, nobody known, no date."""
    ordinary = {"analyzed": True, "counted": True}
    return pl.DataFrame([{"record_id": f"r{i:03d}", **ordinary, **row} for i, row in enumerate(rows)], schema=ANSWERS)


def raising(subject_id: str, *record_ids: str, kind: str = "theme") -> pl.DataFrame:
    ids = pl.DataFrame({"record_id": record_ids}, schema={"record_id": pl.String})
    return ids.with_columns(pl.lit(kind).alias("subject_kind"), pl.lit(subject_id).alias("subject_id"))


def summarize(frame: pl.DataFrame, *ratings: RatingColumn, **options: Any) -> pl.DataFrame:
    given_options = {"attributes": [], "memberships": NO_MEMBERSHIPS, **options}
    return summarize_ratings(frame, ratings=ratings or [NPS], **given_options)


def row(table: pl.DataFrame, kind: str = "all", subject: str = "all", rating: str = "nps") -> dict[str, Any]:
    return table.filter(subject_kind=kind, subject_id=subject, rating=rating).row(0, named=True)


def test_nps_is_promoters_minus_detractors_in_points() -> None:
    found = row(summarize(answers(*[{"nps": v} for v in (10, 9, 9, 8, 7, 6, 0, 10)])))
    assert (found["value"], found["unit"], found["n"]) == (25.0, "points", 8)
    assert -100 <= found["ci_low"] < 25 < found["ci_high"] <= 100


def test_csat_is_the_share_of_the_top_two_in_percent() -> None:
    found = row(summarize(answers(*[{"csat": v} for v in (5, 4, 3, 1)]), CSAT), rating="csat")
    assert (found["value"], found["unit"]) == (50.0, "percent")
    low, high = scipy.stats.beta.ppf([0.025, 0.975], 2.5, 2.5)  # Jeffreys', 2 of 4
    assert (found["ci_low"], found["ci_high"]) == pytest.approx((100 * low, 100 * high))


def test_a_reversed_scale_shows_the_mean_as_given_and_says_which_end_is_best() -> None:
    found = row(summarize(answers(*[{"fft": v} for v in (1, 1, 2, 4)]), FFT), rating="fft")
    assert (found["value"], found["unit"]) == (2.0, "scale 1..5 (1 is best)")


def test_every_respondent_counts_once_with_the_latest_answer() -> None:
    frame = answers(
        {"respondent_id": "a", "created_at": START + timedelta(days=9), "nps": 10},
        {"respondent_id": "a", "created_at": START, "nps": 0},
        {"respondent_id": "b", "nps": 0},
    )
    assert (row(summarize(frame))["value"], row(summarize(frame))["n"]) == (0.0, 2)


def test_answers_of_one_date_are_decided_by_record_id_and_undated_ones_come_first() -> None:
    tied = answers(*[{"respondent_id": "a", "created_at": START, "nps": v} for v in (10, 0)])
    undated = answers({"respondent_id": "a", "created_at": START, "nps": 10}, {"respondent_id": "a", "nps": 0})
    assert row(summarize(tied))["value"] == -100
    assert row(summarize(undated))["value"] == 100


def test_a_later_record_without_the_rating_takes_nothing_back() -> None:
    frame = answers(
        {"respondent_id": "a", "created_at": START, "nps": 10},
        {"respondent_id": "a", "created_at": START + timedelta(days=1)},
    )
    assert row(summarize(frame))["value"] == 100


def test_unknown_respondents_are_each_their_own() -> None:
    assert row(summarize(answers({"nps": 10}, {"nps": 0}, {"nps": 0})))["n"] == 3


def test_ratings_count_where_the_text_is_unprocessable() -> None:
    found = row(summarize(answers({"nps": 10}, {"nps": 9, "analyzed": False, "counted": False})))
    assert (found["n"], found["n_commented"]) == (2, 1)


def test_a_repetition_by_nobody_known_is_no_further_respondent() -> None:
    assert row(summarize(answers({"nps": 10}, {"nps": 10, "counted": False})))["n"] == 1


def test_two_respondents_with_the_same_words_are_two() -> None:
    frame = answers({"respondent_id": "a", "nps": 10}, {"respondent_id": "b", "nps": 0, "counted": False})
    assert row(summarize(frame))["n"] == 2


def test_a_theme_has_the_rating_of_those_who_raised_it() -> None:
    frame = answers({"nps": 0}, {"nps": 10}, {"nps": 9})
    members = pl.concat([raising("t1", "r000", "r001"), raising("use", "r002", kind="stage")])
    table = summarize(frame, memberships=members)
    assert (row(table, "theme", "t1")["value"], row(table, "theme", "t1")["n"]) == (0.0, 2)
    assert row(table, "stage", "use")["value"] == 100


def test_a_theme_has_the_rating_of_the_day_on_which_it_was_raised() -> None:
    january, june = (
        {"respondent_id": "a", "created_at": START},
        {"respondent_id": "a", "created_at": datetime(2026, 6, 1, tzinfo=UTC)},
    )
    table = summarize(answers({**january, "nps": 0}, {**june, "nps": 10}), memberships=raising("t1", "r000"))
    assert row(table, "theme", "t1")["value"] == -100
    assert row(table)["value"] == 100


def test_a_theme_has_the_rating_of_another_record_of_the_same_day() -> None:
    frame = answers(
        {"respondent_id": "a", "created_at": START}, {"respondent_id": "a", "created_at": START, "nps": 0},
        {"respondent_id": "a", "nps": 10},
    )  # fmt: skip
    assert row(summarize(frame, memberships=raising("t1", "r000")), "theme", "t1")["value"] == -100
    assert summarize(frame, memberships=raising("t1", "r002")).filter(subject_id="t1")["value"].to_list() == [100]


def test_who_raised_a_theme_twice_counts_once_with_the_later_day() -> None:
    days = [
        {"respondent_id": "a", "created_at": START + timedelta(days=day), "nps": v}
        for day, v in ((0, 10), (9, 0), (20, 10))
    ]
    found = row(summarize(answers(*days), memberships=raising("t1", "r000", "r001")), "theme", "t1")
    assert (found["value"], found["n"]) == (-100, 1)


def test_records_that_are_one_persons_by_their_attributes_widen_the_interval_and_each_count() -> None:
    frame = answers(*[{"nps": 10 * (i // 10 % 2)} for i in range(40)])
    few = frame.with_columns((pl.int_range(pl.len()) // 10).cast(pl.String).alias(PERSON))
    one, other = row(summarize(frame)), row(summarize(few))
    assert (one["value"], one["n"]) == (other["value"], other["n"]) == (0, 40)
    assert other["ci_high"] - other["ci_low"] > 2 * (one["ci_high"] - one["ci_low"])


def test_a_wave_is_the_day_of_a_respondent_or_a_record_without_a_date() -> None:
    frame = answers(
        {"respondent_id": "a", "created_at": START}, {"respondent_id": "a", "created_at": START + timedelta(hours=23)},
        {"respondent_id": "a"}, {"counted": False}, {},
    )  # fmt: skip
    found = respondents(frame)
    assert found["record_id"].to_list() == ["r000", "r001", "r002", "r004"]
    assert found["wave"].to_list() == ["2026-01-01", "2026-01-01", "r002", "r004"]
    assert found["person"].to_list() == found["respondent"].to_list() == [*["respondent a"] * 3, "record r004"]


def test_what_was_raised_is_told_once_for_each_day_and_only_of_what_counts() -> None:
    frame = answers(*[{"respondent_id": "a", "created_at": START, "counted": i < 2} for i in range(3)])
    found = raised(frame, pl.concat([raising("t1", "r000", "r001"), raising("t2", "r002")]))
    assert found.rows() == [("theme", "t1", "respondent a", "2026-01-01")]


def test_a_theme_raised_only_in_repetitions_has_no_rating() -> None:
    frame = answers({"nps": 0, "respondent_id": "a"}, {"nps": 0, "respondent_id": "a", "counted": False})
    assert summarize(frame, memberships=raising("t1", "r001")).filter(subject_kind="theme").is_empty()


def test_attribute_groups_below_the_smallest_size_are_not_shown() -> None:
    frame = answers(*[{"nps": 10, "plan": "free"}] * 5, *[{"nps": 0, "plan": "premium"}] * 4, {"nps": 5})
    groups = summarize(frame, attributes=["plan"]).filter(subject_kind="attribute")
    assert groups["subject_id"].to_list() == ["plan=free"]
    everything = summarize(frame, attributes=["plan"], min_group=1).filter(subject_kind="attribute")
    assert everything["subject_id"].to_list() == ["plan=free", "plan=premium"]


def test_months_count_a_respondent_once_each() -> None:
    frame = answers(
        {"respondent_id": "a", "created_at": datetime(2026, 1, 3, tzinfo=UTC), "nps": 0},
        {"respondent_id": "a", "created_at": datetime(2026, 1, 30, tzinfo=UTC), "nps": 10},
        {"respondent_id": "a", "created_at": datetime(2026, 3, 1, tzinfo=UTC), "nps": 0, "analyzed": False},
        {"nps": 7},
    )
    months = summarize(frame).filter(subject_kind="period")
    assert months.select("subject_id", "value", "n", "n_commented").rows() == [
        ("2026-01", 100.0, 1, 1), ("2026-03", -100.0, 1, 0),
    ]  # fmt: skip


def test_a_single_answer_has_a_value_and_no_interval() -> None:
    found = row(summarize(answers({"nps": 9})))
    assert (found["value"], found["ci_low"], found["ci_high"]) == (100.0, None, None)


def test_unanimous_answers_do_not_claim_certainty() -> None:
    found = row(summarize(answers(*[{"fft": 1}] * 6), FFT), rating="fft")
    assert (found["value"], found["ci_low"]) == (1.0, 1.0)
    assert found["ci_high"] > 2


def test_no_ratings_or_none_answered_give_an_empty_table() -> None:
    nothing = answers({}, {})
    assert summarize_ratings(nothing, ratings=[], attributes=[], memberships=NO_MEMBERSHIPS).is_empty()
    assert summarize(nothing, NPS, CSAT).schema == tables.RATINGS
    assert summarize(nothing, NPS, CSAT).is_empty()
    assert summarize(answers(), NPS).is_empty()


def test_the_table_keeps_the_order_of_ratings_and_puts_everyone_first() -> None:
    table = summarize(answers({"nps": 1, "csat": 2, "created_at": START}), CSAT, NPS)
    assert table.select("rating", "subject_kind").rows() == [
        ("csat", "all"), ("csat", "period"), ("nps", "all"), ("nps", "period"),
    ]  # fmt: skip


def test_a_scale_that_does_not_fit_its_kind_is_refused() -> None:
    with pytest.raises(BadSetting):
        summarize(answers({"nps": 3}), RatingColumn(name="nps", column="x", kind=RatingKind.NPS, low=1, high=5))


record = st.fixed_dictionaries(
    {
        "respondent_id": st.sampled_from([None, "a", "b"]),
        "created_at": st.sampled_from([None, START, START + timedelta(days=40)]),
        "analyzed": st.booleans(),
        "nps": st.one_of(st.none(), st.integers(0, 10).map(float)),
        "fft": st.one_of(st.none(), st.integers(1, 5).map(float)),
        "plan": st.sampled_from([None, "free", "premium"]),
    }
)


@settings(max_examples=15, deadline=None)
@given(st.lists(record, max_size=12), st.randoms(use_true_random=False))
def test_order_never_matters_and_values_lie_in_their_intervals(rows: list[dict[str, Any]], random: Any) -> None:
    frame = answers(*[{**r, "counted": r["analyzed"]} for r in rows])
    members = raising("t1", *frame["record_id"].to_list()[::2])
    shuffled = frame.sample(fraction=1, shuffle=True, seed=random.randint(0, 999))
    table = summarize(frame, NPS, FFT, attributes=["plan"], memberships=members, min_group=1)
    other = summarize(shuffled, NPS, FFT, attributes=["plan"], memberships=members.reverse(), min_group=1)
    assert_frame_equal(table, other, check_exact=True)
    assert (table["n_commented"] <= table["n"]).all()
    known = table.drop_nulls("ci_low")
    assert ((known["ci_low"] <= known["value"] + 1e-9) & (known["value"] <= known["ci_high"] + 1e-9)).all()


def test_each_record_raises_a_subject_once_and_nothing_stands_for_null() -> None:
    segments = pl.DataFrame({"record_id": ["a", "a", "b"], "stage": ["use", "use", "support"]})
    mentions = pl.DataFrame({"record_id": ["a", "a"], "theme_id": ["t1", "t1"]})
    pains = pl.DataFrame({"record_id": ["a", "b"], "pain_point_id": ["p1", None]})
    raised = memberships(segments, mentions, pains)
    assert list(raised.iter_rows()) == [
        ("a", "pain_point", "p1"),
        ("a", "stage", "use"),
        ("a", "theme", "t1"),
        ("b", "stage", "support"),
    ]
