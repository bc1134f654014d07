"""Texts that many people sent at once are named; phrases that come all year are not."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from textcx.domain.tables import CAMPAIGNS
from textcx.steps.records.campaigns import FALSE_RATE, FEWEST_PEOPLE, QUOTE_LENGTH, find_campaigns

if TYPE_CHECKING:
    from collections.abc import Sequence

START = datetime(2026, 1, 1, tzinfo=UTC)
PETITION = "Keep our pool open. Children learn to swim there."
Sent = tuple[str, str | None, str | None, float | None]


def records(*rows: Sent, text: str = PETITION) -> pl.DataFrame:
    """Records of (id, the one it copies, respondent, day of the year)."""
    return pl.DataFrame(
        [
            (name, text, original, who, None if day is None else START + timedelta(days=day))
            for name, original, who, day in rows
        ],
        schema={
            "record_id": pl.String,
            "text": pl.String,
            "duplicate_of": pl.String,
            "respondent_id": pl.String,
            "created_at": pl.Datetime("us", "UTC"),
        },
        orient="row",
    )


def whole(frame: pl.DataFrame) -> pl.DataFrame:
    """One segment for each record."""
    length = pl.col("text").str.len_chars().cast(pl.Int64)
    return frame.select("record_id", start=pl.lit(0, dtype=pl.Int64), end=length)


def found(rows: Sequence[Sent]) -> list[tuple[object, ...]]:
    """Who was first, records, respondents, first and last day."""
    frame = records(*rows)
    campaigns = find_campaigns(frame, whole(frame))
    days = ((pl.col(name) - START).dt.total_days() for name in ("first", "last"))
    return campaigns.select("record_id", "records", "respondents", *days).rows()


def copies(days: Sequence[float | None], *, of: str = "c", who: str | None = None) -> list[Sent]:
    """Copies of one text, one a person unless ``who`` sent them all."""
    return [(f"{of}{n:03}", f"{of}000" if n else None, who, day) for n, day in enumerate(days)]


def flow(records_a_day: int = 1, *, days: int = 365) -> list[Sent]:
    """What comes in besides: so many records on each day."""
    return [(f"r{day:03}-{n}", None, None, day) for day in range(days) for n in range(records_a_day)]


def test_a_burst_of_copies_is_named_with_its_first_record_its_size_and_its_dates() -> None:
    assert found(flow() + copies([120, 120, 121, 121, 121, 122])) == [("c000", 6, 6, 120, 121)]


def test_a_phrase_that_comes_all_year_is_no_campaign() -> None:
    assert found(flow() + copies(range(0, 360, 12))) == []


def test_copies_that_come_with_a_rush_of_everything_are_no_campaign() -> None:
    rush: list[Sent] = [(f"s{n}", None, None, 200) for n in range(2000)]
    assert found(flow() + rush + copies([200] * 8)) == []


def test_late_copies_count_but_do_not_stretch_the_dates() -> None:
    assert found(flow() + copies([100] * 9 + [101] * 9 + [300, 350])) == [("c000", 20, 20, 100, 101)]


def test_a_handful_is_needed() -> None:
    assert found(flow() + copies([50] * (FEWEST_PEOPLE - 1))) == []
    assert len(found(flow() + copies([50] * FEWEST_PEOPLE))) == 1


def test_one_person_who_repeats_a_text_is_no_campaign() -> None:
    assert found(flow() + copies([50] * 30, who="x")) == []


def test_people_are_counted_once_and_records_of_unknown_respondents_as_one_each() -> None:
    sent = copies([50] * 8)
    repeated: list[Sent] = [(f"d{n}", "c000", "x", 50) for n in range(4)]
    assert found(flow() + sent + repeated) == [("c000", 12, 9, 50, 50)]


def test_one_person_who_repeats_it_in_a_day_makes_no_burst_of_a_common_phrase() -> None:
    repeated: list[Sent] = [(f"d{n}", "c000", "x", 50) for n in range(40)]
    assert found(flow() + copies(range(0, 360, 40)) + repeated) == []


def test_without_dates_copies_are_named_without_dates() -> None:
    others: list[Sent] = [(f"r{n}", None, None, None) for n in range(100)]
    assert found(others + copies([None] * 7)) == [("c000", 7, 7, None, None)]


def test_undated_copies_in_a_dated_file_are_named_without_dates() -> None:
    assert found(flow() + copies([3, 4, *[None] * 6])) == [("c000", 8, 8, None, None)]


def test_dates_that_are_all_the_same_tell_nothing() -> None:
    others: list[Sent] = [(f"r{n}", None, None, 10) for n in range(100)]
    assert found(others + copies([10] * 6)) == [("c000", 6, 6, None, None)]


def test_a_file_of_copies_alone_is_one_campaign_without_dates_as_there_is_no_flow_to_compare_it_with() -> None:
    assert found(copies([1, 1, 2, 2, 2, 3, 9])) == [("c000", 7, 7, None, None)]


def test_dates_in_the_future_are_dates() -> None:
    assert found(flow() + copies([9000] * 6)) == [("c000", 6, 6, 9000, 9000)]


@pytest.mark.parametrize("rows", [[], copies([1]), copies([None]), flow(days=20)])
def test_without_copies_there_is_an_empty_table(rows: list[Sent]) -> None:
    frame = records(*rows)
    campaigns = find_campaigns(frame, whole(frame))
    assert campaigns.is_empty()
    assert campaigns.schema == CAMPAIGNS


def test_the_largest_stands_first() -> None:
    rows = flow() + copies([10] * 6, of="a") + copies([80] * 9, of="b")
    assert [row[:2] for row in found(rows)] == [("b000", 9), ("a000", 6)]


def test_the_order_of_the_records_changes_nothing() -> None:
    rows = flow() + copies([10, 10, 11, 11, 12, 12], of="a") + copies([80] * 6, of="b")
    frame = records(*rows)
    turned = frame.sample(fraction=1, shuffle=True, seed=3)
    assert find_campaigns(turned, whole(turned)).equals(find_campaigns(frame, whole(frame)))


def test_chance_alone_names_no_more_files_than_it_may() -> None:
    rng = random.Random(5)
    files = 200
    named = 0
    for _ in range(files):
        rows = [(f"r{n}", None, None, rng.random() ** 2 * 365) for n in range(150)]
        rows += copies([rng.random() ** 2 * 365 for _ in range(5)], of="a")
        rows += copies([rng.random() ** 2 * 365 for _ in range(12)], of="b")
        named += bool(found(rows))
    assert named <= 3 * FALSE_RATE * files


def test_the_quote_is_the_beginning_of_the_text_as_it_stands_up_to_the_end_of_a_segment() -> None:
    text = "\n" + "Keep our pool open. " * 30
    frame = records(*flow(), *copies([50] * 6), text=text)
    starts = range(1, len(text) - 1, 20)
    sentences = [(name, start, start + 19) for name in frame["record_id"] for start in starts]
    segments = pl.DataFrame(sentences, schema=["record_id", "start", "end"], orient="row")
    (quote,) = find_campaigns(frame, segments)["evidence"][0]
    assert quote["record_id"] == "c000"
    assert quote["quote"] == text[quote["start"] : quote["end"]]
    assert quote["quote"].startswith("Keep")
    assert quote["quote"].endswith("open.")
    assert QUOTE_LENGTH - 20 < len(quote["quote"]) <= QUOTE_LENGTH


def test_a_first_segment_that_is_too_long_is_quoted_whole() -> None:
    frame = records(*flow(), *copies([50] * 6), text="pool " * 100)
    (quote,) = find_campaigns(frame, whole(frame))["evidence"][0]
    assert (quote["start"], quote["end"]) == (0, 500)
