from __future__ import annotations

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from textcx.steps.statistics.intervals import share_interval
from textcx.steps.statistics.tone import stands_out, tone_of


def said(*parts: tuple[str, list[float]], respondents: list[str | None] | None = None) -> pl.DataFrame:
    """Segments of (stage, polarity of each), every one of a record of its own; below zero is negative."""
    rows = [(stage, polarity) for stage, tones in parts for polarity in tones]
    return pl.DataFrame({
        "stage": [stage for stage, _ in rows], "polarity": [polarity for _, polarity in rows],
        "label": ["negative" if polarity < 0 else "positive" for _, polarity in rows],
        "record_id": [f"r{i:03d}" for i in range(len(rows))],
        "respondent_id": respondents or [None] * len(rows),
    }, schema_overrides={"stage": pl.String, "polarity": pl.Float64, "label": pl.String, "respondent_id": pl.String})  # fmt: skip


def test_the_tone_of_a_group_is_its_mean_polarity_and_its_share_of_negative_segments() -> None:
    table = tone_of(said(("use", [0.5, -0.5, -0.6, -1.0]), ("buy", [1.0, 0.8])), ["stage"])
    assert table["stage"].to_list() == ["buy", "use"]
    assert table["polarity"].to_list() == [0.9, -0.4]
    assert table["negative_share"].to_list() == [0, 0.75]


def test_a_share_of_negative_segments_of_people_has_the_interval_of_a_share() -> None:
    row = tone_of(said(("use", [0.5, -0.5, -0.6, -1.0])), ["stage"]).row(0, named=True)
    low, high = share_interval(pl.Series([3.0]).to_numpy(), pl.Series([4.0]).to_numpy())
    assert (row["negative_low"], row["negative_high"]) == pytest.approx((low[0], high[0]), abs=1e-6)
    assert -1 <= row["polarity_low"] < row["polarity"] < row["polarity_high"] <= 1


def test_a_single_segment_has_a_tone_and_no_interval() -> None:
    row = tone_of(said(("use", [-0.5])), ["stage"]).row(0)
    assert row == ("use", -0.5, None, None, 1, None, None)


def test_many_segments_of_few_people_have_a_wider_interval() -> None:
    tones = [0.9] * 20 + [-0.9] * 20
    few = said(("use", tones), respondents=[str(i // 10) for i in range(40)])
    one, other = (tone_of(frame, ["stage"]).row(0, named=True) for frame in (said(("use", tones)), few))
    assert other["polarity_high"] - other["polarity_low"] > 2 * (one["polarity_high"] - one["polarity_low"])
    assert other["polarity"] == one["polarity"]


def test_a_record_stands_for_a_person_where_nobody_is_known() -> None:
    frame = said(("use", [0.9] * 20 + [-0.9] * 20))
    by_record = frame.with_columns(record_id=(pl.int_range(pl.len()) // 10).cast(pl.String))
    by_person = frame.with_columns(respondent_id=(pl.int_range(pl.len()) // 10).cast(pl.String))
    assert_frame_equal(tone_of(by_record, ["stage"]), tone_of(by_person, ["stage"]))


def test_what_is_worse_than_all_else_stands_out_and_what_is_not_does_not() -> None:
    frame = said(("bad", [-0.9, -0.8] * 15), ("good", [0.9, 0.7] * 15), ("so-so", [0.9, -0.8] * 15))
    found = stands_out(frame, ["stage"])
    assert found["stage"].to_list() == ["bad", "good", "so-so"]
    assert (found["polarity_q"] <= 0.01).to_list() == (found["negative_q"] <= 0.01).to_list() == [True, True, False]


def test_both_tones_are_one_family_of_tests() -> None:
    spread = said(("bad", [-0.9] * 4 + [0.4] * 5), ("good", [0.8] * 5 + [-0.2] * 3), ("rest", [0.5] * 8 + [-0.5] * 8))
    found = stands_out(spread, ["stage"])
    smallest, largest = (pick(found["polarity_q"].min(), found["negative_q"].min()) for pick in (min, max))
    assert 0 < smallest <= largest <= 1
    assert found.columns == ["stage", "polarity_q", "negative_q"]


def test_the_only_group_stands_out_from_nothing() -> None:
    assert stands_out(said(("use", [0.5, -0.5])), ["stage"]).row(0) == ("use", None, None)
    assert stands_out(said(("use", [0.5, -0.5]), ("buy", [0.9])), ["stage"])["polarity_q"].to_list() == [None, None]


def test_nothing_said_has_no_tone() -> None:
    assert tone_of(said(), ["stage"]).is_empty()
    assert stands_out(said(), ["stage"]).is_empty()


def test_the_order_of_segments_never_matters() -> None:
    frame = said(("use", [0.13, -0.57, 0.9, 0.3]), ("buy", [0.77, -0.1, 0.2]), respondents=[*"abab", *"abc"])
    mixed = frame.sample(fraction=1, shuffle=True, seed=4)
    for measure in (tone_of, stands_out):
        assert_frame_equal(measure(frame, ["stage"]), measure(mixed, ["stage"]), check_exact=True)


def test_groups_may_have_several_keys() -> None:
    frame = said(("use", [0.5, -0.5]), ("buy", [0.9, 0.8])).with_columns(month=pl.Series(["1", "2", "1", "1"]))
    table = tone_of(frame, ["stage", "month"])
    assert table.select("stage", "month", "polarity").rows() == [
        ("buy", "1", 0.85),
        ("use", "1", 0.5),
        ("use", "2", -0.5),
    ]
