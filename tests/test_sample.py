"""The sample is what its README says, so that demo, tests and notebook may build on it."""

import csv
import json
import re
from collections import Counter
from datetime import UTC, datetime
from difflib import SequenceMatcher
from pathlib import Path
from statistics import mean
from typing import Any

import pytest

SAMPLE = Path(__file__).parent.parent / "sample"
MONTHS = [f"2026-{month:02d}" for month in range(1, 9)]
STAGES = {"awareness", "consideration", "purchase", "delivery", "use", "support", "renewal", "advocacy", "unknown"}
RESERVED_NUMBERS = ("4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00")

Record = dict[str, str]
Truth = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def records() -> list[Record]:
    with (SAMPLE / "feedback.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def truth() -> Truth:
    return json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def told() -> str:
    return (SAMPLE / "README.md").read_text(encoding="utf-8")


def numbers_told(told: str, name: str) -> list[int]:
    """Return the numbers that follow a name in its line of a table of the README."""
    line = re.search(rf"^\| {re.escape(name)}[^|]*\|(.*)$", told, flags=re.MULTILINE)
    assert line, f"sample/README.md has no table line for {name}"
    return [int(cell) for cell in line[1].split("|") if cell.strip().isdigit()]


def about(records: list[Record], truth: Truth, key: str, value: str) -> list[Record]:
    return [record for record in records if truth[record["feedback_id"]][key] == value]


def test_there_are_as_many_records_sources_and_customers_as_the_readme_says(records: list[Record], told: str) -> None:
    sources = Counter(record["source"] for record in records)
    customers = Counter(record["respondent"] for record in records if record["respondent"])
    assert f"{len(records)} records" in told
    assert all(f"{source} ({count})" in told for source, count in sources.items())
    assert f"{len(customers)} customers" in told
    assert f"{sum(count > 1 for count in customers.values())} of them with more than one record" in told


def test_every_column_of_the_file_is_described(records: list[Record], told: str) -> None:
    assert all(f"| `{column}` |" in told for column in records[0])


def test_every_record_has_its_own_id_and_a_truth(records: list[Record], truth: Truth) -> None:
    ids = [record["feedback_id"] for record in records]
    assert len(set(ids)) == len(ids)
    assert set(ids) == set(truth)


def test_dates_are_utc_in_order_and_cover_every_month(records: list[Record]) -> None:
    dates = [datetime.fromisoformat(record["submitted_at"]) for record in records]
    assert dates == sorted(dates)
    assert all(date.tzinfo == UTC for date in dates)
    assert sorted({date.strftime("%Y-%m") for date in dates}) == MONTHS


def test_ratings_are_on_their_scales_and_with_their_sources(records: list[Record]) -> None:
    for column, source, low, high in (
        ("likely_to_recommend", "survey", 0, 10),
        ("stars", "review", 1, 5),
        ("effort", "survey", 1, 7),
    ):
        given = [record for record in records if record[column]]
        assert {record["source"] for record in given} == {source}
        assert all(low <= int(record[column]) <= high for record in given)


def test_a_customer_always_has_the_same_plan_region_and_value(records: list[Record]) -> None:
    seen: dict[str, tuple[str, str, str]] = {}
    for record in records:
        facts = (record["plan"], record["region"], record["customer_value"])
        if record["respondent"]:
            assert all(facts)
            assert seen.setdefault(record["respondent"], facts) == facts
        else:
            assert not any(facts)


def test_judgements_use_known_values_only(truth: Truth) -> None:
    assert {judged["label"] for judged in truth.values()} == {"negative", "neutral", "positive", None}
    assert {judged["stage"] for judged in truth.values()} == STAGES
    assert {judged["stage_or"] for judged in truth.values()} <= STAGES | {None}
    assert all(judged["pain"] for judged in truth.values() if judged["planted_pain"])
    assert all((judged["label"] is None) == (judged["unprocessable"] is not None) for judged in truth.values())


@pytest.mark.parametrize(
    "pain",
    ["late_delivery", "app_pause", "phone_support", "grinder_or_leak", "price_at_renewal", "charged_twice"],
)
def test_planted_pain_is_told_as_often_and_when_the_readme_says(
    records: list[Record], truth: Truth, told: str, pain: str
) -> None:
    hurt = about(records, truth, "planted_pain", pain)
    months = Counter(record["submitted_at"][:7] for record in hurt)
    assert numbers_told(told, f"`{pain}`") == [len(hurt), *(months[month] for month in MONTHS)]


@pytest.mark.parametrize("praise", ["taste", "chat", "easy_set_up"])
def test_planted_praise_is_told_as_often_as_the_readme_says(
    records: list[Record], truth: Truth, told: str, praise: str
) -> None:
    assert numbers_told(told, f"`{praise}`") == [len(about(records, truth, "planted_praise", praise))]


def test_late_deliveries_rise_from_may_and_are_worst_in_the_north(records: list[Record], truth: Truth) -> None:
    late = about(records, truth, "planted_pain", "late_delivery")
    months = Counter(record["submitted_at"][:7] for record in late)
    regions = Counter(record["region"] for record in late)
    since_may = [months[month] for month in MONTHS[4:]]
    assert since_may == sorted(since_may)
    assert since_may[0] > max(months[month] for month in MONTHS[:4])
    assert regions["North"] > sum(regions[other] for other in ("South", "East", "West"))


def test_trouble_with_pausing_falls_after_the_fix_in_april(records: list[Record], truth: Truth) -> None:
    paused = about(records, truth, "planted_pain", "app_pause")
    assert sum(record["submitted_at"] < "2026-05" for record in paused) > 0.85 * len(paused)


def test_several_who_called_in_vain_stay_neutral_in_tone(truth: Truth) -> None:
    tones = Counter(judged["label"] for judged in truth.values() if judged["planted_pain"] == "phone_support")
    assert tones["neutral"] > tones["negative"]


def test_ratings_go_with_the_comments(records: list[Record], truth: Truth) -> None:
    def recommend(key: str) -> list[int]:
        return [
            int(record["likely_to_recommend"])
            for record in records
            if truth[record["feedback_id"]][key] and record["likely_to_recommend"]
        ]

    assert mean(recommend("planted_pain")) < 6
    assert mean(recommend("planted_praise")) > 8.5


def test_oddities_are_as_many_as_the_readme_says(truth: Truth, told: str) -> None:
    reasons = Counter(judged["unprocessable"] for judged in truth.values())
    copies = Counter(judged["copy"] for judged in truth.values())
    assert numbers_told(told, "empty comment") == [reasons["empty"]]
    assert numbers_told(told, "no answer") == [reasons["not_an_answer"]]
    assert numbers_told(told, "another language") == [reasons["language_unsupported"]]
    assert numbers_told(told, "exact copy") == [copies["exact"]]
    assert numbers_told(told, "near copy") == [copies["near"]]
    assert numbers_told(told, "with something private") == [sum(bool(judged["private"]) for judged in truth.values())]


def test_copies_are_long_and_as_close_as_they_are_called(records: list[Record], truth: Truth) -> None:
    texts = {record["feedback_id"]: record["comment"] for record in records}
    for record_id, judged in truth.items():
        if judged["copy"]:
            one, other = texts[record_id], texts[judged["copy_of"]]
            assert len(one.split()) >= 8
            assert (one == other) == (judged["copy"] == "exact")
            assert SequenceMatcher(None, one, other, autojunk=False).ratio() > 0.9


def test_no_other_longer_comment_stands_twice(records: list[Record], truth: Truth) -> None:
    texts = [r["comment"] for r in records if truth[r["feedback_id"]]["copy"] is None and len(r["comment"].split()) > 3]
    assert len(set(texts)) == len(texts)


def test_private_details_stand_in_their_comments(records: list[Record], truth: Truth) -> None:
    for record in records:
        assert all(detail["value"] in record["comment"] for detail in truth[record["feedback_id"]]["private"])


def test_only_reserved_addresses_and_numbers_are_used(records: list[Record]) -> None:
    for record in records:
        text = record["comment"]
        assert all(address.endswith("@example.com") for address in re.findall(r"\S+@\S*\w", text))
        assert all(host == "example.com" for host in re.findall(r"https?://([^/\s]+)", text))
        for number in RESERVED_NUMBERS:
            text = text.replace(number, "")
        for number in re.findall(r"\+?\d[\d ().-]{6,}\d", text):
            assert re.search(r"555.01\d\d$", number), f"{record['feedback_id']} holds a number that is not reserved"


def test_the_file_holds_what_breaks_careless_readers(records: list[Record]) -> None:
    comments = [record["comment"] for record in records]
    assert any("<script>" in comment for comment in comments)
    assert any(comment.startswith("=") for comment in comments)
    assert any("\n" in comment and '"' in comment for comment in comments)
    assert any(comment and not re.search(r"\w", comment) and len(comment) >= 3 for comment in comments)


def test_comments_are_of_every_length(records: list[Record]) -> None:
    lengths = [len(record["comment"].split()) for record in records if record["comment"]]
    assert min(lengths) <= 2
    assert max(lengths) >= 150
