from __future__ import annotations

from datetime import UTC, datetime

import pytest

from textcx.domain.errors import BadSetting
from textcx.readers.values.dates import ISO, DateReading, find_formats, given_format


def reading(*values: str) -> DateReading:
    found = find_formats(values, column="when")
    assert found is not None
    return found


def read(*values: str) -> list[str | None]:
    instants, _, _ = reading(*values).read(values)
    return [None if instant is None else instant.strftime("%Y-%m-%d %H:%M") for instant in instants]


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        ("2024-03-05", "2024-03-05 00:00"),
        ("2024-03-05T10:20:30Z", "2024-03-05 10:20"),
        ("2024-03-05 10:20:30.123+02:00", "2024-03-05 08:20"),
        ("2024-03-05 10:20:30 UTC", "2024-03-05 10:20"),
        ("1900-01-01T00:00:00+05:00", "1899-12-31 19:00"),
        ("2024-03", "2024-03-01 00:00"),
        ("2024/03/05 7:05", "2024-03-05 07:05"),
        ("31.12.2024", "2024-12-31 00:00"),
        ("31-12-24 23:59", "2024-12-31 23:59"),
        ("12/31/2024 1:05 PM", "2024-12-31 13:05"),
        ("5 Mar 2024", "2024-03-05 00:00"),
        ("5th March, 2024 at 9:00", "2024-03-05 09:00"),
        ("March 5, 2024", "2024-03-05 00:00"),
        ("Mar 5, 2024, 9:30 AM", "2024-03-05 09:30"),
        ("Tue, 5 Mar 2024 10:20:30 +0100", "2024-03-05 09:20"),
        ("Tue Mar 05 10:20:30 +0000 2024", "2024-03-05 10:20"),
        ("05-Mar-2024", "2024-03-05 00:00"),
        ("1709634030", "2024-03-05 10:20"),
        ("1709634030000", "2024-03-05 10:20"),
    ],
)
def test_common_forms_are_read_as_utc(value: str, instant: str) -> None:
    assert read(value) == [instant]


def test_a_day_above_twelve_decides_for_the_whole_column() -> None:
    assert read("03/04/2024", "25/04/2024") == ["2024-04-03 00:00", "2024-04-25 00:00"]
    assert read("03/04/2024", "04/25/2024") == ["2024-03-04 00:00", "2024-04-25 00:00"]
    assert reading("03/04/2024", "25/04/2024").doubts == ()


def test_dates_that_could_be_either_are_read_day_first_with_a_warning() -> None:
    found = reading("03/04/2024", "05/06/2024")
    assert found.formats == ("%d/%m/%Y",)
    assert "--date-format '%m/%d/%Y'" in found.doubts[0]


def test_dots_mean_day_first_without_doubt() -> None:
    assert reading("03.04.2024").doubts == ()
    assert reading("03.04.2024").formats == ("%d.%m.%Y",)


def test_mixed_orders_are_read_value_by_value_with_a_warning() -> None:
    values = ("31/05/2022", "30/06/2022", "5/25/2022", "4/6/2022", "03/04/2022")
    assert read(*values) == [
        "2022-05-31 00:00", "2022-06-30 00:00", "2022-05-25 00:00", "2022-04-06 00:00", "2022-04-03 00:00",
    ]  # fmt: skip
    assert "without leading zeros with the month first" in reading(*values).doubts[0]


def test_mixed_forms_are_read_value_by_value_with_a_warning() -> None:
    assert read("2024-03-05", "5 Mar 2024") == ["2024-03-05 00:00"] * 2
    assert "mixes date formats" in reading("2024-03-05", "5 Mar 2024").doubts[0]


def test_what_is_no_date_is_null_and_counted() -> None:
    instants, failed, turned = reading("2024-03-05").read(["2024-03-05", "soon", None, " ", "2024-02-31", "99/99/2024"])
    assert instants == [datetime(2024, 3, 5, tzinfo=UTC), None, None, None, None, None]
    assert (failed, turned) == (3, 0)


def test_a_date_in_the_other_order_is_read_by_its_own_numbers_and_counted() -> None:
    instants, failed, turned = reading("25/04/2024").read(["04/25/2024"])
    assert (instants, failed, turned) == ([datetime(2024, 4, 25, tzinfo=UTC)], 0, 1)


def test_numbers_that_are_no_timestamps_are_no_dates() -> None:
    assert find_formats(["12", "3.5", "20240305", "1.2.3"], column="n") is None


def test_a_given_format_is_the_only_one() -> None:
    given = given_format("%m/%d/%Y")
    assert given.read(["03/04/2024", "2024-03-04"]) == ([datetime(2024, 3, 4, tzinfo=UTC), None], 1, 0)
    assert given_format("iso").formats == (ISO,)


@pytest.mark.parametrize("pattern", ["DD/MM/YYYY", "%Q", ""])
def test_a_given_format_must_be_a_pattern(pattern: str) -> None:
    with pytest.raises(BadSetting, match="%d/%m/%Y"):
        given_format(pattern)
