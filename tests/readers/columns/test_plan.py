from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest

from textcx.domain.errors import NoTextColumn
from textcx.domain.feedback import ColumnOverrides, ColumnPlan, TextColumn
from textcx.readers import plan_columns
from textcx.readers.columns.plan import attribute_names

ROWS = 60
OPENINGS = [
    "I love how",
    "It was too slow and",
    "We never got",
    "Nobody told me",
    "The best part is that",
    "Please fix why",
]
ENDINGS = [
    "the parcel came",
    "my order was packed",
    "they answered the phone",
    "the box looked",
    "it all ended",
    "this works",
]


def said(seed: int = 0) -> list[str]:
    dice = random.Random(seed)
    return [f"{dice.choice(OPENINGS)} {dice.choice(ENDINGS)} on day {number}" for number in range(ROWS)]


def plan(name: str = "export.csv", overrides: ColumnOverrides | None = None, **columns: Any) -> ColumnPlan:
    cells = {key: [None if cell is None else str(cell) for cell in column] for key, column in columns.items()}
    return plan_columns(
        pl.DataFrame(cells, schema=dict.fromkeys(cells, pl.String)), overrides=overrides or ColumnOverrides(), name=name
    )


def cycle(*values: Any) -> list[Any]:
    return [values[number % len(values)] for number in range(ROWS)]


def texts(found: ColumnPlan) -> list[str]:
    return [text.column for text in found.text]


def test_title_and_body_are_joined_title_first() -> None:
    titles = [f"Late again {number}, not good" for number in range(ROWS)]
    found = plan(**{"Review Text": said(), "Title": titles, "Class Name": cycle("Knits", "Jeans")})
    assert texts(found) == ["Title", "Review Text"]
    assert found.attributes == ("Class Name",)


def test_a_title_that_names_a_place_is_no_text() -> None:
    places = [f"Harbour Grand Lounge Terminal {number}" for number in range(ROWS)]
    found = plan(title=places, content=said())
    assert texts(found) == ["content"]


def test_open_questions_are_joined_and_keep_their_question() -> None:
    found = plan(**{"What was good?": said(1), "what_could_be_better": said(2), "nps": cycle(3, 9, 10)})
    assert found.text == (
        TextColumn("What was good?", "What was good?"),
        TextColumn("what_could_be_better", "what could be better"),
    )


def test_a_column_that_holds_the_question_is_context_not_text() -> None:
    found = plan(question=cycle("FFT Why?", "How could we improve?"), answer=said())
    assert found.question_column == "question"
    assert found.text == (TextColumn("answer", None),)


def test_replies_of_the_company_are_not_read() -> None:
    found = plan(content=said(), replyContent=[f"Hello, we are sorry and {text}" for text in said(3)])
    assert texts(found) == ["content"]
    assert "not written by customers" in found.reasons["ignored replyContent"]


def test_a_cleaned_copy_of_the_text_is_not_read_twice() -> None:
    found = plan(review=said(), review_text=[text.lower() for text in said()])
    assert len(found.text) == 1


def test_other_long_texts_are_mentioned() -> None:
    found = plan(comment=said(), background=said(5))
    assert texts(found) == ["comment"]
    assert any("'background'" in warning and "--text-column" in warning for warning in found.warnings)


def test_text_is_found_without_any_helpful_name() -> None:
    assert texts(plan(a=range(ROWS), b=said(), c=cycle("x", "y"))) == ["b"]


@pytest.mark.parametrize("cells", [["👍", "😡😡", "❤️"] * 20, ["great product"] * ROWS, ["ok", "good", "n/a"] * 20])
def test_a_column_called_comment_is_text_whatever_it_holds(cells: list[str]) -> None:
    assert texts(plan(id=range(ROWS), comment=cells)) == ["comment"]


def test_columns_of_numbers_and_groups_alone_are_no_text() -> None:
    with pytest.raises(NoTextColumn, match="--text-column"):
        plan(amount=range(ROWS), plan=cycle("basic", "premium"))


def test_ids_of_customers_and_products_are_not_the_records_id() -> None:
    found = plan(comment=said(), customer_id=range(ROWS), product_id=range(ROWS))
    assert found.id is None
    assert found.respondent == "customer_id"


def test_a_repeated_id_is_still_the_id() -> None:
    found = plan(id=[*range(ROWS - 2), 0, 1], comment=said())
    assert found.id == "id"
    assert "nearly unique" in found.reasons["id"]


def test_a_running_number_without_a_name_is_no_id() -> None:
    found = plan(**{"column 1": range(ROWS), "comment": said()})
    assert found.id is None
    assert "running number" in found.reasons["ignored column 1"]


def test_a_name_that_everyone_has_tells_nobody_apart() -> None:
    found = plan(userName=["A Google user"] * ROWS, content=said())
    assert found.respondent is None
    assert "same for everyone" in found.reasons["ignored userName"]


def test_pseudonyms_are_respondents() -> None:
    assert plan(author=[f"Reviewer {n % 40}" for n in range(ROWS)], content=said()).respondent == "author"


def test_the_date_of_the_feedback_is_told_from_others() -> None:
    days = [f"2024-01-{number % 28 + 1:02}" for number in range(ROWS)]
    found = plan(content=said(), repliedAt=days, at=days, date_visit=days)
    assert found.date == "at"


def test_a_date_without_a_helpful_name_is_found() -> None:
    assert plan(comment=said(), x=[f"{n % 28 + 1:02}.01.2024" for n in range(ROWS)]).date_format == "%d.%m.%Y"


def test_customer_value_and_touchpoint_are_found() -> None:
    found = plan(
        comment=said(), annual_revenue=[f"${n * 1000:,}" for n in range(ROWS)], Touchpoint=cycle("call", "shop")
    )
    assert (found.customer_value, found.touchpoint) == ("annual_revenue", "Touchpoint")


def test_a_channel_that_says_how_feedback_came_in_is_the_source() -> None:
    found = plan(comment=said(), channel=cycle("App Store", "Zendesk ticket", "NPS survey"))
    assert found.source_column == "channel"


def test_a_channel_of_something_else_is_an_attribute() -> None:
    found = plan(comment=said(), channel=cycle("Newsletter", "Billboard", "Radio"))
    assert found.source_column is None
    assert found.attributes == ("channel",)


@pytest.mark.parametrize(
    ("name", "source"),
    [("tweets_may.csv", "social"), ("nps-2025.csv", "survey"), ("tickets.jsonl", "support"), ("export.csv", "review")],
)
def test_the_source_is_guessed_from_the_name_of_the_file(name: str, source: str) -> None:
    assert plan(name, comment=said()).source == source


def test_attributes_are_columns_that_group() -> None:
    found = plan(
        comment=said(),
        region=cycle("North", "South"),
        member=cycle("true", "false"),
        version=cycle("8.1", "8.2", "8.3"),
        version_again=cycle("8.1", "8.2", "8.3"),
        link=cycle("https://a.example/1", "https://a.example/2"),
        age=cycle(23, 35, 47, 51),
        tags=cycle("['a']", "['b', 'c']"),
        country=["Iceland"] * ROWS,
        city=[f"City {number}" for number in range(ROWS)],
        note=[None] * ROWS,
    )
    assert found.attributes == ("region", "member", "version")
    assert found.reasons["ignored version_again"] == "holds the same as 'version'"
    assert "--attribute country" in found.reasons["ignored country"]


def test_names_of_ratings_and_attributes_never_collide() -> None:
    found = plan(
        overrides=ColumnOverrides(attributes=("source", "Label", "csat"), ratings=("csat=n:1-5", "windows=m:1-5")),
        comment=said(), source=cycle("a", "b"), Label=cycle("x", "y"), csat=cycle("p", "q"),
        n=cycle(1, 2), m=cycle(1, 2),
    )  # fmt: skip
    assert [rating.name for rating in found.ratings] == ["csat", "windows_rating"]
    assert list(attribute_names(found).values()) == ["source_attribute", "Label_attribute", "csat_attribute"]


def test_wishes_win_over_what_would_be_found() -> None:
    overrides = ColumnOverrides(
        text=("b",), id="comment", date="x", source="support", respondent="y", touchpoint="z", customer_value="w",
        questions={"b": "Why?"}, attributes=("y",),
    )  # fmt: skip
    columns = {name: said(seed) for seed, name in enumerate(("comment", "b", "x", "y", "z", "w"))}
    found = plan(overrides=overrides, **columns)
    assert found.text == (TextColumn("b", "Why?"),)
    assert (found.id, found.date, found.respondent, found.touchpoint) == ("comment", "x", "y", "z")
    assert (found.customer_value, found.source, found.attributes) == ("w", "support", ("y",))
    assert any("--date-format" in warning for warning in found.warnings)


def test_every_column_has_a_reason_and_no_column_two_parts() -> None:
    columns: dict[str, Any] = {
        "id": range(ROWS), "comment": said(), "nps": cycle(1, 9, 10), "region": cycle("N", "S"), "zip": range(ROWS),
    }  # fmt: skip
    found = plan(**columns)
    parts = [found.id, *texts(found), *(rating.column for rating in found.ratings), *found.attributes, *found.ignored]
    assert sorted(filter(None, parts)) == sorted(columns)
    told = " ".join(f"{part!r} {why}" for part, why in found.reasons.items())
    assert all(name in told for name in columns)


def test_the_order_of_the_rows_changes_nothing() -> None:
    columns = {"id": list(range(ROWS)), "comment": said(), "stars": cycle(1, 4, 5), "region": cycle("N", "S", "E")}
    frame = pl.DataFrame({name: [str(cell) for cell in column] for name, column in columns.items()})
    shuffled = frame.sample(fraction=1, shuffle=True, seed=3)
    overrides = ColumnOverrides()
    assert plan_columns(frame, overrides=overrides, name="a") == plan_columns(shuffled, overrides=overrides, name="a")
